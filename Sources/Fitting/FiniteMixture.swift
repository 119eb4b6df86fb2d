import PortableMath

/// A law that is one of several with given probabilities. What follows from the components' own laws stands here; a
/// mixture adds its parameters and how it is estimated.
public protocol FiniteMixture: ParametricDistribution {
  /// The law of a component, on all positive values.
  associatedtype Component: ParametricDistribution

  /// Probabilities of the components; their sum is 1.
  var weights: [Double] { get }
  /// The logarithms of ``weights``.
  var logWeights: [Double] { get }
  /// As many as there are weights.
  var components: [Component] { get }
}

extension FiniteMixture {
  public static var isUsual: Bool { false }
  public var isInvertedBySearch: Bool { true }
  public var lowerBound: Double { 0 }
  public var upperBound: Double { .infinity }

  private func sum(_ part: (Component) -> Double) -> Double {
    var total = -Double.infinity
    for (weight, component) in zip(logWeights, components) {
      total = logAdd(total, weight + part(component))
    }
    return total
  }

  public func logDensity(_ x: Double) -> Double { sum { $0.logDensity(x) } }

  public func logSurvival(_ x: Double) -> Double {
    if x <= 0 { return 0 }
    let upper = sum { $0.logSurvival(x) }
    // Near the lower end the survival is 1 less what lies below.
    return upper < -0.01 ? min(0, upper) : log1mexp(min(0, sum { $0.logCDF(x) }))
  }

  public func quantile(logSurvival level: Double) -> Double {
    // It lies between the components' own.
    let own = components.map { $0.quantile(logSurvival: level) }
    let (low, high) = (own.min() ?? 0, own.max() ?? .infinity)
    guard level < 0, level > -.infinity, low > 0, high < .infinity else { return low }
    return solveQuantile(logSurvival: level, start: (low * high).squareRoot(), in: low...high)
  }

  public var mean: Double { zip(weights, components).reduce(0) { $0 + $1.0 * $1.1.mean } }

  public var variance: Double {
    let mean = mean
    return zip(weights, components).reduce(0) { sum, part in
      let away = part.1.mean - mean
      return sum + part.0 * (part.1.variance + away * away)
    }
  }

  public func sample<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Double {
    var u = generator.openUniform()
    for (weight, component) in zip(weights, components) {
      if u < weight { return component.sample(using: &generator) }
      u -= weight
    }
    return components[components.count - 1].sample(using: &generator)
  }

  /// The weights of w1, a1, b1, w2, a2, b2, … a, b: the last component has what the others leave.
  static func weights(of parameters: [Double], _ count: Int) throws(FittingError) -> [Double] {
    var weights: [Double] = []
    var rest = 1.0
    for place in 0..<count - 1 {
      let weight = parameters[3 * place]
      guard weight > 0, weight < rest else {
        throw .invalidParameter(
          law: Self.family.rawValue, parameter: "w\(place + 1)", value: weight,
          requirement: "above 0, and all together below 1")
      }
      weights.append(weight)
      rest -= weight
    }
    return weights + [rest]
  }
}
