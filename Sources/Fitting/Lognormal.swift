internal import CVectorMath
import PortableMath

/// The lognormal law: log X is normal with mean `mu` and standard deviation `sigma`.
public struct Lognormal: ParametricDistribution {
  /// Mean of log X.
  public let mu: Double
  /// Standard deviation of log X, > 0.
  public let sigma: Double

  /// Throws unless `mu` is finite and `sigma` finite and positive.
  public init(mu: Double, sigma: Double) throws(FittingError) {
    try requireFinite(mu, "mu", of: "lognormal")
    try requirePositive(sigma, "sigma", of: "lognormal")
    self.mu = mu
    self.sigma = sigma
  }

  public var lowerBound: Double { 0 }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double {
    guard x > 0, x < .infinity else { return -.infinity }
    let logX = log(x)
    let z = (logX - mu) / sigma
    return -0.5 * z * z - logSqrtTwoPi - log(sigma) - logX
  }

  public func logSurvival(_ x: Double) -> Double {
    x <= 0 ? 0 : logNormalSurvival((log(x) - mu) / sigma)
  }

  public func quantile(logSurvival level: Double) -> Double {
    exp(mu + sigma * normalQuantile(logSurvival: level))
  }

  public var mean: Double { exp(mu + 0.5 * sigma * sigma) }

  public var variance: Double { expm1(sigma * sigma) * exp(2 * mu + sigma * sigma) }

  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    exp(mu + sigma * generator.standardNormal())
  }
}

extension Lognormal {
  public static let family = Family(
    "lognormal", parameters: ["mu", "sigma"], examples: [[2, 1], [-5, 0.01]],
    Lognormal.self, needed: 3,
    estimate: { (sample: Sample, options: FitOptions) throws(FittingError) in
      sample.limits == .none && sample.censored.isEmpty && sample.binning == nil
        ? try SampleStatistics(sample.values).fit(.lognormal)
        : try sample.search(LognormalModel.self, .lognormal, options)
    }, statistics: { (sample: SampleStatistics) throws(FittingError) in try sample.fitLognormal() },
    likelihood: LognormalModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(mu: parameters[0], sigma: parameters[1])
  }

  public var parameters: [Double] { [mu, sigma] }

  public func scaledParameters(by factor: Double) -> [Double] {
    [mu + cvm_log(factor), sigma]
  }

  public var blockQuantiles: BlockQuantiles? {
    .lognormal(mu: mu, sigma: sigma)
  }
}

extension Family {
  /// The logarithm is normal. See ``Lognormal``.
  public static var lognormal: Family { Lognormal.family }
}
