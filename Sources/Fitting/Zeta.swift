import PortableMath

/// The discrete power law, or Hurwitz's zeta law: P(X = k) = k^-exponent / ζ(exponent, xmin) for whole k ≥ xmin.
///
/// Source: Clauset, Shalizi and Newman, "Power-law distributions in empirical data", SIAM Review 51 (2009), table
/// 2.1; with xmin = 1 it is Zipf's, `scipy.stats.zipf(exponent)`.
public struct Zeta: ParametricDistribution {
  /// Exponent of the probabilities, > 1.
  public let exponent: Double
  /// The least value, whole and ≥ 1.
  public let xmin: Double
  private let logNormaliser: Double

  /// Throws unless the exponent is finite and more than 1, and xmin a whole number from 1 on.
  public init(exponent: Double, xmin: Double) throws(FittingError) {
    guard exponent > 1, exponent.isFinite else {
      throw .invalidParameter(
        law: "zeta", parameter: "exponent", value: exponent, requirement: "finite and > 1")
    }
    guard xmin >= 1, xmin == xmin.rounded(), xmin < 0x1p53 else {
      throw .invalidParameter(
        law: "zeta", parameter: "xmin", value: xmin, requirement: "a whole number from 1 on")
    }
    (self.exponent, self.xmin) = (exponent, xmin)
    logNormaliser = hurwitzZeta(exponent, xmin).value
  }

  public var lowerBound: Double { xmin }
  public var upperBound: Double { .infinity }

  public func logDensity(_ x: Double) -> Double { -.infinity }

  public func mass(at x: Double) -> Double {
    x >= xmin && x == x.rounded() ? exp(-exponent * log(x) - logNormaliser) : 0
  }

  public func logSurvival(_ x: Double) -> Double {
    if x < xmin { return 0 }
    if x == .infinity { return -.infinity }
    return min(0, hurwitzZeta(exponent, x.rounded(.down) + 1).value - logNormaliser)
  }

  public func quantile(logSurvival level: Double) -> Double {
    // The continuous law that begins half a step before is near.
    let near = (xmin - 0.5) * exp(-level / (exponent - 1))
    return wholeQuantile(logSurvival: level, near: near)
  }

  /// Σ k^(r - exponent) over the normaliser; infinite where that diverges.
  private func moment(_ r: Double) -> Double {
    exponent - r > 1 ? exp(hurwitzZeta(exponent - r, xmin).value - logNormaliser) : .infinity
  }

  public var mean: Double { moment(1) }

  public var variance: Double {
    let (first, second) = (moment(1), moment(2))
    return second == .infinity ? .infinity : max(0, second - first * first)
  }
}

extension Zeta {
  public static let isDiscrete = true

  public static let family = Family(
    "zeta", parameters: ["exponent", "xmin"], examples: [[2.5, 1], [1.6, 1], [3.2, 7]],
    Zeta.self, likelihood: ZetaModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(exponent: parameters[0], xmin: parameters[1])
  }

  public var parameters: [Double] { [exponent, xmin] }

  public func scaledParameters(by factor: Double) -> [Double] { parameters }

  public func parameters(tailIndex index: Double) -> [Double]? { [index + 1, xmin] }
}

extension Family {
  /// Probability ∝ k^-exponent from xmin on. See ``Zeta``.
  public static var zeta: Family { Zeta.family }
}

/// θ = log(exponent); the anchor is xmin.
private struct ZetaModel: LikelihoodModel {
  typealias Point = SIMD2<Double>
  static let coordinates: [Coordinate] = [.logarithm]
  static let anchor = Anchor.least
  static let isLinear = true
  static let isDiscrete = true
  private let exponent, xmin: Double
  private let normaliser: (value: Double, slope: Double)

  /// Their eq. 3.7.
  static func start(_ s: StartSummary) -> [Point] {
    [[log(1 + 1 / max(s.logMean - log(s.anchor - 0.5), 1e-3)), 0]]
  }

  static func edge(_ theta: Point) -> String? {
    theta[0] > 6 ? "its exponent goes to infinity: all values are the least" : nil
  }

  init(_ theta: Point, anchor: Double) {
    (exponent, xmin) = (exp(theta[0]), anchor)
    normaliser = exponent > 1 ? hurwitzZeta(exponent, anchor) : (.infinity, 0)
  }

  func logDensity(_ x: Double, _ logX: Double) -> LogScore<Point> {
    guard x >= xmin, normaliser.value < .infinity else { return .impossible }
    return LogScore(
      value: -exponent * logX - normaliser.value,
      gradient: [-exponent * (logX + normaliser.slope), 0])
  }

  func logSurvival(_ x: Double) -> LogScore<Point> {
    if x < xmin { return .zero }
    guard x < .infinity, normaliser.value < .infinity else { return .impossible }
    let tail = hurwitzZeta(exponent, x.rounded(.down) + 1)
    return LogScore(
      value: min(0, tail.value - normaliser.value),
      gradient: [exponent * (tail.slope - normaliser.slope), 0])
  }
}

extension Distribution {
  /// The least whole x with log P(X > x) ≤ `level`, from a guess: by doubling the distance and then halving it.
  func wholeQuantile(logSurvival level: Double, near: Double) -> Double {
    if level >= 0 { return lowerBound }
    let limit = 0x1p53
    guard near < limit else { return near.isNaN ? .infinity : near }
    func isReached(_ x: Double) -> Bool { logSurvival(x) <= level }
    var high = max(lowerBound, near.rounded())
    var (low, step) = (high, 1.0)
    if isReached(high) {
      while low > lowerBound, isReached(low) {
        (high, low) = (low, max(lowerBound, low - step))
        step *= 2
      }
      if isReached(low) { return low }
    } else {
      while !isReached(high) {
        (low, high) = (high, high + step)
        step *= 2
        guard high < limit else { return high }
      }
    }
    // Not reached at low, reached at high.
    while high - low > 1 {
      let middle = (0.5 * (low + high)).rounded(.down)
      if isReached(middle) { high = middle } else { low = middle }
    }
    return high
  }
}

/// log ζ(s, q), Hurwitz's zeta function Σ (k + q)^-s over k ≥ 0, and its derivative by s, for s > 1 and q > 0: by
/// Euler's and Maclaurin's sum (DLMF 25.11.28) from q + 12 on; relative error below 1e-14.
func hurwitzZeta(_ s: Double, _ q: Double) -> (value: Double, slope: Double) {
  // All terms over q^-s, lest they underflow.
  let base = log(q)
  var (sum, slope) = (0.0, 0.0)
  func add(_ logTerm: Double, _ factor: Double, _ factorSlope: Double, _ power: Double) {
    // factor · e^logTerm, whose derivative by s is -power of it.
    let term = exp(logTerm)
    sum += factor * term
    slope += (factorSlope - power * factor) * term
  }
  let steps = 12
  for k in 0..<steps {
    let distance = log(q + Double(k)) - base
    add(-s * distance, 1, 0, distance)
  }
  let end = q + Double(steps)
  let distance = log(end) - base
  let rest = -s * distance
  let over = 1 / (s - 1)
  add(rest, end * over, -end * over * over, distance)
  add(rest, 0.5, 0, distance)
  // B₂ₖ / (2k)!
  let bernoulli: [Double] = [
    1.0 / 12, -1.0 / 720, 1.0 / 30_240, -1.0 / 1_209_600, 1.0 / 47_900_160,
    -691.0 / 1_307_674_368_000, 1.0 / 74_724_249_600,
  ]
  // s (s + 1) … (s + 2k - 2) / end^(2k - 1), and its derivative over itself.
  var (rising, relative) = (s / end, 1 / s)
  for (place, b) in bernoulli.enumerated() {
    add(rest, b * rising, b * rising * relative, distance)
    let next = s + Double(2 * place + 1)
    rising *= next * (next + 1) / (end * end)
    relative += 1 / next + 1 / (next + 1)
  }
  return (log(sum) - s * base, slope / sum - base)
}
