import Diagnostics
import Foundation

/// Where a text can be divided: behind any line end, as long as no quote was seen that could enclose one.
package struct TextSplitting: Sendable {
  /// What may enclose line ends; nil is nothing.
  let quote: UInt8?
}

/// One stream's text in pieces of whole lines, which several threads take in order. From a quote on that
/// could enclose line ends, the rest is one piece.
final class TextPieces: @unchecked Sendable {
  /// A piece and the line that it begins with, counting from 1.
  struct Piece {
    let stream: any ByteStream
    let line: Int
  }

  private let stream: any ByteStream
  private let splitting: TextSplitting
  private let lock = NSCondition()
  // What follows is guarded by the lock.
  private var next = 0
  private var line = 1
  private var rest: [UInt8] = []
  private var failure: TraceError?
  private var hasEnded = false

  /// How much text a piece has; what is read does not depend on it.
  @TaskLocal static var pieceBytes = 1 << 20
  private let pieceBytes: Int

  /// - Parameter stream: only this may use it from now on.
  init(_ stream: any ByteStream, _ splitting: TextSplitting) {
    pieceBytes = Self.pieceBytes
    self.stream = stream
    self.splitting = splitting
  }

  /// Whether there may be another piece.
  var hasMore: Bool { lock.withLock { !hasEnded } }

  /// Piece `number`, once those before it were taken; nil behind the last.
  func take(_ number: Int) throws(TraceError) -> Piece? {
    lock.lock()
    defer { lock.unlock() }
    while next < number { lock.wait() }
    defer {
      next += 1
      lock.broadcast()
    }
    guard !hasEnded else { return nil }
    if let failure {
      hasEnded = true
      throw failure
    }
    return read()
  }

  private func read() -> Piece {
    var bytes = rest
    rest = []
    var wanted = pieceBytes
    while true {
      let start = bytes.count
      fill(&bytes, upTo: wanted)
      let isAtEnd = bytes.count < wanted
      if let quote = splitting.quote, bytes[start...].contains(quote) {
        return remainder(bytes, isAtEnd)
      }
      if isAtEnd {
        hasEnded = failure == nil
        // A line that damage has cut off is none.
        if failure != nil { bytes.removeLast(bytes.count - 1 - (bytes.lastIndex(of: 0x0a) ?? -1)) }
        return piece(bytes)
      }
      if let end = bytes.lastIndex(of: 0x0a) {
        rest = Array(bytes[(end + 1)...])
        bytes.removeLast(bytes.count - end - 1)
        return piece(bytes)
      }
      // A line that long is no row: whoever reads it says so.
      guard wanted < 1 << 25 else { return remainder(bytes, isAtEnd) }
      wanted *= 2
    }
  }

  /// Fills `bytes` up to a count; fewer at the end, or before an error that is kept.
  private func fill(_ bytes: inout [UInt8], upTo count: Int) {
    let start = bytes.count
    guard start < count else { return }
    bytes.reserveCapacity(count)
    bytes.append(contentsOf: repeatElement(0, count: count - start))
    var filled = start
    bytes.withUnsafeMutableBytes { target in
      do throws(TraceError) {
        while filled < count {
          let got = try stream.read(
            into: UnsafeMutableRawBufferPointer(rebasing: target[filled...]))
          if got == 0 { break }
          filled += got
        }
      } catch { failure = error }
    }
    bytes.removeLast(count - filled)
  }

  private func piece(_ bytes: [UInt8]) -> Piece {
    defer { line += bytes.count { $0 == 0x0a } }
    return Piece(stream: MemoryStream(bytes, name: stream.name), line: line)
  }

  private func remainder(_ bytes: [UInt8], _ isAtEnd: Bool) -> Piece {
    hasEnded = true
    return Piece(
      stream: JoinedStream(bytes, isAtEnd ? nil : stream, failure, name: stream.name), line: line)
  }
}

/// Bytes, and behind them what is left of a stream, or the error that it ended with.
private final class JoinedStream: ByteStream {
  let name: String
  private let first: MemoryStream
  private let second: (any ByteStream)?
  private let failure: TraceError?
  private var isInSecond = false

  init(_ bytes: [UInt8], _ stream: (any ByteStream)?, _ failure: TraceError?, name: String) {
    self.name = name
    first = MemoryStream(bytes, name: name)
    second = stream
    self.failure = failure
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    if !isInSecond {
      let count = try first.read(into: buffer)
      if count > 0 { return count }
      isInSecond = true
    }
    if let failure { throw failure }
    return try second?.read(into: buffer) ?? 0
  }
}

/// The reader of a text's first piece, once it has read it: it knows the header.
final class OpenedPart<Part: TablePart>: @unchecked Sendable {
  private let lock = NSCondition()
  private var published: Part?

  func publish(_ part: Part) {
    lock.lock()
    defer { lock.unlock() }
    published = part
    lock.broadcast()
  }

  /// Waits for it.
  var part: Part {
    lock.lock()
    defer { lock.unlock() }
    while true {
      if let published { return published }
      lock.wait()
    }
  }
}

/// Workers that are not at work.
final class WorkerPool<Worker: AnyObject & Sendable>: @unchecked Sendable {
  private let make: @Sendable () -> Worker
  private let lock = NSLock()
  private var idle: [Worker] = []

  init(_ make: @escaping @Sendable () -> Worker) { self.make = make }

  func take() -> Worker { lock.withLock { idle.popLast() } ?? make() }

  func giveBack(_ worker: Worker) { lock.withLock { idle.append(worker) } }
}
