/// Any law, as data: what a profile stores and generation draws from.
///
/// In JSON: `{"family": "lognormal", "parameters": {"mu": 2, "sigma": 1},
/// "limits": {"clamped": {"lower": 1, "upper": 32}}}`.
public enum Law: Distribution {
  /// One of a family.
  case parametric(any ParametricDistribution)
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
    self = .parametric(try family.make(parameters))
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
    case .parametric(let law): type(of: law).family
    case .empirical: nil
    case .truncated(let law): law.base.family
    case .clamped(let law): law.base.family
    }
  }

  /// The parameters, in the order of ``Family/parameterNames``; the values of an empirical law.
  public var parameters: [Double] {
    switch self {
    case .parametric(let law): law.parameters
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

  /// The law of `factor` (> 0) times a value of this one.
  ///
  /// - Throws: of a law of whole numbers, for factors other than 1.
  public func scaled(by factor: Double) throws(FittingError) -> Law {
    switch self {
    case .parametric(let law):
      if factor == 1 { return self }
      guard !type(of: law).isDiscrete else {
        throw .notApplicable(
          "\(type(of: law).family.rawValue) is a law of whole numbers: it cannot be stretched")
      }
      return try Law(type(of: law).family, law.scaledParameters(by: factor))
    case .empirical(let law):
      return .empirical(
        try Empirical(law.values.map { $0 * factor }, interpolation: law.interpolation))
    case .truncated(let law):
      return .truncated(
        try Truncated(
          law.base.scaled(by: factor), lower: law.lower * factor, upper: law.upper * factor))
    case .clamped(let law):
      return .clamped(
        try Clamped(
          law.base.scaled(by: factor), lower: law.lower * factor, upper: law.upper * factor))
    }
  }

  /// This law with another tail index: P(X > x) falls as x^-index. The least value of a Pareto and
  /// the scale of the others stay.
  ///
  /// - Throws: for families without such a tail.
  public func withTailIndex(_ index: Double) throws(FittingError) -> Law {
    switch self {
    case .parametric(let law):
      if let parameters = law.parameters(tailIndex: index) {
        return try Law(type(of: law).family, parameters)
      }
    case .empirical: break
    case .truncated(let law):
      return .truncated(
        try Truncated(law.base.withTailIndex(index), lower: law.lower, upper: law.upper))
    case .clamped(let law):
      return .clamped(
        try Clamped(law.base.withTailIndex(index), lower: law.lower, upper: law.upper))
    }
    let tailed = Family.allCases.filter(\.hasTailIndex).map(\.rawValue)
    throw .notApplicable(
      "only \(tailed.dropLast().joined(separator: ", ")) and \(tailed.last ?? "none") have a tail "
        + "index, not \(family?.rawValue ?? "an empirical law")")
  }

  private var base: any Distribution {
    switch self {
    case .parametric(let law): law
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

extension Family {
  /// Whether its tail is a power of x.
  public var hasTailIndex: Bool {
    examples.first.flatMap { try? make($0).parameters(tailIndex: 2) } != nil
  }
}

extension Law: Hashable {
  /// Whether they are of one family, or both empirical, and have the same parameters and limits.
  public static func == (a: Law, b: Law) -> Bool {
    switch (a, b) {
    case (.parametric(let a), .parametric(let b)):
      type(of: a).family == type(of: b).family && a.parameters == b.parameters
    case (.empirical(let a), .empirical(let b)): a == b
    case (.truncated(let a), .truncated(let b)): a == b
    case (.clamped(let a), .clamped(let b)): a == b
    default: false
    }
  }

  /// What ``==(_:_:)`` compares, the limits' kind aside.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(family)
    hasher.combine(parameters)
    hasher.combine(limits.lower)
    hasher.combine(limits.upper)
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
