import PortableMath

/// The generalised Pareto law: P(X > x) = (1 + shape·(x - location)/scale)^(-1/shape) for
/// x ≥ location; exponential for shape 0, bounded above for shape < 0.
public struct GeneralizedPareto: ParametricDistribution {
  /// Shape ξ: the tail falls as x^(-1/ξ) if positive.
  public let shape: Double
  /// Scale, > 0.
  public let scale: Double
  /// Least value (the threshold).
  public let location: Double

  /// Throws unless `shape` and `location` are finite and `scale` finite and positive.
  public init(shape: Double, scale: Double, location: Double = 0) throws(FittingError) {
    try requireFinite(shape, "shape", of: "generalized-pareto")
    try requirePositive(scale, "scale", of: "generalized-pareto")
    try requireFinite(location, "location", of: "generalized-pareto")
    self.shape = shape
    self.scale = scale
    self.location = location
  }

  public var lowerBound: Double { location }
  public var upperBound: Double { shape < 0 ? location - scale / shape : .infinity }

  public func logDensity(_ x: Double) -> Double {
    guard x >= location, x <= upperBound, x < .infinity else { return -.infinity }
    let z = (x - location) / scale
    return -log(scale) - (1 + shape) * reducedLog(z)
  }

  public func logSurvival(_ x: Double) -> Double {
    if x <= location { return 0 }
    if x >= upperBound { return -.infinity }
    return -reducedLog((x - location) / scale)
  }

  public func quantile(logSurvival level: Double) -> Double {
    if level == -.infinity { return upperBound }
    let y = -level
    let z = abs(shape * y) < 1e-12 ? y : expm1(shape * y) / shape
    return location + scale * z
  }

  public var mean: Double { shape < 1 ? location + scale / (1 - shape) : .infinity }

  public var variance: Double {
    guard shape < 0.5 else { return .infinity }
    return scale * scale / ((1 - shape) * (1 - shape) * (1 - 2 * shape))
  }

  /// log(1 + shape·z) / shape, whose limit for shape 0 is z.
  private func reducedLog(_ z: Double) -> Double {
    let y = shape * z
    return abs(y) < 1e-12 ? z : log1p(y) / shape
  }
}

extension GeneralizedPareto {
  public static let family = Family(
    "generalized-pareto", parameters: ["shape", "scale", "location"],
    examples: [[0.4, 20, 0], [0.3, 5, 1], [-0.2, 5, 0], [0, 5, 0]],
    GeneralizedPareto.self, likelihood: GeneralizedParetoModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(shape: parameters[0], scale: parameters[1], location: parameters[2])
  }

  public var parameters: [Double] { [shape, scale, location] }

  public func scaledParameters(by factor: Double) -> [Double] {
    [shape, scale * factor, location * factor]
  }

  public func parameters(tailIndex index: Double) -> [Double]? { [1 / index, scale, location] }
}

extension Family {
  /// The limit law of excesses over a threshold. See ``GeneralizedPareto``.
  public static var generalizedPareto: Family { GeneralizedPareto.family }
}
