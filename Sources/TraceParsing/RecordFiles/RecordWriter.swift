import Parquet
import Workload

/// Writes task records to a file, in the order in which they come.
public protocol RecordWriter: AnyObject {
  /// Adds a record.
  func write(_ record: TaskRecord) throws(TraceError)

  /// Completes the file; without this call nothing appears under its name.
  func finish() throws(TraceError)
}

/// The kinds of file that records can be written to, known by their endings.
public enum RecordFileKind: String, CaseIterable, Sendable {
  case parquet = ".parquet"
  case csv = ".csv"
  case csvGzip = ".csv.gz"
  case csvZstd = ".csv.zst"

  /// The kind that `path` ends in.
  ///
  /// - Throws: `TraceError` that lists the endings there are.
  public init(path: String) throws(TraceError) {
    guard let kind = Self.allCases.first(where: { path.hasSuffix($0.rawValue) }) else {
      let endings = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw TraceError(
        .missing, "the name of the output says its kind: expected one of \(endings)", file: path)
    }
    self = kind
  }

  /// A writer for a file of this kind.
  ///
  /// - Parameters:
  ///   - symbols: the users' names, complete before the first record.
  ///   - metadata: kept in the file where it has a place for that (Parquet's footer).
  public func writer(
    path: String, symbols: @escaping () -> SymbolTable,
    metadata: KeyValuePairs<String, String> = [:]
  ) throws(TraceError) -> any RecordWriter {
    let file = try OutputFile(path: path)
    switch self {
    case .parquet:
      return try ParquetRecordWriter(file, symbols: symbols, metadata: metadata)
    case .csv: return try CSVRecordWriter(file, compression: nil, symbols: symbols)
    case .csvGzip: return try CSVRecordWriter(file, compression: .gzip, symbols: symbols)
    case .csvZstd: return try CSVRecordWriter(file, compression: .zstd, symbols: symbols)
    }
  }
}

/// Records as Parquet, in row groups of 2^17.
final class ParquetRecordWriter: RecordWriter {
  private let file: OutputFile
  private let writer: ParquetWriter
  private let symbols: () -> SymbolTable
  private let metadata: KeyValuePairs<String, String>
  private var pending: [TaskRecord] = []

  init(
    _ file: OutputFile, symbols: @escaping () -> SymbolTable,
    metadata: KeyValuePairs<String, String>
  ) throws(TraceError) {
    self.file = file
    self.symbols = symbols
    self.metadata = metadata
    let columns = RecordColumn.all.map { column in
      let type: ParquetType =
        switch column.access {
        case .integer: .int64
        case .number: .double
        case .flag: .boolean
        case .label, .user: .string
        }
      return ParquetColumn(column.name, type, isNullable: column.isNullable)
    }
    writer = try catching(file.path) { try ParquetWriter(columns: columns) { try file.write($0) } }
    pending.reserveCapacity(ParquetWriter.defaultRowGroupSize)
  }

  func write(_ record: TaskRecord) throws(TraceError) {
    pending.append(record)
    if pending.count == ParquetWriter.defaultRowGroupSize { try writeRowGroup() }
  }

  func finish() throws(TraceError) {
    if !pending.isEmpty { try writeRowGroup() }
    try catching(file.path) { try writer.finish(metadata: metadata) }
    try file.commit()
  }

  private func writeRowGroup() throws(TraceError) {
    let records = pending
    pending.removeAll(keepingCapacity: true)
    try catching(file.path) {
      try writer.writeRowGroup(rowCount: records.count) { group in
        for column in RecordColumn.all { try write(column, of: records, to: group) }
      }
    }
  }

  private func write(
    _ column: RecordColumn, of records: [TaskRecord], to group: borrowing ParquetRowGroupWriter
  ) throws {
    switch column.access {
    case .integer(let get, _):
      if column.isNullable {
        try group.writeOptional(column.name) { get(records[$0]) }
      } else {
        try group.write(column.name) { get(records[$0]) ?? 0 }
      }
    case .number(let get, _):
      try group.writeOptional(column.name) { get(records[$0]) }
    case .flag(let flag):
      try group.write(column.name) { records[$0].flags.contains(flag) }
    case .label(let names, let get, _):
      try group.writeStrings(column.name, table: ParquetStringTable(names)) {
        UInt32(get(records[$0]))
      }
    case .user:
      try group.writeOptionalStrings(column.name, table: ParquetStringTable(symbols().strings)) {
        records[$0].user == .unknown ? nil : records[$0].user.rawValue
      }
    }
  }
}

/// Records as CSV with a header: numbers in decimal, flags as 0 and 1, nothing for nothing.
final class CSVRecordWriter: RecordWriter {
  private let file: OutputFile
  private let compressor: CompressedOutput?
  private let symbols: () -> SymbolTable
  private var text = ""

  init(
    _ file: OutputFile, compression: CompressedOutput.Method?,
    symbols: @escaping () -> SymbolTable
  ) throws(TraceError) {
    self.file = file
    self.symbols = symbols
    if let compression {
      compressor = try CompressedOutput(compression, to: file)
    } else {
      compressor = nil
    }
    text = RecordColumn.all.map(\.name).joined(separator: ",") + "\n"
  }

  func write(_ record: TaskRecord) throws(TraceError) {
    var isFirst = true
    for column in RecordColumn.all {
      if !isFirst { text += "," }
      isFirst = false
      switch column.access {
      case .integer(let get, _): if let value = get(record) { text += String(value) }
      case .number(let get, _): if let value = get(record) { text += decimal(value) }
      case .flag(let flag): text += record.flags.contains(flag) ? "1" : "0"
      case .label(let names, let get, _): text += names[get(record)]
      case .user: text += csvQuoted(symbols()[record.user])
      }
    }
    text += "\n"
    if text.utf8.count > 1 << 16 { try flush() }
  }

  func finish() throws(TraceError) {
    try flush()
    try compressor?.finish()
    try file.commit()
  }

  private func flush() throws(TraceError) {
    var text = self.text
    self.text = ""
    let result: Result<Void, TraceError> = text.withUTF8 { bytes in
      do throws(TraceError) {
        let bytes = UnsafeRawBufferPointer(bytes)
        if let compressor { try compressor.write(bytes) } else { try file.write(bytes) }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }
}

/// The shortest decimal that reads back as `value`, whole numbers without a point.
func decimal(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
}

/// Runs `body` and makes a `TraceError` of what it throws.
func catching<R>(_ file: String, _ body: () throws -> R) throws(TraceError) -> R {
  do {
    return try body()
  } catch let error as TraceError {
    throw error
  } catch let error as ParquetError {
    let code: TraceError.Code =
      switch error.code {
      case .inputOutput: .inputOutput
      case .notParquet, .unsupported: .unrecognised
      default: .damaged
      }
    throw TraceError(code, error.description, file: file)
  } catch {
    throw TraceError(.inputOutput, "\(error)", file: file)
  }
}
