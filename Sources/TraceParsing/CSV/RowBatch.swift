/// Rows of a CSV file as spans into one block of bytes: the common output of every row reader.
///
/// Reused from block to block, so that reading rows allocates nothing.
struct RowBatch {
  /// The fields' bytes, quotes removed, one after another.
  private(set) var bytes: [UInt8] = []
  /// Where each field ends in `bytes`.
  private var fieldEnds: [Int] = []
  /// For each row the index of its first field, and one past the last row's last.
  private var rowStarts: [Int] = [0]
  /// The line on which each row ends, counting from 1.
  private var lines: [Int] = []

  /// How many rows there are.
  var count: Int { lines.count }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    fieldEnds.removeAll(keepingCapacity: true)
    rowStarts.removeAll(keepingCapacity: true)
    rowStarts.append(0)
    lines.removeAll(keepingCapacity: true)
  }

  mutating func appendField(_ field: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: field)
    fieldEnds.append(bytes.count)
  }

  /// Ends the row that was being filled; a row without fields (a blank line) is no row.
  mutating func endRow(line: Int) {
    guard hasOpenRow else { return }
    rowStarts.append(fieldEnds.count)
    lines.append(line)
  }

  /// Takes back the fields of the row that was being filled.
  mutating func dropOpenRow() {
    let start = rowStarts[rowStarts.count - 1]
    fieldEnds.removeSubrange(start...)
    bytes.removeSubrange((fieldEnds.last ?? 0)...)
  }

  /// Gives the complete rows to `batch`, whose own are dropped, and keeps the row that is being
  /// filled.
  mutating func handOver(to batch: inout RowBatch) {
    batch.removeAll()
    let start = rowStarts[rowStarts.count - 1]
    var begin = start == 0 ? 0 : fieldEnds[start - 1]
    for end in fieldEnds[start...] {
      bytes[begin..<end].withUnsafeBytes { batch.appendField($0) }
      begin = end
    }
    dropOpenRow()
    swap(&self, &batch)
  }

  /// Whether the row that is being filled has a field yet.
  var hasOpenRow: Bool { fieldEnds.count > rowStarts[rowStarts.count - 1] }

  /// Calls `body` with the row at `index`; the row must not outlive the call.
  func withRow<R, E: Error>(_ index: Int, _ body: (Row) throws(E) -> R) throws(E) -> R {
    let result: Result<R, E> = bytes.withUnsafeBytes { content in
      fieldEnds.withUnsafeBufferPointer { ends in
        let row = Row(
          bytes: content, ends: ends, first: rowStarts[index],
          count: rowStarts[index + 1] - rowStarts[index], line: lines[index])
        do throws(E) { return .success(try body(row)) } catch { return .failure(error) }
      }
    }
    return try result.get()
  }
}

/// One row: its fields as bytes, and the line on which it ends.
struct Row {
  fileprivate let bytes: UnsafeRawBufferPointer
  fileprivate let ends: UnsafeBufferPointer<Int>
  fileprivate let first: Int
  /// How many fields it has.
  let count: Int
  /// Its line, counting from 1.
  let line: Int

  /// The bytes of field `index`, counting from 0.
  subscript(index: Int) -> UnsafeRawBufferPointer {
    let field = first + index
    let start = field == 0 ? 0 : ends[field - 1]
    return UnsafeRawBufferPointer(rebasing: bytes[start..<ends[field]])
  }

  /// The field as text; bytes that are not UTF-8 are replaced.
  func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

  /// The row written as CSV again, quoted where it must be.
  var csv: String { (0..<count).map { csvQuoted(text($0)) }.joined(separator: ",") }
}

/// `field` with quotes where CSV needs them (RFC 4180).
func csvQuoted(_ field: String) -> String {
  guard field.utf8.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else { return field }
  return "\"" + field.replacing("\"", with: "\"\"") + "\""
}
