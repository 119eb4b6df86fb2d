import Workload

/// An interval that covers a mean in a stated share of repetitions.
public struct ConfidenceInterval: Hashable, Sendable {
  /// Its lower end.
  public var lower: Double
  /// Its upper end.
  public var upper: Double
  /// The share of repetitions that it is to cover the mean in, such as 0.95.
  public var level: Double

  /// The interval from `lower` to `upper`.
  public init(lower: Double, upper: Double, level: Double) {
    self.lower = lower
    self.upper = upper
    self.level = level
  }

  /// What of the interval lies in `possible`, times `factor` (> 0); nil where an end is no number, as it may be
  /// of values near the greatest there are.
  func range(
    times factor: Double = 1, in possible: ClosedRange<Double> = -.infinity ... .infinity
  ) -> ClosedRange<Double>? {
    guard lower <= upper else { return nil }
    let part = (lower...upper).clamped(to: possible)
    let (low, high) = (part.lowerBound * factor, part.upperBound * factor)
    return low <= high ? low...high : nil
  }

  /// Half of its width.
  public var halfWidth: Double { (upper - lower) / 2 }

  /// Whether `value` lies in it, ends included.
  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  /// Student's interval for the mean; exact for normal values. Nil of fewer than two values.
  public static func t(_ values: [Double], level: Double = 0.95) -> ConfidenceInterval? {
    guard values.count > 1 else { return nil }
    let moments = Moments(values)
    let quantile = StudentT(degrees: Double(values.count - 1))
      .quantile(upperTail: (1 - level) / 2)
    let half = quantile * moments.standardError
    return ConfidenceInterval(
      lower: moments.mean - half, upper: moments.mean + half, level: level)
  }
}

/// The bootstrap of a mean.
///
/// Replicates come from one seeded stream, so the same values and seed give the same interval.
public struct MeanBootstrap: Sendable {
  /// How an interval is read off the replicates.
  public enum Method: String, CaseIterable, Sendable {
    /// Their quantiles (Efron 1979).
    case percentile
    /// Quantiles corrected for bias and skewness (BCa: Efron, "Better bootstrap confidence
    /// intervals", JASA 82, 1987, eq. 6.8).
    case bca
  }

  /// The values.
  public let values: [Double]
  /// Means of resamples, in ascending order.
  public let replicates: [Double]

  /// Draws `resamples` resamples of `values`. O(resamples · (n + log resamples)).
  public init(_ values: [Double], resamples: Int = 2000, using rng: inout RandomStream) {
    var means: [Double] = []
    if !values.isEmpty {
      means.reserveCapacity(resamples)
      for _ in 0..<resamples {
        var sum = 0.0
        for _ in values { sum += values[rng.below(values.count)] }
        means.append(sum / Double(values.count))
      }
    }
    self.init(values, replicates: means)
  }

  /// Takes replicates that were drawn elsewhere.
  public init(_ values: [Double], replicates: [Double]) {
    self.values = values
    self.replicates = replicates.sorted()
  }

  /// An interval for the mean; nil of fewer than two values.
  ///
  /// - Parameters:
  ///   - method: how it is read off the replicates.
  ///   - level: the share of repetitions that it is to cover the mean in.
  ///   - isExpanded: whether to widen the levels by what a small sample's own spread falls short of,
  ///     √(n/(n-1)) and t in place of z (Hesterberg, "What teachers should know about the
  ///     bootstrap", The American Statistician 69, 2015, section 4.3): without it, intervals of ten
  ///     values cover about 90 % where 95 % is asked for.
  public func interval(
    _ method: Method = .bca, level: Double = 0.95, isExpanded: Bool = true
  ) -> ConfidenceInterval? {
    guard values.count > 1, let first = replicates.first else { return nil }
    let n = Double(values.count)
    var z = -normalQuantile((1 - level) / 2)
    if isExpanded {
      z =
        (n / (n - 1)).squareRoot()
        * StudentT(degrees: n - 1).quantile(upperTail: (1 - level) / 2)
    }
    guard first < replicates[replicates.count - 1] else {
      return ConfidenceInterval(lower: first, upper: first, level: level)
    }
    let (low, high) = method == .bca ? corrected(z) : (normalCDF(-z), normalCDF(z))
    return ConfidenceInterval(lower: quantile(low), upper: quantile(high), level: level)
  }

  /// The levels that BCa reads the replicates at.
  private func corrected(_ z: Double) -> (Double, Double) {
    let moments = Moments(values)
    // A resample that permutes the values differs from their mean by rounding only.
    let slack = 1e-12 * max(abs(moments.mean), moments.standardDeviation)
    let below = replicates.count { $0 < moments.mean - slack }
    let through = replicates.count { $0 <= moments.mean + slack }
    let bias = normalQuantile(Double(below + through) / Double(2 * replicates.count))
    // Acceleration by the jackknife, which for a mean is its skewness.
    let cubes = values.reduce(0) { sum, value in
      let d = value - moments.mean
      return sum + d * d * d
    }
    let squares = values.reduce(0) { $0 + ($1 - moments.mean) * ($1 - moments.mean) }
    let acceleration = cubes / (6 * squares * squares.squareRoot())
    func level(_ z: Double) -> Double {
      normalCDF(bias + (bias + z) / (1 - acceleration * (bias + z)))
    }
    return (level(-z), level(z))
  }

  /// The quantile of the replicates, linear between neighbours (type 7 of Hyndman and Fan).
  private func quantile(_ p: Double) -> Double {
    let place = min(max(p, 0), 1) * Double(replicates.count - 1)
    let index = Int(place)
    guard index + 1 < replicates.count else { return replicates[replicates.count - 1] }
    return replicates[index] + (place - Double(index)) * (replicates[index + 1] - replicates[index])
  }
}
