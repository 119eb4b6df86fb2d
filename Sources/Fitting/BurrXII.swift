import PortableMath

/// Burr's law XII, also known as Singh and Maddala's: P(X > x) = (1 + (x/scale)^c)^-k for x ≥ 0. Its body and
/// its tail have shapes of their own, of which c alone rules the body and c·k the tail.
///
/// Source: Burr, "Cumulative frequency functions", Annals of Mathematical Statistics 13, 1942; with k = 1 it is
/// ``LogLogistic``, and ``Weibull`` is its limit as k grows. `scipy.stats.burr12(c, k, scale=scale)`.
public struct BurrXII: ParametricDistribution {
  /// Shape of the body, > 0.
  public let c: Double
  /// Shape of the tail, > 0: P(X > x) falls as x^-(c·k).
  public let k: Double
  /// Scale, > 0.
  public let scale: Double

  /// Throws unless all are finite and positive.
  public init(c: Double, k: Double, scale: Double) throws(FittingError) {
    try requirePositive(c, "c", of: "burr-xii")
    try requirePositive(k, "k", of: "burr-xii")
    try requirePositive(scale, "scale", of: "burr-xii")
    self.c = c
    self.k = k
    self.scale = scale
  }

  public var lowerBound: Double { 0 }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double {
    if x < 0 || x == .infinity { return -.infinity }
    if x == 0 { return c < 1 ? .infinity : c == 1 ? log(k / scale) : -.infinity }
    let y = c * log(x / scale)
    return log(c) + log(k) - log(x) + y - (k + 1) * softplus(y)
  }

  public func logSurvival(_ x: Double) -> Double {
    x <= 0 ? 0 : -k * softplus(c * log(x / scale))
  }

  public func quantile(logSurvival level: Double) -> Double {
    if level == 0 { return 0 }
    let u = -level / k
    // log(e^u - 1), of which e^u may be beyond all numbers.
    return scale * exp((u < 1 ? log(expm1(u)) : u + log1p(-exp(-u))) / c)
  }

  /// E[(X/scale)^r] = k B(k - r/c, 1 + r/c), as its logarithm; infinite for r ≥ c·k.
  private func logMoment(_ r: Double) -> Double {
    guard r < c * k else { return .infinity }
    return logGamma(k - r / c) + logGamma(1 + r / c) - logGamma(k)
  }

  public var mean: Double { scale * exp(logMoment(1)) }

  public var variance: Double {
    guard c * k > 2 else { return .infinity }
    let first = 2 * logMoment(1)
    return scale * scale * exp(first) * expm1(logMoment(2) - first)
  }
}

extension BurrXII {
  public static let family = Family(
    "burr-xii", parameters: ["c", "k", "scale"],
    examples: [[2, 1.5, 60], [0.8, 4, 5], [6, 0.25, 1e-3]],
    BurrXII.self, likelihood: BurrXIIModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(c: parameters[0], k: parameters[1], scale: parameters[2])
  }

  public var parameters: [Double] { [c, k, scale] }

  public func scaledParameters(by factor: Double) -> [Double] { [c, k, scale * factor] }

  public func parameters(tailIndex index: Double) -> [Double]? { [c, index / c, scale] }
}

extension Family {
  /// Survival (1 + (x/scale)^c)^-k. See ``BurrXII``.
  public static var burrXII: Family { BurrXII.family }
}

/// θ = (log c, log k, log scale).
private struct BurrXIIModel: LikelihoodModel {
  typealias Point = SIMD4<Double>
  static let coordinates: [Coordinate] = [.logarithm, .logarithm, .logarithm]
  static let triesAllStarts = false
  let logC, logK, logScale: Double
  let c, k: Double

  /// The log-logistic law of the same mean and deviation of the logarithm, then heavier and lighter tails.
  static func start(_ s: StartSummary) -> [Point] {
    let c = log(1.8137993642342178 / max(s.logDeviation, 1e-6))  // π/√3
    return [
      [c, 0, s.logMean, 0], [c + 0.5, -0.7, s.logMean - 0.5 * s.logDeviation, 0],
      [c - 0.3, 1.4, s.logMean + s.logDeviation, 0],
    ]
  }

  /// e^14 is a million.
  static func edge(_ theta: Point) -> String? {
    if theta[1] > 14 { return "k goes to infinity, where it is the Weibull law" }
    if theta[0] > 14 { return "c goes to infinity, where it is the Pareto law" }
    if theta[0] < -14 || theta[1] < -14 { return "a shape goes to 0" }
    return nil
  }

  init(_ theta: Point, anchor: Double) {
    (logC, logK, logScale) = (theta[0], theta[1], theta[2])
    (c, k) = (exp(logC), exp(logK))
  }

  func logDensity(_ x: Double, _ logX: Double) -> LogScore<Point> {
    let y = c * (logX - logScale)
    let log1pPower = softplus(y)
    let slope = 1 - (k + 1) * share(y)  // by y
    return LogScore(
      value: logC + logK - logX + y - (k + 1) * log1pPower,
      gradient: [1 + y * slope, 1 - k * log1pPower, -c * slope, 0])
  }

  func logSurvival(_ x: Double) -> LogScore<Point> {
    if x <= 0 { return .zero }
    let y = c * (log(x) - logScale)
    let (log1pPower, share) = (softplus(y), share(y))
    return LogScore(
      value: -k * log1pPower, gradient: [-k * y * share, -k * log1pPower, k * c * share, 0])
  }

  /// e^y / (1 + e^y), the derivative of log(1 + e^y).
  private func share(_ y: Double) -> Double { 1 / (1 + exp(-y)) }
}
