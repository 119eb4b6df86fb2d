#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A parameter as estimated.
public struct Estimate: Sendable, Equatable, Codable {
  /// The parameter's name, as in ``Family/parameterNames``.
  public let name: String
  /// The maximum-likelihood estimate.
  public let value: Double
  /// Standard error; 0 for a parameter that was given, not estimated.
  public let standardError: Double
  /// Ends of the 95 % confidence interval.
  public let lower95: Double
  /// See `lower95`.
  public let upper95: Double
}

/// A law fitted to a sample by maximum likelihood, with what a reader must know of it.
public struct Fit: Sendable, Equatable, Codable {
  /// The family.
  public let family: Family
  /// The fitted law, including the declared limits.
  public let law: Law
  /// The parameters of the law before the limits, with their uncertainty.
  public let parameters: [Estimate]
  /// log-likelihood at the maximum (natural logarithm, of all observations).
  public let logLikelihood: Double
  /// How many parameters were estimated.
  public let freeParameters: Int
  /// How many observations, censored ones included.
  public let count: Int
  /// How many of them were right-censored.
  public let censored: Int
  /// Iterations of the search; 0 for a closed form.
  public let iterations: Int
  /// The largest component of the gradient of the mean log-likelihood at the end.
  public let gradientNorm: Double
  /// What must be said beside the numbers.
  public let warnings: [String]

  /// Akaike's information criterion, 2k - 2 log L.
  public var aic: Double { 2 * Double(freeParameters) - 2 * logLikelihood }
  /// Bayes's (Schwarz's) information criterion, k log n - 2 log L.
  public var bic: Double { Double(freeParameters) * log(Double(count)) - 2 * logLikelihood }

  /// The searched parameters in the search's coordinates; nil where there is no search.
  var coordinates: [Double]? {
    guard let model = family.likelihood else { return nil }
    return zip(model.coordinates, parameters).map { coordinate, estimate in
      if case .direct = coordinate { estimate.value } else { log(estimate.value) }
    }
  }

  /// The estimate called `name`; nil if the family has no such parameter.
  public subscript(name: String) -> Estimate? { parameters.first { $0.name == name } }
}

extension Sequence where Element == Fit {
  /// The fits, best first by AIC; ties keep the order of the families.
  public func ranked() -> [Fit] {
    enumerated().sorted { ($0.element.aic, $0.offset) < ($1.element.aic, $1.offset) }
      .map(\.element)
  }
}

extension Estimate {
  /// A parameter that was given.
  static func given(_ name: String, _ value: Double) -> Estimate {
    Estimate(name: name, value: value, standardError: 0, lower95: value, upper95: value)
  }

  /// Searched for as it is, with a Wald interval.
  static func direct(_ name: String, _ value: Double, error: Double) -> Estimate {
    Estimate(
      name: name, value: value, standardError: error, lower95: value - 1.959963984540054 * error,
      upper95: value + 1.959963984540054 * error)
  }

  /// Searched for as its logarithm, whose standard error is `logError`: the interval is Wald's on
  /// the logarithm, so it stays positive.
  static func logarithmic(_ name: String, _ value: Double, logError: Double) -> Estimate {
    let factor = exp(1.959963984540054 * logError)
    return Estimate(
      name: name, value: value, standardError: value * logError, lower95: value / factor,
      upper95: value * factor)
  }
}
