import CIngest
import Quoting

/// Rows of a CSV file as ranges of one block of bytes: the common output of every row reader.
///
/// The bytes are those of the reader's own block where a row stands there as it is, or copies in
/// the batch where quotes had to be removed. Either way the fields of a row stand one behind the
/// other with one byte between them, and `padding` more bytes can be read behind the last.
///
/// A batch is reused from block to block, so that reading rows allocates nothing, and it is valid
/// until its reader is asked for the next.
package final class RowBatch {
  /// Bytes that can be read behind any field, so that numbers and rows are read in words.
  package static let padding = ci_scan_padding

  /// What the offsets below count from.
  package fileprivate(set) var base: UnsafePointer<UInt8>
  /// Where each field ends, as an offset.
  package private(set) var ends: UnsafeMutablePointer<UInt32>
  package private(set) var endCapacity: Int
  /// The rows.
  package private(set) var rows: UnsafeMutablePointer<Place>
  package private(set) var rowCapacity: Int
  fileprivate var endCount = 0
  /// How many rows there are.
  package fileprivate(set) var count = 0

  private var copies: UnsafeMutablePointer<UInt8>
  private var copyCapacity: Int
  private var copyCount = 0
  private var openBytes: [UInt8] = []
  private var openEnds: [UInt32] = []

  /// Where a row begins and ends.
  package typealias Place = CIRow

  package init() {
    endCapacity = 1 << 10
    rowCapacity = 1 << 6
    copyCapacity = 1 << 10
    ends = .allocate(capacity: endCapacity)
    rows = .allocate(capacity: rowCapacity)
    copies = .allocate(capacity: copyCapacity + Self.padding)
    base = UnsafePointer(copies)
  }

  deinit {
    ends.deallocate()
    rows.deallocate()
    copies.deallocate()
  }

  /// Empties the batch.
  package func removeAll() {
    (endCount, count, copyCount) = (0, 0, 0)
    base = UnsafePointer(copies)
  }

  /// Empties the batch for `rows` of a block that begins at `base`: the caller fills them.
  package func refer(to base: UnsafePointer<UInt8>, ends: Int, rows: Int) {
    removeAll()
    if endCapacity < ends {
      self.ends.deallocate()
      self.ends = .allocate(capacity: ends)
      endCapacity = ends
    }
    if rowCapacity < rows {
      self.rows.deallocate()
      self.rows = .allocate(capacity: rows)
      rowCapacity = rows
    }
    self.base = base
  }

  /// States how much of `ends` and `rows` was filled after `refer`.
  package func setCounts(ends: Int, rows: Int) { (endCount, count) = (ends, rows) }

  /// Adds a copy of a row: `bytes` holds its fields with one byte behind each, `fieldEnds` where
  /// they end. The batch must not refer to a block.
  package func append(_ bytes: [UInt8], fieldEnds: [UInt32], line: Int) {
    if copyCount + bytes.count > copyCapacity {
      copies = grown(copies, copyCount, to: 2 * copyCapacity + bytes.count, padding: Self.padding)
      copyCapacity = 2 * copyCapacity + bytes.count
      base = UnsafePointer(copies)
    }
    if endCount + fieldEnds.count > endCapacity {
      ends = grown(ends, endCount, to: 2 * endCapacity + fieldEnds.count)
      endCapacity = 2 * endCapacity + fieldEnds.count
    }
    if count == rowCapacity {
      rows = grown(rows, count, to: 2 * rowCapacity)
      rowCapacity *= 2
    }
    rows[count] = Place(
      start: UInt32(copyCount), first: UInt32(endCount), end: UInt32(endCount + fieldEnds.count),
      line: Int64(line))
    count += 1
    for end in fieldEnds {
      ends[endCount] = UInt32(copyCount) + end
      endCount += 1
    }
    bytes.withUnsafeBufferPointer {
      if let source = $0.baseAddress { (copies + copyCount).update(from: source, count: $0.count) }
    }
    copyCount += bytes.count
  }

  /// Adds a field to the row that is open; the batch must not refer to a block.
  package func appendField(_ bytes: UnsafeRawBufferPointer) {
    openBytes.append(contentsOf: bytes)
    openEnds.append(UInt32(openBytes.count))
    openBytes.append(0)
  }

  /// Ends the open row; one without fields (a blank line) is no row.
  package func endRow(line: Int) {
    if !openEnds.isEmpty { append(openBytes, fieldEnds: openEnds, line: line) }
    openBytes.removeAll(keepingCapacity: true)
    openEnds.removeAll(keepingCapacity: true)
  }

  private func grown<Element: BitwiseCopyable>(
    _ old: UnsafeMutablePointer<Element>, _ count: Int, to capacity: Int, padding: Int = 0
  ) -> UnsafeMutablePointer<Element> {
    let new = UnsafeMutablePointer<Element>.allocate(capacity: capacity + padding)
    new.update(from: old, count: count)
    old.deallocate()
    return new
  }

  /// The row at `index`; valid as long as the batch's content is.
  @inlinable @inline(__always) package subscript(index: Int) -> RawRow {
    precondition(index < count)
    let place = rows[index]
    return RawRow(
      base: base, ends: ends + Int(place.first), start: Int(place.start),
      count: Int(place.end - place.first), line: Int(place.line))
  }

  /// Calls `body` with the row at `index`; the row must not outlive the call.
  @inlinable @inline(__always)
  package func withRow<R, E: Error>(_ index: Int, _ body: (RawRow) throws(E) -> R) throws(E) -> R {
    try body(self[index])
  }
}

/// One row: its fields as bytes, and the line on which it ends.
package struct RawRow: BitwiseCopyable {
  @usableFromInline let base: UnsafePointer<UInt8>
  @usableFromInline let ends: UnsafePointer<UInt32>
  @usableFromInline let start: Int
  /// How many fields it has.
  package let count: Int
  /// Its line, counting from 1.
  package let line: Int

  @inlinable init(
    base: UnsafePointer<UInt8>, ends: UnsafeMutablePointer<UInt32>, start: Int, count: Int,
    line: Int
  ) {
    self.base = base
    self.ends = UnsafePointer(ends)
    self.start = start
    self.count = count
    self.line = line
  }

  /// The bytes of field `index`, counting from 0.
  @inlinable @inline(__always) package subscript(index: Int) -> UnsafeRawBufferPointer {
    precondition(index >= 0 && index < count)
    let start = index == 0 ? self.start : Int(ends[index - 1]) + 1
    return UnsafeRawBufferPointer(start: base + start, count: Int(ends[index]) - start)
  }

  /// The field as text; bytes that are not UTF-8 are replaced.
  package func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

  /// The row written as CSV again, quoted where it must be.
  package var csv: String { (0..<count).map { Quoting.csvField(text($0)) }.joined(separator: ",") }
}
