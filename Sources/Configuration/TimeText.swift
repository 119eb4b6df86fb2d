import Workload

/// Times as people write them: seconds, or with a unit, such as 50ms, 90s, 10m, 2h, 1d.
public enum TimeText {
  /// What is in a message where a time was expected.
  public static let expectation = "seconds, or a time such as 90s, 10m, 2h, 1d"

  /// Longest endings first: `ms` ends in `s` too.
  private static let units: [(String, Double)] = [
    ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("w", 604_800),
    ("", 1),
  ]

  /// Seconds; nil if `text` is no time. May be negative, or not finite.
  public static func seconds(_ text: some StringProtocol) -> Double? {
    for (unit, seconds) in units where text.hasSuffix(unit) {
      if let number = DecimalText.number(text.dropLast(unit.count)) { return number * seconds }
    }
    return nil
  }
}
