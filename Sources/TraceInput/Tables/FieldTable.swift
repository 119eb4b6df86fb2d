import Tables
import Workload

/// A table whose rows are fields in a fixed order: what the columns are called and how they are
/// read.
public struct FieldTable: Sendable {
  /// What messages and options call it.
  public let name: String
  /// Its columns, in the order of the rows; with a header the header says the order.
  public let columns: [ColumnSpec]
  /// How many fields a row has.
  public let fieldCount: ClosedRange<Int>

  /// A table whose rows have all columns, or at least `minimum` of them; up to `extra` more fields are
  /// not looked at.
  public init(_ name: String, _ columns: [ColumnSpec], minimum: Int? = nil, extra: Int = 0) {
    self.name = name
    self.columns = columns
    fieldCount = (minimum ?? columns.count)...(columns.count + extra)
  }

  /// Whether `row` could be a row of this table: its number of fields, the kinds of its values.
  package func accepts(_ row: RawRow) -> Bool {
    guard fieldCount.contains(row.count) else { return false }
    return (0..<min(row.count, columns.count)).allSatisfy { field in
      let (bytes, spec) = (row[field], columns[field])
      if bytes.isEmpty { return !spec.isMandatory }
      switch spec.kind {
      case .integer: return parseInteger(bytes) != nil
      case .number: return parseNumber(bytes) != nil
      case .boolean: return parseInteger(bytes).map { 0...1 ~= $0 } ?? false
      case .text: return true
      }
    }
  }
}

/// Where the columns of a `FieldTable` stand in the rows of a file: one for all of them.
package final class FieldLayout: Sendable {
  package let table: FieldTable
  /// For each column its field; -1 where the rows do not have it.
  package let places: [Int]

  package init(_ table: FieldTable, _ places: [Int]) { (self.table, self.places) = (table, places) }
}

/// A row of a `FieldTable`; columns count from 0.
public struct FieldRow {
  package let row: RawRow
  package let layout: FieldLayout
  package var table: FieldTable { layout.table }
  /// How many columns the table has.
  package var columnCount: Int { layout.places.count }

  package init(row: RawRow, layout: FieldLayout) { (self.row, self.layout) = (row, layout) }

  /// The bytes of a column; empty where the row does not have it.
  public subscript(column: Int) -> UnsafeRawBufferPointer {
    let field = layout.places[column]
    return field >= 0 && field < row.count
      ? row[field] : UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// A column as text.
  public func text(_ column: Int) -> String { String(decoding: self[column], as: UTF8.self) }

  /// An integer, or nil where the field is empty. Whole numbers written with a point (`2.0`) count.
  public func optionalInteger(
    _ column: Int, in range: ClosedRange<Int64> = Int64.min...Int64.max
  ) throws(RowError) -> Int64? {
    let bytes = self[column]
    if bytes.isEmpty { return nil }
    guard let value = parseWholeNumber(bytes) else { throw malformed(column, "an integer") }
    guard range.contains(value) else {
      throw outside(column, "\(range.lowerBound)", "\(range.upperBound)", range.upperBound == .max)
    }
    return value
  }

  /// An integer that must be there.
  public func integer(
    _ column: Int, in range: ClosedRange<Int64> = Int64.min...Int64.max
  ) throws(RowError) -> Int64 {
    guard let value = try optionalInteger(column, in: range) else {
      throw empty(column, "an integer")
    }
    return value
  }

  /// A number in `range`, or nil where the field is empty.
  public func optionalNumber(
    _ column: Int, in range: ClosedRange<Double>
  ) throws(RowError) -> Double? {
    let bytes = self[column]
    if bytes.isEmpty { return nil }
    guard let value = parseNumber(bytes) else { throw malformed(column, "a number") }
    guard range.contains(value) else {
      throw outside(column, decimal(range.lowerBound), decimal(range.upperBound), false)
    }
    return value
  }

  /// An amount that is at most `greatest`; nil where the field is empty or -1, as traces mark what is not known.
  public func knownNumber(_ column: Int, upTo greatest: Double) throws(RowError) -> Double? {
    guard let value = try optionalNumber(column, in: -1...greatest) else { return nil }
    if value >= 0 { return value }
    guard value == -1 else { throw malformed(column, "-1 (unknown) or at least 0") }
    return nil
  }

  /// A number in `range` that must be there.
  public func number(_ column: Int, in range: ClosedRange<Double>) throws(RowError) -> Double {
    guard let value = try optionalNumber(column, in: range) else { throw empty(column, "a number") }
    return value
  }

  /// A time or span written in seconds, or nil where the field is empty.
  public func optionalSeconds(_ column: Int) throws(RowError) -> Microseconds? {
    try optionalNumber(column, in: Ranges.seconds).map(Microseconds.init(seconds:))
  }

  /// A time or span written in seconds.
  public func seconds(_ column: Int) throws(RowError) -> Microseconds {
    guard let value = try optionalSeconds(column) else { throw empty(column, "seconds") }
    return value
  }

  /// One of `names`, by its index.
  public func label(_ column: Int, _ names: [String]) throws(RowError) -> Int {
    let bytes = self[column]
    guard let index = names.firstIndex(where: { bytes.elementsEqual($0.utf8) }) else {
      let (text, name) = (text(column), table.columns[column].name)
      throw RowError(
        column: column,
        message: "\(name) '\(text.prefix(40))' is none of \(names.joined(separator: ", "))",
        reason: "unknown \(name)")
    }
    return index
  }

  /// What a field that must not be empty throws.
  public func empty(_ column: Int, _ expected: String) -> RowError {
    let name = table.columns[column].name
    return RowError(
      column: column, message: "\(name) is empty; expected \(expected)", reason: "empty \(name)")
  }

  /// What a field that cannot be read throws.
  public func malformed(_ column: Int, _ expected: String) -> RowError {
    let name = table.columns[column].name
    let text = String(decoding: self[column].prefix(40), as: UTF8.self)
    return RowError(
      column: column, message: "\(name) '\(text)' is not \(expected)",
      reason: "\(name) is not \(expected)")
  }

  private func outside(_ column: Int, _ low: String, _ high: String, _ isOpen: Bool) -> RowError {
    let name = table.columns[column].name
    let text = String(decoding: self[column].prefix(40), as: UTF8.self)
    let bound = isOpen ? "below \(low)" : "not between \(low) and \(high)"
    return RowError(
      column: column, message: "\(name) \(text) is \(bound)", reason: "\(name) out of range")
  }
}

extension TaskRecord {
  /// The record of a row, whose values are all in their ranges.
  ///
  /// - Throws: `RowError` if one is not.
  public func checked() throws(RowError) -> TaskRecord {
    if let issue = rangeIssue {
      throw RowError(column: nil, message: issue, reason: "value out of range")
    }
    return self
  }
}

extension MachineEvent {
  /// The event of a row, whose values are all in their ranges.
  ///
  /// - Throws: `RowError` if one is not.
  public func checked() throws(RowError) -> MachineEvent {
    if let issue = rangeIssue {
      throw RowError(column: nil, message: issue, reason: "value out of range")
    }
    return self
  }
}
