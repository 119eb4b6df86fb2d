import PortableMath

/// A mixture of Erlang laws: with probability wⱼ the sum of `shapeⱼ` exponential times of rate `rateⱼ`: a law of phase type,
/// dense in all laws of positive values (Thümmler, Buchholz and Telek, "A novel approach for phase-type fitting with the EM
/// algorithm", IEEE Transactions on Dependable and Secure Computing 3, 2006). The last weight is what the others leave.
///
/// Estimated by expectation and maximisation for the weights and rates; the shapes are the best of those tried on two
/// thousand of the values.
public struct HyperErlang<Size: MixtureCount>: FiniteMixture {
  public let weights: [Double]
  public let logWeights: [Double]
  public let components: [Gamma]

  /// w1, shape1, rate1, w2, shape2, rate2, … shape, rate. Throws unless weights are above 0 and leave something for the last,
  /// shapes are whole from 1 on and rates positive.
  public init(parameters: [Double]) throws(FittingError) {
    weights = try Self.weights(of: parameters, Size.count)
    logWeights = weights.map { log($0) }
    var components: [Gamma] = []
    for place in 0..<Size.count {
      let first = place < Size.count - 1 ? 3 * place + 1 : 3 * place
      let (shape, rate) = (parameters[first], parameters[first + 1])
      guard shape >= 1, shape <= 1e6, shape == shape.rounded() else {
        throw .invalidParameter(
          law: Self.family.rawValue, parameter: "shape\(place + 1)", value: shape,
          requirement: "a whole number from 1 to 1000000")
      }
      try requirePositive(rate, "rate\(place + 1)", of: Self.family.rawValue)
      components.append(try Gamma(shape: shape, scale: 1 / rate))
    }
    self.components = components
  }

  public var parameters: [Double] {
    zip(weights, components).enumerated().flatMap { place, part in
      (place < Size.count - 1 ? [part.0] : []) + [part.1.shape, 1 / part.1.scale]
    }
  }
}

extension HyperErlang {
  public static var family: Family {
    let names = (1...Size.count).flatMap { place in
      (place < Size.count ? ["w\(place)"] : []) + ["shape\(place)", "rate\(place)"]
    }
    var example: [Double] = []
    for place in 0..<Size.count {
      if place < Size.count - 1 { example.append(1.2 / Double(Size.count + place)) }
      example += [Double(1 + 2 * place), place == 0 ? 2 : place == 1 ? 0.15 : 0.02]
    }
    return Family(
      "hyper-erlang-\(Size.count)", parameters: names, examples: [example],
      HyperErlang<Size>.self, needed: 3 * Size.count,
      estimate: { (sample: Sample, options: FitOptions) throws(FittingError) in
        try sample.fitHyperErlang(Size.self, options)
      })
  }

  public func scaledParameters(by factor: Double) -> [Double] {
    var parameters = parameters
    for place in 0..<Size.count {
      parameters[place < Size.count - 1 ? 3 * place + 2 : 3 * place + 1] /= factor
    }
    return parameters
  }
}

extension Family {
  /// Mixtures of so many Erlang laws. See ``HyperErlang``.
  public static var hyperErlang2: Family { HyperErlang<TwoComponents>.family }
  public static var hyperErlang3: Family { HyperErlang<ThreeComponents>.family }
}

extension Sample {
  /// Shapes that are tried; of more than one component in ascending order of the means.
  private static var erlangShapes: [Double] { [1, 2, 3, 5, 8, 13, 21, 50, 120] }

  fileprivate func fitHyperErlang<Size: MixtureCount>(
    _ size: Size.Type, _ options: FitOptions
  ) throws(FittingError) -> Fit {
    typealias EM = MixtureEM<ErlangComponent>
    let family = HyperErlang<Size>.family
    let few = EM(self, limit: 2000)
    let sorted = sortedAscending(values)
    // Parts of equally many values begin; all combinations of shapes, of which the better half goes on.
    var combinations: [[Double]] = [[]]
    for _ in 0..<Size.count {
      combinations = combinations.flatMap { known in Self.erlangShapes.map { known + [$0] } }
    }
    var field = combinations.map { shapes -> EM.State in
      let components = shapes.enumerated().map { place, shape in
        let part = sorted[
          (place * sorted.count / Size.count)..<((place + 1) * sorted.count / Size.count)]
        let mean = part.reduce(0, +) / Double(max(1, part.count))
        return ErlangComponent(shape: shape, rate: shape / mean)
      }
      return EM.State(
        weights: Array(repeating: 1 / Double(Size.count), count: Size.count),
        components: components)
    }
    var steps = 4
    while field.count > 1, !Task.isCancelled {
      field = field.map { few.climb(from: $0, gain: 1e-7, limit: steps) }
      field.sort { $0.value > $1.value }
      field = Array(field.prefix(field.count > 4 ? (field.count + 3) / 4 : 1))
      steps *= 3
    }
    guard let start = field.first, start.value > -.infinity else {
      throw .notConverged(family: family, iterations: 0, gradientNorm: .infinity)
    }
    let all = EM(self)
    var top = all.climb(from: start, gain: 1e-7, limit: 200)
    // Shapes next to those: one step up or down each, as long as the likelihood rises.
    var improved = true
    while improved, !Task.isCancelled {
      improved = false
      for place in 0..<Size.count {
        for change in [-1.0, 1] {
          var other = top
          let known = other.components[place]
          let shape = known.shape + change
          guard shape >= 1 else { continue }
          other.components[place] = ErlangComponent(
            shape: shape, rate: known.rate * shape / known.shape)
          other.steps = 0
          let near = few.climb(from: other, gain: 1e-7, limit: 60)
          let now = few.climb(from: top, gain: 1e-7, limit: 60)
          guard near.value > now.value + 1e-6 else { continue }
          let found = all.climb(from: near, gain: 1e-7, limit: 200)
          if found.value > top.value + 1e-7 { (top, improved) = (found, true) }
        }
      }
    }
    top = all.climb(from: top, gain: 1e-11, limit: 3000)
    let order = top.components.indices.sorted {
      top.components[$0].shape / top.components[$0].rate
        < top.components[$1].shape / top.components[$1].rate
    }
    // Newton's method for the weights and rates; the shapes stay.
    var theta = HyperErlangModel<Size>.Point.zero
    for (place, part) in order.enumerated() {
      if place < Size.count - 1 { theta[2 * place] = log(top.weights[part]) }
      theta[place < Size.count - 1 ? 2 * place + 1 : 2 * place] = log(top.components[part].rate)
    }
    let code = order.reversed().reduce(0.0) {
      $0 * HyperErlangModel<Size>.base + top.components[$1].shape
    }
    let likelihood = Likelihood<HyperErlangModel<Size>>(self, anchor: code)
    let best = try maximise(
      dimension: HyperErlangModel<Size>.dimension, family: family, from: [theta],
      edge: HyperErlangModel<Size>.edge, likelihood.evaluate)
    let n = Double(likelihood.count)
    guard let variances = best.information.inverseDiagonal else {
      throw .noMaximum(family: family, reason: "the observed information is not positive definite")
    }
    let errors = variances.map { ($0 / n).squareRoot() }
    var estimates: [Estimate] = []
    for (place, part) in order.enumerated() {
      let isLast = place == Size.count - 1
      if !isLast {
        estimates.append(
          .logarithmic("w\(place + 1)", exp(best.theta[2 * place]), logError: errors[2 * place]))
      }
      estimates.append(.given("shape\(place + 1)", top.components[part].shape))
      let lane = isLast ? 2 * place : 2 * place + 1
      estimates.append(
        .logarithmic("rate\(place + 1)", exp(best.theta[lane]), logError: errors[lane]))
    }
    return try assemble(
      family, estimates.map(\.value), estimates, logLikelihood: best.value * n,
      free: 3 * Size.count - 1, iterations: top.steps + best.iterations,
      gradientNorm: best.gradientNorm,
      warnings: ["the shapes are those tried that are likeliest, and have no standard errors"])
  }
}

/// A component: an Erlang law.
struct ErlangComponent: MixtureComponent {
  var shape: Double
  var rate: Double
  private let constant: Double

  init(shape: Double, rate: Double) {
    (self.shape, self.rate) = (shape, rate)
    constant = shape * log(rate) - logGamma(shape)
  }

  func logDensity(_ x: Double) -> Double { constant + (shape - 1) * log(x) - rate * x }
  func logSurvival(_ x: Double) -> Double {
    x <= 0 ? 0 : logIncompleteGamma(shape, rate * x).upper
  }

  func statistics(_ x: Double) -> SIMD2<Double> { [x, 0] }

  /// E[X | lower < X < upper]: x times the density is the law of one more phase.
  func statistics(from lower: Double, to upper: Double) -> SIMD2<Double> {
    let mass = logMass(from: lower, to: upper)
    if mass == -.infinity || upper - lower < 1e-3 / rate {
      return [upper < .infinity ? 0.5 * (lower + upper) : lower + 1 / rate, 0]
    }
    let next = ErlangComponent(shape: shape + 1, rate: rate)
    return [shape / rate * exp(next.logMass(from: lower, to: upper) - mass), 0]
  }

  func estimated(_ means: SIMD2<Double>) -> ErlangComponent {
    ErlangComponent(shape: shape, rate: shape / max(means.x, 1e-300))
  }
}

/// θ = (log w1, log rate1, …, log rate); the anchor holds the shapes as digits of ``base``, the first lowest.
private struct HyperErlangModel<Size: MixtureCount>: LikelihoodModel {
  typealias Point = Size.Point
  static var base: Double { 131_072 }
  static var coordinates: [Coordinate] {
    Array(repeating: .logarithm, count: 2 * Size.count - 1)
  }
  private let logWeights, weights: [Double]
  private let parts: [ErlangComponent]

  static func start(_ summary: StartSummary) -> [Point] { [] }

  static func edge(_ theta: Point) -> String? {
    for place in 0..<Size.count - 1 where theta[2 * place] < -14 {
      return "the weight of a component goes to 0"
    }
    return nil
  }

  init(_ theta: Point, anchor: Double) {
    var (rest, code) = (1.0, anchor)
    var (weights, parts): ([Double], [ErlangComponent]) = ([], [])
    for place in 0..<Size.count {
      let isLast = place == Size.count - 1
      let weight = isLast ? rest : exp(theta[2 * place])
      rest -= weight
      weights.append(weight)
      let shape = code.truncatingRemainder(dividingBy: Self.base)
      code = (code / Self.base).rounded(.down)
      parts.append(
        ErlangComponent(shape: shape, rate: exp(theta[isLast ? 2 * place : 2 * place + 1])))
    }
    (self.weights, self.parts) = (weights, parts)
    logWeights = weights.map { $0 > 0 ? log($0) : -.infinity }
  }

  private func sum(
    _ value: (ErlangComponent) -> Double, _ slope: (ErlangComponent, Double) -> Double
  ) -> LogScore<Point> {
    guard weights[Size.count - 1] > 0 else { return .impossible }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * Size.count) { scratch in
      var most = -Double.infinity
      for j in 0..<Size.count {
        scratch[Size.count + j] = value(parts[j])
        scratch[j] = logWeights[j] + scratch[Size.count + j]
        most = max(most, scratch[j])
      }
      guard most > -.infinity else { return .impossible }
      var total = 0.0
      for j in 0..<Size.count {
        scratch[j] = exp(scratch[j] - most)
        total += scratch[j]
      }
      var gradient = Point.zero
      let last = scratch[Size.count - 1] / total
      for j in 0..<Size.count {
        let share = scratch[j] / total
        let isLast = j == Size.count - 1
        if !isLast { gradient[2 * j] = share - last * weights[j] / weights[Size.count - 1] }
        gradient[isLast ? 2 * j : 2 * j + 1] = share * slope(parts[j], scratch[Size.count + j])
      }
      return LogScore(value: most + log(total), gradient: gradient)
    }
  }

  func logDensity(_ x: Double, _ logX: Double) -> LogScore<Point> {
    sum({ $0.logDensity(x) }, { part, _ in part.shape - part.rate * x })
  }

  /// By log rate: -x f(x) / S(x).
  func logSurvival(_ x: Double) -> LogScore<Point> {
    x <= 0
      ? .zero
      : sum(
        { $0.logSurvival(x) },
        { part, survival in -x * exp(part.logDensity(x) - survival) })
  }
}
