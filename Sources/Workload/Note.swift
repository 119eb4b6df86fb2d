/// Something to know before figures are read: what was left out, what was assumed, what cannot be told.
///
/// A note is a value. Its kind says what happened, its scope to what, its figures how often or how much; whoever
/// wants some notes asks for these and never searches the text. The text is made where the note is made, once, and
/// is the same in the terminal, JSON, pages and Python.
///
/// ```swift
/// let note = Note(.leftOut, "jobs.csv", ["rows": 3], "jobs.csv: 3 rows without a user left out")
/// report.notes.add(note)
/// ```
public struct Note: Codable, Hashable, Sendable, CustomStringConvertible {
  /// What happened, by a stable name: lower case, words joined by hyphens. Whoever makes other notes names their
  /// kinds in an extension.
  public struct Kind: RawRepresentable, Codable, Hashable, Sendable {
    /// The name, such as `parts-missing`.
    public let rawValue: String

    /// The kind called `rawValue`.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Something of the input is not used.
    public static let leftOut = Kind(rawValue: "left-out")
    /// Something that the input does not say was assumed, or worked out from other things.
    public static let assumed = Kind(rawValue: "assumed")
    /// The input is not as it should be, and is used as it is.
    public static let odd = Kind(rawValue: "odd")
    /// Something was asked for that nothing can be done about.
    public static let notModelled = Kind(rawValue: "not-modelled")
  }

  /// What happened.
  public let kind: Kind
  /// To what: a table, a key of a description, a scheduler; empty if to the whole.
  public let scope: String
  /// Its numbers by name; counts unless the name says a unit.
  public let figures: [String: Double]
  /// All of it in words: no full stop, no line break.
  public let text: String
  /// The text.
  public var description: String { text }

  /// A note.
  ///
  /// - Parameters:
  ///   - kind: what happened.
  ///   - scope: to what; empty if to the whole.
  ///   - figures: its numbers by name.
  ///   - text: all of it in words, numbers and scope included.
  public init(_ kind: Kind, _ scope: String, _ figures: [String: Double], _ text: String) {
    (self.kind, self.scope, self.figures, self.text) = (kind, scope, figures, text)
  }

  /// A note without numbers.
  public init(_ kind: Kind, _ scope: String, _ text: String) {
    self.init(kind, scope, [:], text)
  }
}

extension [Note] {
  /// Adds a note that is not there yet.
  public mutating func add(_ note: Note) {
    if !contains(note) { append(note) }
  }

  /// Adds those that are not there yet, in their order.
  public mutating func add(_ notes: some Sequence<Note>) {
    for note in notes { add(note) }
  }

  /// The notes in words.
  public var texts: [String] { map(\.text) }
}
