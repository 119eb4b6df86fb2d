/// The fast row reader: splits plain rows where they stand, and hands everything else to libcsv,
/// so that the two together accept exactly what libcsv alone accepts.
///
/// A plain row is one without quotes, carriage returns, blanks beside a separator and control
/// bytes, that ends with LF and fits in the block. At anything else the row's first byte and all
/// that follows go to libcsv, up to the last line end of the block, and then line by line until
/// libcsv has no row open: there the scanner goes on.
final class PlainRowReader: RowReader {
  private let block: BlockBuffer
  private let parser: LibCSVParser
  /// How much of the block libcsv is to take; nil where the scanner reads.
  private var careful: Careful? = .nextLine

  private enum Careful { case nextLine, restOfBlock }

  private static let endCapacity = 1 << 16
  private static let rowCapacity = 1 << 14

  /// - Parameter blockBytes: how much is read at a time; the rows do not depend on it.
  init(
    _ stream: any ByteStream, blockBytes: Int = 1 << 18,
    maximumRowBytes: Int = LibCSVParser.maximumRowBytes
  ) {
    block = BlockBuffer(stream, blockBytes: min(blockBytes, maximumRowBytes))
    parser = LibCSVParser(name: stream.name, maximumRowBytes: maximumRowBytes)
  }

  var comments: Int { parser.comments }

  func nextBatch(_ batch: RowBatch) throws(TraceError) -> Bool {
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

  func recover() -> String {
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
  ///
  /// Bytes below `-` are looked at one by one; eight at a time are tested for whether there are
  /// any ("exact" test: no carry from one byte into the next).
  private func scan(into batch: RowBatch) -> Stop {
    batch.refer(to: block.base, ends: Self.endCapacity, rows: Self.rowCapacity)
    let base = UnsafePointer(block.base)
    let limit = block.end
    block.base[limit] = 0x0d  // stops the loop
    let (ends, rows) = (batch.ends, batch.rows)
    let highBits: UInt64 = 0x8080_8080_8080_8080
    let separators: UInt64 = 0x2d2d_2d2d_2d2d_2d2d
    var line = parser.line
    var rowStart = block.start
    var position = rowStart
    var (field, row, firstField) = (0, 0, 0)
    var stop = Stop.incomplete

    scanning: while field <= Self.endCapacity - 8 {
      let word = UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self).littleEndian
      var marks = ~((word | highBits) &- separators) & ~word & highBits
      while marks != 0 {
        let place = position + marks.trailingZeroBitCount >> 3
        marks &= marks &- 1
        let byte = base[place]
        if byte == 0x2c {
          ends[field] = UInt32(truncatingIfNeeded: place)
          field += 1
        } else if byte == 0x0a {
          if place > rowStart {
            ends[field] = UInt32(truncatingIfNeeded: place)
            field += 1
            rows[row] = RowBatch.Place(
              start: UInt32(truncatingIfNeeded: rowStart),
              first: UInt32(truncatingIfNeeded: firstField),
              end: UInt32(truncatingIfNeeded: field), line: line)
            row += 1
            firstField = field
          }
          line += 1
          rowStart = place + 1
          if row == Self.rowCapacity { break scanning }
        } else if !Self.isPlain(byte, base, at: place, rowStart, limit) {
          if place < limit { stop = .special }
          break scanning
        }
      }
      position += 8
    }
    batch.setCounts(ends: firstField, rows: row)
    block.take(to: rowStart)
    parser.line = line
    return stop
  }

  /// Whether a byte below `-` that is neither comma nor line end is an ordinary part of a field.
  @inline(__always)
  private static func isPlain(
    _ byte: UInt8, _ base: UnsafePointer<UInt8>, at place: Int, _ rowStart: Int, _ limit: Int
  ) -> Bool {
    if byte > 0x22 || byte == 0x21 { return true }
    // libcsv trims blanks at the ends of a field.
    guard byte == 0x20, place > rowStart, place + 1 < limit else { return false }
    let (before, after) = (base[place - 1], base[place + 1])
    return before != 0x2c && after != 0x2c && after != 0x0a && after != 0x0d
  }
}
