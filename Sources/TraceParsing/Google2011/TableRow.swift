import Diagnostics
import Tables
import TraceInput
import Workload

/// A row of a known table.
struct TableRow {
  let row: RawRow
  let layout: ColumnLayout

  /// The bytes of a column; empty where the row does not have it.
  @inline(__always) subscript(column: Int) -> UnsafeRawBufferPointer {
    let field = layout.field(column)
    return field >= 0 && field < row.count
      ? row[field] : UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// An integer, or nil where the field is empty.
  @inline(__always) func optionalInteger(_ column: Int) throws(RowError) -> Int64? {
    let bytes = self[column]
    if bytes.isEmpty { return nil }
    guard let value = parsePaddedInteger(bytes) else { throw malformed(column, "an integer") }
    return value
  }

  /// An integer that must be there.
  @inline(__always) func integer(_ column: Int) throws(RowError) -> Int64 {
    guard let value = try optionalInteger(column) else { throw empty(column) }
    return value
  }

  /// An integer in `range`, or nil where the field is empty.
  @inline(__always) func optionalInteger(_ column: Int, in range: ClosedRange<Int64>)
    throws(RowError) -> Int64?
  {
    guard let value = try optionalInteger(column) else { return nil }
    guard range.contains(value) else { throw outOfRange(column, range) }
    return value
  }

  /// An integer in `range`.
  @inline(__always) func integer(_ column: Int, in range: ClosedRange<Int64>) throws(RowError)
    -> Int64
  {
    let value = try integer(column)
    guard range.contains(value) else { throw outOfRange(column, range) }
    return value
  }

  /// A time in range, or 2^63 - 1, which in these traces is "after its end".
  @inline(__always) func time(_ column: Int) throws(RowError) -> Microseconds {
    let time = Microseconds(try integer(column, in: 0...Int64.max))
    guard time.isInRange || !time.isKnown else { throw outOfRange(column, Ranges.time) }
    return time
  }

  /// A share of the largest machine, or NaN where the field is empty.
  @inline(__always) func amount(_ column: Int) throws(RowError) -> Double {
    let bytes = self[column]
    if bytes.isEmpty { return .nan }
    guard let value = parsePaddedNumber(bytes) else { throw malformed(column, "a number") }
    guard Ranges.share.contains(value) else { throw outOfRange(column, value) }
    return value
  }

  @inline(never)
  private func outOfRange(_ column: Int, _ value: Double) -> RowError {
    let name = layout.table.columns[column].name
    return RowError(
      column: column,
      message:
        "\(name) \(value) is not between 0 and \(decimal(Ranges.share.upperBound))",
      reason: "\(name) out of range")
  }

  /// Checks that every column can be read as what it is.
  func validate() throws(RowError) {
    for (column, spec) in layout.table.columns.enumerated() {
      let bytes = self[column]
      if bytes.isEmpty {
        if spec.isMandatory && layout.field(column) >= 0 { _ = try integerOrText(column, spec) }
        continue
      }
      switch spec.kind {
      case .integer: _ = try integer(column)
      case .number:
        if parseNumber(bytes) == nil { throw malformed(column, "a number") }
      case .boolean: _ = try integer(column, in: 0...1)
      case .text: break
      }
    }
  }

  private func integerOrText(_ column: Int, _ spec: ColumnSpec) throws(RowError) -> Int64 {
    if spec.kind == .integer { return try integer(column) }
    throw RowError(
      column: column, message: "\(spec.name) is empty", reason: "empty \(spec.name)")
  }

  @inline(never)
  private func empty(_ column: Int) -> RowError {
    let name = layout.table.columns[column].name
    return RowError(
      column: column, message: "\(name) is empty; expected an integer", reason: "empty \(name)")
  }

  @inline(never)
  func malformed(_ column: Int, _ expected: String) -> RowError {
    let name = layout.table.columns[column].name
    let text = String(decoding: self[column].prefix(40), as: UTF8.self)
    return RowError(
      column: column, message: "\(name) '\(text)' is not \(expected)",
      reason: "\(name) is not \(expected)")
  }

  @inline(never)
  private func outOfRange(_ column: Int, _ range: ClosedRange<Int64>) -> RowError {
    let name = layout.table.columns[column].name
    let text = String(decoding: self[column], as: UTF8.self)
    let bound =
      range.upperBound == .max
      ? "negative; expected at least \(range.lowerBound)"
      : "not between \(range.lowerBound) and \(range.upperBound)"
    return RowError(
      column: column, message: "\(name) \(text) is \(bound)", reason: "\(name) out of range")
  }
}
