import PortableMath

/// A probability law on the real line, as a value.
///
/// # Requirements on conformers
/// 1. Parameters are checked at construction, by throwing; a value that exists is a valid law.
/// 2. `logSurvival` is accurate in relative terms everywhere: a survival of 1e-300 is not 0, and
///    where the survival is near 1 its logarithm is the small negative number it should be. The
///    CDF is derived from it.
/// 3. A law may have atoms. `mass(at:)` is then the probability of a point and `logDensity` that
///    of the continuous part alone, which integrates to 1 less the atoms. `cdf` is P(X ≤ x) and
///    `survival` is P(X > x), so they always add up to 1.
/// 4. Sampling uses the generator it is handed and nothing else.
///
/// ```swift
/// let law = try Lognormal(mu: 2, sigma: 1)
/// law.survival(1e9)                   // 1.5e-79
/// let draw = law.sample(using: &rng)
/// ```
public protocol Distribution: Sendable {
  /// The least value the law takes (its infimum); may be -infinity.
  var lowerBound: Double { get }
  /// The greatest value the law takes (its supremum); may be +infinity.
  var upperBound: Double { get }
  /// log f(x), the natural logarithm of the density of the continuous part; -infinity outside.
  func logDensity(_ x: Double) -> Double
  /// log P(X > x).
  func logSurvival(_ x: Double) -> Double
  /// P(X = x); 0 for a continuous law.
  func mass(at x: Double) -> Double
  /// The least x with log P(X > x) ≤ `level`, for `level` ≤ 0: every quantile, told apart however
  /// close to either end it lies.
  func quantile(logSurvival level: Double) -> Double
  /// E[X]; +infinity where it diverges.
  var mean: Double { get }
  /// Var[X]; +infinity where it diverges, NaN never.
  var variance: Double { get }
  /// A random value.
  func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double
}

extension Distribution {
  /// The density of the continuous part, f(x).
  public func density(_ x: Double) -> Double { exp(logDensity(x)) }
  /// P(X > x).
  public func survival(_ x: Double) -> Double { exp(logSurvival(x)) }
  /// P(X ≤ x).
  public func cdf(_ x: Double) -> Double { -expm1(logSurvival(x)) }
  /// log P(X ≤ x), accurate in the lower tail.
  public func logCDF(_ x: Double) -> Double { log1mexp(logSurvival(x)) }
  /// P(X = x): none, unless the law says otherwise.
  public func mass(at x: Double) -> Double { 0 }

  /// The least x with P(X ≤ x) ≥ `p`. `p` must lie in 0...1.
  public func quantile(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "a probability lies in 0...1")
    return quantile(logSurvival: log1p(-p))
  }

  /// The x exceeded with probability `q` (in 0...1): `quantile(1 - q)`, accurate for tiny `q`.
  public func upperQuantile(_ q: Double) -> Double {
    precondition(q >= 0 && q <= 1, "a probability lies in 0...1")
    return quantile(logSurvival: log(q))
  }

  /// By inversion.
  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    quantile(logSurvival: -generator.standardExponential())
  }

  /// E[X^order] of a law on the positive axis whose moments have no closed form: ∫ q(e^-t)^order e^-t dt over the
  /// quantiles, by the trapezium rule in log t. Relative error about 1e-10 of smooth laws.
  ///
  /// Whether the moment exists is for the law to say: of a tail that falls as x^-a it is infinite for orders of a
  /// and more, which no quadrature sees.
  public func momentByQuadrature(_ order: Double) -> Double {
    let step = 1.0 / 32
    var sum = 0.0
    for place in -1280...208 {
      let s = Double(place) * step
      let t = exp(s)
      let x = quantile(logSurvival: -t)
      if x > 0 { sum += exp(order * log(x) - t + s) }
    }
    return sum * step
  }

  /// Solves log S(x) = `level` for x > 0 by Newton steps in log x kept inside a bracket; for
  /// laws on the positive axis whose quantiles have no closed form.
  ///
  /// - Parameters:
  ///   - level: log P(X > x), at most 0.
  ///   - start: a guess, more than 0.
  ///   - range: where it is known to lie, if it is.
  public func solveQuantile(
    logSurvival level: Double, start: Double, in range: ClosedRange<Double>? = nil
  ) -> Double {
    if level >= 0 { return lowerBound }
    if level == -.infinity { return upperBound }
    // Compare on the scale of the smaller tail, so that both ends keep their relative accuracy.
    let isLower = level > -0.6931471805599453
    let target = isLower ? log(-expm1(level)) : level
    var (low, high) = (-745.0, 709.0)
    if lowerBound > 0 { low = log(lowerBound) }
    if upperBound < .infinity { high = log(upperBound) }
    if let range {
      (low, high) = (log(range.lowerBound) - 1e-9, log(range.upperBound) + 1e-9)
    }
    var y = min(max(log(start), low), high)
    for _ in 0..<200 {
      let x = exp(y)
      let logS = logSurvival(x)
      let logTail = isLower ? log1mexp(logS) : logS
      let excess = isLower ? logTail - target : target - logTail  // > 0: x is too large
      if excess == 0 { return x }
      if excess > 0 { high = y } else { low = y }
      let slope = exp(logDensity(x) + y - logTail)  // |d log tail / d log x|
      var next = y - excess / slope
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      if abs(next - y) <= 1e-15 * max(1, abs(next)) { return exp(next) }
      y = next
    }
    return exp(y)
  }
}

extension RandomNumberGenerator {
  /// Uniform on (0, 1), never an end.
  @inlinable
  package mutating func openUniform() -> Double { (Double(next() >> 12) + 0.5) * 0x1p-52 }

  /// Exponential with mean 1, by inversion.
  @inlinable
  package mutating func standardExponential() -> Double { -log(openUniform()) }

  /// Standard normal, by Marsaglia's polar method; the second of each pair is dropped, so that a
  /// draw depends on nothing but the generator.
  @inlinable
  package mutating func standardNormal() -> Double {
    while true {
      let u = 2 * openUniform() - 1
      let v = 2 * openUniform() - 1
      let s = u * u + v * v
      if s < 1, s > 0 { return u * (-2 * log(s) / s).squareRoot() }
    }
  }
}
