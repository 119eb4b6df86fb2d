import PortableMath

/// The uniform law on `lower ... upper`.
public struct Uniform: Distribution, Hashable {
  /// Least value.
  public let lower: Double
  /// Greatest value, > lower.
  public let upper: Double

  /// Throws unless both are finite and `lower` < `upper`.
  public init(lower: Double, upper: Double) throws(FittingError) {
    try requireFinite(lower, "lower", of: "uniform")
    try requireFinite(upper, "upper", of: "uniform")
    guard lower < upper, (upper - lower).isFinite else {
      throw .invalidParameter(
        law: "uniform", parameter: "upper", value: upper, requirement: "above lower (\(lower))")
    }
    self.lower = lower
    self.upper = upper
  }

  public var lowerBound: Double { lower }
  public var upperBound: Double { upper }

  public func logDensity(_ x: Double) -> Double {
    x < lower || x > upper ? -.infinity : -log(upper - lower)
  }

  public func logSurvival(_ x: Double) -> Double {
    if x <= lower { return 0 }
    if x >= upper { return -.infinity }
    let p = (x - lower) / (upper - lower)
    return p < 0.5 ? log1p(-p) : log((upper - x) / (upper - lower))
  }

  public func quantile(logSurvival level: Double) -> Double {
    level > -0.6931471805599453
      ? lower - (upper - lower) * expm1(level) : upper - (upper - lower) * exp(level)
  }

  public var mean: Double { lower + 0.5 * (upper - lower) }
  public var variance: Double { (upper - lower) * (upper - lower) / 12 }
}
