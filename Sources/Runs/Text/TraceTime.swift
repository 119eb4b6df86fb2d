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

  /// The time that `text` says, from 0; nil if it says none.
  public init?(_ text: String) {
    let units: [(String, Double)] = [
      ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("", 1),
    ]
    for (unit, seconds) in units where text.hasSuffix(unit) {
      if let number = Double(text.dropLast(unit.count)), number >= 0, number.isFinite {
        value = Microseconds(seconds: number * seconds)
        return
      }
    }
    return nil
  }
}
