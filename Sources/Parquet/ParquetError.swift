/// Why a Parquet file could not be read or written, and where.
public struct ParquetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Sendable, Hashable {
    /// The bytes are not a Parquet file (no magic, too short, encrypted footer).
    case notParquet
    /// The file contradicts itself or the format, or was cut or changed.
    case corrupt
    /// Legal Parquet that this module does not read; the message names the feature.
    case unsupported
    /// A size in the file passes one of `ParquetLimits`.
    case limitExceeded
    /// The caller asked for a column that is not there, or as another type, or wrote columns that
    /// do not fit the schema.
    case invalidUse
    /// The operating system could not read the file.
    case inputOutput
  }

  /// The kind of failure.
  public var code: Code
  /// What is wrong, in one line.
  public var message: String
  /// The byte of the file at which it was seen, if it has one.
  public var offset: Int?
  /// The column that was being read or written.
  public var column: String?
  /// The row group that was being read or written, from 0.
  public var rowGroup: Int?

  /// An error of kind `code`, with what is known of its place.
  public init(
    _ code: Code, _ message: String, offset: Int? = nil, column: String? = nil, rowGroup: Int? = nil
  ) {
    self.code = code
    self.message = message
    self.offset = offset
    self.column = column
    self.rowGroup = rowGroup
  }

  /// `column 'submit', row group 3, byte 8121: dictionary index 9 is not below 5`
  public var description: String {
    var place: [String] = []
    if let column { place.append("column '\(column)'") }
    if let rowGroup { place.append("row group \(rowGroup)") }
    if let offset { place.append("byte \(offset)") }
    return place.isEmpty ? message : place.joined(separator: ", ") + ": " + message
  }

  /// The same error with the place filled in where it was not yet known.
  func located(offset: Int? = nil, column: String? = nil, rowGroup: Int? = nil) -> ParquetError {
    var error = self
    error.offset = self.offset ?? offset
    error.column = self.column ?? column
    error.rowGroup = self.rowGroup ?? rowGroup
    return error
  }
}
