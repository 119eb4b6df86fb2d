/// Why something that was asked for cannot be done, in a text of one line for a person.
///
/// Mistakes in files have errors of their own, which say the place: `TraceError`,
/// `ConfigurationError`.
public struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong; it begins with the name of the file or option that it is about.
  public var message: String
  /// The same.
  public var description: String { message }

  /// An error that says `message`.
  public init(message: String) { self.message = message }
}
