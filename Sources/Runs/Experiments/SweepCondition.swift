import Experiments

/// `load where wait_p99_s < 60`: a key, and what is to hold of a metric.
public struct SweepCondition: Hashable, Sendable {
  /// The key that is varied.
  public let key: String
  /// The metric's name.
  public let metric: String
  /// Whether it is to be below the limit, or above.
  public let isBelow: Bool
  /// The limit, in the metric's unit.
  public let limit: Double

  /// Why it cannot be looked for so; nil if it can.
  public func obstacle(_ variation: Variation, seeds: Int) -> String? {
    guard key == variation.key else {
      return "--find is of '\(key)', --vary of '\(variation.key)'; expected the same"
    }
    guard variation.values.count > 1, variation.values.allSatisfy({ $0.number != nil }) else {
      return "--find needs --vary \(variation.key)=FROM:TO, in numbers"
    }
    return seeds > 1 ? nil : "--find needs at least 2 seeds"
  }

  /// The condition in `text`; nil if it is none.
  public init?(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 5, words[1] == "where", ["<", "<=", ">", ">="].contains(words[3]),
      let limit = Double(words[4]), limit.isFinite
    else { return nil }
    key = words[0]
    metric = words[2]
    isBelow = words[3].hasPrefix("<")
    self.limit = limit
  }

  var words: String { "\(metric) \(isBelow ? "<" : ">") \(significant(limit, digits: 6))" }
}
