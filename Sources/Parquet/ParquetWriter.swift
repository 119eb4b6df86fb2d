/// Writes one flat table to a Parquet file, row group by row group.
///
/// ```swift
/// let writer = try ParquetWriter(columns: [
///   ParquetColumn("job", .int64),
///   ParquetColumn("machine", .int64, isNullable: true),
///   ParquetColumn("user", .string),
/// ]) { bytes in try file.write(bytes) }
/// try writer.writeRowGroup(rowCount: records.count) { group in
///   try group.write("job") { records[$0].id.job }
///   try group.writeOptional("machine") { records[$0].machine < 0 ? nil : records[$0].machine }
///   try group.writeStrings("user", table: users) { records[$0].user.rawValue }
/// }
/// try writer.finish()
/// ```
///
/// Each column goes to the sink as soon as it is given, so memory is bounded by one column of one
/// row group. Per column and row group the writer takes whichever encoding is smallest: PLAIN, a
/// dictionary, or (integers) DELTA_BINARY_PACKED. The same calls give the same bytes.
///
/// A writer belongs to one thread at a time. After a throw it is broken and must be dropped, as
/// must the bytes already given to the sink.
public final class ParquetWriter {
  /// How a file is written.
  public struct Options: Sendable, Hashable {
    /// How pages are compressed.
    public var compression: Compression = .zstd(level: 3)
    /// Whether columns may be dictionary encoded where that is smaller.
    public var allowsDictionary = true
    /// Whether integers may be delta encoded where that is smaller.
    public var allowsDelta = true
    /// The uncompressed size in bytes at which a data page ends, 1024 to 2^28; a single longer
    /// string still makes one page.
    public var pageSize = 1 << 20
    /// What the file says made it.
    public var createdBy = "tracemill"

    /// The defaults.
    public init() {}
  }

  /// How pages are compressed.
  public enum Compression: Sendable, Hashable {
    /// Not at all.
    case none
    /// Zstandard with its content checksum, at a level of 1 to 19.
    case zstd(level: Int32)
  }

  /// A fit number of rows for a row group: 2^17.
  public static let defaultRowGroupSize = 1 << 17

  /// The columns of the table, in their order.
  public let columns: [ParquetColumn]
  /// Rows in the row groups closed so far.
  public private(set) var rowCount = 0
  /// Bytes given to the sink so far.
  public private(set) var byteCount = 0

  /// Starts a file: its first bytes go to the sink at once.
  ///
  /// - Parameters:
  ///   - columns: at least one, with distinct non-empty names.
  ///   - options: how to write.
  ///   - sink: takes the next bytes of the file; they are valid only during the call.
  /// - Throws: `ParquetError` of code `.invalidUse` for bad columns or options; what `sink` throws.
  public init(
    columns: [ParquetColumn], options: Options = Options(),
    sink: @escaping (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    self.columns = columns
    fatalError("skeleton")
  }

  /// Writes a row group of `rowCount` rows, more than 0; `body` must write every column once, in
  /// the order of `columns`.
  ///
  /// - Throws: `ParquetError` of code `.invalidUse` if the columns do not fit the schema; what
  ///   `body` or the sink throws.
  public func writeRowGroup(
    rowCount: Int, _ body: (borrowing ParquetRowGroupWriter) throws -> Void
  ) throws {
    fatalError("skeleton")
  }

  /// Writes the footer, which completes the file. Must be called once, last.
  ///
  /// - Parameter metadata: keys and values to keep in the footer, in this order.
  public func finish(metadata: KeyValuePairs<String, String> = [:]) throws {
    fatalError("skeleton")
  }
}
