internal import CVectorMath
import PortableMath

/// The Weibull law: P(X > x) = exp(-(x/scale)^shape) for x ≥ 0; with shape < 1 it is known as the
/// stretched exponential.
public struct Weibull: ParametricDistribution {
  /// Shape, > 0: below 1 the hazard falls with age.
  public let shape: Double
  /// Scale, > 0: exceeded with probability 1/e.
  public let scale: Double

  /// Throws unless both are finite and positive.
  public init(shape: Double, scale: Double) throws(FittingError) {
    try requirePositive(shape, "shape", of: "weibull")
    try requirePositive(scale, "scale", of: "weibull")
    self.shape = shape
    self.scale = scale
  }

  /// A stretched exponential in the notation of Clauset, Shalizi and Newman and of powerlaw:
  /// P(X > x) = exp(-(rate·x)^stretch).
  public init(stretch: Double, rate: Double) throws(FittingError) {
    try self.init(shape: stretch, scale: 1 / rate)
  }

  public var lowerBound: Double { 0 }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double {
    if x < 0 || x == .infinity { return -.infinity }
    if x == 0 { return shape < 1 ? .infinity : shape == 1 ? -log(scale) : -.infinity }
    let y = log(x / scale)
    return log(shape / scale) + (shape - 1) * y - exp(shape * y)
  }

  public func logSurvival(_ x: Double) -> Double { x <= 0 ? 0 : -pow(x / scale, shape) }
  public func quantile(logSurvival level: Double) -> Double { scale * pow(-level, 1 / shape) }
  public var mean: Double { scale * exp(logGamma(1 + 1 / shape)) }

  public var variance: Double {
    let first = 2 * logGamma(1 + 1 / shape)
    return scale * scale * exp(first) * expm1(logGamma(1 + 2 / shape) - first)
  }
}

extension Weibull {
  public static let family = Family(
    "weibull", parameters: ["shape", "scale"], examples: [[0.6, 300], [0.4, 300], [3, 2]],
    Weibull.self, likelihood: WeibullModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(shape: parameters[0], scale: parameters[1])
  }

  public var parameters: [Double] { [shape, scale] }

  public func scaledParameters(by factor: Double) -> [Double] {
    [shape, scale * factor]
  }

  public var blockQuantiles: BlockQuantiles? {
    .weibull(logScale: cvm_log(scale), power: 1 / shape)
  }
}

extension Family {
  /// Survival exp(-(x/scale)^shape): the stretched exponential. See ``Weibull``.
  public static var weibull: Family { Weibull.family }
}
