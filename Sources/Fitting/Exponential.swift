internal import CVectorMath
import PortableMath

/// The exponential law: P(X > x) = exp(-rate·x) for x ≥ 0.
public struct Exponential: ParametricDistribution {
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

extension Exponential {
  public static let family = Family(
    "exponential", parameters: ["rate"], examples: [[0.2], [0.5]],
    Exponential.self, needed: 1,
    estimate: { (sample: Sample, options: FitOptions) throws(FittingError) in
      sample.limits == .none && sample.binning == nil
        ? try sample.fitExponential()
        : try sample.search(ExponentialModel.self, .exponential, options)
    },
    statistics: { (sample: SampleStatistics) throws(FittingError) in try sample.fitExponential() },
    likelihood: ExponentialModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(rate: parameters[0])
  }

  public var parameters: [Double] { [rate] }

  public func scaledParameters(by factor: Double) -> [Double] {
    [rate / factor]
  }

  public var blockQuantiles: BlockQuantiles? {
    .weibull(logScale: -cvm_log(rate), power: 1)
  }
}

extension Family {
  /// Constant hazard. See ``Exponential``.
  public static var exponential: Family { Exponential.family }
}
