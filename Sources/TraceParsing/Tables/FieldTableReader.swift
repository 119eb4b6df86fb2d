/// The rows of one `FieldTable`, its parts one after another, each checked for its number of
/// fields. In strict mode the first bad row throws; in lenient mode it is rejected and counted, and
/// so is what follows the damage in a damaged part.
struct FieldTableReader {
  /// How rows are written.
  enum Syntax {
    /// Comma-separated, without a header.
    case csv
    /// Comma-separated; the first row names the columns, in any order.
    case csvWithHeader
    /// Separated by blanks; a first row whose first field is `header` is a header.
    case blanks(header: String?)
  }

  let table: FieldTable
  private let syntax: Syntax
  private var parts: PartCursor
  private let options: ReadOptions
  private var places: [Int]
  private var fieldCount: ClosedRange<Int>
  private var expectsHeader = false
  /// Rows seen, bad ones included, headers not.
  private(set) var rows = 0
  /// Comment lines passed over.
  private(set) var comments = 0
  /// The comment lines of the first part.
  private(set) var header: [String] = []

  init(_ group: TraceInput.Group, _ table: FieldTable, _ syntax: Syntax, options: ReadOptions) {
    self.table = table
    self.syntax = syntax
    self.options = options
    places = Array(table.columns.indices)
    fieldCount = table.fieldCount
    parts = PartCursor(group, options)
  }

  /// Calls `body` with every good row. A `RowError` from `body` makes the row a bad one.
  mutating func forEachRow(_ body: (FieldRow) throws(RowError) -> Void) throws(TraceError) {
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
    _ stream: PeekableStream, file: String, _ body: (FieldRow) throws(RowError) -> Void
  ) throws(TraceError) {
    let blanks: BlankRowReader?
    let reader: any RowReader
    let careful: PlainRowReader?
    if case .blanks = syntax {
      let made = BlankRowReader(stream)
      (blanks, careful, reader) = (made, nil, made)
    } else {
      let made = PlainRowReader(stream)
      (blanks, careful, reader) = (nil, made, made)
    }
    defer {
      comments += blanks?.comments ?? careful?.comments ?? 0
      if header.isEmpty { header = blanks?.header ?? [] }
    }
    expectsHeader = true
    let batch = RowBatch()
    while true {
      do throws(TraceError) {
        guard try reader.nextBatch(batch) else { return }
      } catch {
        guard let rejects = options.rejects, error.code == .malformedRow else { throw error }
        try process(batch, file: file, body)
        rows += 1
        try rejects.add(error, reason: "malformed text", row: reader.recover())
        continue
      }
      try process(batch, file: file, body)
    }
  }

  private mutating func process(
    _ batch: RowBatch, file: String, _ body: (FieldRow) throws(RowError) -> Void
  ) throws(TraceError) {
    options.meter?.add(rows: batch.count)
    for index in 0..<batch.count {
      try batch.withRow(index) { row throws(TraceError) in
        if row[0].first == UInt8(ascii: "#") {
          comments += 1
          return
        }
        if expectsHeader {
          expectsHeader = false
          if try takeHeader(row, file: file) { return }
        }
        rows += 1
        do throws(RowError) {
          try checkCount(row)
          try body(FieldRow(row: row, table: table, places: places))
        } catch {
          try reject(error, row, file: file)
        }
      }
    }
  }

  private func checkCount(_ row: Row) throws(RowError) {
    guard !fieldCount.contains(row.count) else { return }
    let least = fieldCount.lowerBound
    let expected =
      least == fieldCount.upperBound ? "\(least)" : "\(least) to \(fieldCount.upperBound)"
    throw RowError(
      column: nil, message: "\(table.name) has \(expected) columns; this row has \(row.count)",
      reason: row.count < least ? "too few columns" : "too many columns")
  }

  /// Whether the first row is a header; if it names columns, they are where it says.
  private mutating func takeHeader(_ row: Row, file: String) throws(TraceError) -> Bool {
    switch syntax {
    case .csv: return false
    case .blanks(let mark): return mark.map { row.text(0) == $0 } ?? false
    case .csvWithHeader:
      let names = (0..<row.count).map { row.text($0) }
      for (column, spec) in table.columns.enumerated() {
        places[column] = names.firstIndex(of: spec.name) ?? -1
        if places[column] < 0, spec.isMandatory {
          throw TraceError(
            .malformedRow, "the header of \(table.name) names no column '\(spec.name)'",
            file: file, line: row.line)
        }
      }
      fieldCount = row.count...row.count
      return true
    }
  }

  private func reject(_ error: RowError, _ row: Row, file: String) throws(TraceError) {
    let located = TraceError(
      error.code, error.message, file: file, line: row.line,
      column: error.column.map { places[$0] + 1 })
    guard let rejects = options.rejects else { throw located }
    try rejects.add(located, reason: error.reason, row: row.csv)
  }
}

extension TraceInput.Group {
  /// Up to `limit` whole rows from its beginning, for telling what it is.
  func sample<R>(
    _ syntax: FieldTableReader.Syntax, limit: Int = 100, _ body: (Row) -> R
  ) -> [R] {
    var bytes = head[...]
    if bytes.count >= TraceInput.headLength, let end = bytes.lastIndex(of: 0x0a) {
      bytes = bytes[...end]
    }
    let stream = MemoryStream(Array(bytes), name: "")
    let reader: any RowReader
    if case .blanks = syntax {
      reader = BlankRowReader(stream)
    } else {
      reader = PlainRowReader(stream)
    }
    var results: [R] = []
    let batch = RowBatch()
    // What is not CSV is no row of such a table: the rows before it decide.
    while results.count < limit, (try? reader.nextBatch(batch)) ?? false {
      for index in 0..<min(batch.count, limit - results.count) {
        results.append(batch.withRow(index, body))
      }
    }
    return results
  }

  /// Whether at least half of its first rows could be rows of `table`.
  func looksLike(_ table: FieldTable, _ syntax: FieldTableReader.Syntax) -> Bool {
    let answers = sample(syntax) { table.accepts($0) }
    return !answers.isEmpty && answers.count { $0 } * 2 >= answers.count
  }

  /// The table as a trace lists it.
  func traceTable(_ name: String) -> TraceTable {
    TraceTable(name: name, parts: files.count, total: total, missing: missing)
  }
}
