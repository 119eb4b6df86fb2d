import Quoting
import Workload

/// All that is wrong with a configuration file.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, as the user named it.
  public var file: String
  /// The issues, in the order of the file; at least one.
  public var issues: [DescriptionIssue]

  /// An error of at least one issue.
  public init(file: String, issues: [DescriptionIssue]) {
    self.file = file
    self.issues = issues
  }

  /// One line an issue, each with file, line and column as compilers write them.
  public var lines: [String] {
    issues.map { Quoting.visible("\(file):\($0.line > 0 ? "" : " ")\($0)") }
  }

  /// The ``lines``.
  public var description: String { lines.joined(separator: "\n") }
}

/// What numbers a configuration accepts. All of them are finite.
public struct NumberRange: Sendable {
  private let least: Double
  private let most: Double
  private let isOpenBelow: Bool

  /// From `least` to `most`, both included.
  public static func from(_ least: Double, to most: Double = .infinity) -> NumberRange {
    NumberRange(least: least, most: most, isOpenBelow: false)
  }
  /// Greater than `least`, at most `most`.
  public static func above(_ least: Double, to most: Double = .infinity) -> NumberRange {
    NumberRange(least: least, most: most, isOpenBelow: true)
  }
  /// Any finite number.
  public static var any: NumberRange { .from(-.infinity) }
  /// More than 0.
  public static var positive: NumberRange { .above(0) }
  /// 0 or more.
  public static var nonnegative: NumberRange { .from(0) }
  /// From 0 to 1.
  public static var share: NumberRange { .from(0, to: 1) }

  /// Whether `value` is finite and in the range.
  public func contains(_ value: Double) -> Bool {
    value.isFinite && value <= most && (isOpenBelow ? value > least : value >= least)
  }

  /// What is wrong with `value`, which stands at `path`; nil if it is in the range, or not there.
  public func issue(_ path: String, _ value: Double?) -> DescriptionIssue? {
    guard let value, !contains(value) else { return nil }
    return DescriptionIssue(path: path, message: "is \(short(value)); expected \(words)")
  }

  /// `more than 0 and at most 8`, for messages.
  var words: String {
    let low = least == -.infinity ? nil : (isOpenBelow ? "more than " : "at least ") + short(least)
    let high = most == .infinity ? nil : "at most " + short(most)
    let words = [low, high].compactMap { $0 }.joined(separator: " and ")
    return words.isEmpty ? "a finite number" : words
  }
}

/// A number as a person writes it: whole ones without a point.
func short(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
}
