import PortableMath

/// How the values of a sample are limited: not at all, by leaving out what lies outside an interval
/// (truncation), or by moving it to the nearer end (clamping).
public enum Limits: Hashable, Sendable, CustomStringConvertible {
  /// Every value is as it was drawn.
  case none
  /// Only values in the interval are seen; the law is conditional on it.
  case truncated(lower: Double, upper: Double)
  /// A value outside the interval is recorded as its nearer end: the ends are atoms.
  case clamped(lower: Double, upper: Double)

  /// The lower end; -infinity if there is none.
  public var lower: Double {
    switch self {
    case .none: -.infinity
    case .truncated(let lower, _), .clamped(let lower, _): lower
    }
  }

  /// The upper end; infinity if there is none.
  public var upper: Double {
    switch self {
    case .none: .infinity
    case .truncated(_, let upper), .clamped(_, let upper): upper
    }
  }

  /// As written in tables: "clamped to [0.5, 8]".
  public var description: String {
    switch self {
    case .none: "no limits"
    case .truncated(let lower, let upper): "truncated to [\(lower), \(upper)]"
    case .clamped(let lower, let upper): "clamped to [\(lower), \(upper)]"
    }
  }
}

/// `{"kind": "clamped", "lower": 0.5, "upper": 8}`; an infinite end is left out, since JSON has no
/// infinity.
extension Limits: Codable {
  private enum Key: String, CodingKey { case kind, lower, upper }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    let lower = try box.decodeIfPresent(Double.self, forKey: .lower) ?? -.infinity
    let upper = try box.decodeIfPresent(Double.self, forKey: .upper) ?? .infinity
    switch try box.decode(String.self, forKey: .kind) {
    case "none": self = .none
    case "truncated": self = .truncated(lower: lower, upper: upper)
    case "clamped": self = .clamped(lower: lower, upper: upper)
    case let kind:
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: box,
        debugDescription: "limits are 'none', 'truncated' or 'clamped', not '\(kind)'")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: Key.self)
    switch self {
    case .none: try box.encode("none", forKey: .kind)
    case .truncated: try box.encode("truncated", forKey: .kind)
    case .clamped: try box.encode("clamped", forKey: .kind)
    }
    if lower.isFinite { try box.encode(lower, forKey: .lower) }
    if upper.isFinite { try box.encode(upper, forKey: .upper) }
  }
}

/// A law conditional on an interval: P(X ≤ x | lower ≤ X ≤ upper).
public struct Truncated<Base: Distribution>: Distribution {
  /// The law before truncation.
  public let base: Base
  /// The least value kept; may be -infinity.
  public let lower: Double
  /// The greatest value kept; may be infinity.
  public let upper: Double
  private let logMass: Double
  private let logBelow: Double  // log P(X < lower)
  private let logAbove: Double  // log P(X > upper)

  /// Throws unless lower < upper and the interval has positive probability.
  public init(_ base: Base, lower: Double, upper: Double) throws(FittingError) {
    guard lower < upper else {
      throw .invalidParameter(
        law: "truncated", parameter: "upper", value: upper, requirement: "above lower (\(lower))")
    }
    self.base = base
    self.lower = lower
    self.upper = upper
    let atLower = base.mass(at: lower)
    logAbove = base.logSurvival(upper)
    let notBelow = logAdd(base.logSurvival(lower), log(atLower))
    logBelow = log1mexp(min(0, notBelow))
    logMass = logIntervalMass(
      logSurvivalLower: min(0, notBelow), logSurvivalUpper: logAbove)
    guard logMass > -.infinity else {
      throw .invalidParameter(
        law: "truncated", parameter: "interval", value: lower,
        requirement: "of positive probability under the base law")
    }
  }

  public var lowerBound: Double { max(lower, base.lowerBound) }
  public var upperBound: Double { min(upper, base.upperBound) }

  public func logDensity(_ x: Double) -> Double {
    x < lower || x > upper ? -.infinity : base.logDensity(x) - logMass
  }

  public func mass(at x: Double) -> Double {
    x < lower || x > upper ? 0 : base.mass(at: x) * exp(-logMass)
  }

  public func logSurvival(_ x: Double) -> Double {
    if x < lower { return 0 }
    if x >= upper { return -.infinity }
    let rest = logIntervalMass(
      logSurvivalLower: base.logSurvival(x), logSurvivalUpper: logAbove)
    let value = rest - logMass
    if value < -0.01 { return value }
    // Near the lower end the survival is 1 less the small mass below x.
    let below = logIntervalMass(
      logSurvivalLower: log1mexp(logBelow), logSurvivalUpper: base.logSurvival(x))
    return log1mexp(min(0, below - logMass))
  }

  public func quantile(logSurvival level: Double) -> Double {
    if level >= 0 { return lowerBound }
    // S_base(x) = S_base(upper) + e^level · mass, from the side with less cancellation.
    let upperSide = logAdd(logAbove, level + logMass)
    let lowerSide = logAdd(logBelow, log1mexp(level) + logMass)
    let target = upperSide < lowerSide ? upperSide : log1mexp(min(0, lowerSide))
    return min(max(base.quantile(logSurvival: min(0, target)), lowerBound), upperBound)
  }

  public var mean: Double {
    if upperBound == .infinity, base.mean == .infinity { return .infinity }
    return integrateOverProbability { p, q in
      q < p ? quantile(logSurvival: log(q)) : quantile(logSurvival: log1p(-p))
    }
  }

  public var variance: Double {
    if upperBound == .infinity, base.variance == .infinity { return .infinity }
    let mean = mean
    return integrateOverProbability { p, q in
      let d = (q < p ? quantile(logSurvival: log(q)) : quantile(logSurvival: log1p(-p))) - mean
      return d * d
    }
  }

  /// By rejection where the interval holds a fifth of the base law or more, else by inversion.
  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    guard logMass > -1.6 else { return quantile(logSurvival: -generator.standardExponential()) }
    while true {
      let x = base.sample(using: &generator)
      if x >= lower, x <= upper { return x }
    }
  }
}

/// A law whose values outside an interval are moved to its nearer end.
///
/// The ends are atoms: `mass(at: lower)` is P(X ≤ lower) of the base law, `mass(at: upper)` is
/// P(X ≥ upper), and the density between them is the base law's.
public struct Clamped<Base: Distribution>: Distribution {
  /// The law before clamping.
  public let base: Base
  /// What smaller values become; may be -infinity.
  public let lower: Double
  /// What greater values become; may be infinity.
  public let upper: Double

  /// Throws unless lower < upper.
  public init(_ base: Base, lower: Double, upper: Double) throws(FittingError) {
    guard lower < upper else {
      throw .invalidParameter(
        law: "clamped", parameter: "upper", value: upper, requirement: "above lower (\(lower))")
    }
    self.base = base
    self.lower = lower
    self.upper = upper
  }

  public var lowerBound: Double { min(max(lower, base.lowerBound), upper) }
  public var upperBound: Double { max(min(upper, base.upperBound), lower) }

  public func logDensity(_ x: Double) -> Double {
    x <= lower || x >= upper ? -.infinity : base.logDensity(x)
  }

  public func mass(at x: Double) -> Double {
    if x < lower || x > upper { return 0 }
    if x == lower { return base.cdf(lower) }
    if x == upper { return base.survival(upper) + base.mass(at: upper) }
    return base.mass(at: x)
  }

  public func logSurvival(_ x: Double) -> Double {
    if x < lower { return 0 }
    return x >= upper ? -.infinity : base.logSurvival(x)
  }

  public func quantile(logSurvival level: Double) -> Double {
    min(max(base.quantile(logSurvival: level), lower), upper)
  }

  public var mean: Double {
    if upperBound == .infinity, base.mean == .infinity { return .infinity }
    return expectation { $0 }
  }

  public var variance: Double {
    if upperBound == .infinity, base.variance == .infinity { return .infinity }
    let mean = mean
    return expectation { ($0 - mean) * ($0 - mean) }
  }

  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    min(max(base.sample(using: &generator), lower), upper)
  }

  /// E[g(X)]: the atoms and, between them, the truncated law's.
  private func expectation(_ g: (Double) -> Double) -> Double {
    let below = lower == -.infinity ? 0 : mass(at: lower)
    let above = upper == .infinity ? 0 : mass(at: upper)
    var sum = 0.0
    if below > 0 { sum += below * g(lower) }
    if above > 0 { sum += above * g(upper) }
    let inside = 1 - below - above
    guard inside > 0, let middle = try? Truncated(base, lower: lower, upper: upper) else {
      return sum
    }
    return sum
      + inside
      * integrateOverProbability { p, q in
        g(
          q < p ? middle.quantile(logSurvival: log(q)) : middle.quantile(logSurvival: log1p(-p)))
      }
  }
}

extension Truncated: Equatable where Base: Equatable {}
extension Truncated: Hashable where Base: Hashable {}
extension Clamped: Equatable where Base: Equatable {}
extension Clamped: Hashable where Base: Hashable {}

/// log(S(lower) - S(upper)) from the logarithms of the two survivals, without cancellation where
/// both are near 1.
func logIntervalMass(logSurvivalLower a: Double, logSurvivalUpper b: Double) -> Double {
  if b == -.infinity { return a }
  if a > -0.6931471805599453, b > -0.6931471805599453 {
    // F(upper) - F(lower), the two small numbers
    let (low, high) = (log1mexp(a), log1mexp(b))
    return high + log1mexp(min(0, low - high))
  }
  return a + log1mexp(min(0, b - a))
}
