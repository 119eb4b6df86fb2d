import Diagnostics

/// Reads the rows of a ``FieldTable``, part after part.
///
/// In strict mode the first bad row throws `TraceError` with file, line and column. In lenient mode
/// (`ReadOptions.rejects`) bad rows are rejected and counted, and so is what follows damage in a part.
public struct FieldTableReader {
  private var reader: TableReader<FieldTablePart>

  /// A reader of the files in `group`.
  public init(
    _ group: TraceInput.Group, _ table: FieldTable, _ syntax: RowSyntax, options: ReadOptions
  ) {
    reader = TableReader(group, reading: FieldTablePart(table, syntax, options), options: options)
  }

  /// Rows seen, bad ones included, headers not.
  public var rows: Int { reader.rows }
  /// Comment lines passed over.
  public var comments: Int { reader.comments }
  /// The comment lines of the first part that has any.
  public var header: [String] { reader.header }

  /// Calls `body` with every good row, one part after another. A ``RowError`` from `body` makes the row
  /// a bad one.
  public mutating func forEachRow(
    _ body: (FieldRow) throws(RowError) -> Void
  ) throws(TraceError) { try reader.forEachRow(body) }

  /// Gives every good row to a worker, and what the workers made of rows to `commit`, in the order of the
  /// rows: see `TableReader.forEachChunk`.
  package mutating func forEachChunk<Worker: AnyObject & Sendable, Chunk: Sendable>(
    worker: @escaping @Sendable () -> Worker,
    row: @escaping @Sendable (Worker, FieldRow) throws(RowError) -> Void,
    take: @escaping @Sendable (Worker) -> Chunk,
    commit: (Chunk) throws(TraceError) -> Void
  ) throws(TraceError) {
    try reader.forEachChunk(worker: worker, row: row, take: take, commit: commit)
  }

  /// Makes an item of every good row, on any thread, and calls `body` with the items in their order.
  public mutating func forEachRow<Item: Sendable>(
    _ parse: @escaping @Sendable (FieldRow) throws(RowError) -> Item,
    _ body: (Item) throws(TraceError) -> Void
  ) throws(TraceError) { try reader.forEachRow(parse, body) }
}

/// How the rows of a table are written.
public enum RowSyntax: Sendable {
  /// Comma-separated, without a header.
  case csv
  /// Comma-separated; the first row names the columns, in any order.
  case csvWithHeader
  /// Separated by blanks; a first row whose first field is `header` is a header.
  case blanks(header: String?)
  /// As a mapping says.
  case layout(TableLayout, TableLayout.Kind)
}

/// The rows of one part of a `FieldTable`, each checked for its number of fields.
package struct FieldTablePart: TablePart {
  private let table: FieldTable
  private let syntax: RowSyntax
  private let isLenient: Bool
  private let meter: ReadMeter?
  private var places: [Int]
  private var fieldCount: ClosedRange<Int>
  private var expectsHeader = true
  /// What a row that is passed over begins with.
  private var comment: UInt8? = UInt8(ascii: "#")
  /// The line at which the text goes on behind others; nil at its beginning.
  private var line: Int?
  package var tally = PartTally()

  package init(_ table: FieldTable, _ syntax: RowSyntax, _ options: ReadOptions) {
    self.table = table
    self.syntax = syntax
    isLenient = options.rejects != nil
    meter = options.meter
    places = Array(table.columns.indices)
    fieldCount = table.fieldCount
  }

  package var splitting: TextSplitting? {
    switch syntax {
    case .blanks: TextSplitting(quote: nil)
    case .csv, .csvWithHeader: TextSplitting(quote: UInt8(ascii: "\""))
    case .layout(let layout, .text):
      TextSplitting(quote: layout.separator == nil ? nil : layout.quote)
    case .layout: nil
    }
  }

  package func continuing(at line: Int) -> FieldTablePart {
    var part = self
    part.line = line
    part.tally = PartTally()
    return part
  }

  package mutating func read(
    _ stream: any ByteStream, file: String, _ body: (FieldRow) throws(RowError) -> Void,
    flush: (inout PartTally) throws(TraceError) -> Void
  ) throws(TraceError) {
    let reader: any RowReader
    switch syntax {
    case .blanks: reader = BlankRowReader(stream, continuingAt: line)
    case .layout(let layout, let kind):
      let paths = table.columns.map(\.name)
      reader = try layout.reader(stream, kind: kind, paths: paths, continuingAt: line)
      comment = kind == .json ? nil : layout.comment
      if kind == .json { expectsHeader = false }
    case .csv, .csvWithHeader: reader = PlainRowReader(stream, continuingAt: line)
    }
    defer {
      tally.comments += reader.comments
      tally.header = (reader as? BlankRowReader)?.header ?? []
      tally.goesOn = line != nil
    }
    let batch = RowBatch()
    while true {
      do throws(TraceError) {
        guard try reader.nextBatch(batch) else { return }
      } catch {
        guard isLenient, error.code == .malformedRow else { throw error }
        try process(batch, file: file, body)
        tally.rows += 1
        tally.rejects.append(
          RejectedRow(error: error, reason: "malformed text", row: reader.recover()))
        try flush(&tally)
        continue
      }
      try process(batch, file: file, body)
      try flush(&tally)
    }
  }

  private mutating func process(
    _ batch: RowBatch, file: String, _ body: (FieldRow) throws(RowError) -> Void
  ) throws(TraceError) {
    let before = tally.rows
    defer { meter?.add(rows: tally.rows - before) }
    var layout = FieldLayout(table, places)
    for index in 0..<batch.count {
      try batch.withRow(index) { row throws(TraceError) in
        if let comment, row[0].first == comment {
          tally.comments += 1
          return
        }
        if expectsHeader {
          expectsHeader = false
          let isHeader = try takeHeader(row, file: file)
          layout = FieldLayout(table, places)
          if isHeader { return }
        }
        tally.rows += 1
        do throws(RowError) {
          try checkCount(row)
          try body(FieldRow(row: row, layout: layout))
        } catch {
          try reject(error, row, file: file)
        }
      }
    }
  }

  private func checkCount(_ row: RawRow) throws(RowError) {
    guard !fieldCount.contains(row.count) else { return }
    let least = fieldCount.lowerBound
    let expected =
      least == fieldCount.upperBound ? "\(least)" : "\(least) to \(fieldCount.upperBound)"
    throw RowError(
      column: nil, message: "\(table.name) has \(expected) columns; this row has \(row.count)",
      reason: row.count < least ? "too few columns" : "too many columns")
  }

  /// Whether the first row is a header; if it names columns, they are where it says.
  private mutating func takeHeader(_ row: RawRow, file: String) throws(TraceError) -> Bool {
    switch syntax {
    case .csv: return false
    case .blanks(let mark): return mark.map { row.text(0) == $0 } ?? false
    case .layout(let layout, _):
      guard let header = layout.header else { return try takeNames(row, file: file) }
      for (column, spec) in table.columns.enumerated() {
        places[column] = header.firstIndex(of: spec.name) ?? -1
      }
      fieldCount = header.count...header.count
      // Some copies of a headerless table have one after all.
      return row.count == header.count && (0..<row.count).allSatisfy { row.text($0) == header[$0] }
    case .csvWithHeader: return try takeNames(row, file: file)
    }
  }

  /// Takes a header's names for where columns are.
  private mutating func takeNames(_ row: RawRow, file: String) throws(TraceError) -> Bool {
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

  /// The field of a column, counting from 1; nil where it is in no field of the row.
  private func place(_ column: Int) -> Int? {
    if case .layout(_, .json) = syntax { return nil }
    return column < places.count && places[column] >= 0 ? places[column] + 1 : nil
  }

  private mutating func reject(_ error: RowError, _ row: RawRow, file: String) throws(TraceError) {
    let located = TraceError(
      error.code, error.message, file: file, line: row.line,
      column: error.column.flatMap(place))
    guard isLenient else { throw located }
    tally.rejects.append(RejectedRow(error: located, reason: error.reason, row: row.csv))
  }
}

extension TraceInput.Group {
  /// Up to `limit` whole rows from its beginning, for telling what it is.
  package func sample<R>(
    _ syntax: RowSyntax, limit: Int = 100, _ body: (RawRow) -> R
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
    var failures = 0
    while results.count < limit, failures < limit {
      do throws(TraceError) {
        guard try reader.nextBatch(batch) else { break }
      } catch {
        // What is no CSV is no row.
        _ = reader.recover()
        failures += 1
      }
      for index in 0..<batch.count where results.count < limit {
        batch.withRow(index) { row in
          if row[0].first != UInt8(ascii: "#") { results.append(body(row)) }
        }
      }
    }
    return results
  }

  /// Whether its first row looks like the names of columns: no two alike, none empty, none a number, and
  /// the row below has a number. A table of a format without a header is then another's, unless its name
  /// says that it is meant.
  package var beginsWithNames: Bool {
    let rows = sample(.csv, limit: 2) { row in
      (0..<row.count).map { (text: row.text($0), isNumber: parseNumber(row[$0]) != nil) }
    }
    guard rows.count == 2, rows[0].count > 1, rows[1].contains(where: \.isNumber) else {
      return false
    }
    let names = rows[0].map(\.text)
    return Set(names).count == names.count
      && rows[0].allSatisfy { cell in
        !cell.isNumber && (cell.text.unicodeScalars.first?.properties.isAlphabetic ?? false)
      }
  }

  /// Whether at least half of its first rows could be rows of `table`.
  public func looksLike(_ table: FieldTable, _ syntax: RowSyntax) -> Bool {
    let answers = sample(syntax) { table.accepts($0) }
    return !answers.isEmpty && answers.count { $0 } * 2 >= answers.count
  }

  /// The table as a trace lists it.
  public func traceTable(_ name: String) -> TraceTable {
    TraceTable(name: name, parts: files.count, total: total, missing: missing)
  }
}
