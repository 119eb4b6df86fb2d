import Configuration
import Workload

/// A time as people write it: seconds, or with a unit, such as 50ms, 90s, 10m, 2h, 1d.
public struct TraceTime: Hashable, Sendable, CustomStringConvertible {
  /// No time.
  public static let zero = TraceTime(value: .zero)
  /// The time.
  public var value: Microseconds
  /// As a person says it: `2 d 7 h`.
  public var description: String { span(value.seconds) }

  private init(value: Microseconds) { self.value = value }

  /// The time that `text` says, in `Ranges/seconds`; nil if it says none.
  public init?(_ text: String) {
    guard let seconds = TimeText.seconds(text), Ranges.seconds.contains(seconds) else { return nil }
    value = Microseconds(seconds: seconds)
  }
}
