internal import CVectorMath
import PortableMath

/// Pareto's law: P(X > x) = (scale / x)^shape for x ≥ scale.
///
/// Its density falls as x^-exponent with **exponent = shape + 1**. Economics and queueing count
/// shapes, Clauset, Shalizi and Newman (2009) and powerlaw count exponents; here each has its name.
public struct Pareto: ParametricDistribution {
  /// Pareto index, > 0: the exponent of the survival function.
  public let shape: Double
  /// Least value, > 0.
  public let scale: Double

  /// A law of the given shape; throws unless both are finite and positive.
  public init(shape: Double, scale: Double) throws(FittingError) {
    try requirePositive(shape, "shape", of: "pareto")
    try requirePositive(scale, "scale", of: "pareto")
    self.shape = shape
    self.scale = scale
  }

  /// A law whose density falls as x^-`exponent` (> 1).
  public init(exponent: Double, scale: Double) throws(FittingError) {
    try self.init(shape: exponent - 1, scale: scale)
  }

  /// The exponent of the density, shape + 1.
  public var exponent: Double { shape + 1 }
  public var lowerBound: Double { scale }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double {
    x < scale || x == .infinity ? -.infinity : log(shape / x) - shape * logRatio(x)
  }

  public func logSurvival(_ x: Double) -> Double { x <= scale ? 0 : -shape * logRatio(x) }

  public func quantile(logSurvival level: Double) -> Double { scale * exp(-level / shape) }

  public var mean: Double { shape > 1 ? shape * scale / (shape - 1) : .infinity }

  public var variance: Double {
    guard shape > 2 else { return .infinity }
    return scale * scale * shape / ((shape - 1) * (shape - 1) * (shape - 2))
  }

  /// log(x / scale), accurate next to the scale.
  private func logRatio(_ x: Double) -> Double {
    x < 2 * scale ? log1p((x - scale) / scale) : log(x / scale)
  }
}

extension Pareto {
  public static let family = Family(
    "pareto", parameters: ["shape", "scale"], examples: [[2.5, 10], [0.4, 1e-3]],
    Pareto.self, needed: 2,
    estimate: { (sample: Sample, options: FitOptions) throws(FittingError) in
      try sample.fitPareto(options)
    }, statistics: { (sample: SampleStatistics) throws(FittingError) in try sample.fitPareto() },
    likelihood: ParetoModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(shape: parameters[0], scale: parameters[1])
  }

  public var parameters: [Double] { [shape, scale] }

  public func scaledParameters(by factor: Double) -> [Double] {
    [shape, scale * factor]
  }

  public func parameters(tailIndex index: Double) -> [Double]? { [index, scale] }
  public var blockQuantiles: BlockQuantiles? {
    .pareto(logScale: cvm_log(scale), power: 1 / shape)
  }
}

extension Family {
  /// Density ∝ x^-(shape + 1) from the scale on. See ``Pareto``.
  public static var pareto: Family { Pareto.family }
}
