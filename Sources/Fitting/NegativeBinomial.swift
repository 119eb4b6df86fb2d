import PortableMath

/// The negative binomial law of counts from 1 on: X - 1 is a Poisson count whose mean has a gamma law of shape `size` and
/// mean `excess`. `1 + scipy.stats.nbinom(size, size / (size + excess))`; with size 1 it is ``Geometric``.
public struct NegativeBinomial: ParametricDistribution {
  /// Shape of the gamma law, > 0: the less, the more spread.
  public let size: Double
  /// Mean of X - 1, > 0.
  public let excess: Double

  /// Throws unless both are finite and positive.
  public init(size: Double, excess: Double) throws(FittingError) {
    try requirePositive(size, "size", of: "negative-binomial")
    try requirePositive(excess, "excess", of: "negative-binomial")
    (self.size, self.excess) = (size, excess)
  }

  public var lowerBound: Double { 1 }
  public var upperBound: Double { .infinity }
  public func logDensity(_ x: Double) -> Double { -.infinity }

  fileprivate func logMass(_ k: Double) -> Double {
    logGamma(k + size) - logGamma(size) - logGamma(k + 1) - size * log1p(excess / size)
      - k * log1p(size / excess)
  }

  public func mass(at x: Double) -> Double {
    x >= 1 && x == x.rounded() ? exp(logMass(x - 1)) : 0
  }

  public func logSurvival(_ x: Double) -> Double {
    if x < 1 { return 0 }
    if x == .infinity { return -.infinity }
    let m = x.rounded(.down)
    // Where a sum would have thousands of terms.
    if variance > 1e6 { return logSurvivalByFraction(m) }
    return negativeBinomialTail(size: size, excess: excess, m).value
  }

  /// P(X - 1 ≥ m) is the regularised incomplete beta function I(m, size) at excess / (size + excess). Relative error
  /// about 1e-9 of counts of a million, by reason of the gamma functions. O(√m).
  private func logSurvivalByFraction(_ m: Double) -> Double {
    let ratio = excess / (size + excess)
    let front =
      logGamma(m + size) - logGamma(m) - logGamma(size) - m * log1p(size / excess)
      - size * log1p(excess / size)
    if ratio < (m + 1) / (m + size + 2) {
      return min(0, front - log(m) + log(betaFraction(m, size, ratio)))
    }
    return log1mexp(min(0, front - log(size) + log(betaFraction(size, m, 1 - ratio))))
  }

  public func quantile(logSurvival level: Double) -> Double {
    // The gamma law of the same mean and variance.
    let spread = 1 + excess / size
    guard level > -.infinity, let near = try? Gamma(shape: excess / spread, scale: spread) else {
      return .infinity
    }
    return wholeQuantile(logSurvival: level, near: 1 + near.quantile(logSurvival: level))
  }

  public var mean: Double { 1 + excess }
  public var variance: Double { excess + excess * excess / size }
}

extension NegativeBinomial {
  public static let isDiscrete = true

  public static let family = Family(
    "negative-binomial", parameters: ["size", "excess"],
    examples: [[0.6, 12], [3, 2], [20, 60]], NegativeBinomial.self,
    likelihood: NegativeBinomialModel.self)

  public init(parameters: [Double]) throws(FittingError) {
    try self.init(size: parameters[0], excess: parameters[1])
  }

  public var parameters: [Double] { [size, excess] }

  public func scaledParameters(by factor: Double) -> [Double] { parameters }
}

extension Family {
  /// 1 and a Poisson count whose mean is gamma distributed. See ``NegativeBinomial``.
  public static var negativeBinomial: Family { NegativeBinomial.family }
}

/// log P(X - 1 > m - 1) = log Σ over k ≥ m of the probabilities of X - 1 = k, and its derivatives by log size and log
/// excess: the smaller side is added up, from its largest term, until terms no longer count. O(√variance).
private func negativeBinomialTail(
  size: Double, excess: Double, _ m: Double
) -> (value: Double, gradient: SIMD2<Double>) {
  let model = NegativeBinomialModel([log(size), log(excess)], anchor: 0)
  let ratio = excess / (size + excess)
  func sum(from first: Double, by step: Double) -> (value: Double, gradient: SIMD2<Double>) {
    let start = model.logDensity(first + 1, 0)
    guard start.value > -.infinity else { return (-.infinity, .zero) }
    var (k, term, total, slope) = (first, 1.0, 0.0, SIMD2<Double>.zero)
    // The derivative by log size changes by size / (k + size) a step, that by log excess by 1 - ratio.
    var gradient = start.gradient
    while k >= 0, term > 1e-18 * total {
      total += term
      slope += term * gradient
      if step > 0 {
        term *= (k + size) / (k + 1) * ratio
        gradient += [size / (k + size) - size / (size + excess), size / (size + excess)]
        k += 1
      } else {
        term *= k / (k - 1 + size) / ratio
        gradient -= [size / (k - 1 + size) - size / (size + excess), size / (size + excess)]
        k -= 1
      }
      if total > 0x1p900 { break }
    }
    return (start.value + log(total), slope / total)
  }
  if m > excess {
    let above = sum(from: m, by: 1)
    return (min(0, above.value), above.gradient)
  }
  let below = sum(from: m - 1, by: -1)
  let value = log1mexp(min(0, below.value))
  return (value, -exp(below.value - value) * below.gradient)
}

/// θ = (log size, log excess).
private struct NegativeBinomialModel: LikelihoodModel {
  typealias Point = SIMD2<Double>
  static let coordinates: [Coordinate] = [.logarithm, .logarithm]
  static let isDiscrete = true
  private let size, excess, logGammaSize, digammaSize, logBase, logStep: Double

  static func start(_ s: StartSummary) -> [Point] {
    let excess = max(s.mean - 1, 1e-3)
    let over = s.variance - excess
    let size = over > 0 ? excess * excess / over : 50
    return [[log(min(max(size, 1e-3), 1e3)), log(excess)], [0, log(excess)]]
  }

  static func edge(_ theta: Point) -> String? {
    theta[0] > 14 ? "its size goes to infinity, where it is Poisson's law" : nil
  }

  init(_ theta: Point, anchor: Double) {
    (size, excess) = (exp(theta[0]), exp(theta[1]))
    (logGammaSize, digammaSize) = (logGamma(size), digamma(size))
    (logBase, logStep) = (log1p(excess / size), log1p(size / excess))
  }

  func logDensity(_ x: Double, _ logX: Double) -> LogScore<Point> {
    guard x >= 1, size.isFinite, excess.isFinite, size > 0, excess > 0 else { return .impossible }
    let k = x - 1
    let value = logGamma(k + size) - logGammaSize - logGamma(x) - size * logBase - k * logStep
    let bySize =
      size * (digamma(k + size) - digammaSize - logBase) + size * (excess - k) / (size + excess)
    return LogScore(
      value: value, gradient: [bySize, size * (k - excess) / (size + excess)])
  }

  func logSurvival(_ x: Double) -> LogScore<Point> {
    if x < 1 { return .zero }
    guard x < .infinity, size.isFinite, excess.isFinite else { return .impossible }
    let tail = negativeBinomialTail(size: size, excess: excess, x.rounded(.down))
    return LogScore(value: tail.value, gradient: tail.gradient)
  }
}
