/// Something wrong with a description, be it a file, JSON, a dict or a value made in code: where, and what.
public struct DescriptionIssue: Hashable, Sendable, CustomStringConvertible {
  /// Where in the tree, as a dotted path: `groups[2].cores`; empty for the whole.
  public var path: String
  /// What is wrong, and what was expected.
  public var message: String
  /// Line in the file, from 1; 0 if there is no such place.
  public var line: Int
  /// Column in that line, from 1; 0 if there is no such place.
  public var column: Int

  /// An issue at a place.
  public init(path: String, message: String, line: Int = 0, column: Int = 0) {
    self.path = path
    self.message = message
    self.line = line
    self.column = column
  }

  /// `3:7: groups[2].cores: is -1; expected more than 0`.
  public var description: String {
    (line > 0 ? "\(line):\(column): " : "") + (path.isEmpty ? "" : "\(path): ") + message
  }
}
