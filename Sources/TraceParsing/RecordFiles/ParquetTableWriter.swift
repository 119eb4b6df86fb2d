import Foundation
import Parquet

/// Rows as Parquet, in row groups of 2^17. Row groups are encoded on other threads while the next
/// ones are gathered, as many at a time as there are threads, and appended in their order.
final class ParquetTableWriter<Row: Sendable>: TableWriter {
  private let file: OutputFile
  private let columns: [TableColumn<Row>]
  private let schema: [ParquetColumn]
  private let writer: ParquetWriter
  private let symbols: () -> [String]
  private let usesSymbols: Bool
  private let metadata: KeyValuePairs<String, String>
  private var pending: [Row] = []
  private let threads: Int
  /// The row group that rows are being put into.
  private var current: RowGroupJob<Row>?
  private var jobs: [RowGroupJob<Row>] = []
  private var spare: [RowGroupJob<Row>] = []

  init(
    _ file: OutputFile, columns: [TableColumn<Row>], symbols: @escaping () -> [String],
    metadata: KeyValuePairs<String, String>, threads: Int
  ) throws(TraceError) {
    self.file = file
    self.columns = columns
    self.symbols = symbols
    self.metadata = metadata
    self.threads = max(1, threads)
    usesSymbols = columns.contains { if case .symbol = $0.cell { true } else { false } }
    let schema = columns.map { column in
      let type: ParquetType =
        switch column.cell {
        case .integer: .int64
        case .number: .double
        case .flag: .boolean
        case .label, .symbol: .string
        }
      return ParquetColumn(column.name, type, isNullable: column.isNullable)
    }
    self.schema = schema
    writer = try catching(file.path) { try ParquetWriter(columns: schema) { try file.write($0) } }
  }

  func write(_ row: Row) throws(TraceError) {
    pending.append(row)
    if pending.count == Self.batchSize { try takePending() }
  }

  func write(contentsOf rows: UnsafeBufferPointer<Row>) throws(TraceError) {
    if !pending.isEmpty { try takePending() }
    try take(rows)
  }

  private static var batchSize: Int { 512 }

  private func takePending() throws(TraceError) {
    let result: Result<Void, TraceError> = pending.withUnsafeBufferPointer { rows in
      do throws(TraceError) { return .success(try take(rows)) } catch { return .failure(error) }
    }
    try result.get()
    pending.removeAll(keepingCapacity: true)
  }

  /// Puts rows into the columns of the row group at hand, while they are in the cache.
  private func take(_ rows: UnsafeBufferPointer<Row>) throws(TraceError) {
    var rest = rows[...]
    while !rest.isEmpty {
      let job = try currentJob()
      let part = rest.prefix(ParquetWriter.defaultRowGroupSize - job.count)
      job.add(UnsafeBufferPointer(rebasing: part))
      rest = rest.dropFirst(part.count)
      if job.count == ParquetWriter.defaultRowGroupSize { try writeRowGroup() }
    }
  }

  func finish() throws(TraceError) {
    if !pending.isEmpty { try takePending() }
    if current != nil { try writeRowGroup() }
    while !jobs.isEmpty { try appendFirst() }
    try catching(file.path) { try writer.finish(metadata: metadata) }
    try file.commit()
  }

  private func currentJob() throws(TraceError) -> RowGroupJob<Row> {
    if let current { return current }
    let job: RowGroupJob<Row>
    if let used = spare.popLast() {
      job = used
    } else {
      job = try catching(file.path) {
        RowGroupJob(try ParquetRowGroupEncoder(columns: schema), columns)
      }
    }
    current = job
    return job
  }

  private func writeRowGroup() throws(TraceError) {
    guard let job = current else { return }
    current = nil
    job.symbols = usesSymbols ? symbols() : []
    jobs.append(job)
    if threads == 1 {
      job.run()
      try appendFirst()
    } else {
      job.start()
      if jobs.count == threads { try appendFirst() }
    }
  }

  private func appendFirst() throws(TraceError) {
    let job = jobs.removeFirst()
    let result = job.wait()
    try catching(file.path) { try writer.append(try result.get()) }
    job.removeAll()
    spare.append(job)
  }
}
