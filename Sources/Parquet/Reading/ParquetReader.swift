/// Bounds on what a file may make the reader hold; past them it throws `.limitExceeded`.
public struct ParquetLimits: Sendable, Hashable {
  /// Bytes of the footer.
  public var footerBytes = 64 << 20
  /// Bytes of one page after decompression.
  public var pageBytes = 256 << 20
  /// Rows that one call may read.
  public var rows = 1 << 26

  /// The defaults.
  public init() {}
}

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
/// only who asks for them. A reader belongs to one thread at a time.
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

  /// Reads and checks the footer of `input`.
  public init(_ input: any ParquetInput, limits: ParquetLimits = ParquetLimits()) throws {
    fatalError("skeleton")
  }

  /// The column called `name`. Throws `.invalidUse` if there is none, `.unsupported` if it cannot
  /// be read.
  public func column(_ name: String) throws(ParquetError) -> ParquetColumn {
    fatalError("skeleton")
  }

  /// Replaces the content of `buffer` by a column's values in one row group.
  public func read<Value: ParquetValue>(
    _ name: String, rowGroup: Int, into buffer: inout ParquetColumnBuffer<Value>
  ) throws {
    fatalError("skeleton")
  }

  /// Replaces the content of `buffer` by a string column's values in one row group.
  public func read(_ name: String, rowGroup: Int, into buffer: inout ParquetStringBuffer) throws {
    fatalError("skeleton")
  }

  /// A cursor over all rows of a column.
  public func cursor<Value: ParquetValue>(
    _ name: String, of type: Value.Type = Value.self
  ) throws -> ParquetCursor<Value> {
    fatalError("skeleton")
  }

  /// A cursor over all rows of a string column.
  public func stringCursor(_ name: String) throws -> ParquetStringCursor {
    fatalError("skeleton")
  }
}

/// Reads a column in batches, across row groups.
public final class ParquetCursor<Value: ParquetValue> {
  init() {}
  /// Replaces the content of `buffer` by the next rows, at most `count` (more than 0): fewer only
  /// at the end of the file. Returns how many; 0 means the end, and stays so.
  public func read(_ count: Int, into buffer: inout ParquetColumnBuffer<Value>) throws -> Int {
    fatalError("skeleton")
  }
}

/// Reads a string column in batches, across row groups.
public final class ParquetStringCursor {
  init() {}
  /// Replaces the content of `buffer` by the next rows, at most `count` (more than 0): fewer only
  /// at the end of the file. Returns how many; 0 means the end, and stays so.
  ///
  /// Give the same buffer each time: its table is kept as long as the file's dictionary is.
  public func read(_ count: Int, into buffer: inout ParquetStringBuffer) throws -> Int {
    fatalError("skeleton")
  }
}
