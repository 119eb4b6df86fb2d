import Fitting
import Foundation

/// Student's t distribution.
public struct StudentT: Hashable, Sendable {
  /// Degrees of freedom (> 0).
  public let degrees: Double

  /// The distribution with so many degrees of freedom.
  ///
  /// - Precondition: `degrees` is positive.
  public init(degrees: Double) {
    precondition(degrees > 0, "degrees of freedom are positive")
    self.degrees = degrees
  }

  /// P(T > t), accurate to about 1e-14 of itself.
  public func survival(_ t: Double) -> Double {
    if t == 0 { return 0.5 }
    let x = degrees / (degrees + t * t)
    // Of the two tails of the beta law, the one that loses no digits.
    let tail =
      t * t < degrees
      ? 0.5 * (1 - incompleteBeta(0.5, degrees / 2, t * t / (degrees + t * t)))
      : 0.5 * incompleteBeta(degrees / 2, 0.5, x)
    return t > 0 ? tail : 1 - tail
  }

  /// The t with P(T > t) = `tail`, for `tail` in (0, 0.5].
  public func quantile(upperTail tail: Double) -> Double {
    guard tail < 0.5 else { return 0 }
    guard tail > 0 else { return .infinity }
    var (low, high) = (0.0, 1.0)
    while survival(high) > tail { (low, high) = (high, high * 2) }
    // Bisection on a monotone function: 60 halvings reach the last bits.
    for _ in 0..<80 {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { break }
      if survival(middle) > tail { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }
}

/// The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction (Abramowitz and
/// Stegun 26.5.8).
func incompleteBeta(_ a: Double, _ b: Double, _ x: Double) -> Double {
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  // The fraction converges fast below the mean only.
  if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(b, a, 1 - x) }
  let front =
    exp(
      logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)) / a
  let tiny = 1e-300
  var c = 1.0
  var d = 1 - (a + b) * x / (a + 1)
  d = 1 / (abs(d) < tiny ? tiny : d)
  var fraction = d
  for m in 1...500 {
    let m = Double(m)
    for numerator in [
      m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
      -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
    ] {
      d = 1 + numerator * d
      d = 1 / (abs(d) < tiny ? tiny : d)
      c = 1 + numerator / c
      if abs(c) < tiny { c = tiny }
      fraction *= d * c
    }
    if abs(d * c - 1) < 1e-16 { break }
  }
  return front * fraction
}

/// Φ(z), the standard normal distribution function.
func normalCDF(_ z: Double) -> Double { 0.5 * erfc(-z * 0.7071067811865476) }

/// The z with Φ(z) = `p`, for `p` in [0, 1].
func normalQuantile(_ p: Double) -> Double {
  p <= 0.5 ? -normalQuantile(logSurvival: log(p)) : normalQuantile(logSurvival: log1p(-p))
}
