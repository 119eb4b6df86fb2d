internal import CVectorMath
import PortableMath

/// The log-logistic law: P(X > x) = 1 / (1 + (x/scale)^shape) for x ≥ 0.
public struct LogLogistic: ParametricDistribution {
  /// Shape, > 0: the exponent of the survival function's tail.
  public let shape: Double
  /// Scale, > 0: the median.
  public let scale: Double

  /// Throws unless both are finite and positive.
  public init(shape: Double, scale: Double) throws(FittingError) {
    try requirePositive(shape, "shape", of: "log-logistic")
    try requirePositive(scale, "scale", of: "log-logistic")
    self.shape = shape
    self.scale = scale
  }

  public var lowerBound: Double { 0 }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double {
    if x < 0 || x == .infinity { return -.infinity }
    if x == 0 { return shape < 1 ? .infinity : shape == 1 ? -log(scale) : -.infinity }
    let y = shape * log(x / scale)
    return log(shape / x) + y - 2 * softplus(y)
  }

  public func logSurvival(_ x: Double) -> Double {
    x <= 0 ? 0 : -softplus(shape * log(x / scale))
  }

  public func quantile(logSurvival level: Double) -> Double {
    // (x/scale)^shape = e^-level - 1; in logarithms, since e^-level overflows below -709.
    let logOdds = level < -30 ? -level : log(expm1(-level))
    return scale * exp(logOdds / shape)
  }

  public var mean: Double {
    guard shape > 1 else { return .infinity }
    let b = Double.pi / shape
    return scale * b / sin(b)
  }

  public var variance: Double {
    guard shape > 2 else { return .infinity }
    let b = Double.pi / shape
    let first = b / sin(b)
    return scale * scale * (2 * b / sin(2 * b) - first * first)
  }
}

/// log(1 + e^x).
func softplus(_ x: Double) -> Double { x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)) }

extension LogLogistic {
  public static let family = Family(
    "log-logistic", parameters: ["shape", "scale"], examples: [[1.8, 60], [1.7, 60]],
    LogLogistic.self, likelihood: LogLogisticModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(shape: parameters[0], scale: parameters[1])
  }

  public var parameters: [Double] { [shape, scale] }

  public func scaledParameters(by factor: Double) -> [Double] {
    [shape, scale * factor]
  }

  public func parameters(tailIndex index: Double) -> [Double]? { [index, scale] }
  public var blockQuantiles: BlockQuantiles? {
    .logLogistic(logScale: cvm_log(scale), power: 1 / shape)
  }
}

extension Family {
  /// The logarithm is logistic. See ``LogLogistic``.
  public static var logLogistic: Family { LogLogistic.family }
}
