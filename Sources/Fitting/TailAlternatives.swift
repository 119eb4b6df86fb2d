#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A law that a power-law tail is compared with, conditional on x ≥ xmin.
public enum TailAlternative: String, CaseIterable, Sendable, Codable {
  /// The lognormal law above xmin.
  case lognormal
  /// The exponential law above xmin.
  case exponential
  /// The Weibull law above xmin, of shape ("stretch") > 0.
  case stretchedExponential = "stretched-exponential"
  /// The power law with exponential cutoff.
  case truncatedPowerLaw = "truncated-power-law"

  /// Whether the power law is a special case, so that the likelihood ratio is tested by chi-square.
  /// (The lognormal and the stretched exponential reach it only as a limit.)
  public var containsPowerLaw: Bool { self == .truncatedPowerLaw }
}

/// An alternative fitted to a tail by maximum likelihood.
///
/// All are fitted in t = ln(x/xmin), where they become well-conditioned one- or two-parameter
/// problems: the lognormal is exp(η₁t + η₂t²), an exponential family and so concave; the truncated
/// power law is one in (t, e^t); the stretched exponential is Gompertz's law, whose profile in the
/// stretch is one-dimensional. Each touches the power law at an edge (η₂ → 0, rate → 0,
/// stretch → 0). A maximum at that edge is said: the family then fits no better than the power law.
struct TailFit {
  var parameters: [(name: String, value: Double)]
  var isPowerLawLimit = false
  /// log density of t at t; the power law's limit if `isPowerLawLimit`.
  var logDensity: (Double) -> Double
}

extension TailFit {
  static func powerLaw(shape: Double) -> TailFit {
    TailFit(parameters: [], isPowerLawLimit: true) { t in log(shape) - shape * t }
  }

  /// x - xmin exponential: rate = 1 / mean excess.
  static func exponential(_ t: [Double], xmin: Double) throws(FittingError) -> TailFit {
    let excess = compensatedSum(t.lazy.map { expm1($0) }) / Double(t.count)
    let y = 1 / excess  // rate·xmin
    return TailFit(parameters: [("rate", y / xmin)]) { t in log(y) + t - y * expm1(t) }
  }

  /// Normal in t, truncated to t ≥ 0; Newton in the natural parameters.
  static func lognormal(_ t: [Double], xmin: Double) throws(FittingError) -> TailFit {
    let n = Double(t.count)
    let first = compensatedSum(t) / n
    let second = compensatedSum(t.lazy.map { $0 * $0 }) / n
    // At the power law (η₁ = -1/mean, η₂ = 0) the likelihood rises into the family only if the
    // second moment is below an exponential's.
    if second >= 2 * first * first { return .powerLaw(shape: 1 / first) }
    // In units of the mean of t. θ = (η₁, log -η₂); density ∝ exp(η₁t + η₂t²).
    let target = second / (first * first)
    func logNormaliser(_ e1: Double, _ e2: Double) -> (value: Double, m1: Double, m2: Double) {
      // ∫₀^∞ exp(η₁t + η₂t²) dt with s = 1/√(-2η₂), z = -η₁s: = s·Q(z)/φ(z).
      let s = 1 / (-2 * e2).squareRoot()
      let z = -e1 * s
      let hazard = normalHazard(z)
      let m1 = s * (hazard - z)
      let m2 = s * s * (1 + z * z - z * hazard)
      return (log(s) - log(hazard), m1, m2)
    }
    let top = try maximise(
      dimension: 2, family: .lognormal,
      from: [[-1, log(0.01)], [-0.5, log(0.1)], [0.5, log(0.5)], [-1, log(1e-4)]]
    ) { (theta: SIMD2<Double>) -> Score in
      let e2 = -exp(theta.y)
      let z = logNormaliser(theta.x, e2)
      return Score(
        value: theta.x + e2 * target - z.value,
        gradient: [1 - z.m1, e2 * (target - z.m2)])
    }
    let eta1 = top.theta.x / first
    let eta2 = -exp(top.theta.y) / (first * first)
    let normaliser = logNormaliser(eta1, eta2).value
    let sigma = 1 / (-2 * eta2).squareRoot()
    return TailFit(parameters: [("mu", eta1 * sigma * sigma + log(xmin)), ("sigma", sigma)]) { t in
      eta1 * t + eta2 * t * t - normaliser
    }
  }

  /// P(T > t) = exp(-a(e^(bt) - 1)/b): given b, a = n / Σ (e^(bt) - 1)/b. The profile's maximum in
  /// the stretch b is found by bisection and secant on its derivative.
  static func stretchedExponential(_ t: [Double], xmin: Double) throws(FittingError) -> TailFit {
    let n = Double(t.count)
    let mean = compensatedSum(t) / n
    /// Σ (e^(bt) - 1)/b and its derivative by b.
    func hazardSums(_ b: Double) -> (sum: Double, derivative: Double) {
      var sum = 0.0
      var derivative = 0.0
      for value in t {
        let u = b * value
        if u < 1e-4 {
          sum += value * (1 + u / 2 + u * u / 6)
          derivative += value * value * (0.5 + u / 3 + u * u / 8)
        } else {
          let growth = expm1(u)
          sum += growth / b
          derivative += (value * (growth + 1) - growth / b) / b
        }
      }
      return (sum, derivative)
    }
    // Profile log-likelihood / n = b·mean - log Σ + const.
    func slope(_ b: Double) -> Double {
      let s = hazardSums(b)
      return mean - s.derivative / s.sum
    }
    if slope(0) <= 0 { return .powerLaw(shape: 1 / mean) }
    let longest = t.max() ?? 1
    var high = 1 / mean
    let limit = 700 / longest
    while high < limit, slope(high) > 0 { high *= 2 }
    high = min(high, limit)
    guard slope(high) < 0 else {
      throw .notConverged(family: .weibull, iterations: 0, gradientNorm: slope(high))
    }
    let b = increasingRoot(of: { -slope($0) }, in: 0, high)
    let a = n / hazardSums(b).sum
    // P(X > x) = exp(-(rate·x)^b + (rate·xmin)^b) with (rate·xmin)^b = a/b.
    let logRate = log(a / b) / b - log(xmin)
    return TailFit(parameters: [("rate", exp(logRate)), ("stretch", b)]) { t in
      log(a) + b * t - a * expm1(b * t) / b
    }
  }

  /// Density ∝ x^-exponent e^(-rate·x): Newton in (exponent, log rate), concave in (exponent, rate).
  static func truncatedPowerLaw(_ t: [Double], xmin: Double) throws(FittingError) -> TailFit {
    let n = Double(t.count)
    let mean = compensatedSum(t) / n
    let growth = compensatedSum(t.lazy.map { expm1($0) }) / n
    let shape = 1 / mean
    // A pure power law of this shape has E[x/xmin - 1] = 1/(shape - 1).
    if shape > 1, growth >= 1 / (shape - 1) { return .powerLaw(shape: shape) }
    let top = try maximise(
      dimension: 2, family: .truncatedPowerLaw,
      from: [
        [shape, -log(growth)], [shape + 1, -log(growth) - 5], [shape + 1, -log(growth) - 1],
      ]
    ) { (theta: SIMD2<Double>) -> Score in
      guard abs(theta.x) <= 100, theta.y < 50, theta.y > -200 else { return .impossible }
      let y = exp(theta.y)
      let tilt = ExponentialTilt.upper(1 - theta.x, y)
      return Score(
        value: (1 - theta.x) * mean - y * growth - tilt.logIntegral,
        gradient: [tilt.mean - mean, y * (tilt.meanExp - 1 - growth)])
    }
    let exponent = top.theta.x
    let y = exp(top.theta.y)
    let normaliser = ExponentialTilt.upper(1 - exponent, y).logIntegral
    return TailFit(parameters: [("exponent", exponent), ("rate", y / xmin)]) { t in
      (1 - exponent) * t - y * expm1(t) - normaliser
    }
  }
}
