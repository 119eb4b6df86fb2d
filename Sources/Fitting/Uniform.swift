import PortableMath

/// The uniform law on `lower ... upper`.
public struct Uniform: ParametricDistribution {
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

extension Uniform {
  public static let family = Family(
    "uniform", parameters: ["lower", "upper"], examples: [[3, 9], [2, 5]],
    Uniform.self, needed: 2,
    estimate: { (sample: Sample, _: FitOptions) throws(FittingError) in
      try sample.fitUniform()
    }, statistics: { (sample: SampleStatistics) throws(FittingError) in try sample.fitUniform() })

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(lower: parameters[0], upper: parameters[1])
  }

  public var parameters: [Double] { [lower, upper] }

  public func scaledParameters(by factor: Double) -> [Double] {
    [lower * factor, upper * factor]
  }

  public var blockQuantiles: BlockQuantiles? {
    .linear(lower: lower, width: upper - lower)
  }
}

extension Family {
  /// Constant density between two ends. See ``Uniform``.
  public static var uniform: Family { Uniform.family }
}
