import PortableMath

// Functions that libm lacks, each accurate in relative terms in both tails; logarithms are given
// where the value itself would underflow.

/// log(1 - e^x) for x ≤ 0, without cancellation (Mächler, "Accurately computing log(1 - exp(-|a|))").
@inlinable
package func log1mexp(_ x: Double) -> Double {
  x > -0.6931471805599453 ? log(-expm1(x)) : log1p(-exp(x))
}

/// log(e^a + e^b).
package func logAdd(_ a: Double, _ b: Double) -> Double {
  let high = max(a, b)
  return high == -.infinity ? high : high + log1p(exp(min(a, b) - high))
}

/// log Γ(x) for x > 0.
package func logGamma(_ x: Double) -> Double { PortableMath.logGamma(x) }

// MARK: - Normal

package let logSqrtTwoPi = 0.9189385332046727

/// Upper tail of the standard normal law, log Q(z), for any z.
package func logNormalSurvival(_ z: Double) -> Double {
  if z < -1 { return log1p(-0.5 * erfc(-z * 0.7071067811865476)) }
  if z < 25 { return log(0.5 * erfc(z * 0.7071067811865476)) }
  if z == .infinity { return -.infinity }
  return -0.5 * z * z - logSqrtTwoPi - log(z) + log(millsSeries(z))
}

/// z·Q(z)/φ(z) for z ≥ 25 (Abramowitz and Stegun 26.2.12): the first omitted term is below 1e-16.
private func millsSeries(_ z: Double) -> Double {
  let w = 1 / (z * z)
  return 1 - w * (1 - 3 * w * (1 - 5 * w * (1 - 7 * w * (1 - 9 * w))))
}

/// Hazard rate φ(z)/Q(z) of the standard normal law.
package func normalHazard(_ z: Double) -> Double {
  if z >= 25 { return z / millsSeries(z) }
  return exp(-0.5 * z * z - logSqrtTwoPi) / (0.5 * erfc(z * 0.7071067811865476))
}

/// The z with log Q(z) = `logSurvival` (≤ 0).
///
/// Start from Abramowitz and Stegun 26.2.23 (error < 4.5e-4), then Newton on log Q, which is concave
/// with derivative minus the hazard; works on the smaller tail, so both are accurate to 1e-15.
package func normalQuantile(logSurvival: Double) -> Double {
  if logSurvival > -0.6931471805599453 {
    return logSurvival >= 0 ? -.infinity : -upperNormalQuantile(log(-expm1(logSurvival)))
  }
  return upperNormalQuantile(logSurvival)
}

private func upperNormalQuantile(_ logTail: Double) -> Double {
  if logTail == -.infinity { return .infinity }
  let t = (-2 * logTail).squareRoot()
  let numerator = 2.515517 + t * (0.802853 + t * 0.010328)
  var z = t - numerator / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  for _ in 0..<6 {
    let step = (logNormalSurvival(z) - logTail) / normalHazard(z)
    z += step
    if abs(step) <= 1e-9 * max(1, abs(z)) { break }
  }
  return z
}

/// The inverse of the complementary error function on (0, 2).
package func inverseErfc(_ y: Double) -> Double {
  // erfc(x) = 2 Q(x √2)
  y <= 1
    ? normalQuantile(logSurvival: log(y / 2)) * 0.7071067811865476
    : -normalQuantile(logSurvival: log((2 - y) / 2)) * 0.7071067811865476
}

// MARK: - Gamma

/// ψ(x), the derivative of log Γ, for x > 0: recurrence to x ≥ 10, then the asymptotic series
/// (Abramowitz and Stegun 6.3.18).
package func digamma(_ x: Double) -> Double {
  var x = x
  var shift = 0.0
  while x < 10 {
    shift -= 1 / x
    x += 1
  }
  let w = 1 / (x * x)
  let series =
    w
    * (1.0 / 12
      - w
      * (1.0 / 120
        - w * (1.0 / 252 - w * (1.0 / 240 - w * (1.0 / 132 - w * (691.0 / 32760 - w / 12))))))
  return shift + log(x) - 0.5 / x - series
}

/// ψ'(x) for x > 0 (Abramowitz and Stegun 6.4.12).
package func trigamma(_ x: Double) -> Double {
  var x = x
  var shift = 0.0
  while x < 10 {
    shift += 1 / (x * x)
    x += 1
  }
  let w = 1 / (x * x)
  let series =
    1.0 / 6
    - w
    * (1.0 / 30
      - w * (1.0 / 42 - w * (1.0 / 30 - w * (5.0 / 66 - w * (691.0 / 2730 - w * 7.0 / 6)))))
  return shift + 1 / x + w / 2 + w / x * series
}

/// log of x^a e^-x / Γ(a+1), for a > 0 and x ≥ 0, without the cancellation of its terms at large a.
private func logGammaKernel(_ a: Double, _ x: Double) -> Double {
  if a < 10 { return a * log(x) - x - logGamma(a + 1) }
  let mu = (x - a) / a
  // log Γ(a+1) = a log a - a + log(2πa)/2 + 1/12a - ...; so the kernel is -a(mu - log1p mu) - rest.
  let w = 1 / (a * a)
  let stirling = (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w / 1680))) / a
  return -a * muMinusLog1p(mu) - 0.5 * log(a) - logSqrtTwoPi - stirling
}

/// u - log(1 + u), accurate near 0.
private func muMinusLog1p(_ u: Double) -> Double {
  guard abs(u) < 0.1 else { return u - log1p(u) }
  // atanh series: log1p(u) = 2 atanh(r), r = u/(2+u); u = 2r/(1-r).
  let r = u / (2 + u)
  let s = r * r
  var term = r * s
  var sum = 0.0
  var k = 3.0
  while abs(term) > 1e-18 {
    sum += term / k
    term *= s
    k += 2
  }
  return u * r - 2 * sum
}

/// Natural logarithms of the regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P,
/// for a > 0 and x ≥ 0: the smaller of the two directly, the other from it.
///
/// Series below a + 1, Lentz's continued fraction above (DLMF 8.11.4, 8.9.2). O(sqrt a) terms.
package func logIncompleteGamma(_ a: Double, _ x: Double) -> (lower: Double, upper: Double) {
  if x <= 0 { return (-.infinity, 0) }
  if x == .infinity { return (0, -.infinity) }
  let kernel = logGammaKernel(a, x)
  if x < a + 1 {
    var sum = 1.0
    var term = 1.0
    var n = 1.0
    while term > sum * 1e-17, n < 1e6 {
      term *= x / (a + n)
      sum += term
      n += 1
    }
    let lower = min(0, kernel + log(sum))
    return (lower, log1mexp(lower))
  }
  let upper = min(0, kernel + log(a) + logUpperFraction(a, x))
  return (log1mexp(upper), upper)
}

/// log of Γ(a, x) / (x^a e^-x) for any real a and x > 0: the continued fraction for large x, the
/// series about 0 (DLMF 8.7.3) for small x where a is well away from its poles, else quadrature.
package func logScaledUpperGamma(_ a: Double, _ x: Double) -> Double {
  if x >= 1, x > a + 1 { return logUpperFraction(a, x) }
  guard abs(a) < 20, x < 1, a > 0.01 || abs(a - a.rounded()) > 0.01 else {
    return ExponentialTilt.upper(a, x).logIntegral
  }
  var term = 1.0
  var sum = 1 / a
  var n = 1.0
  while n < 60 {
    term *= -x / n
    sum += term / (a + n)
    if abs(term) < 1e-18 { break }
    n += 1
  }
  return x + log(gamma(a) * pow(x, -a) - sum)
}

/// log of Γ(a, x) / (x^a e^-x) by Lentz's continued fraction, x > a + 1 or so.
private func logUpperFraction(_ a: Double, _ x: Double) -> Double {
  let tiny = 1e-300
  var b = x + 1 - a
  var c = 1 / tiny
  var d = 1 / b
  var h = d
  var i = 1.0
  while i < 1e6 {
    let an = -i * (i - a)
    b += 2
    d = an * d + b
    if abs(d) < tiny { d = tiny }
    c = b + an / c
    if abs(c) < tiny { c = tiny }
    d = 1 / d
    let delta = d * c
    h *= delta
    if abs(delta - 1) < 1e-16 { break }
    i += 1
  }
  return log(h)
}

/// Upper tail of the chi-square law with `degrees` degrees of freedom.
package func chiSquareSurvival(_ x: Double, degrees: Double) -> Double {
  x <= 0 ? 1 : exp(logIncompleteGamma(degrees / 2, x / 2).upper)
}

// MARK: - Kolmogorov

/// P(D_n > d) for the two-sided Kolmogorov-Smirnov distance of `count` points from a law with no
/// estimated parameter.
///
/// The limit law at Stephens's argument (√n + 0.12 + 0.11/√n)·d (Stephens 1970): absolute error
/// below 0.01 for n ≥ 5, below 0.001 in the tail.
public func kolmogorovSurvival(distance d: Double, count: Int) -> Double {
  let root = Double(count).squareRoot()
  return kolmogorovLimitSurvival((root + 0.12 + 0.11 / root) * d)
}

/// The limit law of √n·D_n: 2 Σ (-1)^(k-1) exp(-2k²t²), or its theta transform for small t.
package func kolmogorovLimitSurvival(_ t: Double) -> Double {
  if t <= 0 { return 1 }
  if t < 1.18 {
    let y = exp(-1.2337005501361697 / (t * t))  // exp(-π²/8t²)
    let sum = y * (1 + pow(y, 8) + pow(y, 24) + pow(y, 48))
    return 1 - 2.5066282746310002 / t * sum
  }
  let x = exp(-2 * t * t)
  return min(1, 2 * (x - pow(x, 4) + pow(x, 9)))
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method: I(x; a, b) is it times
/// x^a (1 - x)^b / (a B(a, b)). For x below (a + 1) / (a + b + 2), where it converges in O(√max(a, b)).
func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
  let tiny = 1e-300
  func away(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / away(1 - (a + b) * x / (a + 1))
  var fraction = d
  for step in 1...100_000 {
    let m = Double(step)
    for term in [
      m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
      -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
    ] {
      d = 1 / away(1 + term * d)
      c = away(1 + term / c)
      fraction *= d * c
    }
    if abs(d * c - 1) < 1e-15 { break }
  }
  return fraction
}
