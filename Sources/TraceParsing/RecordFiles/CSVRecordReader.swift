import Diagnostics
import Quoting
import TraceInput
import Workload

/// Reads records from CSV with a header; columns may be in any order, unknown ones are passed over.
final class CSVRecordReader {
  private var parts: PartCursor
  private let options: ReadOptions
  private var part: (name: String, reader: PlainRowReader)?
  private let batch = RowBatch()
  private var position = 0
  /// What is wrong behind the rows of the batch.
  private var ahead: TraceError?
  /// For each field of the file the column it is, if any.
  private var fields: [RecordColumn?] = []
  /// A record before its row is read.
  private var blank = RecordColumn.blank(without: [])
  private var completions: [@Sendable (inout TaskRecord) -> Void] = []
  private var numbersJobs = false
  private var names = NameNumbers()
  /// Rows seen, the header not counted.
  private(set) var rows = 0
  /// Comment lines passed over.
  private(set) var comments = 0

  init(_ group: TraceInput.Group, options: ReadOptions) {
    self.options = options
    parts = PartCursor(group, options)
  }

  /// The next good record, or nil at the end.
  func next(
    _ symbols: inout SymbolTable, checker: inout RecordOrderChecker
  ) throws(TraceError) -> TaskRecord? {
    while try fillBatch() {
      defer { position += 1 }
      rows += 1
      do throws(TraceError) {
        return try record(&symbols, &checker)
      } catch {
        guard let rejects = options.rejects else { throw error }
        let row = batch.withRow(position) { $0.csv }
        try rejects.add(error, reason: "bad record", row: row)
      }
    }
    return nil
  }

  private func record(
    _ symbols: inout SymbolTable, _ checker: inout RecordOrderChecker
  ) throws(TraceError) -> TaskRecord {
    let record = try batch.withRow(position) { row throws(TraceError) -> TaskRecord in
      try self.record(row, &symbols)
    }
    if let problem = checker.problem(record) {
      let line = batch.withRow(position) { $0.line }
      throw TraceError(.disorder, problem, file: part?.name, line: line)
    }
    checker.accept(record)
    return record
  }

  /// Makes sure that `position` points at a row; false at the end.
  private func fillBatch() throws(TraceError) -> Bool {
    while position >= batch.count {
      position = 0
      batch.removeAll()
      if let error = ahead.take() {
        try setAside(error)
      }
      if part == nil {
        do throws(TraceError) {
          guard let (file, stream) = try parts.next() else { return false }
          part = (file.name, PlainRowReader(stream))
          fields = []
        } catch {
          ahead = error
          continue
        }
      }
      var isEnd = true
      do throws(TraceError) {
        isEnd = try !(part?.reader.nextBatch(batch) ?? false)
      } catch {
        ahead = error
        isEnd = false
      }
      if isEnd {
        comments += part?.reader.comments ?? 0
        part = nil
        batch.removeAll()
        continue
      }
      options.meter?.add(rows: batch.count - (fields.isEmpty && batch.count > 0 ? 1 : 0))
      if fields.isEmpty, batch.count > 0 {
        try batch.withRow(0) { row throws(TraceError) in try readHeader(row) }
        position = 1
      }
    }
    return true
  }

  /// Counts what cannot be read, in lenient mode: a row, or the rest of a damaged part.
  private func setAside(_ error: TraceError) throws(TraceError) {
    guard let rejects = options.rejects else { throw error }
    rows += 1
    if let rest = RejectedRow(restOfPart: error) {
      part = nil
      try rejects.add(rest)
      return
    }
    guard let reader = part?.reader, !fields.isEmpty, error.code == .malformedRow else {
      throw error
    }
    try rejects.add(error, reason: "malformed quotes", row: reader.recover())
  }

  private func readHeader(_ row: RawRow) throws(TraceError) {
    let columns = Dictionary(uniqueKeysWithValues: RecordColumn.all.map { ($0.name, $0) })
    fields = (0..<row.count).map { columns[row.text($0)] }
    var seen: Set<String> = []
    for (field, column) in fields.enumerated() {
      guard let column, !seen.insert(column.name).inserted else { continue }
      throw malformed(row, field, "a second column \(column.name)")
    }
    let present = Set(fields.compactMap { $0?.name })
    blank = RecordColumn.blank(without: present)
    completions = RecordColumn.completions(without: present)
    numbersJobs = !present.contains("job_id")
  }

  private func record(_ row: RawRow, _ symbols: inout SymbolTable) throws(TraceError) -> TaskRecord
  {
    guard row.count == fields.count else {
      throw TraceError(
        .malformedRow, "the header has \(fields.count) columns; this row has \(row.count)",
        file: part?.name, line: row.line)
    }
    var record = blank
    if numbersJobs { record.id.job = Int64(rows - 1) }
    for (field, column) in fields.enumerated() {
      guard let column else { continue }
      let bytes = row[field]
      if column.isMissing(bytes) {
        guard column.isNullable else {
          throw malformed(row, field, "\(column.name) is empty")
        }
        column.setMissing(&record)
        continue
      }
      switch column.access {
      case .integer(let place):
        guard
          let value = column.isIdentifier
            ? column.identifier(bytes, &names) : column.integer(bytes)
        else {
          throw malformed(row, field, "\(column.name) '\(row.text(field))' is not an integer")
        }
        guard column.range.contains(value) else {
          throw malformed(
            row, field,
            "\(column.name) \(value) is not from \(column.range.lowerBound) to "
              + "\(column.range.upperBound)")
        }
        place.store(value, in: &record)
      case .number(let place):
        guard let value = parseNumber(bytes) else {
          throw malformed(row, field, "\(column.name) '\(row.text(field))' is not a number")
        }
        place.store(Cores(value).nano, in: &record)
      case .flag(let flag):
        guard let value = RecordColumn.truth(bytes) else {
          throw malformed(
            row, field, "\(column.name) '\(row.text(field))' is not 0 or 1, true or false")
        }
        if value { record.flags.insert(flag) }
      case .label(let names, let place):
        guard let index = names.firstIndex(of: row.text(field)) else {
          throw malformed(
            row, field,
            "\(column.name) '\(row.text(field))' is none of \(names.joined(separator: ", "))")
        }
        place.store(Int64(index), in: &record)
      case .user:
        let text = Quoting.isProtectedCSV(bytes) ? bytes.dropFirst() : bytes[...]
        record.user = UserID(symbols.intern(UnsafeRawBufferPointer(rebasing: text)))
      }
    }
    for complete in completions { complete(&record) }
    return record
  }

  private func malformed(_ row: RawRow, _ field: Int, _ message: String) -> TraceError {
    TraceError(.malformedRow, message, file: part?.name, line: row.line, column: field + 1)
  }
}
