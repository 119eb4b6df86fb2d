import Diagnostics
import Foundation

/// How a table of another program is written, and which of its rows count.
public struct TableLayout: Equatable, Sendable {
  /// How the file's name begins; nil where the content alone tells.
  public var file: String?
  /// The columns' names where the file has no header.
  public var header: [String]?
  /// What stands between fields; nil is any number of blanks and tabs.
  public var separator: UInt8? = UInt8(ascii: ",")
  /// What fields may be enclosed in; nil is nothing.
  public var quote: UInt8? = UInt8(ascii: "\"")
  /// Whether numbers have a comma before their decimals.
  public var hasDecimalCommas = false
  /// What a line that is passed over begins with.
  public var comment: UInt8 = UInt8(ascii: "#")
  /// In a JSON document, the path to the list of rows; `.*` at its end takes an object's members.
  public var rows: String?
  /// In a database, the table; nil where the columns alone tell.
  public var table: String?
  /// Texts and numbers that mean none.
  public var missing: [String] = []
  /// What rows that count fulfil.
  public var only: [RowCondition] = []

  /// Comma-separated, with a header.
  public init() {}

  /// How rows are read; JSON is known by its first byte.
  public enum Kind: Sendable { case parquet, sqlite, json, text }

  /// What a file that begins with `head` is.
  package static func kind(of head: [UInt8]) -> Kind {
    if head.starts(with: Array("PAR1".utf8)) { return .parquet }
    if head.starts(with: SQLiteInput.magic) { return .sqlite }
    let first = head.first { ![0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].contains($0) }
    return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? .json : .text
  }

  /// A reader of rows of `kind`; those of JSON have one field for each of `paths`.
  package func reader(
    _ stream: any ByteStream, kind: Kind, paths: [String], continuingAt line: Int? = nil
  ) throws(TraceError) -> any RowReader {
    if kind == .json { return try JSONRowReader(stream, paths: paths, rows: rows ?? "") }
    guard let separator else { return BlankRowReader(stream, continuingAt: line) }
    if separator == UInt8(ascii: ","), quote == UInt8(ascii: "\""), comment == UInt8(ascii: "#") {
      return PlainRowReader(stream, continuingAt: line)
    }
    return LibCSVRowReader(
      stream, separator: separator, quote: quote, comment: comment, continuingAt: line)
  }
}

/// A condition on a column's text.
public struct RowCondition: Equatable, Sendable {
  /// The column.
  public var column: String
  /// Texts, `*` for any characters.
  public var patterns: [String]
  /// Whether it holds for all other texts instead.
  public var isNegated: Bool

  /// A condition that the column's text fits one of `patterns`, or none of them.
  public init(column: String, patterns: [String], isNegated: Bool = false) {
    self.column = column
    self.patterns = patterns
    self.isNegated = isNegated
  }
}

/// Whether a text fits a pattern in which `*` stands for any characters.
package func fits(_ text: some Collection<UInt8>, _ pattern: some Collection<UInt8>) -> Bool {
  var (text, pattern) = (text[...], pattern[...])
  while let first = pattern.first, first != UInt8(ascii: "*") {
    guard text.first == first else { return false }
    (text, pattern) = (text.dropFirst(), pattern.dropFirst())
  }
  guard pattern.first != nil else { return text.isEmpty }
  let rest = pattern.drop { $0 == UInt8(ascii: "*") }
  if rest.isEmpty { return true }
  while !text.isEmpty {
    if fits(text, rest) { return true }
    text = text.dropFirst()
  }
  return false
}

/// A text in which `*` may stand for any characters, ready to be compared with many.
package struct TextPattern: Sendable {
  private let bytes: [UInt8]
  private let hasStar: Bool

  package init(_ text: String) {
    bytes = Array(text.utf8)
    hasStar = bytes.contains(UInt8(ascii: "*"))
  }

  /// Whether it is the empty text.
  package var isEmpty: Bool { bytes.isEmpty }

  package func matches(_ text: UnsafeRawBufferPointer) -> Bool {
    if hasStar { return fits(text, bytes) }
    guard text.count == bytes.count else { return false }
    return bytes.withUnsafeBytes { bytes in
      guard let a = text.baseAddress, let b = bytes.baseAddress else { return true }
      return memcmp(a, b, bytes.count) == 0
    }
  }
}
