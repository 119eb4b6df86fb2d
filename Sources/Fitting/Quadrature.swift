import PortableMath

/// Moments of u under the weight exp(a u - x(e^u - 1)) on u ≥ 0 (or u ≤ 0).
///
/// This one integral is the incomplete gamma function for *any* real a, with its derivatives:
/// substituting t = x e^u, Γ(a, x) = x^a e^-x ∫₀^∞ exp(a u - x(e^u - 1)) du, so
/// ∂ log Γ(a, x)/∂a = log x + E[u] and the second derivative is Var[u]. Composite Gauss-Legendre
/// on panels over which the exponent changes by about 4; relative error about 1e-15.
package struct ExponentialTilt {
  /// log of the integral.
  package var logIntegral: Double
  /// E[u].
  package var mean: Double
  /// Var[u].
  package var variance: Double
  /// E[e^u].
  package var meanExp: Double
  /// Var[e^u].
  package var varianceExp: Double
  /// Cov[u, e^u].
  package var covariance: Double

  /// The upper integral, u from 0 to infinity; x > 0, or x = 0 and a < 0.
  package static func upper(_ a: Double, _ x: Double) -> ExponentialTilt {
    let peak = a > x && x > 0 ? log(a / x) : 0
    return integrate(a: a, x: x, direction: 1, peak: peak)
  }

  /// The lower integral, u from minus infinity to 0; a > 0 and x ≥ 0.
  package static func lower(_ a: Double, _ x: Double) -> ExponentialTilt {
    let peak = x > a ? log(a / x) : 0
    return integrate(a: a, x: x, direction: -1, peak: peak)
  }

  private static func integrate(
    a: Double, x: Double, direction: Double, peak: Double
  ) -> ExponentialTilt {
    let top = a * peak - x * expm1(peak)
    var sums = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    var start = 0.0
    for _ in 0..<200_000 {
      // The exponent's slope at the panel's steeper end, found by looking a panel ahead.
      let slope = abs(a) + x * exp(start)
      var width = min(1.5, 4 / max(slope, 1e-300))
      if direction > 0 { width = min(width, 4 / max(abs(a) + x * exp(start + width), 1e-300)) }
      if direction < 0 { width = min(a < 1 ? 4 / a : 1e300, 4 / slope) }
      let half = 0.5 * width
      for k in 0..<10 {
        for side in [-1.0, 1.0] {
          let u = start + direction * half * (1 + side * gaussNodes[k])
          let growth = expm1(u)
          let w = gaussWeights[k] * half * exp(a * u - x * growth - top)
          sums.0 += w
          sums.1 += w * u
          sums.2 += w * u * u
          sums.3 += w * growth
          sums.4 += w * growth * growth
          sums.5 += w * u * growth
        }
      }
      start += direction * width
      let past = direction > 0 ? start > peak : start < peak
      if past, a * start - x * expm1(start) - top < -60 { break }
    }
    let mean = sums.1 / sums.0
    let growth = sums.3 / sums.0
    return ExponentialTilt(
      logIntegral: log(sums.0) + top, mean: mean, variance: sums.2 / sums.0 - mean * mean,
      meanExp: growth + 1, varianceExp: sums.4 / sums.0 - growth * growth,
      covariance: sums.5 / sums.0 - mean * growth)
  }
}

/// Positive nodes and weights of the 20-point Gauss-Legendre rule (Abramowitz and Stegun 25.4).
private let gaussNodes: [Double] = [
  0.07652652113349734, 0.2277858511416451, 0.37370608871541955, 0.5108670019508271,
  0.636053680726515, 0.7463319064601508, 0.8391169718222188, 0.912234428251326,
  0.9639719272779138, 0.9931285991850949,
]
private let gaussWeights: [Double] = [
  0.15275338713072584, 0.14917298647260374, 0.14209610931838204, 0.13168863844917664,
  0.11819453196151841, 0.10193011981724044, 0.08327674157670475, 0.06267204833410907,
  0.04060142980038694, 0.017614007139152118,
]

/// E[g(X)] = ∫₀¹ g(Q(p)) dp by the tanh-sinh rule, which copes with the singular ends that
/// heavy-tailed quantile functions have. `integrand` is given p and 1 - p, each accurate when small.
func integrateOverProbability(_ integrand: (_ p: Double, _ q: Double) -> Double) -> Double {
  let step = 1.0 / 32
  var sum = 0.0
  for k in -190...190 {
    let t = Double(k) * step
    let s = 1.5707963267948966 * sinh(t)
    let p = 1 / (1 + exp(-2 * s))
    let q = 1 / (1 + exp(2 * s))
    guard p > 0, q > 0 else { continue }
    let c = cosh(s)
    let weight = 0.7853981633974483 * cosh(t) / (c * c)
    let value = integrand(p, q)
    if weight > 0, value.isFinite { sum += weight * value }
  }
  return sum * step
}

/// The root in `lower ... upper` of an increasing function: false position with the Illinois
/// correction, one evaluation a step.
func increasingRoot(
  of function: (Double) -> Double, in lower: Double, _ upper: Double
) -> Double {
  var (a, b) = (lower, upper)
  var (fa, fb) = (function(a), function(b))
  if fa >= 0 { return a }
  if fb <= 0 { return b }
  var side = 0
  for _ in 0..<200 {
    var c = (a * fb - b * fa) / (fb - fa)
    if !(c > a && c < b) { c = 0.5 * (a + b) }
    if b - a <= 4e-16 * max(abs(a), abs(b)) || c == a || c == b { return c }
    let fc = function(c)
    if fc == 0 { return c }
    if fc > 0 {
      (b, fb) = (c, fc)
      if side == 1 { fa *= 0.5 }
      side = 1
    } else {
      (a, fa) = (c, fc)
      if side == -1 { fb *= 0.5 }
      side = -1
    }
  }
  return 0.5 * (a + b)
}
