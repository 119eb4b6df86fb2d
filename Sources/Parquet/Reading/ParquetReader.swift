/// Reads flat columns of a Parquet file.
///
/// ```swift
/// let reader = try ParquetReader(ParquetFile(path: "tasks.parquet"))
/// var job = ParquetColumnBuffer<Int64>()
/// var user = ParquetStringBuffer()
/// for group in reader.rowGroups.indices {
///   try reader.read("job", rowGroup: group, into: &job)
///   try reader.read("user", rowGroup: group, into: &user)
///   for row in 0..<job.count { use(job.values[row], user[row]) }
/// }
/// ```
///
/// or, in batches of any size whatever the row groups are, with one page a column in memory:
///
/// ```swift
/// let jobs = try reader.cursor("job", of: Int64.self)
/// while try jobs.read(4096, into: &job) > 0 { ... }
/// ```
///
/// No input makes it crash, hang or take memory that the file's real size and `ParquetLimits` do
/// not allow. Columns are read only when asked for, so nested or unknown columns in a file hurt
/// only on request. A reader belongs to one thread at a time.
public final class ParquetReader {
  /// What the footer says of a row group.
  public struct RowGroup: Sendable {
    /// Its rows.
    public let rowCount: Int
  }

  /// The readable columns, in file order.
  public let columns: [ParquetColumn]
  /// Columns that cannot be read, with the reason (nested, FIXED_LEN_BYTE_ARRAY, ...).
  public let unreadableColumns: [(name: String, reason: String)]
  /// The row groups, in file order.
  public let rowGroups: [RowGroup]
  /// Rows in all row groups.
  public let rowCount: Int
  /// What made the file, if it says so.
  public let createdBy: String?
  /// The keys and values of the footer.
  public let metadata: [(key: String, value: String?)]

  let input: any ParquetInput
  let limits: ParquetLimits
  let footer: FileMetadata
  /// Where the footer begins: no page lies beyond.
  let footerStart: Int
  /// For each readable column, its place among all leaves of the schema.
  let leaves: [Int]
  private let places: [String: Int]
  private let lists: [(column: ParquetColumn, leaf: Int, shape: ListShape)]
  /// Reused by the reads of whole row groups.
  private var decoder: ColumnDecoder?

  /// Reads and checks the footer of `input`.
  ///
  /// - Throws: `ParquetError` of code `.notParquet`, `.corrupt` or `.limitExceeded`; what `input`
  ///   throws.
  public init(_ input: any ParquetInput, limits: ParquetLimits = ParquetLimits()) throws {
    let (footer, start) = try ParquetReader.readFooter(input, limits)
    let schema = try FlatSchema(
      footer.schema, durations: ArrowSchema.durations(footer.keyValues))
    self.input = input
    self.limits = limits
    self.footer = footer
    footerStart = start
    columns = schema.columns
    leaves = schema.leaves
    unreadableColumns = schema.unreadable
    lists = schema.lists
    places = Dictionary(
      zip(columns.map(\.name), columns.indices), uniquingKeysWith: { first, _ in first })
    var rows = 0
    var chunkBytes = 0
    for (index, group) in footer.rowGroups.enumerated() {
      // Chunks that share bytes would make a small file endlessly long to read.
      for column in group.columns {
        chunkBytes += min(max(column.compressedSize, 0), start + 1 - chunkBytes)
      }
      guard chunkBytes <= start else {
        throw ParquetError(.corrupt, "the column chunks are larger than the file", rowGroup: index)
      }
      guard group.columns.count == schema.leafCount else {
        throw ParquetError(
          .corrupt, "\(group.columns.count) columns where the schema has \(schema.leafCount)",
          rowGroup: index)
      }
      let (sum, overflow) = rows.addingReportingOverflow(group.rowCount)
      guard !overflow else { throw ParquetError(.corrupt, "too many rows", rowGroup: index) }
      rows = sum
    }
    guard rows == footer.rowCount else {
      throw ParquetError(
        .corrupt, "the row groups have \(rows) rows and the footer says \(footer.rowCount)")
    }
    rowCount = rows
    rowGroups = footer.rowGroups.map { RowGroup(rowCount: $0.rowCount) }
    createdBy = footer.createdBy
    metadata = footer.keyValues
  }

  /// Checks what the rows come to against the size of the file.
  ///
  /// Runs, dictionaries and empty strings may make any number of rows out of a few bytes: whoever does
  /// something for each row asks first. A value counts as its width, a string as 8 bytes, a row as 16
  /// more, an entry of a list as 16.
  ///
  /// - Throws: `ParquetError` of code `.limitExceeded` where they are more than `limit` times the size
  ///   of the file, beyond `allowance` bytes.
  public func checkExpansion(limit: Int, allowance: Int) throws(ParquetError) {
    let width = columns.reduce(16) { $0 + max($1.type.width, $1.type == .string ? 8 : 1) }
    let (bytes, overflow) = rowCount.multipliedReportingOverflow(by: width)
    func isTooMuch(_ bytes: Int, _ overflow: Bool) -> Bool {
      overflow || bytes > allowance && bytes / max(limit, 1) > input.count
    }
    func bomb(_ what: String) -> ParquetError {
      ParquetError(
        .limitExceeded,
        "\(what) are more than \(limit) times the file's size (\(input.count) bytes): "
          + "if it is no bomb, --max-expansion raises the limit")
    }
    if isTooMuch(bytes, overflow) { throw bomb("\(rowCount) rows") }
    for list in lists {
      var entries = 0
      for group in footer.rowGroups {
        // What a chunk claims beyond this is refused when it is read.
        entries += min(max(group.columns[list.leaf].valueCount, 0), 1 << 40)
      }
      if isTooMuch(entries * 16, false) { throw bomb("\(entries) entries of \(list.column.name)") }
    }
  }

  private static func readFooter(
    _ input: any ParquetInput, _ limits: ParquetLimits
  ) throws -> (FileMetadata, start: Int) {
    let count = input.count
    guard count >= 12 else {
      throw ParquetError(.notParquet, "\(count) bytes are too few for a Parquet file")
    }
    let magic = try load(input, 0, 4)
    let tail = try load(input, count - 8, 8)
    if Array(tail[4...]) == Array("PARE".utf8) {
      throw ParquetError(.unsupported, "the file is encrypted")
    }
    guard magic == parquetMagic, Array(tail[4...]) == parquetMagic else {
      throw ParquetError(
        .notParquet, "no PAR1 at both ends: not a Parquet file, or one that was cut off")
    }
    let size = tail.withUnsafeBytes { Int(UInt32(littleEndian: $0.load(as: UInt32.self))) }
    guard size <= count - 12 else {
      throw ParquetError(
        .corrupt, "a footer of \(size) bytes in a file of \(count)", offset: count - 8)
    }
    guard size <= limits.footerBytes else {
      throw ParquetError(
        .limitExceeded, "a footer of \(size) bytes is above the limit of \(limits.footerBytes)")
    }
    let start = count - 8 - size
    let bytes = try load(input, start, size)
    do {
      return (try bytes.withUnsafeBytes { try FileMetadata(from: $0) }, start)
    } catch let error as ParquetError {
      throw error.located(offset: start)
    }
  }

  private static func load(_ input: any ParquetInput, _ offset: Int, _ count: Int) throws -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try input.read(at: offset, into: $0) }
    return bytes
  }

  /// The column called `name`. Throws `.invalidUse` if there is none, `.unsupported` if it cannot
  /// be read.
  public func column(_ name: String) throws(ParquetError) -> ParquetColumn {
    columns[try place(name)]
  }

  /// Replaces the content of `buffer` by a column's values in one row group. After a throw the
  /// content is unspecified.
  ///
  /// - Throws: `ParquetError`: `.invalidUse` for another type or a row group that is not there,
  ///   `.limitExceeded` for more rows than `ParquetLimits.rows`, `.unsupported`, `.corrupt`; what
  ///   the input throws.
  @inlinable
  public func read<Value: ParquetValue>(
    _ name: String, rowGroup: Int, into buffer: inout ParquetColumnBuffer<Value>
  ) throws {
    let rows = try require(name, Value.parquetType, rowGroup)
    let filled = try open(name, rowGroup).fill(&buffer, rows)
    try requireComplete(name, rowGroup, filled)
  }

  /// Replaces the content of `buffer` by a string column's values in one row group. Throws as
  /// `read` of numbers does.
  public func read(_ name: String, rowGroup: Int, into buffer: inout ParquetStringBuffer) throws {
    let rows = try require(name, .string, rowGroup)
    let filled = try open(name, rowGroup).fill(&buffer, rows)
    try requireComplete(name, rowGroup, filled)
  }

  /// A cursor over all rows of a column. Throws `.invalidUse` for another type.
  public func cursor<Value: ParquetValue>(
    _ name: String, of type: Value.Type = Value.self
  ) throws -> ParquetCursor<Value> {
    try require(name, Value.parquetType)
    return ParquetCursor(ColumnDecoder(self, try place(name), rowGroups.indices))
  }

  /// A cursor over all rows of a string column. Throws `.invalidUse` for another type.
  public func stringCursor(_ name: String) throws -> ParquetStringCursor {
    try require(name, .string)
    return ParquetStringCursor(ColumnDecoder(self, try place(name), rowGroups.indices))
  }

  /// The columns whose values are lists of plain values; they are among `unreadableColumns` too.
  public var listColumns: [ParquetColumn] { lists.map(\.column) }

  /// A cursor over all rows of a column of lists. Throws `.invalidUse` if it is none.
  public func listCursor(_ name: String) throws -> ParquetListCursor {
    guard let list = lists.first(where: { $0.column.name == name }) else {
      throw ParquetError(.invalidUse, "it is no column of lists", column: name)
    }
    return ParquetListCursor(
      ColumnDecoder(self, list.column, leaf: list.leaf, list.shape, rowGroups.indices), list.shape)
  }

  private func place(_ name: String) throws(ParquetError) -> Int {
    if let place = places[name] { return place }
    if let bad = unreadableColumns.first(where: { $0.name == name }) {
      throw ParquetError(.unsupported, bad.reason, column: name)
    }
    throw ParquetError(.invalidUse, "there is no such column", column: name)
  }

  private func require(_ name: String, _ type: ParquetType) throws(ParquetError) {
    let found = try column(name).type
    guard found == type else {
      throw ParquetError(
        .invalidUse, "it holds \(found.name) values, not \(type.name)", column: name)
    }
  }

  /// Checks a request and returns the row group's rows.
  @usableFromInline func require(
    _ name: String, _ type: ParquetType, _ rowGroup: Int
  ) throws(ParquetError) -> Int {
    try require(name, type)
    guard rowGroups.indices.contains(rowGroup) else {
      throw ParquetError(.invalidUse, "the file has \(rowGroups.count) row groups, no \(rowGroup)")
    }
    let rows = rowGroups[rowGroup].rowCount
    guard rows <= limits.rows else {
      throw ParquetError(
        .limitExceeded,
        "\(rows) rows are above the limit of \(limits.rows) at once: read them by a cursor",
        column: name, rowGroup: rowGroup)
    }
    return rows
  }

  /// A decoder at the start of a column's chunk.
  @usableFromInline func open(_ name: String, _ rowGroup: Int) throws -> ColumnDecoder {
    let decoder = decoder ?? ColumnDecoder(self, 0, 0..<0)
    self.decoder = decoder
    decoder.restart(try place(name), rowGroup..<rowGroup + 1)
    return decoder
  }

  @usableFromInline func requireComplete(
    _ name: String, _ rowGroup: Int, _ rows: Int
  ) throws(ParquetError) {
    guard rows == rowGroups[rowGroup].rowCount else {
      throw ParquetError(
        .corrupt, "\(rows) rows where there should be \(rowGroups[rowGroup].rowCount)",
        column: name, rowGroup: rowGroup)
    }
  }
}
