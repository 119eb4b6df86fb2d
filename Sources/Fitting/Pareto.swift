import PortableMath

/// Pareto's law: P(X > x) = (scale / x)^shape for x ≥ scale.
///
/// Its density falls as x^-exponent with **exponent = shape + 1**. Economics and queueing count
/// shapes, Clauset, Shalizi and Newman (2009) and powerlaw count exponents; here each has its name.
public struct Pareto: Distribution, Hashable {
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
