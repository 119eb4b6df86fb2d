import Quoting

/// What went wrong while reading or writing a trace, and where.
///
/// Prints as one line: `part-00017-of-00500.csv.gz:2041:10: CPU request 'abc' is not a number`.
public struct TraceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of failure, for callers that act on it.
  public enum Code: String, Sendable {
    /// Not found, not readable, not writable: the operating system said no.
    case inputOutput
    /// Neither a table nor an archive that can be opened.
    case unrecognised
    /// An archive or compressed file is damaged: truncated, wrong checksum, bad data.
    case damaged
    /// A row does not fit its table: columns, types, ranges.
    case malformedRow
    /// A time runs backwards.
    case disorder
    /// The input holds nothing to read, or not what was asked for.
    case missing
  }

  /// The kind of failure.
  public var code: Code
  /// What is wrong and, where it is not plain, what was expected. One line: what it quotes from a
  /// file has its control characters written as `\n`, `\u{1B}`.
  public var message: String
  /// The file; an entry of an archive is `archive!entry`.
  public var file: String?
  /// Line, counting from 1.
  public var line: Int?
  /// Column of the table (field number), counting from 1; of a line of JSON the byte.
  public var column: Int?

  public init(
    _ code: Code, _ message: String, file: String? = nil, line: Int? = nil, column: Int? = nil
  ) {
    self.code = code
    self.message = Quoting.visible(FileName.printed(message))
    self.file = file
    self.line = line
    self.column = column
  }

  public var description: String {
    var place = ""
    if let file { place += "\(Quoting.visible(FileName.printed(file))):" }
    if let line { place += "\(line):" }
    if let column { place += "\(column):" }
    return place.isEmpty ? message : "\(place) \(message)"
  }
}
