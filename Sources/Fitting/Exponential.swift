import PortableMath

/// The exponential law: P(X > x) = exp(-rate·x) for x ≥ 0.
public struct Exponential: Distribution, Hashable {
  /// Events a unit of x, > 0; the mean is 1 / rate.
  public let rate: Double

  /// Throws unless `rate` is finite and positive.
  public init(rate: Double) throws(FittingError) {
    try requirePositive(rate, "rate", of: "exponential")
    self.rate = rate
  }

  public var lowerBound: Double { 0 }
  public var upperBound: Double { .infinity }
  public func logDensity(_ x: Double) -> Double { x < 0 ? -.infinity : log(rate) - rate * x }
  public func logSurvival(_ x: Double) -> Double { x <= 0 ? 0 : -rate * x }
  public func quantile(logSurvival level: Double) -> Double { -level / rate }
  public var mean: Double { 1 / rate }
  public var variance: Double { 1 / (rate * rate) }
}
