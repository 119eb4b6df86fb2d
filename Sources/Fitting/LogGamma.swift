import PortableMath

/// The log-gamma law: the logarithm of X over its least value has a gamma law.
///
/// Source: run times of parallel jobs in Lublin and Feitelson, "The workload on parallel supercomputers: modeling the
/// characteristics of rigid jobs", Journal of Parallel and Distributed Computing 63 (2003), are mixtures of two, from 1 s on.
public struct LogGamma: ParametricDistribution {
  /// Shape of the gamma law, > 0.
  public let shape: Double
  /// Scale of the gamma law, > 0: P(X > x) falls nearly as x^(-1/scale).
  public let scale: Double
  /// The least value, > 0.
  public let least: Double
  private let logarithm: Gamma

  /// Throws unless all are finite and positive.
  public init(shape: Double, scale: Double, least: Double = 1) throws(FittingError) {
    try requirePositive(least, "least", of: "log-gamma")
    try requirePositive(shape, "shape", of: "log-gamma")
    try requirePositive(scale, "scale", of: "log-gamma")
    logarithm = try Gamma(shape: shape, scale: scale)
    (self.shape, self.scale, self.least) = (shape, scale, least)
  }

  public var lowerBound: Double { least }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double {
    x < least || x == .infinity ? -.infinity : logarithm.logDensity(log(x / least)) - log(x)
  }

  public func logSurvival(_ x: Double) -> Double {
    x <= least ? 0 : logarithm.logSurvival(log(x / least))
  }

  public func quantile(logSurvival level: Double) -> Double {
    least * exp(logarithm.quantile(logSurvival: level))
  }

  /// E[(X/least)^r] = (1 - r scale)^-shape; infinite for r ≥ 1/scale.
  private func moment(_ r: Double) -> Double {
    r * scale < 1 ? exp(-shape * log1p(-r * scale)) : .infinity
  }

  public var mean: Double { least * moment(1) }

  public var variance: Double {
    let second = moment(2)
    return second == .infinity
      ? .infinity : least * least * max(0, second - moment(1) * moment(1))
  }

  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    least * exp(logarithm.sample(using: &generator))
  }
}

extension LogGamma {
  public static let family = Family(
    "log-gamma", parameters: ["shape", "scale", "least"],
    examples: [[4.2, 0.3, 1], [300, 0.03, 1], [1.5, 0.9, 20]], LogGamma.self,
    likelihood: LogGammaModel.self)

  public static let isUsual = false

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(shape: parameters[0], scale: parameters[1], least: parameters[2])
  }

  public var parameters: [Double] { [shape, scale, least] }

  public var isInvertedBySearch: Bool { true }

  public func scaledParameters(by factor: Double) -> [Double] { [shape, scale, least * factor] }
}

extension Family {
  /// The logarithm has a gamma law. See ``LogGamma``.
  public static var logGamma: Family { LogGamma.family }
}

/// θ = (log shape, log scale); the least value is given, 1 if it is not.
private struct LogGammaModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.logarithm, .logarithm]
  static let anchor = Anchor.location(1)
  private let logarithm: GammaModel
  private let least, logLeast: Double

  static func start(_ s: StartSummary) -> [SIMD2<Double>] {
    let mean = max(s.logMean - log(max(s.anchor, 1e-300)), 1e-3)
    let variance = max(s.logDeviation * s.logDeviation, 1e-9)
    return [[log(mean * mean / variance), log(variance / mean)]]
  }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    logarithm = GammaModel(theta, anchor: 0)
    (least, logLeast) = (anchor, log(anchor))
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    let y = logX - logLeast
    guard y > 0 else { return .impossible }
    var score = logarithm.logDensity(y, log(y))
    score.value -= logX
    return score
  }

  func logSurvival(_ x: Double) -> Score {
    x <= least ? .zero : logarithm.logSurvival(log(x) - logLeast)
  }
}
