import Diagnostics
import Foundation

/// Reads parts that are files on several threads, and hands over what they hold in the order of the
/// parts: what becomes of it, the first error included, does not depend on the number of threads.
///
/// Memory: at most `chunksAhead` chunks of each part before its turn, of one part more than there are
/// threads.
package final class OrderedParts<Chunk: Sendable>: @unchecked Sendable {
  /// Gives a chunk away. What it throws ends the reading.
  package typealias Emit = (Chunk) throws(TraceError) -> Void
  /// Reads one part, on any thread.
  package typealias Read = @Sendable (TraceInput.File, Emit) throws(TraceError) -> Void

  private let files: [TraceInput.File]
  private let threads: Int
  private let read: Read
  private let lock = NSCondition()
  // All that follows is guarded by `lock`; `commit` is called with it held, and nil in the end:
  // threads that are going may hold `self` for longer than the call in which `commit` lives.
  private var commit: Emit?
  private var next = 0
  private var turn = 0
  private var parts: [Int: Part] = [:]
  private var failure: TraceError?

  private struct Part {
    var chunks: [Chunk] = []
    var isFinished = false
    var failure: TraceError?
  }

  private let chunksAhead = 32

  private init(
    _ files: [TraceInput.File], threads: Int, _ read: @escaping Read, _ commit: @escaping Emit
  ) {
    self.files = files
    self.threads = threads
    self.read = read
    self.commit = commit
  }

  /// Reads `files`.
  ///
  /// - Parameters:
  ///   - files: parts that can be opened out of turn.
  ///   - threads: how many threads read, the caller's among them.
  ///   - read: reads a part and emits what it holds.
  ///   - commit: takes chunks in order, one at a time, on any of the threads.
  /// - Throws: the first error in the order of the parts.
  package static func forEach(
    _ files: [TraceInput.File], threads: Int, read: @escaping Read, commit: Emit
  ) throws(TraceError) {
    let failure = withoutActuallyEscaping(commit) { commit -> TraceError? in
      let parts = OrderedParts(files, threads: threads, read, commit)
      concurrently(min(threads, files.count)) { _ in parts.work() }
      parts.commit = nil
      return parts.failure
    }
    if let failure { throw failure }
  }

  private func work() {
    lock.lock()
    defer { lock.unlock() }
    while failure == nil, next < files.count {
      guard next - turn <= threads else {
        lock.wait()
        continue
      }
      let part = next
      next += 1
      parts[part] = Part()
      lock.unlock()
      var error: TraceError?
      do throws(TraceError) {
        try read(files[part]) { chunk throws(TraceError) in try submit(chunk, of: part) }
      } catch let thrown {
        error = thrown
      }
      lock.lock()
      parts[part]?.isFinished = true
      parts[part]?.failure = error
      commitTurn()
    }
  }

  private func submit(_ chunk: Chunk, of part: Int) throws(TraceError) {
    lock.lock()
    defer { lock.unlock() }
    parts[part]?.chunks.append(chunk)
    if part == turn { commitTurn() }
    while failure == nil, part != turn, (parts[part]?.chunks.count ?? 0) >= chunksAhead {
      lock.wait()
    }
    if let failure { throw failure }
  }

  /// Commits what the part in turn has, and the parts behind it that are finished.
  private func commitTurn() {
    defer { lock.broadcast() }
    while failure == nil, let part = parts[turn] {
      parts[turn]?.chunks = []
      do throws(TraceError) {
        for chunk in part.chunks { try commit?(chunk) }
        if let error = part.failure { throw error }
      } catch {
        failure = error
      }
      guard part.isFinished else { return }
      parts[turn] = nil
      turn += 1
    }
  }
}

extension TraceInput.Group {
  /// Whether each part is a file of its own, which can be opened out of turn and again.
  package var hasOnlyFiles: Bool {
    files.allSatisfy { if case .file = $0.location { true } else { false } }
  }

  /// Whether there are several parts that can be read at the same time.
  package var isParallel: Bool { files.count > 1 && damage == nil && hasOnlyFiles }
}
