import Diagnostics
import Parquet
import Tables
import TraceInput
import Workload

/// Tables of tasks by others, Parquet or CSV with a header, read through a `ColumnMapping`.
///
/// Rows may be in any order. A job number that is a name becomes a number from 2^62 on, by its
/// hash; rows without job numbers are numbered. Where the mapping has a run time and no outcome,
/// tasks count as finished after one attempt.
public struct MappedRecordFormat: TraceFormat {
  /// The name for `--format`.
  public let name: String
  private let mapping: ColumnMapping

  /// A format called `name`.
  public init(name: String, mapping: ColumnMapping) {
    self.name = name
    self.mapping = mapping
  }

  /// OpenDC's tasks.parquet.
  public static let openDC = MappedRecordFormat(name: "opendc", mapping: .openDC)

  /// The table in `input`, if it has every column that the mapping names.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    for group in input.groups {
      let columns: Set<String>
      let isParquet = group.head.starts(with: Array("PAR1".utf8))
      if isParquet {
        guard case .file(let path) = group.files[0].location else { continue }
        columns = Set(try ParquetRecordReader.open(path).columns.map(\.name))
      } else {
        columns = Set(
          group.sample(.csv, limit: 1) { row in (0..<row.count).map(row.text) }.joined())
      }
      guard mapping.columns.values.allSatisfy({ columns.contains($0.from) }) else { continue }
      return MappedRecordTrace(format: name, group: group, isParquet: isParquet, mapping: mapping)
    }
    return nil
  }
}

/// A mapped table that was found.
struct MappedRecordTrace: RecognisedTrace {
  let format: String
  let group: TraceInput.Group
  let isParquet: Bool
  let mapping: ColumnMapping

  private static let table = "tasks"

  private var completions: [@Sendable (inout TaskRecord) -> Void] {
    RecordColumn.completions(without: Set(mapping.columns.keys))
  }

  var tables: [TraceTable] { [group.traceTable(Self.table)] }
  var notes: [String] { [] }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    try gather(options).stream()
  }

  private func gather(_ options: ReadOptions) throws(TraceError) -> RecordGathering {
    let problems = mapping.problems
    guard problems.isEmpty else {
      let list = problems.map(\.description).joined(separator: "; ")
      throw TraceError(.missing, "the column mapping is wrong: \(list)")
    }
    var gathering = RecordGathering(options)
    let rows = isParquet ? try readParquet(options, &gathering) : try readCSV(options, &gathering)
    gathering.finish(Self.table, rows: rows.rows, comments: rows.comments, options)
    return gathering
  }

  /// A record before its row's values are put in.
  private var blank: TaskRecord {
    var record = RecordColumn.blank(without: Set(mapping.columns.keys))
    if mapping.columns["run_us"] != nil, mapping.columns["outcome"] == nil {
      record.outcome = .finished
      record.attempts = 1
    }
    return record
  }

  private func accept(
    _ record: TaskRecord, _ gathering: inout RecordGathering
  ) throws(RowError) {
    var record = record
    for complete in completions { complete(&record) }
    if let problem = RecordOrderChecker().problem(record) {
      throw RowError(column: nil, message: problem, reason: "value out of range")
    }
    gathering.survey.add(time: record.submit)
    gathering.add(record)
  }

  private func readCSV(
    _ options: ReadOptions, _ gathering: inout RecordGathering
  ) throws(TraceError) -> (rows: Int, comments: Int) {
    let columns = mapping.resolved
    let blank = blank
    let numbersJobs = mapping.columns["job_id"] == nil
    var count: Int64 = 0
    let table = FieldTable(
      Self.table, columns.map { ColumnSpec($0.source, .text, true) })
    var reader = FieldTableReader(group, table, .csvWithHeader, options: options)
    try reader.forEachRow { row throws(RowError) in
      var record = blank
      if numbersJobs { record.id.job = count }
      count += 1
      for (place, column) in columns.enumerated() {
        let bytes = row[place]
        do throws(RowError) {
          try column.set(bytes.isEmpty ? nil : .text(bytes), in: &record, &gathering.symbols)
        } catch {
          var located = error
          located.column = place
          throw located
        }
      }
      try accept(record, &gathering)
    }
    return (reader.rows, reader.comments)
  }

  private func readParquet(
    _ options: ReadOptions, _ gathering: inout RecordGathering
  ) throws(TraceError) -> (rows: Int, comments: Int) {
    var rows = 0
    for file in group.files {
      guard case .file(let path) = file.location else {
        throw TraceError(
          .unrecognised, "Parquet is read from files only, not from archives", file: file.name)
      }
      let reader = try ParquetRecordReader.open(path, expansion: options.maximumExpansion)
      var columns: [(MappedColumn, MappedParquetCursor)] = []
      for column in mapping.resolved {
        let cursor = try catching(path) { try MappedParquetCursor(reader, column.source) }
        columns.append((column.withFactor(of: cursor.annotation), cursor))
      }
      var done = 0
      while done < reader.rowCount {
        let count = min(4096, reader.rowCount - done)
        try catching(path) { for (_, cursor) in columns { try cursor.read(count) } }
        for row in 0..<count {
          var record = blank
          if mapping.columns["job_id"] == nil { record.id.job = Int64(rows) }
          rows += 1
          do throws(RowError) {
            for (column, cursor) in columns {
              try cursor.withValue(row) { value throws(RowError) in
                try column.set(value, in: &record, &gathering.symbols)
              }
            }
            try accept(record, &gathering)
          } catch {
            let located = TraceError(
              error.code, "row \(done + row + 1): \(error.message)", file: path)
            guard let rejects = options.rejects else { throw located }
            try rejects.add(located, reason: error.reason, row: "")
          }
        }
        done += count
        options.meter?.add(rows: count)
      }
    }
    return (rows, 0)
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? { nil }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    try gather(options).survey
  }
}

extension MappedColumn {
  /// Takes the unit of a time from what the file declares, unless the mapping says one.
  fileprivate func withFactor(of annotation: ParquetAnnotation) -> MappedColumn {
    var column = self
    if factor == nil, target.name.hasSuffix("_us"), case .time(let decimals, _) = annotation {
      column.factor = [3: 1e3, 6: 1, 9: 1e-3][decimals]
    }
    return column
  }
}

/// A cursor over a column of any flat type.
final class MappedParquetCursor {
  private enum Cursor {
    case flag(ParquetCursor<Bool>)
    case int32(ParquetCursor<Int32>)
    case int64(ParquetCursor<Int64>)
    case float(ParquetCursor<Float>)
    case double(ParquetCursor<Double>)
    case string(ParquetStringCursor)
  }

  let annotation: ParquetAnnotation
  private let cursor: Cursor
  private var flags = ParquetColumnBuffer<Bool>()
  private var narrow = ParquetColumnBuffer<Int32>()
  private var integers = ParquetColumnBuffer<Int64>()
  private var floats = ParquetColumnBuffer<Float>()
  private var numbers = ParquetColumnBuffer<Double>()
  private var strings = ParquetStringBuffer()

  init(_ reader: ParquetReader, _ name: String) throws {
    let column = try reader.column(name)
    annotation = column.annotation
    cursor =
      switch column.type {
      case .boolean: .flag(try reader.cursor(name))
      case .int32: .int32(try reader.cursor(name))
      case .int64: .int64(try reader.cursor(name))
      case .float: .float(try reader.cursor(name))
      case .double: .double(try reader.cursor(name))
      case .string: .string(try reader.stringCursor(name))
      }
  }

  /// Reads the next `count` rows.
  func read(_ count: Int) throws {
    switch cursor {
    case .flag(let cursor): _ = try cursor.read(count, into: &flags)
    case .int32(let cursor): _ = try cursor.read(count, into: &narrow)
    case .int64(let cursor): _ = try cursor.read(count, into: &integers)
    case .float(let cursor): _ = try cursor.read(count, into: &floats)
    case .double(let cursor): _ = try cursor.read(count, into: &numbers)
    case .string(let cursor): _ = try cursor.read(count, into: &strings)
    }
  }

  /// The value of a row in a column of integers; nil is a null or something else.
  func integer(_ row: Int) -> Int64? {
    switch cursor {
    case .int32: narrow[row].map(Int64.init)
    case .int64: integers[row]
    default: nil
    }
  }

  /// Calls `body` with the value of a row that was read; nil is a null.
  func withValue(
    _ row: Int, _ body: (MappedValue?) throws(RowError) -> Void
  ) throws(RowError) {
    switch cursor {
    case .flag: try body(flags[row].map { .flag($0) })
    case .int32: try body(narrow[row].map { .integer(Int64($0)) })
    case .int64: try body(integers[row].map { .integer($0) })
    case .float: try body(floats[row].map { .number(Double($0)) })
    case .double: try body(numbers[row].map { .number($0) })
    case .string:
      guard strings.validity.isEmpty || strings.validity[row] else { return try body(nil) }
      var failure: RowError?
      strings.table.withBytes(of: Int(strings.codes[row])) { bytes in
        do throws(RowError) { try body(.text(bytes)) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }
}
