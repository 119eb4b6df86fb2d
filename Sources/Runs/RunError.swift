import Configuration
import Quoting

/// Why something that was asked for cannot be done, in words for a person.
///
/// Mistakes in trace files have errors of their own, which say the place: `TraceError`.
public struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A line, or several where several things are wrong; what a terminal would act on is written out.
  public let message: String
  /// The same.
  public var description: String { message }

  /// One thing is wrong.
  public init(message: String) { self.init(lines: [message]) }

  /// What another error says: a line for each mistake of a configuration.
  public init(_ error: any Error) {
    if let error = error as? ConfigurationError {
      self.init(lines: error.lines)
    } else {
      self.init(message: "\(error)")
    }
  }

  /// The lines of ``message``.
  var lines: [String] { message.split(separator: "\n").map(String.init) }

  /// Each thing that an error says is wrong, behind the place of what it is part of.
  static func lines(of error: any Error, in place: String) -> [String] {
    RunError(error).message.split(separator: "\n").map { "\(place): \($0)" }
  }

  /// A line for each thing that is wrong.
  public init(lines: [String]) { message = lines.map(Quoting.visible).joined(separator: "\n") }
}
