/// A log-probability and its gradient in the coordinates of a search.
public struct LogScore<Point: SIMD> where Point.Scalar == Double {
  /// The logarithm of the probability or density.
  public var value: Double
  /// Its derivative by each coordinate; 0 in lanes beyond the coordinates.
  public var gradient: Point

  /// A value and its gradient.
  public init(value: Double, gradient: Point) {
    self.value = value
    self.gradient = gradient
  }

  /// Certainty.
  public static var zero: LogScore { LogScore(value: 0, gradient: .zero) }
  /// What cannot be.
  public static var impossible: LogScore { LogScore(value: -.infinity, gradient: .zero) }
}

/// Of a family of at most two coordinates.
typealias Score = LogScore<SIMD2<Double>>

/// How a parameter is searched for.
public enum Coordinate: Sendable {
  /// As it is; its interval is symmetric.
  case direct
  /// As its logarithm: it is positive, and so is its interval.
  case logarithm
}

/// The last parameter of a family that is not searched for.
public enum Anchor: Sendable {
  /// All parameters are searched for.
  case none
  /// Where the law begins, above 0: ``FitOptions/lowerBound``, the lower truncation limit, or else the least
  /// observation, which is its maximum-likelihood estimate.
  case least
  /// ``FitOptions/lowerBound`` if that is given, this value if not.
  case location(Double)
}

/// A family at one point of its parameter space, with analytic derivatives: what its maximum-likelihood
/// estimate is found with, censored, truncated and clamped samples included.
///
/// Coordinates θ are unconstrained: logarithms of positive parameters, others as they are, in the order of the
/// family's parameters. A model is made once a point and then asked about every observation, so whatever
/// depends on θ alone is computed at construction.
///
/// # Requirements on conformers
/// 1. `Point` has as many lanes as there are coordinates, or more, whose gradient stays 0.
/// 2. Values agree with the family's ``Distribution``, gradients with their values. The tests of all families
///    compare them with differences.
public protocol LikelihoodModel {
  /// `SIMD2<Double>` for one or two coordinates, `SIMD4<Double>` for up to four, and so on.
  associatedtype Point: SIMD where Point.Scalar == Double
  /// How the parameters are searched for, in the order of the family's.
  static var coordinates: [Coordinate] { get }
  /// The parameter after those, if there is one more. None unless said.
  static var anchor: Anchor { get }
  /// Whether log f is linear in (x, log x): then the means of both stand for the whole sample, and an
  /// evaluation costs O(1). False unless said.
  static var isLinear: Bool { get }
  /// Whether every start is searched from and the best maximum taken, rather than the first that is found.
  /// True unless said.
  static var triesAllStarts: Bool { get }
  /// Whether it is of whole numbers: `logDensity` is then log P(X = x). False unless said.
  static var isDiscrete: Bool { get }
  /// Where the search begins: at least one point.
  static func start(_ summary: StartSummary) -> [Point]
  /// Which other law a point so far out is as good as, in words; nil inside the family. Nil unless said.
  static func edge(_ theta: Point) -> String?
  /// What must be said of estimated parameters. Nothing unless said.
  static func warnings(_ parameters: [Double]) -> [String]
  /// `anchor` is the parameter that is not searched for; 0 if there is none.
  init(_ theta: Point, anchor: Double)
  /// log f(x) and its gradient; `logX` is log x.
  func logDensity(_ x: Double, _ logX: Double) -> LogScore<Point>
  /// log S(x) and its gradient, accurate where S is near 0 and where it is near 1.
  func logSurvival(_ x: Double) -> LogScore<Point>
}

extension LikelihoodModel {
  /// How many coordinates are searched for.
  static var dimension: Int { coordinates.count }
  public static var anchor: Anchor { .none }
  public static var isLinear: Bool { false }
  public static var triesAllStarts: Bool { true }
  public static var isDiscrete: Bool { false }
  public static func edge(_ theta: Point) -> String? { nil }
  public static func warnings(_ parameters: [Double]) -> [String] { [] }
}

/// What starting values are made of.
public struct StartSummary: Sendable {
  /// Mean of all observations, censored ones included.
  public var mean: Double
  /// Their variance.
  public var variance: Double
  /// Mean of their logarithms.
  public var logMean: Double
  /// Standard deviation of their logarithms.
  public var logDeviation: Double
  /// The greatest.
  public var maximum: Double
  /// The parameter that is not searched for; 0 if there is none.
  public var anchor: Double
}
