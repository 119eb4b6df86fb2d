import PortableMath

/// A power law with exponential cutoff: density ∝ x^-exponent e^(-rate·x) for x ≥ scale.
///
/// Any real exponent is allowed, since the cutoff makes the law proper; its normalisation is the
/// upper incomplete gamma function at 1 - exponent, negative for the usual exponents.
public struct TruncatedPowerLaw: ParametricDistribution {
  /// Exponent of the density (not a Pareto shape), finite.
  public let exponent: Double
  /// Cutoff rate, > 0: 1 / rate is the value at which the cutoff sets in.
  public let rate: Double
  /// Least value, > 0.
  public let scale: Double
  /// log of ∫ (x/scale)^-exponent e^(-rate(x - scale)) dx / scale over the support.
  private let logNormaliser: Double

  /// Throws unless `exponent` is finite (within ±100), `rate` and `scale` finite and positive.
  public init(exponent: Double, rate: Double, scale: Double) throws(FittingError) {
    guard abs(exponent) <= 100 else {
      throw .invalidParameter(
        law: "truncated-power-law", parameter: "exponent", value: exponent,
        requirement: "within -100...100")
    }
    try requirePositive(rate, "rate", of: "truncated-power-law")
    try requirePositive(scale, "scale", of: "truncated-power-law")
    try requirePositive(rate * scale, "rate·scale", of: "truncated-power-law")
    self.exponent = exponent
    self.rate = rate
    self.scale = scale
    logNormaliser = ExponentialTilt.upper(1 - exponent, rate * scale).logIntegral
  }

  public var lowerBound: Double { scale }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double {
    guard x >= scale, x < .infinity else { return -.infinity }
    return -exponent * log(x / scale) - rate * (x - scale) - log(scale) - logNormaliser
  }

  public func logSurvival(_ x: Double) -> Double {
    if x <= scale { return 0 }
    if x == .infinity { return -.infinity }
    let rest = logScaledUpperGamma(1 - exponent, rate * x)
    let value = (1 - exponent) * log(x / scale) - rate * (x - scale) + rest - logNormaliser
    if value < -1e-3 { return value }
    // Next to the scale the quotient cancels: integrate the density over the short way instead.
    return log1p(-exp(logDensity(scale)) * shortIntegral(to: x))
  }

  /// ∫ f(t) / f(scale) dt from the scale to a nearby x: Simpson's rule over 16 intervals.
  private func shortIntegral(to x: Double) -> Double {
    let h = (x - scale) / 16
    var sum = 0.0
    for k in 0...16 {
      let t = scale + h * Double(k)
      let weight = k == 0 || k == 16 ? 1.0 : k % 2 == 1 ? 4.0 : 2.0
      sum += weight * exp(-exponent * log1p((t - scale) / scale) - rate * (t - scale))
    }
    return sum * h / 3
  }

  public func quantile(logSurvival level: Double) -> Double {
    let start = exponent > 1 ? scale * exp(min(-level / (exponent - 1), 700)) : scale - level / rate
    return solveQuantile(logSurvival: level, start: min(start, scale - level / rate + scale))
  }

  public var mean: Double {
    scale * exp(ExponentialTilt.upper(2 - exponent, rate * scale).logIntegral - logNormaliser)
  }

  public var variance: Double {
    let tilt = ExponentialTilt.upper(1 - exponent, rate * scale)
    return scale * scale * tilt.varianceExp
  }

  /// In units of the scale, y ≥ 1: y^-exponent is above the density up to 1 / (rate·scale), and beyond it
  /// the exponential law that begins there; each accepts more than one in three.
  private func sampleByParts<Generator: RandomNumberGenerator>(
    using generator: inout Generator
  ) -> Double {
    let cutoff = rate * scale
    let (k, length) = (1 - exponent, -log(cutoff))
    let below = abs(k * length) < 1e-9 ? length : expm1(k * length) / k
    let beyond = exp(k * length - (1 - cutoff))
    while true {
      let u = Double.random(in: 0..<1, using: &generator) * (below + beyond)
      if u < below {
        let y = abs(k * length) < 1e-9 ? exp(u) : exp(log1p(u * k) / k)
        if generator.standardExponential() >= cutoff * (y - 1) { return scale * y }
      } else {
        let y = (1 + generator.standardExponential()) / cutoff
        if generator.standardExponential() >= exponent * log(y * cutoff) { return scale * y }
      }
    }
  }

  /// By rejection from the Pareto law or the shifted exponential, whichever accepts more (Clauset,
  /// Shalizi and Newman 2009, appendix D); where neither accepts one in fifty, from a power law up to the
  /// cutoff and an exponential law beyond it, or by inversion for negative exponents.
  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    let integral = exp(logNormaliser)
    let byPareto = exponent > 1 ? (exponent - 1) * integral : 0
    let byExponential = exponent >= 0 ? rate * scale * integral : 0
    if max(byPareto, byExponential) < 0.02 {
      if exponent >= 0, rate * scale < 1 { return sampleByParts(using: &generator) }
      return quantile(logSurvival: -generator.standardExponential())
    }
    while true {
      if byPareto >= byExponential {
        let x = scale * exp(generator.standardExponential() / (exponent - 1))
        if generator.standardExponential() >= rate * (x - scale) { return x }
      } else {
        let x = scale + generator.standardExponential() / rate
        if generator.standardExponential() >= exponent * log(x / scale) { return x }
      }
    }
  }
}

extension TruncatedPowerLaw {
  public static let family = Family(
    "truncated-power-law", parameters: ["exponent", "rate", "scale"],
    examples: [
      [1.6, 0.002, 5], [1.8, 1e-4, 20], [0.5, 0.02, 1], [-0.5, 0.3, 2], [0.96, 4.7e-5, 1.38],
      [1, 1e-4, 1],
    ],
    TruncatedPowerLaw.self, needed: 3,
    estimate: { (sample: Sample, options: FitOptions) throws(FittingError) in
      try sample.fitTruncatedPowerLaw(options)
    }, likelihood: TruncatedPowerLawModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(exponent: parameters[0], rate: parameters[1], scale: parameters[2])
  }

  public var parameters: [Double] { [exponent, rate, scale] }

  public var isInvertedBySearch: Bool { true }

  public func scaledParameters(by factor: Double) -> [Double] {
    [exponent, rate / factor, scale * factor]
  }

}

extension Family {
  /// Density ∝ x^-exponent e^(-rate·x) from the scale on. See ``TruncatedPowerLaw``.
  public static var truncatedPowerLaw: Family { TruncatedPowerLaw.family }
}
