#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A power-law tail against another law of the same tail, by their likelihood ratio.
public struct TailComparison: Sendable, Equatable, Codable {
  /// What the test says at a level of 0.1, the level of Clauset, Shalizi and Newman.
  public enum Verdict: String, Sendable, Codable {
    case powerLaw = "power law preferred"
    case alternative = "alternative preferred"
    case undecided
  }

  /// The other law.
  public let alternative: TailAlternative
  /// Its parameters by name; empty where the likelihood has its supremum at the power law.
  public let parameters: [String: Double]
  /// log-likelihood of the tail under the alternative.
  public let logLikelihood: Double
  /// R = log L(power law) - log L(alternative): positive favours the power law.
  public let ratio: Double
  /// R divided by its standard deviation √(n·var) (Vuong 1989); 0 where that is 0.
  public let normalizedRatio: Double
  /// The probability of so large an |R| if both were equally close: erfc(|R|/√(2n·var)); for the
  /// nested truncated power law P(χ²₁ > 2|R|), conservative since the cutoff rate is at the edge.
  public let pValue: Double
  /// Whether the alternative fits best as its own limit, the power law: R is then 0 and p is 1.
  public let isPowerLawLimit: Bool

  /// The verdict at a level.
  public func verdict(level: Double = 0.1) -> Verdict {
    if pValue >= level || ratio == 0 { return .undecided }
    return ratio > 0 ? .powerLaw : .alternative
  }

  /// The verdict in words: "lognormal preferred to power law, R = -16.1, p = 4.3e-04".
  public func sentence(level: Double = 0.1) -> String {
    if isPowerLawLimit {
      return "\(alternative.rawValue) comes no closer than the power law, its own limit"
    }
    let figures = "R = \(short(ratio)), p = \(short(pValue))"
    return switch verdict(level: level) {
    case .powerLaw: "power law preferred to \(alternative.rawValue), \(figures)"
    case .alternative: "\(alternative.rawValue) preferred to power law, \(figures)"
    case .undecided: "power law and \(alternative.rawValue) not told apart, \(figures)"
    }
  }
}

/// Three significant digits.
func short(_ value: Double) -> String {
  guard value != 0, value.isFinite else { return "\(value)" }
  let exponent = log10(abs(value)).rounded(.down)
  if exponent >= -3, exponent < 6 {
    let unit = pow(10, min(0, exponent - 2) * -1)
    let scaled = (value * unit).rounded() / unit
    return scaled == scaled.rounded() && abs(scaled) < 1e15 ? "\(Int(scaled))" : "\(scaled)"
  }
  let mantissa = (value / pow(10, exponent) * 100).rounded() / 100
  return "\(mantissa)e\(Int(exponent))"
}

extension TailSample {
  /// Compares the tail's power law with `alternative` on the same values, each at its own maximum
  /// likelihood (Clauset, Shalizi and Newman 2009, section 5; Vuong 1989). O(m) an iteration.
  public func compare(
    _ tail: PowerLawTail, with alternative: TailAlternative
  ) throws(FittingError) -> TailComparison {
    let anchor = log(tail.xmin)
    let start = values.count - tail.tailCount
    let t = logs[start...].map { max(0, $0 - anchor) }
    let fit: TailFit
    switch alternative {
    case .lognormal: fit = try .lognormal(t, xmin: tail.xmin)
    case .exponential: fit = try .exponential(t, xmin: tail.xmin)
    case .stretchedExponential: fit = try .stretchedExponential(t, xmin: tail.xmin)
    case .truncatedPowerLaw: fit = try .truncatedPowerLaw(t, xmin: tail.xmin)
    }
    // Densities of x are those of t less ln x.
    let n = Double(t.count)
    let logSum = compensatedSum(logs[start...])
    let other = compensatedSum(t.lazy.map { fit.logDensity($0) })
    if fit.isPowerLawLimit {
      return TailComparison(
        alternative: alternative, parameters: [:], logLikelihood: other - logSum, ratio: 0,
        normalizedRatio: 0, pValue: 1, isPowerLawLimit: true)
    }
    let logShape = log(tail.shape)
    let shape = tail.shape
    var moments = Moments()
    for value in t { moments.add(logShape - shape * value - fit.logDensity(value)) }
    let ratio = compensatedSum(t.lazy.map { logShape - shape * $0 - fit.logDensity($0) })
    let deviation = (n * moments.variance).squareRoot()
    let normalized = deviation > 0 ? ratio / deviation : 0
    let pValue =
      alternative.containsPowerLaw
      ? chiSquareSurvival(2 * abs(ratio), degrees: 1)
      : deviation > 0 ? erfc(abs(normalized) * 0.7071067811865476) : 1
    return TailComparison(
      alternative: alternative,
      parameters: Dictionary(uniqueKeysWithValues: fit.parameters.map { ($0.name, $0.value) }),
      logLikelihood: other - logSum, ratio: ratio, normalizedRatio: normalized, pValue: pValue,
      isPowerLawLimit: false)
  }

  /// log-likelihood of the tail under its power law.
  public func logLikelihood(of tail: PowerLawTail) -> Double {
    let anchor = log(tail.xmin)
    let part = logs[(values.count - tail.tailCount)...]
    let t = compensatedSum(part.lazy.map { $0 - anchor })
    return Double(tail.tailCount) * log(tail.shape) - tail.shape * t - compensatedSum(part)
  }
}
