import CIngest
import Diagnostics

/// The fast row reader: splits plain rows where they stand, and hands everything else to libcsv,
/// so that the two together accept exactly what libcsv alone accepts.
///
/// A plain row is one that holds something, without quotes, carriage returns, blanks beside a
/// separator and control bytes, that ends with LF and fits in the block. At anything else the row's
/// first byte and all that follow go to libcsv, up to the last line end of the block, and then line by line until
/// libcsv has no row open: there the scanner goes on.
package final class PlainRowReader: RowReader {
  private let block: BlockBuffer
  private let parser: LibCSVParser
  /// How much of the block libcsv is to take; nil where the scanner reads.
  private var careful: Careful? = .nextLine

  private enum Careful { case nextLine, restOfBlock }

  private static let endCapacity = 1 << 16
  private static let rowCapacity = 1 << 14

  /// - Parameters:
  ///   - blockBytes: how much is read at a time; the rows do not depend on it.
  ///   - line: the line at which the text goes on behind others; nil at its beginning.
  package init(
    _ stream: any ByteStream, blockBytes: Int = 1 << 18,
    maximumRowBytes: Int = LibCSVParser.maximumRowBytes, continuingAt line: Int? = nil
  ) {
    block = BlockBuffer(stream, blockBytes: min(blockBytes, maximumRowBytes))
    parser = LibCSVParser(
      name: stream.name, maximumRowBytes: maximumRowBytes, continuingAt: line)
    if line != nil { careful = nil }
  }

  package var comments: Int { parser.comments }

  package func nextBatch(_ batch: RowBatch) throws(TraceError) -> Bool {
    batch.removeAll()
    while batch.count == 0 {
      if let careful {
        if block.bytes.isEmpty, try !block.fill() {
          guard !parser.isFinished else { return false }
          try parser.finish(into: batch)
          return batch.count > 0
        }
        try parse(careful, into: batch)
        continue
      }
      switch scan(into: batch) {
      case .special: careful = .restOfBlock
      case .incomplete where block.isFull: careful = .restOfBlock
      case .incomplete where batch.count == 0:
        if try !block.fill() { careful = .restOfBlock }  // the last line has no end
      case .incomplete: break
      }
    }
    return true
  }

  package func recover() -> String {
    careful = .nextLine
    return parser.recover()
  }

  private func parse(_ amount: Careful, into batch: RowBatch) throws(TraceError) {
    batch.removeAll()
    let bytes = block.bytes
    let end = amount == .nextLine ? bytes.firstIndex(of: 0x0a) : bytes.lastIndex(of: 0x0a)
    var taken = 0
    defer { block.take(to: block.start + taken) }
    try parser.parse(
      UnsafeRawBufferPointer(rebasing: bytes[...(end ?? bytes.count - 1)]), into: batch,
      taken: &taken)
    careful = parser.isBetweenLines ? nil : .nextLine
  }

  private enum Stop {
    /// Something that is not plain stands in the row at the block's start.
    case special
    /// The row at the block's start does not end in the block, or the batch is full.
    case incomplete
  }

  /// Takes plain rows from the block into `batch`.
  private func scan(into batch: RowBatch) -> Stop {
    batch.refer(to: block.base, ends: Self.endCapacity, rows: Self.rowCapacity)
    let target = CIRowTarget(
      ends: batch.ends, endCapacity: Self.endCapacity, rows: batch.rows,
      rowCapacity: Self.rowCapacity)
    let scan = ci_scan_rows(
      block.base, block.start, block.end, Int64(parser.line), target)
    batch.setCounts(ends: scan.ends, rows: scan.rows)
    block.take(to: scan.rowStart)
    parser.line = Int(scan.line)
    return scan.isSpecial ? .special : .incomplete
  }
}
