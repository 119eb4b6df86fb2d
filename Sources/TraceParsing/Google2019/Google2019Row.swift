import Diagnostics
import TraceInput
import Workload

/// A row of one of the trace's tables, whatever it is written in; fields are numbered as in
/// ``Google2019Table/fields``.
protocol Google2019Row {
  /// An integer; nil where there is none.
  func optionalInteger(_ field: Int, in range: ClosedRange<Int64>) throws(RowError) -> Int64?
  /// An integer that must be there.
  func integer(_ field: Int, in range: ClosedRange<Int64>) throws(RowError) -> Int64
  /// A time in range, or "after the trace's end"; 0 where there is none.
  func time(_ field: Int) throws(RowError) -> Microseconds
  /// A share of the largest machine; NaN where there is none.
  func amount(_ field: Int) throws(RowError) -> Double
  /// A text's bytes; empty where there is none.
  func text(_ field: Int) throws(RowError) -> UnsafeRawBufferPointer
  /// The integers of a list; none where there is no list.
  func list(_ field: Int) throws(RowError) -> [Int64]
}

extension JSONRow: Google2019Row {
  func list(_ field: Int) throws(RowError) -> [Int64] { Array(try integers(field)) }
}

/// A row of an export of BigQuery in columns: Parquet with its records as groups, or CSV whose names are joined by a
/// dot or an underscore.
struct Google2019Cells: Google2019Row {
  /// Our names for the columns of a table: each field, and behind all of them those in groups with an underscore.
  struct Columns {
    let fields: [String]
    let names: [String]
    /// For each field, where else its value may stand.
    let others: [Int?]

    init(_ table: Google2019Table) {
      fields = table.fields
      let nested = fields.indices.filter { table.fields[$0].contains(".") }
      names = fields + nested.map { table.fields[$0].replacing(".", with: "_") }
      others = fields.indices.map { field in
        nested.firstIndex(of: field).map { table.fields.count + $0 }
      }
    }
  }

  let columns: Columns
  let row: MappedRow

  private func value(_ field: Int) throws(RowError) -> CellValue? {
    guard row.declared[field] == nil else { throw malformed(field, nil, "an integer, but a date") }
    return row.values[field] ?? columns.others[field].flatMap { row.values[$0] }
  }

  private func malformed(_ field: Int, _ value: CellValue?, _ expected: String) -> RowError {
    let shown = value.map { " '\($0.description.prefix(40))'" } ?? ""
    return RowError(
      column: field, message: "\(columns.fields[field])\(shown) is not \(expected)",
      reason: "\(columns.fields[field]) is not \(expected)")
  }

  func optionalInteger(_ field: Int, in range: ClosedRange<Int64>) throws(RowError) -> Int64? {
    guard let value = try value(field) else { return nil }
    let integer: Int64? =
      switch value {
      case .integer(let integer): integer
      // Whole numbers are fractions where a program had no other way to leave some out.
      case .number(let number): number.magnitude < 0x1p53 ? Int64(exactly: number) : nil
      case .text(let bytes): parseInteger(bytes)
      case .flag: nil
      }
    guard let integer else { throw malformed(field, value, "an integer") }
    guard range.contains(integer) else {
      throw RowError(column: field, named: columns.fields[field], value: integer, outside: range)
    }
    return integer
  }

  func integer(_ field: Int, in range: ClosedRange<Int64>) throws(RowError) -> Int64 {
    guard let value = try optionalInteger(field, in: range) else {
      throw RowError(
        column: nil, message: "\(columns.fields[field]) is not there; expected an integer",
        reason: "no \(columns.fields[field])")
    }
    return value
  }

  func time(_ field: Int) throws(RowError) -> Microseconds {
    let time = Microseconds(try optionalInteger(field, in: 0...Int64.max) ?? 0)
    guard time.isInRange || !time.isKnown else {
      throw malformed(field, .integer(time.rawValue), "between 0 and \(Ranges.time.upperBound)")
    }
    return time
  }

  func amount(_ field: Int) throws(RowError) -> Double {
    guard let value = try value(field) else { return .nan }
    let number: Double? =
      switch value {
      case .integer(let integer): Double(integer)
      case .number(let number): number
      case .text(let bytes): parseNumber(bytes)
      case .flag: nil
      }
    guard let number else { throw malformed(field, value, "a number") }
    // What pandas writes for a value that is not there.
    if number.isNaN { return .nan }
    guard Ranges.share.contains(number) else {
      throw malformed(field, value, "between 0 and \(Ranges.share.upperBound)")
    }
    return number
  }

  func text(_ field: Int) throws(RowError) -> UnsafeRawBufferPointer {
    switch try value(field) {
    case nil: return UnsafeRawBufferPointer(start: nil, count: 0)
    case .text(let bytes): return bytes
    case let value: throw malformed(field, value, "a string")
    }
  }

  func list(_ field: Int) throws(RowError) -> [Int64] {
    guard let value = try value(field) else { return [] }
    guard case .text(let bytes) = value else { throw malformed(field, value, "a list of integers") }
    var integers: [Int64] = []
    for element in QuantityText.elements(bytes, separator: UInt8(ascii: ",")) {
      guard let integer = parseInteger(element) else {
        throw malformed(field, value, "a list of integers")
      }
      integers.append(integer)
    }
    return integers
  }
}

/// A reader of one of the trace's tables, in JSON lines or in columns.
struct Google2019Reader {
  private let table: Google2019Table
  private let options: ReadOptions
  private let group: TraceInput.Group
  /// Rows seen.
  private(set) var rows = 0

  init(_ group: TraceInput.Group, _ table: Google2019Table, options: ReadOptions) {
    (self.group, self.table, self.options) = (group, table, options)
  }

  /// Calls `body` with the events of all good rows, in their order.
  mutating func forEachEvent(
    _ body: (Google2019Event) throws(TraceError) -> Void
  ) throws(TraceError) {
    let table = table
    guard TableLayout.kind(of: group.head) == .json else {
      var failure: TraceError?
      try forEachCells { cells throws(RowError) in
        guard failure == nil else { return }
        let event = try Google2019Event(cells, of: table)
        do throws(TraceError) { try body(event) } catch { failure = error }
      }
      if let failure { throw failure }
      return
    }
    var reader = Google2019TableReader(group, table, options: options)
    try reader.forEachRow({ row throws(RowError) in try Google2019Event(row, of: table) }, body)
    rows = reader.rows
  }

  /// Calls `body` with the machine events of all good rows; `decoder` makes and counts them.
  mutating func forEachMachineEvent(
    _ decoder: inout Google2019EventDecoder, _ body: (MachineEvent) -> Void
  ) throws(TraceError) {
    guard TableLayout.kind(of: group.head) == .json else {
      let scale = options.scale
      return try forEachCells { cells throws(RowError) in
        body(try decoder.machineEvent(cells, scale))
      }
    }
    var reader = Google2019TableReader(group, table, options: options)
    try reader.forEachRow { row throws(RowError) in
      body(try decoder.machineEvent(row, options.scale))
    }
    rows = reader.rows
  }

  private mutating func forEachCells(
    _ body: (Google2019Cells) throws(RowError) -> Void
  ) throws(TraceError) {
    let columns = Google2019Cells.Columns(table)
    let cells = Google2019Cells(columns: columns, row: MappedRow(slots: columns.names.count))
    let context = MappedContext(clock: ZoneClock(.gmt), hasDecimalCommas: false)
    var reader = MappedTable(
      table.rawValue, group, TableLayout(), names: columns.names,
      optional: Set(columns.names).subtracting(["time", "type"]), conditions: [])
    try reader.forEachRow(into: cells.row, context, options) { () throws(RowError) in
      try body(cells)
    }
    rows = reader.rows
  }
}
