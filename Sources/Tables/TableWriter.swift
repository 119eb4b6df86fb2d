import Diagnostics
import Parquet
import Quoting

/// A column of a table that is written row by row: its name and how a row's cell is found.
public struct TableColumn<Row>: Sendable {
  /// Where the cells come from; nil is a missing value, for which the column must be nullable.
  public enum Cell: Sendable {
    case integer(@Sendable (borrowing Row) -> Int64?)
    case number(@Sendable (borrowing Row) -> Double?)
    case flag(@Sendable (borrowing Row) -> Bool)
    /// One of a few names, by its index.
    case label([String], @Sendable (borrowing Row) -> Int)
    /// A name in the table's symbol table; 0 is none.
    case symbol(@Sendable (borrowing Row) -> UInt32)
  }

  /// The name in the header.
  public let name: String
  /// Whether cells may be missing.
  public let isNullable: Bool
  package let cell: Cell
  /// The cells of many rows at once, where the column has a faster way than one after another.
  package var batch: Batch?

  /// Puts the cells of rows into a column: the present values end to end, for each row whether it
  /// has one, and returns how many have. Flags and codes have one in every row, 0 being no symbol.
  package enum Batch: Sendable {
    case integers(Fill<Int64>)
    case numbers(Fill<Double>)
    case flags(@Sendable (UnsafeBufferPointer<Row>, UnsafeMutablePointer<Bool>) -> Void)
    case codes(@Sendable (UnsafeBufferPointer<Row>, UnsafeMutablePointer<UInt32>) -> Void)
  }

  package typealias Fill<Value> =
    @Sendable (
      UnsafeBufferPointer<Row>, UnsafeMutablePointer<Value>, UnsafeMutablePointer<Bool>
    ) -> Int

  /// A column called `name`.
  public init(_ name: String, nullable: Bool = false, _ cell: Cell) {
    self.name = name
    isNullable = nullable
    self.cell = cell
  }
}

/// Writes the rows of a table to a file, in the order in which they come.
public protocol TableWriter<Row>: AnyObject {
  associatedtype Row

  /// Adds a row.
  func write(_ row: Row) throws(TraceError)

  /// Adds rows, in their order.
  func write(contentsOf rows: UnsafeBufferPointer<Row>) throws(TraceError)

  /// Completes the file; without this call nothing appears under its name.
  func finish() throws(TraceError)
}

extension TableWriter {
  /// One after another; a writer with a faster way gives its own.
  public func write(contentsOf rows: UnsafeBufferPointer<Row>) throws(TraceError) {
    for row in rows { try write(row) }
  }
}

/// The kinds of file that tables can be written to, known by their endings.
public enum TableFileKind: String, CaseIterable, Sendable {
  case parquet = ".parquet"
  case csv = ".csv"
  case csvGzip = ".csv.gz"
  case csvZstd = ".csv.zst"

  /// The kind that `path` ends in; CSV for a pipe or standard output whose name does not say.
  ///
  /// - Throws: `TraceError` that lists the endings there are.
  public init(path: String) throws(TraceError) {
    let named = Self.allCases.first { path.hasSuffix($0.rawValue) }
    // A pipe need not be named for what it carries.
    guard let kind = named ?? (OutputFile.isStream(path) ? .csv : nil) else {
      let endings = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw TraceError(
        .missing, "the name of the output says its kind: expected one of \(endings)", file: path)
    }
    self = kind
  }

  /// A writer for a file of this kind.
  ///
  /// - Parameters:
  ///   - path: the file's name.
  ///   - columns: the table's columns, in order.
  ///   - symbols: the symbol table's strings, complete for every row that has been written.
  ///   - metadata: kept in Parquet's footer; of it CSV has a trace's last time, in a comment line.
  ///   - threads: how many threads may encode (Parquet); the file does not depend on it.
  public func writer<Row>(
    path: String, columns: [TableColumn<Row>], symbols: @escaping () -> [String] = { [] },
    metadata: KeyValuePairs<String, String> = [:], threads: Int = 1
  ) throws(TraceError) -> any TableWriter<Row> where Row: Sendable {
    let file = try OutputFile(path: path)
    switch self {
    case .parquet:
      return try ParquetTableWriter(
        file, columns: columns, symbols: symbols, metadata: metadata, threads: threads)
    case .csv:
      return try CSVTableWriter(
        file, nil, columns: columns, symbols: symbols, metadata: metadata)
    case .csvGzip:
      return try CSVTableWriter(
        file, .gzip, columns: columns, symbols: symbols, metadata: metadata)
    case .csvZstd:
      return try CSVTableWriter(
        file, .zstd, columns: columns, symbols: symbols, metadata: metadata)
    }
  }
}

/// Rows as CSV with a header: numbers in decimal, flags as 0 and 1, nothing for nothing; texts as
/// `Quoting.csv` writes them, safe in a spreadsheet.
final class CSVTableWriter<Row>: TableWriter {
  private let file: OutputFile
  private let columns: [TableColumn<Row>]
  private let compressor: CompressedOutput?
  private let symbols: () -> [String]
  /// The cells of each column of labels.
  private let labels: [[String]]
  /// Taken anew when a row refers to a symbol that came later.
  private var knownSymbols: [String] = []
  private var text = ""

  init(
    _ file: OutputFile, _ compression: CompressedOutput.Method?, columns: [TableColumn<Row>],
    symbols: @escaping () -> [String], metadata: KeyValuePairs<String, String>
  ) throws(TraceError) {
    self.file = file
    self.columns = columns
    self.symbols = symbols
    labels = columns.map { column in
      if case .label(let names, _) = column.cell { names.map(Quoting.csv) } else { [] }
    }
    if let compression {
      compressor = try CompressedOutput(compression, to: file)
    } else {
      compressor = nil
    }
    text = columns.map { Quoting.csv($0.name) }.joined(separator: ",") + "\n"
  }

  func write(_ row: Row) throws(TraceError) {
    for (index, column) in columns.enumerated() {
      if index > 0 { text += "," }
      switch column.cell {
      case .integer(let get): if let value = get(row) { text += String(value) }
      case .number(let get): if let value = get(row) { text += decimal(value) }
      case .flag(let get): text += get(row) ? "1" : "0"
      case .label(_, let get): text += labels[index][get(row)]
      case .symbol(let get): text += Quoting.csv(symbol(get(row)))
      }
    }
    text += "\n"
    if text.utf8.count > 1 << 16 { try flush() }
  }

  private func symbol(_ number: UInt32) -> String {
    if number == 0 { return "" }
    if Int(number) >= knownSymbols.count { knownSymbols = symbols() }
    return Int(number) < knownSymbols.count ? knownSymbols[Int(number)] : ""
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
package func decimal(_ value: Double) -> String {
  value == value.rounded() && abs(value) <= 0x1p53 ? String(Int64(value)) : "\(value)"
}

/// Runs `body` and makes a `TraceError` of what it throws.
package func catching<R>(_ file: String, _ body: () throws -> R) throws(TraceError) -> R {
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
