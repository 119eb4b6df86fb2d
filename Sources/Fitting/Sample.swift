/// What was found unusable in a column of numbers, by kind.
public struct Screening: Hashable, Sendable, Codable, CustomStringConvertible {
  /// How many were zero.
  public var zeros = 0
  /// How many were below zero.
  public var negatives = 0
  /// How many were not a number.
  public var notNumbers = 0
  /// How many were infinite.
  public var infinities = 0

  /// Nothing found yet.
  public init() {}

  /// How many in all.
  public var total: Int { zeros + negatives + notNumbers + infinities }

  /// Whether `value` can be used; counts it if not.
  public mutating func accepts(_ value: Double) -> Bool {
    if value > 0, value < .infinity { return true }
    if value.isNaN {
      notNumbers += 1
    } else if value.isInfinite {
      infinities += 1
    } else if value == 0 {
      zeros += 1
    } else {
      negatives += 1
    }
    return false
  }

  /// "3 zeros, 1 NaN"; "no unusable value".
  public var description: String {
    let parts = [
      (zeros, "zero", "zeros"), (negatives, "negative", "negatives"), (notNumbers, "NaN", "NaN"),
      (infinities, "infinity", "infinities"),
    ]
    let said = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.0 == 1 ? $0.1 : $0.2)" }
    return said.isEmpty ? "no unusable value" : said.joined(separator: ", ")
  }

  /// What to do with values that are not finite and positive.
  public enum Policy: String, Sendable, Codable {
    /// Refuse the sample, with the counts in the error.
    case refuse
    /// Leave them out, with the counts in the sample.
    case drop
  }
}

/// Positive observations to fit a law to, with what is known of how they were cut.
///
/// ```swift
/// let sample = try Sample(durations, censored: stillRunning,
///                         limits: .clamped(lower: 0, upper: 500))
/// let fit = try sample.fit(.pareto)
/// ```
public struct Sample: Sendable {
  /// The observations that are exact.
  public let values: [Double]
  /// Lower bounds of observations of which no more is known (right-censored), such as the run times
  /// so far of tasks that were running when the trace ended.
  public let censored: [Double]
  /// How the observations were limited.
  public let limits: Limits
  /// What was left out.
  public let screening: Screening
  /// The scale that the exact values were recorded on; nil where they are what they are.
  public var binning: Binning?

  /// Checks every value: finite and positive (or `policy` says to drop it), and within `limits`.
  /// O(n).
  public init(
    _ values: [Double], censored: [Double] = [], limits: Limits = .none,
    policy: Screening.Policy = .refuse
  ) throws(FittingError) {
    var screening = Screening()
    let usable = values.filter { screening.accepts($0) }
    let usableCensored = censored.filter { screening.accepts($0) }
    if policy == .refuse, screening.total > 0 { throw .unusableValues(screening) }
    switch limits {
    case .none: break
    case .truncated(let lower, let upper), .clamped(let lower, let upper):
      guard lower < upper, upper > 0 else {
        throw .invalidParameter(
          law: "limits", parameter: "upper", value: upper, requirement: "above lower and 0")
      }
      for value in usable where value < lower || value > upper {
        throw .outsideLimits(value: value, limits: limits)
      }
      for value in usableCensored where value < lower || value > upper {
        throw .outsideLimits(value: value, limits: limits)
      }
    }
    self.values = usable
    self.censored = usableCensored
    self.limits = limits
    self.screening = screening
  }

  /// A sample whose values are known to be good: bootstrap replicates.
  init(
    unchecked values: [Double], censored: [Double] = [], limits: Limits, binning: Binning? = nil
  ) {
    self.binning = binning
    self.values = values
    self.censored = censored
    self.limits = limits
    screening = Screening()
  }

  /// How many observations, exact or censored.
  public var count: Int { values.count + censored.count }
}
