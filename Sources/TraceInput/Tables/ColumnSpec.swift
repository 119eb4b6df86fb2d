/// How a column's text is read.
public enum ColumnKind: Sendable {
  /// A whole number that fits Int64.
  case integer
  /// A decimal number.
  case number
  /// 0 or 1.
  case boolean
  /// Anything: a hash, or a name.
  case text
}

/// A column of a table: the name that messages use, how it is read, whether it may be empty.
public struct ColumnSpec: Sendable {
  /// The name in the trace's documents, which headers and messages use.
  public let name: String
  /// How its text is read.
  public let kind: ColumnKind
  /// Whether a row without it is malformed.
  public let isMandatory: Bool

  /// A column called `name`, read as `kind`; with `mandatory` a row without it is malformed.
  public init(_ name: String, _ kind: ColumnKind, _ mandatory: Bool = false) {
    self.name = name
    self.kind = kind
    isMandatory = mandatory
  }
}
