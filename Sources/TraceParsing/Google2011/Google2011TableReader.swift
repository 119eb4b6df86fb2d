import Workload

/// What is wrong with a row: which column (counting from 0), what, and the short reason that
/// rejects are counted by.
struct RowError: Error {
  var column: Int?
  var message: String
  var reason: String
  var code = TraceError.Code.malformedRow
}

/// A row of a known table.
struct TableRow {
  let row: Row
  let layout: ColumnLayout

  /// The bytes of a column; empty where the row does not have it.
  subscript(column: Int) -> UnsafeRawBufferPointer {
    let field = layout.field(column)
    return field >= 0 && field < row.count
      ? row[field] : UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// An integer, or nil where the field is empty.
  func optionalInteger(_ column: Int) throws(RowError) -> Int64? {
    let bytes = self[column]
    if bytes.isEmpty { return nil }
    guard let value = parseInteger(bytes) else { throw malformed(column, "an integer") }
    return value
  }

  /// An integer that must be there.
  func integer(_ column: Int) throws(RowError) -> Int64 {
    guard let value = try optionalInteger(column) else {
      let name = layout.table.columns[column].name
      throw RowError(
        column: column, message: "\(name) is empty; expected an integer", reason: "empty \(name)")
    }
    return value
  }

  /// An integer in `range`, or nil where the field is empty.
  func optionalInteger(_ column: Int, in range: ClosedRange<Int64>) throws(RowError) -> Int64? {
    guard let value = try optionalInteger(column) else { return nil }
    guard range.contains(value) else { throw outOfRange(column, range) }
    return value
  }

  /// An integer in `range`.
  func integer(_ column: Int, in range: ClosedRange<Int64>) throws(RowError) -> Int64 {
    let value = try integer(column)
    guard range.contains(value) else { throw outOfRange(column, range) }
    return value
  }

  /// A time: not negative.
  func time(_ column: Int) throws(RowError) -> Microseconds {
    Microseconds(try integer(column, in: 0...Int64.max))
  }

  /// A number that is not negative, or NaN where the field is empty.
  func amount(_ column: Int) throws(RowError) -> Double {
    let bytes = self[column]
    if bytes.isEmpty { return .nan }
    guard let value = parseNumber(bytes) else { throw malformed(column, "a number") }
    guard value >= 0, value <= 1e6 else {
      let name = layout.table.columns[column].name
      throw RowError(
        column: column, message: "\(name) \(value) is not between 0 and 1000000",
        reason: "\(name) out of range")
    }
    return value
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

  func malformed(_ column: Int, _ expected: String) -> RowError {
    let name = layout.table.columns[column].name
    let text = String(decoding: self[column].prefix(40), as: UTF8.self)
    return RowError(
      column: column, message: "\(name) '\(text)' is not \(expected)",
      reason: "\(name) is not \(expected)")
  }

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

/// The rows of one table, its parts one after another, each checked for its number of columns and
/// for time order. In strict mode the first bad row throws; in lenient mode it is rejected, and so
/// is what follows the damage in a damaged part.
struct Google2011TableReader {
  let layout: ColumnLayout
  private var parts: PartCursor
  private let options: ReadOptions
  /// Rows seen, bad ones included.
  private(set) var rows = 0
  /// Comment lines passed over.
  private(set) var comments = 0
  private var lastTime = Microseconds.zero

  init(_ group: TraceInput.Group, layout: ColumnLayout, options: ReadOptions) {
    self.layout = layout
    self.options = options
    parts = PartCursor(
      group.files, meter: options.meter, temporaryDirectory: options.temporaryDirectory)
  }

  /// Calls `body` with every good row. A `RowError` from `body` makes the row a bad one.
  mutating func forEachRow(
    _ body: (TableRow) throws(RowError) -> Void
  ) throws(TraceError) {
    while true {
      do throws(TraceError) {
        guard let (file, stream) = try parts.next() else { return }
        try read(stream, file: file.name, body)
      } catch {
        guard let rejects = options.rejects, error.code == .damaged || error.code == .unrecognised
        else { throw error }
        rows += 1
        try rejects.add(error, reason: "damaged part: the rest of it is not read", row: "")
      }
    }
  }

  private mutating func read(
    _ stream: PeekableStream, file: String, _ body: (TableRow) throws(RowError) -> Void
  ) throws(TraceError) {
    let reader = LibCSVRowReader(stream)
    defer { comments += reader.comments }
    var batch = RowBatch()
    while true {
      do throws(TraceError) {
        guard try reader.nextBatch(&batch) else { return }
      } catch {
        guard let rejects = options.rejects, error.code == .malformedRow else { throw error }
        try process(batch, file: file, body)
        rows += 1
        try rejects.add(error, reason: "malformed quotes", row: "")
        reader.recover()
        continue
      }
      try process(batch, file: file, body)
    }
  }

  private mutating func process(
    _ batch: RowBatch, file: String, _ body: (TableRow) throws(RowError) -> Void
  ) throws(TraceError) {
    options.meter?.add(rows: batch.count)
    for index in 0..<batch.count {
      try batch.withRow(index) { row throws(TraceError) in
        if row[0].first == UInt8(ascii: "#") {
          comments += 1
          return
        }
        rows += 1
        do throws(RowError) {
          let tableRow = TableRow(row: row, layout: layout)
          let time = try check(tableRow)
          try body(tableRow)
          if time.isKnown { lastTime = max(lastTime, time) }
        } catch {
          try reject(error, row, file: file)
        }
      }
    }
  }

  /// The row's time, once its number of columns and its place in time are right.
  private func check(_ row: TableRow) throws(RowError) -> Microseconds {
    guard layout.fieldCount.contains(row.row.count) else {
      let expected = layout.fieldCount.upperBound
      let isShort = row.row.count < expected
      throw RowError(
        column: nil,
        message: "\(layout.table.rawValue) has \(expected) columns; this row has \(row.row.count)",
        reason: isShort ? "too few columns" : "too many columns")
    }
    let time = try row.time(0)
    guard time.isKnown, time + options.timeTolerance < lastTime else { return time }
    throw RowError(
      column: 0,
      message:
        "time \(time.rawValue) is \((lastTime - time).seconds) s before that of an earlier row; "
        + "rows are sorted by time (--time-tolerance accepts disorder up to a bound)",
      reason: "time runs backwards", code: .disorder)
  }

  private func reject(_ error: RowError, _ row: Row, file: String) throws(TraceError) {
    let located = TraceError(
      error.code, error.message, file: file, line: row.line,
      column: error.column.map { layout.field($0) + 1 })
    guard let rejects = options.rejects else { throw located }
    try rejects.add(located, reason: error.reason, row: row.csv)
  }
}
