import Parquet
import Workload

/// Reads records from a Parquet file in batches, with one page a column in memory.
final class ParquetRecordReader {
  private enum Column {
    case integer(
      ParquetCursor<Int64>, RecordColumn, @Sendable (inout TaskRecord, Int64) -> Void)
    case number(
      ParquetCursor<Double>, RecordColumn, @Sendable (inout TaskRecord, Double) -> Void)
    case flag(ParquetCursor<Bool>, TaskRecord.Flags)
    case label(
      ParquetStringCursor, RecordColumn, [String], @Sendable (inout TaskRecord, Int) -> Void)
    case user(ParquetStringCursor)
  }

  private let path: String
  private let reader: ParquetReader
  private let meter: ReadMeter?
  private var columns: [Column] = []
  private var absent: [@Sendable (inout TaskRecord) -> Void] = []
  private var completions: [@Sendable (inout TaskRecord) -> Void] = []
  private var rows = 0
  private var integers = ParquetColumnBuffer<Int64>()
  private var numbers = ParquetColumnBuffer<Double>()
  private var flags = ParquetColumnBuffer<Bool>()
  private var strings = ParquetStringBuffer()
  private let numbersJobs: Bool
  /// The number of the first record, where the file does not number jobs.
  private let firstJob: Int

  private static let batchSize = 4096

  static func open(_ path: String) throws(TraceError) -> ParquetReader {
    try catching(path) { try ParquetReader(ParquetFile(path: path)) }
  }

  init(path: String, meter: ReadMeter?, firstJob: Int = 0) throws(TraceError) {
    self.firstJob = firstJob
    self.path = path
    self.meter = meter
    let reader = try Self.open(path)
    self.reader = reader
    let names = Set(reader.columns.map(\.name))
    numbersJobs = !names.contains("job_id")
    absent = RecordColumn.marks(without: names)
    completions = RecordColumn.completions(without: names)
    for column in RecordColumn.all where names.contains(column.name) {
      columns.append(try catching(path) { try Self.cursor(column, reader) })
    }
  }

  private static func cursor(_ column: RecordColumn, _ reader: ParquetReader) throws -> Column {
    switch column.access {
    case .integer(_, let set):
      .integer(try reader.cursor(column.name, of: Int64.self), column, set)
    case .number(_, let set):
      .number(try reader.cursor(column.name, of: Double.self), column, set)
    case .flag(let flag): .flag(try reader.cursor(column.name, of: Bool.self), flag)
    case .label(let names, _, let set):
      .label(try reader.stringCursor(column.name), column, names, set)
    case .user: .user(try reader.stringCursor(column.name))
    }
  }

  /// A time that the file's footer states about the trace that the records came from.
  func time(_ key: String) -> Microseconds? {
    guard let stated = reader.metadata.first(where: { $0.key == key })?.value,
      let value = Int64(stated), value >= 0
    else { return nil }
    return Microseconds(value)
  }

  /// Replaces `batch` with the next records; none at the end.
  func read(into batch: inout [TaskRecord], _ symbols: inout SymbolTable) throws(TraceError) {
    let count = min(Self.batchSize, reader.rowCount - rows)
    var blank = TaskRecord(id: TaskID(job: 0), submit: .zero, runTime: .zero, request: .zero)
    for mark in absent { mark(&blank) }
    batch.removeAll(keepingCapacity: true)
    batch.append(contentsOf: repeatElement(blank, count: count))
    guard count > 0 else { return }
    if numbersJobs { for row in 0..<count { batch[row].id.job = Int64(firstJob + rows + row) } }
    let path = path
    var records = batch
    batch = []
    var interned = symbols
    try catching(path) {
      for column in columns { try fill(&records, from: column, count, &interned) }
    }
    for complete in completions { for row in records.indices { complete(&records[row]) } }
    symbols = interned
    batch = records
    rows += count
    meter?.add(rows: count)
  }

  private func fill(
    _ records: inout [TaskRecord], from column: Column, _ count: Int, _ symbols: inout SymbolTable
  ) throws {
    switch column {
    case .integer(let cursor, let column, let set):
      _ = try cursor.read(count, into: &integers)
      for row in 0..<count {
        if let value = integers[row] {
          guard column.range.contains(value) else {
            throw TraceError(
              .malformedRow,
              "record \(rows + row + 1): \(column.name) \(value) is not from "
                + "\(column.range.lowerBound) to \(column.range.upperBound)", file: path)
          }
          set(&records[row], value)
        } else {
          column.whenMissing?(&records[row])
        }
      }
    case .number(let cursor, let column, let set):
      _ = try cursor.read(count, into: &numbers)
      for row in 0..<count {
        if let value = numbers[row], value.isFinite {
          set(&records[row], value)
        } else {
          column.whenMissing?(&records[row])
        }
      }
    case .flag(let cursor, let flag):
      _ = try cursor.read(count, into: &flags)
      for row in 0..<count where flags[row] == true { records[row].flags.insert(flag) }
    case .label(let cursor, let column, let names, let set):
      _ = try cursor.read(count, into: &strings)
      for row in 0..<count {
        guard let name = strings[row] else { continue }
        guard let index = names.firstIndex(of: name) else {
          throw TraceError(
            .malformedRow,
            "record \(rows + row + 1): \(column.name) '\(name)' is none of "
              + names.joined(separator: ", "), file: path)
        }
        set(&records[row], index)
      }
    case .user(let cursor):
      _ = try cursor.read(count, into: &strings)
      for row in 0..<count where strings.validity.isEmpty || strings.validity[row] {
        records[row].user = UserID(
          strings.table.withBytes(of: Int(strings.codes[row])) { symbols.intern($0) })
      }
    }
  }
}
