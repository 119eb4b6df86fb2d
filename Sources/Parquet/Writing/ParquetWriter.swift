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
    /// What the file says made it, in the format's form `application version number`.
    public var createdBy = "tracemill version 0.2.0"

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
  /// Bytes given to the sink so far.
  public private(set) var byteCount = 0
  /// Rows in the row groups closed so far.
  public var rowCount: Int { metadata.rowCount }

  let options: Options
  let sink: (UnsafeRawBufferPointer) throws -> Void
  let compressor: ZstdCompressor?
  var metadata = FileMetadata()
  /// The row group that is being written.
  var group = RowGroupMetadata()
  /// The columns that are written of it.
  private(set) var columnRange = 0..<0
  /// The column whose turn it is.
  var nextColumn: Int { columnRange.lowerBound + group.columns.count }
  /// Where the caller's values arrive.
  @usableFromInline let scratch = ColumnScratch()
  // Reused from column to column.
  var page = ByteBuffer()
  var compressed = ByteBuffer()
  var indices = ByteBuffer()
  var numbers32 = NumberDictionary<UInt32>()
  var numbers64 = NumberDictionary<UInt64>()
  var strings = StringDictionary()
  private var isUsable = true

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
    var names: Set<String> = []
    guard !columns.isEmpty else { throw ParquetError(.invalidUse, "a table needs a column") }
    for column in columns where column.name.isEmpty || !names.insert(column.name).inserted {
      throw ParquetError(
        .invalidUse, "the name is empty or taken by another column", column: column.name)
    }
    guard (1 << 10...1 << 28).contains(options.pageSize) else {
      throw ParquetError(.invalidUse, "a page size of \(options.pageSize) is out of range")
    }
    switch options.compression {
    case .none: compressor = nil
    case .zstd(let level):
      guard (1...19).contains(level) else {
        throw ParquetError(.invalidUse, "a Zstandard level of \(level) is not within 1...19")
      }
      compressor = ZstdCompressor(level: level)
    }
    self.columns = columns
    self.options = options
    self.sink = sink
    metadata.createdBy = options.createdBy
    try parquetMagic.withUnsafeBytes(emit)
  }

  /// Takes a row group that a `ParquetRowGroupEncoder` with the same columns and options made, or
  /// the pieces of one that several did: all columns, in their order.
  ///
  /// - Throws: `ParquetError` of code `.invalidUse` for other columns, or pieces with different numbers
  ///   of rows; what the sink throws.
  public func append(_ pieces: EncodedRowGroup...) throws { try append(pieces) }

  /// The same with the pieces in an array.
  public func append(_ pieces: [EncodedRowGroup]) throws {
    try requireUsable()
    guard pieces.flatMap(\.columns) == columns else {
      throw ParquetError(.invalidUse, "the row group was encoded for other columns")
    }
    var whole = RowGroupMetadata(rowCount: pieces[0].metadata.rowCount)
    guard pieces.allSatisfy({ $0.metadata.rowCount == whole.rowCount }) else {
      throw ParquetError(.invalidUse, "pieces of different row groups")
    }
    isUsable = false
    for piece in pieces {
      let shift = byteCount - piece.start
      for var column in piece.metadata.columns {
        column.dataPageOffset += shift
        column.dictionaryPageOffset = column.dictionaryPageOffset.map { $0 + shift }
        whole.columns.append(column)
      }
      whole.byteSize += piece.metadata.byteSize
      try piece.bytes.withUnsafeBytes(emit)
    }
    metadata.rowGroups.append(whole)
    metadata.rowCount += whole.rowCount
    isUsable = true
  }

  /// Writes a row group of `rowCount` rows, from 1 to 2^31 - 1; `body` must write every column
  /// once, in the order of `columns`.
  ///
  /// - Throws: `ParquetError` of code `.invalidUse` if the columns do not fit the schema; what
  ///   `body` or the sink throws.
  public func writeRowGroup(
    rowCount: Int, _ body: (borrowing ParquetRowGroupWriter) throws -> Void
  ) throws {
    try writeRowGroup(rowCount: rowCount, columns: columns.indices, body)
  }

  /// The same with some of the columns only.
  func writeRowGroup(
    rowCount: Int, columns range: Range<Int>,
    _ body: (borrowing ParquetRowGroupWriter) throws -> Void
  ) throws {
    try requireUsable()
    guard rowCount > 0, rowCount <= Int32.max else {
      throw ParquetError(.invalidUse, "a row group of \(rowCount) rows")
    }
    isUsable = false
    group = RowGroupMetadata(rowCount: rowCount)
    columnRange = range
    scratch.reserve(rows: rowCount)
    try body(ParquetRowGroupWriter(rowCount: rowCount, writer: self))
    guard nextColumn == range.upperBound else {
      throw ParquetError(
        .invalidUse, "the row group ended without it", column: columns[nextColumn].name,
        rowGroup: metadata.rowGroups.count)
    }
    metadata.rowGroups.append(group)
    metadata.rowCount += rowCount
    isUsable = true
  }

  /// Writes the footer, which completes the file. Must be called once, last.
  ///
  /// - Parameter pairs: keys and values to keep in the footer, in this order.
  public func finish(metadata pairs: KeyValuePairs<String, String> = [:]) throws {
    try requireUsable()
    isUsable = false
    metadata.keyValues = pairs.map { ($0.key, $0.value) }
    var footer = ThriftWriter()
    metadata.write(to: &footer, columns: columns)
    let size = footer.out.count
    guard size <= Int32.max else {
      throw ParquetError(.invalidUse, "the footer is too large: write fewer, larger row groups")
    }
    footer.out.append(word: UInt64(size), size: 4)
    parquetMagic.withUnsafeBytes { footer.out.append($0) }
    try emit(footer.out.bytes)
  }

  /// Gives bytes to the sink.
  func emit(_ bytes: UnsafeRawBufferPointer) throws {
    try sink(bytes)
    byteCount += bytes.count
  }

  private func requireUsable() throws(ParquetError) {
    guard isUsable else {
      throw ParquetError(.invalidUse, "the writer is finished, in use, or broken by an error")
    }
  }
}
