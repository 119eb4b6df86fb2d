import Diagnostics
import Foundation
import Threads

/// Reads another stream on a thread of its own, a few blocks ahead: what inflates and what parses
/// then run beside each other, also where the input is one stream.
package final class ReadAheadStream: ByteStream {
  package let name: String
  private let shared: Shared
  private var block: Block?
  private var position = 0

  /// - Parameter base: only this stream may use it from now on.
  package init(_ base: any ByteStream) {
    name = base.name
    shared = Shared(base)
    do throws(TraceError) {
      try WorkThread.start { [shared] in shared.run() }
    } catch {
      shared.end(error)
    }
  }

  deinit { shared.stop() }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    while true {
      if let block, position < block.count {
        let count = min(buffer.count, block.count - position)
        buffer.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: block.bytes[position..<position + count]))
        position += count
        return count
      }
      guard let next = try shared.exchange(block) else {
        block = nil
        return 0
      }
      (block, position) = (next, 0)
    }
  }

  private final class Block {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    var count = 0
    deinit { bytes.deallocate() }
  }

  /// What the two threads share; the base is the reading thread's, the rest guarded by the lock.
  private final class Shared: @unchecked Sendable {
    private let base: any ByteStream
    private let lock = NSCondition()
    private var empty = (0..<4).map { _ in Block() }
    private var full: [Block] = []
    private var failure: TraceError?
    private var isStopping = false
    private var hasEnded = false

    init(_ base: any ByteStream) { self.base = base }

    func run() {
      lock.lock()
      defer {
        hasEnded = true
        lock.broadcast()
        lock.unlock()
      }
      while true {
        while empty.isEmpty && !isStopping { lock.wait() }
        guard !isStopping, let block = empty.popLast() else { return }
        lock.unlock()
        var error: TraceError?
        do throws(TraceError) {
          block.count = try base.read(into: block.bytes)
        } catch let failure {
          (error, block.count) = (failure, 0)
        }
        lock.lock()
        failure = error
        if block.count == 0 { return }
        full.append(block)
        lock.signal()
      }
    }

    /// Ends before anything was read.
    func end(_ error: TraceError) {
      lock.lock()
      defer { lock.unlock() }
      failure = error
      hasEnded = true
    }

    /// Takes back a block that was read, and gives the next; nil at the end.
    func exchange(_ used: Block?) throws(TraceError) -> Block? {
      lock.lock()
      defer { lock.unlock() }
      if let used { empty.append(used) }
      lock.broadcast()
      while full.isEmpty && !hasEnded { lock.wait() }
      if !full.isEmpty { return full.removeFirst() }
      if let failure { throw failure }
      return nil
    }

    /// Returns when the reading thread no longer uses the base.
    func stop() {
      lock.lock()
      defer { lock.unlock() }
      isStopping = true
      lock.broadcast()
      while !hasEnded { lock.wait() }
    }
  }
}
