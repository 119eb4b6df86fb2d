import PortableMath

/// The geometric law of counts from 1 on: P(X = k) = p (1 - p)^(k - 1), the number of trials up to the first success.
/// `scipy.stats.geom(p)`.
public struct Geometric: ParametricDistribution {
  /// Chance of a success, more than 0 and less than 1; the mean is 1 / p.
  public let p: Double
  private let logFailure: Double

  /// Throws unless 0 < p < 1.
  public init(p: Double) throws(FittingError) {
    guard p > 0, p < 1 else {
      throw .invalidParameter(
        law: "geometric", parameter: "p", value: p, requirement: "more than 0 and less than 1")
    }
    self.p = p
    logFailure = log1p(-p)
  }

  public var lowerBound: Double { 1 }
  public var upperBound: Double { .infinity }
  public func logDensity(_ x: Double) -> Double { -.infinity }

  public func mass(at x: Double) -> Double {
    x >= 1 && x == x.rounded() ? p * exp((x - 1) * logFailure) : 0
  }

  public func logSurvival(_ x: Double) -> Double { x < 1 ? 0 : x.rounded(.down) * logFailure }

  public func quantile(logSurvival level: Double) -> Double {
    wholeQuantile(logSurvival: level, near: level / logFailure)
  }

  public var mean: Double { 1 / p }
  public var variance: Double { (1 - p) / (p * p) }
}

extension Geometric {
  public static let isDiscrete = true

  public static let family = Family(
    "geometric", parameters: ["p"], examples: [[0.3], [0.02], [0.9]], Geometric.self,
    likelihood: GeometricModel.self)

  public init(parameters: [Double]) throws(FittingError) { try self.init(p: parameters[0]) }

  public var parameters: [Double] { [p] }

  public func scaledParameters(by factor: Double) -> [Double] { parameters }
}

extension Family {
  /// Probability p (1 - p)^(k - 1). See ``Geometric``.
  public static var geometric: Family { Geometric.family }
}

/// θ = log p.
private struct GeometricModel: LikelihoodModel {
  typealias Point = SIMD2<Double>
  static let coordinates: [Coordinate] = [.logarithm]
  static let isLinear = true
  static let isDiscrete = true
  private let logP, p, logFailure: Double

  static func start(_ s: StartSummary) -> [Point] { [[-log(max(s.mean, 1 + 1e-6)), 0]] }

  init(_ theta: Point, anchor: Double) {
    (logP, p) = (theta[0], exp(theta[0]))
    logFailure = p < 1 ? log1p(-p) : -.infinity
  }

  func logDensity(_ x: Double, _ logX: Double) -> LogScore<Point> {
    guard p < 1, x >= 1 else { return .impossible }
    return LogScore(
      value: logP + (x - 1) * logFailure, gradient: [1 - (x - 1) * p / (1 - p), 0])
  }

  func logSurvival(_ x: Double) -> LogScore<Point> {
    if x < 1 { return .zero }
    guard p < 1, x < .infinity else { return .impossible }
    let trials = x.rounded(.down)
    return LogScore(value: trials * logFailure, gradient: [-trials * p / (1 - p), 0])
  }
}
