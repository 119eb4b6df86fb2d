import Diagnostics

/// Splits one part's bytes into rows, block by block.
///
/// The place for readers of different speed and care: whatever they are, they accept the same rows.
package protocol RowReader: AnyObject {
  /// Comment lines skipped so far.
  var comments: Int { get }

  /// Replaces the rows of `batch` with the next ones; false when there are none left.
  ///
  /// Throws `TraceError` with the line for what is not CSV, and whatever the stream throws; `batch`
  /// then holds the rows before. After `recover()` reading goes on with the next line.
  func nextBatch(_ batch: RowBatch) throws(TraceError) -> Bool

  /// After an error in the text: gives up the row's first line, and returns it where it is known.
  func recover() -> String
}

/// A stream's bytes in a block that is filled again and again. What was not taken stays.
package final class BlockBuffer {
  private let stream: any ByteStream
  private let block: UnsafeMutableRawBufferPointer
  private let capacity: Int
  /// Where the bytes that were not taken begin and end.
  package private(set) var start = 0
  package private(set) var end = 0
  private var isAtEnd = false

  package init(_ stream: any ByteStream, blockBytes: Int) {
    self.stream = stream
    capacity = max(4, blockBytes)
    block = .allocate(byteCount: capacity + RowBatch.padding, alignment: 64)
    block.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { block.deallocate() }

  /// The stream's name.
  package var name: String { stream.name }

  /// The block; one byte behind `end` may be written to, too.
  package var base: UnsafeMutablePointer<UInt8> {
    block.baseAddress!.assumingMemoryBound(to: UInt8.self)
  }

  /// The bytes that are there and not taken.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: block[start..<end]) }

  /// Whether unread bytes fill the whole block.
  package var isFull: Bool { end - start == capacity }

  /// Takes bytes away, up to the offset `position`.
  package func take(to position: Int) { start = position }

  /// Adds bytes behind those that are there; false if there are none to add.
  package func fill() throws(TraceError) -> Bool {
    if start > 0 {
      base.update(from: base + start, count: end - start)
      (start, end) = (0, end - start)
    }
    guard !isAtEnd, end < capacity else { return false }
    let count = try stream.read(
      into: UnsafeMutableRawBufferPointer(rebasing: block[end..<capacity]))
    isAtEnd = count == 0
    end += count
    return count > 0
  }
}
