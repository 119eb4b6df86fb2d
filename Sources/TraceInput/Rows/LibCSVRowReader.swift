import Diagnostics

/// The careful row reader: everything goes through libcsv. The fast one is `PlainRowReader`.
package final class LibCSVRowReader: RowReader {
  private let block: BlockBuffer
  private let parser: LibCSVParser

  /// - Parameter blockBytes: how much is read at a time; the rows do not depend on it.
  package init(
    _ stream: any ByteStream, blockBytes: Int = 1 << 17,
    maximumRowBytes: Int = LibCSVParser.maximumRowBytes, separator: UInt8 = UInt8(ascii: ","),
    quote: UInt8? = UInt8(ascii: "\""), comment: UInt8 = UInt8(ascii: "#"),
    continuingAt line: Int? = nil
  ) {
    block = BlockBuffer(stream, blockBytes: blockBytes)
    parser = LibCSVParser(
      name: stream.name, maximumRowBytes: maximumRowBytes, separator: separator, quote: quote,
      comment: comment, continuingAt: line)
  }

  package var comments: Int { parser.comments }

  package func nextBatch(_ batch: RowBatch) throws(TraceError) -> Bool {
    batch.removeAll()
    while batch.count == 0 {
      if block.bytes.isEmpty, try !block.fill() {
        guard !parser.isFinished else { return false }
        try parser.finish(into: batch)
        return batch.count > 0
      }
      var taken = 0
      defer { block.take(to: block.start + taken) }
      try parser.parse(block.bytes, into: batch, taken: &taken)
    }
    return true
  }

  package func recover() -> String { parser.recover() }
}
