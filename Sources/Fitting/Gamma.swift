import PortableMath

/// The gamma law: density x^(shape-1) e^(-x/scale) / (Γ(shape) scale^shape) for x ≥ 0.
public struct Gamma: ParametricDistribution {
  /// Shape, > 0.
  public let shape: Double
  /// Scale, > 0; the mean is shape·scale.
  public let scale: Double

  /// Throws unless both are finite and positive.
  public init(shape: Double, scale: Double) throws(FittingError) {
    try requirePositive(shape, "shape", of: "gamma")
    try requirePositive(scale, "scale", of: "gamma")
    self.shape = shape
    self.scale = scale
  }

  public var lowerBound: Double { 0 }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double {
    if x < 0 || x == .infinity { return -.infinity }
    if x == 0 { return shape < 1 ? .infinity : shape == 1 ? -log(scale) : -.infinity }
    let y = x / scale
    return (shape - 1) * log(y) - y - logGamma(shape) - log(scale)
  }

  public func logSurvival(_ x: Double) -> Double {
    x <= 0 ? 0 : logIncompleteGamma(shape, x / scale).upper
  }

  public func quantile(logSurvival level: Double) -> Double {
    // Wilson-Hilferty, or the leading term of the lower tail where that fails.
    let z = normalQuantile(logSurvival: level)
    let root = 1 - 1 / (9 * shape) + z / (3 * shape.squareRoot())
    var start = shape * root * root * root
    if !(root > 0.2) || !start.isFinite {
      start = exp((log1mexp(level) + logGamma(shape + 1)) / shape)
    }
    return solveQuantile(logSurvival: level, start: max(start * scale, 1e-300))
  }

  public var mean: Double { shape * scale }
  public var variance: Double { shape * scale * scale }

  /// Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); for shape < 1
  /// by their boost U^(1/shape), taken in logarithms so that tiny shapes do not underflow early.
  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    let d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let z = generator.standardNormal()
      let root = 1 + c * z
      guard root > 0 else { continue }
      let v = root * root * root
      let u = generator.openUniform()
      guard log(u) < 0.5 * z * z + d - d * v + d * log(v) else { continue }
      let draw = d * v * scale
      return shape < 1 ? draw * exp(-generator.standardExponential() / shape) : draw
    }
  }
}

extension Gamma {
  public static let family = Family(
    "gamma", parameters: ["shape", "scale"], examples: [[0.7, 40], [0.3, 50], [40, 0.1]],
    Gamma.self, likelihood: GammaModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(shape: parameters[0], scale: parameters[1])
  }

  public var parameters: [Double] { [shape, scale] }

  public var isInvertedBySearch: Bool { true }

  public func scaledParameters(by factor: Double) -> [Double] {
    [shape, scale * factor]
  }

}

extension Family {
  /// Density ∝ x^(shape - 1) e^(-x/scale). See ``Gamma``.
  public static var gamma: Family { Gamma.family }
}
