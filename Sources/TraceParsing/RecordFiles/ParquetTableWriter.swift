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
    if pending.count == ParquetWriter.defaultRowGroupSize { try writeRowGroup() }
  }

  func write(contentsOf rows: UnsafeBufferPointer<Row>) throws(TraceError) {
    var rest = rows[...]
    while !rest.isEmpty {
      let part = rest.prefix(ParquetWriter.defaultRowGroupSize - pending.count)
      pending.append(contentsOf: UnsafeBufferPointer(rebasing: part))
      rest = rest.dropFirst(part.count)
      if pending.count == ParquetWriter.defaultRowGroupSize { try writeRowGroup() }
    }
  }

  func finish() throws(TraceError) {
    if !pending.isEmpty { try writeRowGroup() }
    while !jobs.isEmpty { try appendFirst() }
    try catching(file.path) { try writer.finish(metadata: metadata) }
    try file.commit()
  }

  private func writeRowGroup() throws(TraceError) {
    let job: RowGroupJob<Row>
    if let used = spare.popLast() {
      job = used
    } else {
      job = try catching(file.path) {
        RowGroupJob(try ParquetRowGroupEncoder(columns: schema), columns)
      }
    }
    job.symbols = usesSymbols ? symbols() : []
    swap(&job.rows, &pending)
    pending.removeAll(keepingCapacity: true)
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
    spare.append(job)
  }
}

/// Encodes one row group at a time. Belongs to the writer, except between `start` and `wait`.
private final class RowGroupJob<Row: Sendable>: @unchecked Sendable {
  var rows: [Row] = []
  /// The symbol table's strings, if a column needs them.
  var symbols: [String] = []
  private let encoder: ParquetRowGroupEncoder
  private let columns: [TableColumn<Row>]
  private var result: Result<EncodedRowGroup, any Error>?
  private let done = DispatchSemaphore(value: 0)

  init(_ encoder: ParquetRowGroupEncoder, _ columns: [TableColumn<Row>]) {
    self.encoder = encoder
    self.columns = columns
  }

  func start() {
    let thread = Thread { self.run() }
    thread.stackSize = 8 << 20
    thread.start()
  }

  func run() {
    result = Result {
      try encoder.encode(rowCount: rows.count) { group in
        for column in columns { try write(column, to: group) }
      }
    }
    done.signal()
  }

  func wait() -> Result<EncodedRowGroup, any Error> {
    done.wait()
    defer { result = nil }
    return result ?? .failure(TraceError(.inputOutput, "the row group was not encoded"))
  }

  private func write(
    _ column: TableColumn<Row>, to group: borrowing ParquetRowGroupWriter
  ) throws {
    if let batch = column.batch {
      return try rows.withUnsafeBufferPointer { try write(column, batch, $0, to: group) }
    }
    switch column.cell {
    case .integer(let get):
      if column.isNullable {
        try group.writeOptional(column.name) { get(rows[$0]) }
      } else {
        try group.write(column.name) { get(rows[$0]) ?? 0 }
      }
    case .number(let get):
      if column.isNullable {
        try group.writeOptional(column.name) { get(rows[$0]) }
      } else {
        try group.write(column.name) { get(rows[$0]) ?? 0 }
      }
    case .flag(let get):
      try group.write(column.name) { get(rows[$0]) }
    case .label(let names, let get):
      try group.writeStrings(column.name, table: ParquetStringTable(names)) {
        UInt32(get(rows[$0]))
      }
    case .symbol(let get):
      try group.writeOptionalStrings(column.name, table: ParquetStringTable(symbols)) {
        let symbol = get(rows[$0])
        return symbol == 0 ? nil : symbol
      }
    }
  }

  private func write(
    _ column: TableColumn<Row>, _ batch: TableColumn<Row>.Batch, _ rows: UnsafeBufferPointer<Row>,
    to group: borrowing ParquetRowGroupWriter
  ) throws {
    switch batch {
    case .integers(let fill): try group.write(column.name, of: Int64.self) { fill(rows, $0, $1) }
    case .numbers(let fill): try group.write(column.name, of: Double.self) { fill(rows, $0, $1) }
    case .flags(let fill):
      try group.write(column.name, of: Bool.self) { values, _ in
        fill(rows, values)
        return rows.count
      }
    case .codes(let fill):
      let names: [String]
      var nullCode: UInt32?
      if case .label(let labels, _) = column.cell {
        names = labels
      } else {
        names = symbols
        nullCode = 0
      }
      try group.writeStrings(column.name, table: ParquetStringTable(names), nullCode: nullCode) {
        fill(rows, $0)
      }
    }
  }
}
