import Diagnostics
import Foundation
import Parquet

/// Rows as Parquet, in row groups of 2^17. A row group's columns are encoded on other threads while
/// the next row group is gathered; when that is full, the writing thread takes part. So there are two
/// in memory, for any number of threads.
final class ParquetTableWriter<Row: Sendable>: TableWriter {
  private let file: OutputFile
  private let columns: [TableColumn<Row>]
  private let writer: ParquetWriter
  private let symbols: () -> [String]
  private let usesSymbols: Bool
  private let metadata: KeyValuePairs<String, String>
  private var pending: [Row] = []
  /// The writing thread's own, and one for each other.
  private let own: ParquetRowGroupEncoder
  private let others: [ParquetRowGroupEncoder]
  /// The row group that rows are being put into.
  private var current: RowGroupJob<Row>
  /// The one before, which is being encoded.
  private var started: RowGroupJob<Row>?
  private var spare: RowGroupJob<Row>?

  init(
    _ file: OutputFile, columns: [TableColumn<Row>], symbols: @escaping () -> [String],
    metadata: KeyValuePairs<String, String>, threads: Int
  ) throws(TraceError) {
    self.file = file
    self.columns = columns
    self.symbols = symbols
    self.metadata = metadata
    current = RowGroupJob(columns)
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
    own = try catching(file.path) { try ParquetRowGroupEncoder(columns: schema) }
    others = try catching(file.path) {
      // Each has memory of its own, and more have little to do: making records takes longer.
      try (1..<max(1, min(threads, 4))).map { _ in
        try ParquetRowGroupEncoder(columns: schema)
      }
    }
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
      let part = rest.prefix(ParquetWriter.defaultRowGroupSize - current.count)
      current.add(UnsafeBufferPointer(rebasing: part))
      rest = rest.dropFirst(part.count)
      if current.count == ParquetWriter.defaultRowGroupSize { try writeRowGroup() }
    }
  }

  func finish() throws(TraceError) {
    if !pending.isEmpty { try takePending() }
    if current.count > 0 { try writeRowGroup() }
    try finishStarted()
    try catching(file.path) { try writer.finish(metadata: metadata) }
    try file.commit()
  }

  private func writeRowGroup() throws(TraceError) {
    try finishStarted()
    current.symbols = usesSymbols ? symbols() : []
    try current.start(others)
    started = current
    if others.isEmpty { try finishStarted() }
    current = spare.take() ?? RowGroupJob(columns)
  }

  private func finishStarted() throws(TraceError) {
    guard let job = started.take() else { return }
    try catching(file.path) { try writer.append(try job.finish(own)) }
    job.removeAll()
    spare = job
  }
}
