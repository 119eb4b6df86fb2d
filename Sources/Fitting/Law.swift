/// The families of laws that can be fitted, in the order tables show them.
public enum Family: String, CaseIterable, Sendable, Codable, Hashable {
  /// Density ∝ x^-(shape + 1) from the scale on.
  case pareto
  /// The logarithm is normal.
  case lognormal
  /// Constant hazard.
  case exponential
  /// Survival exp(-(x/scale)^shape): the stretched exponential.
  case weibull
  /// Density ∝ x^(shape - 1) e^(-x/scale).
  case gamma
  /// Density ∝ x^-exponent e^(-rate·x) from the scale on.
  case truncatedPowerLaw = "truncated-power-law"
  /// The logarithm is logistic.
  case logLogistic = "log-logistic"
  /// The limit law of excesses over a threshold.
  case generalizedPareto = "generalized-pareto"
  /// Constant density between two ends.
  case uniform

  /// Names of the parameters, in the order of ``Law/parameters``.
  public var parameterNames: [String] {
    switch self {
    case .pareto: ["shape", "scale"]
    case .lognormal: ["mu", "sigma"]
    case .exponential: ["rate"]
    case .weibull, .gamma, .logLogistic: ["shape", "scale"]
    case .truncatedPowerLaw: ["exponent", "rate", "scale"]
    case .generalizedPareto: ["shape", "scale", "location"]
    case .uniform: ["lower", "upper"]
    }
  }
}

/// Any law, as data: what a profile stores and generation draws from.
///
/// In JSON: `{"family": "lognormal", "parameters": {"mu": 2, "sigma": 1},
/// "limits": {"clamped": {"lower": 1, "upper": 32}}}`.
public enum Law: Distribution, Hashable {
  /// See ``Pareto``.
  case pareto(Pareto)
  /// See ``Lognormal``.
  case lognormal(Lognormal)
  /// See ``Exponential``.
  case exponential(Exponential)
  /// See ``Weibull``.
  case weibull(Weibull)
  /// See ``Gamma``.
  case gamma(Gamma)
  /// See ``TruncatedPowerLaw``.
  case truncatedPowerLaw(TruncatedPowerLaw)
  /// See ``LogLogistic``.
  case logLogistic(LogLogistic)
  /// See ``GeneralizedPareto``.
  case generalizedPareto(GeneralizedPareto)
  /// See ``Uniform``.
  case uniform(Uniform)
  /// See ``Empirical``.
  case empirical(Empirical)
  /// Conditional on an interval.
  indirect case truncated(Truncated<Law>)
  /// With values outside an interval moved to its ends.
  indirect case clamped(Clamped<Law>)

  /// The law of `family` with `parameters` in the order of ``Family/parameterNames``; throws where
  /// their number or a value is wrong.
  public init(_ family: Family, _ parameters: [Double]) throws(FittingError) {
    guard parameters.count == family.parameterNames.count else {
      throw .notApplicable(
        "\(family.rawValue) has \(family.parameterNames.count) parameters, not \(parameters.count)")
    }
    let p = parameters
    switch family {
    case .pareto: self = .pareto(try Pareto(shape: p[0], scale: p[1]))
    case .lognormal: self = .lognormal(try Lognormal(mu: p[0], sigma: p[1]))
    case .exponential: self = .exponential(try Exponential(rate: p[0]))
    case .weibull: self = .weibull(try Weibull(shape: p[0], scale: p[1]))
    case .gamma: self = .gamma(try Gamma(shape: p[0], scale: p[1]))
    case .truncatedPowerLaw:
      self = .truncatedPowerLaw(try TruncatedPowerLaw(exponent: p[0], rate: p[1], scale: p[2]))
    case .logLogistic: self = .logLogistic(try LogLogistic(shape: p[0], scale: p[1]))
    case .generalizedPareto:
      self = .generalizedPareto(try GeneralizedPareto(shape: p[0], scale: p[1], location: p[2]))
    case .uniform: self = .uniform(try Uniform(lower: p[0], upper: p[1]))
    }
  }

  /// This law under `limits`.
  public func limited(by limits: Limits) throws(FittingError) -> Law {
    switch limits {
    case .none: self
    case .truncated(let lower, let upper):
      .truncated(try Truncated(self, lower: lower, upper: upper))
    case .clamped(let lower, let upper): .clamped(try Clamped(self, lower: lower, upper: upper))
    }
  }

  /// The family of the law, limits aside; nil for an empirical one.
  public var family: Family? {
    switch self {
    case .pareto: .pareto
    case .lognormal: .lognormal
    case .exponential: .exponential
    case .weibull: .weibull
    case .gamma: .gamma
    case .truncatedPowerLaw: .truncatedPowerLaw
    case .logLogistic: .logLogistic
    case .generalizedPareto: .generalizedPareto
    case .uniform: .uniform
    case .empirical: nil
    case .truncated(let law): law.base.family
    case .clamped(let law): law.base.family
    }
  }

  /// The parameters, in the order of ``Family/parameterNames``; the values of an empirical law.
  public var parameters: [Double] {
    switch self {
    case .pareto(let law): [law.shape, law.scale]
    case .lognormal(let law): [law.mu, law.sigma]
    case .exponential(let law): [law.rate]
    case .weibull(let law): [law.shape, law.scale]
    case .gamma(let law): [law.shape, law.scale]
    case .truncatedPowerLaw(let law): [law.exponent, law.rate, law.scale]
    case .logLogistic(let law): [law.shape, law.scale]
    case .generalizedPareto(let law): [law.shape, law.scale, law.location]
    case .uniform(let law): [law.lower, law.upper]
    case .empirical(let law): law.values
    case .truncated(let law): law.base.parameters
    case .clamped(let law): law.base.parameters
    }
  }

  /// The outermost limits of the law.
  public var limits: Limits {
    switch self {
    case .truncated(let law): .truncated(lower: law.lower, upper: law.upper)
    case .clamped(let law): .clamped(lower: law.lower, upper: law.upper)
    default: .none
    }
  }

  private var base: any Distribution {
    switch self {
    case .pareto(let law): law
    case .lognormal(let law): law
    case .exponential(let law): law
    case .weibull(let law): law
    case .gamma(let law): law
    case .truncatedPowerLaw(let law): law
    case .logLogistic(let law): law
    case .generalizedPareto(let law): law
    case .uniform(let law): law
    case .empirical(let law): law
    case .truncated(let law): law
    case .clamped(let law): law
    }
  }

  public var lowerBound: Double { base.lowerBound }
  public var upperBound: Double { base.upperBound }
  public func logDensity(_ x: Double) -> Double { base.logDensity(x) }
  public func logSurvival(_ x: Double) -> Double { base.logSurvival(x) }
  public func mass(at x: Double) -> Double { base.mass(at: x) }
  public func quantile(logSurvival level: Double) -> Double { base.quantile(logSurvival: level) }
  public var mean: Double { base.mean }
  public var variance: Double { base.variance }
  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    base.sample(using: &generator)
  }
}

extension Law: Codable {
  private enum Key: String, CodingKey {
    case family, parameters, limits, values, interpolation
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    let limits = try box.decodeIfPresent(Limits.self, forKey: .limits) ?? .none
    let name = try box.decode(String.self, forKey: .family)
    let law: Law
    do {
      if name == "empirical" {
        law = .empirical(
          try Empirical(
            try box.decode([Double].self, forKey: .values),
            interpolation: try box.decode(Empirical.Interpolation.self, forKey: .interpolation)))
      } else if let family = Family(rawValue: name) {
        let named = try box.nestedContainer(keyedBy: Name.self, forKey: .parameters)
        law = try Law(
          family,
          try family.parameterNames.map {
            try named.decode(Double.self, forKey: Name(stringValue: $0))
          })
      } else {
        throw FittingError.notApplicable("no family is called '\(name)'")
      }
      self = try law.limited(by: limits)
    } catch let error as FittingError {
      throw DecodingError.dataCorruptedError(
        forKey: .family, in: box, debugDescription: error.description)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: Key.self)
    if limits != .none { try box.encode(limits, forKey: .limits) }
    guard let family else {
      try box.encode("empirical", forKey: .family)
      try box.encode(parameters, forKey: .values)
      var law = self
      while true {
        switch law {
        case .truncated(let inner): law = inner.base
        case .clamped(let inner): law = inner.base
        case .empirical(let inner):
          return try box.encode(inner.interpolation, forKey: .interpolation)
        default: return
        }
      }
    }
    try box.encode(family, forKey: .family)
    var named = box.nestedContainer(keyedBy: Name.self, forKey: .parameters)
    for (name, value) in zip(family.parameterNames, parameters) {
      try named.encode(value, forKey: Name(stringValue: name))
    }
  }
}
