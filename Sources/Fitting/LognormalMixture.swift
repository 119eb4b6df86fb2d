import PortableMath

/// How many components a mixture has, as a type, since each count is a family of its own.
public protocol MixtureCount: Hashable, SendableMetatype {
  /// Lanes for all coordinates.
  associatedtype Point: SIMD where Point.Scalar == Double
  static var count: Int { get }
}

public enum TwoComponents: MixtureCount {
  public typealias Point = SIMD8<Double>
  public static let count = 2
}
public enum ThreeComponents: MixtureCount {
  public typealias Point = SIMD8<Double>
  public static let count = 3
}
public enum FourComponents: MixtureCount {
  public typealias Point = SIMD16<Double>
  public static let count = 4
}
public enum FiveComponents: MixtureCount {
  public typealias Point = SIMD16<Double>
  public static let count = 5
}

/// A mixture of lognormal laws: with probability wⱼ the logarithm is normal of mean muⱼ and deviation sigmaⱼ. The last
/// weight is what the others leave; components are in order of their means.
///
/// Estimated by expectation and maximisation (`MixtureEM`) from several beginnings, then by Newton's method to
/// the maximum.
public struct LognormalMixture<Size: MixtureCount>: FiniteMixture {
  public let weights: [Double]
  public let logWeights: [Double]
  public let components: [Lognormal]

  /// w1, mu1, sigma1, w2, mu2, sigma2, … mu, sigma. Throws unless the weights are above 0 and leave something for the last,
  /// and the others are parameters of lognormal laws.
  public init(parameters: [Double]) throws(FittingError) {
    weights = try Self.weights(of: parameters, Size.count)
    logWeights = weights.map { log($0) }
    var components: [Lognormal] = []
    for place in 0..<Size.count {
      let first = place < Size.count - 1 ? 3 * place + 1 : 3 * place
      components.append(try Lognormal(mu: parameters[first], sigma: parameters[first + 1]))
    }
    self.components = components
  }

  public var parameters: [Double] {
    zip(weights, components).enumerated().flatMap { place, part in
      (place < Size.count - 1 ? [part.0] : []) + part.1.parameters
    }
  }
}

extension LognormalMixture {
  public static var family: Family {
    let names = (1...Size.count).flatMap { place in
      (place < Size.count ? ["w\(place)"] : []) + ["mu\(place)", "sigma\(place)"]
    }
    var example: [Double] = []
    for place in 0..<Size.count {
      if place < Size.count - 1 { example.append(1.2 / Double(Size.count + place)) }
      example += [2.5 * Double(place), place.isMultiple(of: 2) ? 0.5 : 0.8]
    }
    return Family(
      "lognormal-mixture-\(Size.count)", parameters: names, examples: [example],
      LognormalMixture<Size>.self, needed: 3 * Size.count + 1,
      estimate: { (sample: Sample, options: FitOptions) throws(FittingError) in
        try sample.fitLognormalMixture(Size.self, options)
      }, likelihood: LognormalMixtureModel<Size>.self)
  }

  public func scaledParameters(by factor: Double) -> [Double] {
    var parameters = parameters
    for place in 0..<Size.count {
      parameters[place < Size.count - 1 ? 3 * place + 1 : 3 * place] += log(factor)
    }
    return parameters
  }
}

extension Family {
  /// Mixtures of so many lognormal laws. See ``LognormalMixture``.
  public static var lognormalMixture2: Family { LognormalMixture<TwoComponents>.family }
  public static var lognormalMixture3: Family { LognormalMixture<ThreeComponents>.family }
  public static var lognormalMixture4: Family { LognormalMixture<FourComponents>.family }
  public static var lognormalMixture5: Family { LognormalMixture<FiveComponents>.family }
}

extension Sample {
  /// The mixture of 2 to 5 lognormal laws that Schwarz's criterion prefers.
  ///
  /// - Throws: what the mixture of two says if none can be fitted.
  public func fitLognormalMixture() throws(FittingError) -> Fit {
    var best = try? fit(.lognormalMixture2)
    for family in [Family.lognormalMixture3, .lognormalMixture4, .lognormalMixture5] {
      guard let fit = try? fit(family) else { continue }
      if best.map({ fit.bic < $0.bic }) ?? true { best = fit }
    }
    if let best { return best }
    return try fit(.lognormalMixture2)
  }

  fileprivate func fitLognormalMixture<Size: MixtureCount>(
    _ size: Size.Type, _ options: FitOptions
  ) throws(FittingError) -> Fit {
    typealias EM = MixtureEM<NormalOfLogarithm>
    let logs = sortedAscending(values.map { log($0) })
    let spread = SampleStatistics(values + censored).logarithms.variance.squareRoot()
    let family = LognormalMixture<Size>.family
    var options = options
    if options.start == nil {
      // The best of several beginnings, on a few thousand values, then all.
      let few = EM(self, limit: 4000)
      let starts = NormalOfLogarithm.starts(logs, Size.count, spread).map { start in
        few.climb(from: start, gain: 1e-6, limit: 200)
      }
      let all = EM(self)
      guard let start = starts.max(by: { $0.value < $1.value }) else {
        throw .notConverged(family: family, iterations: 0, gradientNorm: .infinity)
      }
      let top = all.climb(from: start, gain: 1e-9, limit: 1000)
      let parts = zip(top.weights, top.components).sorted { $0.1.mu < $1.1.mu }
      if let narrow = parts.first(where: { $0.1.isAtFloor }) {
        throw .noMaximum(
          family: family,
          reason: "a component shrinks onto \(short(exp(narrow.1.mu))), where values repeat; "
            + "--bins takes them for intervals")
      }
      options.start = parts.enumerated().flatMap { place, part in
        (place < Size.count - 1 ? [log(part.0)] : []) + [part.1.mu, log(part.1.sigma)]
      }
    }
    return try search(LognormalMixtureModel<Size>.self, family, options)
  }
}

/// A component: the logarithm is normal.
struct NormalOfLogarithm: MixtureComponent {
  var mu: Double
  var sigma: Double
  /// Below this deviation the likelihood of a component around a repeated value has no bound.
  var floor: Double

  var isAtFloor: Bool { sigma <= floor * 1.0001 }

  /// Parts of equally many values each; the same with the deviation of all; and Lloyd's parts (k-means).
  static func starts(
    _ logs: [Double], _ count: Int, _ spread: Double
  ) -> [MixtureEM<NormalOfLogarithm>.State] {
    let floor = max(1e-3 * spread, 1e-12)
    func state(_ ends: [Int], _ deviation: Double?) -> MixtureEM<NormalOfLogarithm>.State? {
      var (weights, components): ([Double], [NormalOfLogarithm]) = ([], [])
      for (from, to) in zip(ends, ends.dropFirst()) {
        guard to > from else { return nil }
        let part = logs[from..<to]
        let mean = part.reduce(0, +) / Double(part.count)
        let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(part.count)
        weights.append(Double(part.count) / Double(logs.count))
        components.append(
          NormalOfLogarithm(
            mu: mean, sigma: max(deviation ?? variance.squareRoot(), 10 * floor), floor: floor))
      }
      return .init(weights: weights, components: components)
    }
    let even = (0...count).map { $0 * logs.count / count }
    var lloyd = even
    for _ in 0..<50 {
      let centres = zip(lloyd, lloyd.dropFirst()).map { from, to in
        to > from
          ? logs[from..<to].reduce(0, +) / Double(to - from) : logs[min(from, logs.count - 1)]
      }
      var next = lloyd
      for place in 1..<count {
        let middle = 0.5 * (centres[place - 1] + centres[place])
        next[place] = partitionPoint(logs) { $0 >= middle }
      }
      if next == lloyd { break }
      lloyd = next
    }
    // A wide component over narrow ones, or narrow ones in the middle of a wide one.
    let outer = (0...count).map { place in
      Int((0.5 - 0.5 * cosine(place, count)) * Double(logs.count))
    }
    return [state(even, nil), state(even, spread), state(lloyd, nil), state(outer, nil)]
      .compactMap { $0 }
  }

  /// cos(π place / count).
  private static func cosine(_ place: Int, _ count: Int) -> Double {
    sin(.pi / 2 - .pi * Double(place) / Double(count))
  }

  func logDensity(_ x: Double) -> Double {
    let logX = log(x)
    let z = (logX - mu) / sigma
    return -0.5 * z * z - logSqrtTwoPi - log(sigma) - logX
  }

  func logSurvival(_ x: Double) -> Double {
    x <= 0 ? 0 : logNormalSurvival((log(x) - mu) / sigma)
  }

  /// Logarithm and its square.
  func statistics(_ x: Double) -> SIMD2<Double> {
    let y = log(x)
    return [y, y * y]
  }

  /// Mean and second moment of a normal variable in an interval.
  func statistics(from lower: Double, to upper: Double) -> SIMD2<Double> {
    let a = lower > 0 ? (log(lower) - mu) / sigma : -.infinity
    let b = upper < .infinity ? (log(upper) - mu) / sigma : .infinity
    let mass = logMass(from: lower, to: upper)
    // Narrow intervals: the middle, from which nothing cancels.
    if b - a < 1e-3 || mass == -.infinity {
      let y =
        a == -.infinity ? log(upper) : b == .infinity ? log(lower) : mu + sigma * 0.5 * (a + b)
      return [y, y * y]
    }
    func height(_ z: Double) -> Double {
      z.isFinite ? exp(-0.5 * z * z - logSqrtTwoPi - mass) : 0
    }
    let (low, high) = (height(a), height(b))
    let first = low - high
    let second = 1 + (a.isFinite ? a * low : 0) - (b.isFinite ? b * high : 0)
    let mean = mu + sigma * first
    return [mean, sigma * sigma * max(second - first * first, 0) + mean * mean]
  }

  func estimated(_ means: SIMD2<Double>) -> NormalOfLogarithm {
    let variance = means.y - means.x * means.x
    return NormalOfLogarithm(
      mu: means.x, sigma: max(variance > 0 ? variance.squareRoot() : 0, floor), floor: floor)
  }
}

/// θ = (log w1, mu1, log sigma1, …, mu, log sigma).
private struct LognormalMixtureModel<Size: MixtureCount>: LikelihoodModel {
  typealias Point = Size.Point
  static var coordinates: [Coordinate] {
    (0..<Size.count).flatMap { place -> [Coordinate] in
      (place < Size.count - 1 ? [.logarithm] : []) + [.direct, .logarithm]
    }
  }
  static var triesAllStarts: Bool { false }
  private let logWeights: [Double]
  private let weights: [Double]
  private let parts: [LognormalModel]

  /// Apart from each other by the deviation of all: only if a search from the estimates of EM has failed.
  static func start(_ s: StartSummary) -> [Point] {
    var point = Point.zero
    for place in 0..<Size.count {
      let first = place < Size.count - 1 ? 3 * place + 1 : 3 * place
      if place < Size.count - 1 { point[3 * place] = -log(Double(Size.count)) }
      let step = 2 * Double(place) / Double(Size.count - 1) - 1
      point[first] = s.logMean + step * s.logDeviation
      point[first + 1] = log(max(s.logDeviation / Double(Size.count), 1e-6))
    }
    return [point]
  }

  static func edge(_ theta: Point) -> String? {
    for place in 0..<Size.count {
      if place < Size.count - 1, theta[3 * place] < -14 {
        return "the weight of a component goes to 0"
      }
      if theta[place < Size.count - 1 ? 3 * place + 2 : 3 * place + 1] < -14 {
        return "a component shrinks onto one value"
      }
    }
    return nil
  }

  init(_ theta: Point, anchor: Double) {
    var rest = 1.0
    var (weights, parts): ([Double], [LognormalModel]) = ([], [])
    for place in 0..<Size.count {
      let isLast = place == Size.count - 1
      let weight = isLast ? rest : exp(theta[3 * place])
      rest -= weight
      weights.append(weight)
      let first = isLast ? 3 * place : 3 * place + 1
      parts.append(LognormalModel([theta[first], theta[first + 1]], anchor: 0))
    }
    (self.weights, self.parts) = (weights, parts)
    logWeights = weights.map { $0 > 0 ? log($0) : -.infinity }
  }

  private func sum(_ part: (LognormalModel) -> Score) -> LogScore<Point> {
    guard weights[Size.count - 1] > 0 else { return .impossible }
    return withUnsafeTemporaryAllocation(of: Score.self, capacity: Size.count) { scores in
      var most = -Double.infinity
      for j in 0..<Size.count {
        var score = part(parts[j])
        score.value += logWeights[j]
        scores[j] = score
        most = max(most, score.value)
      }
      guard most > -.infinity else { return .impossible }
      var total = 0.0
      for j in 0..<Size.count {
        scores[j].value = exp(scores[j].value - most)
        total += scores[j].value
      }
      var gradient = Point.zero
      let last = scores[Size.count - 1].value / total
      for j in 0..<Size.count {
        let share = scores[j].value / total
        let first = j < Size.count - 1 ? 3 * j + 1 : 3 * j
        // A weight that grows takes from the last.
        if j < Size.count - 1 {
          gradient[3 * j] = share - last * weights[j] / weights[Size.count - 1]
        }
        gradient[first] = share * scores[j].gradient[0]
        gradient[first + 1] = share * scores[j].gradient[1]
      }
      return LogScore(value: most + log(total), gradient: gradient)
    }
  }

  func logDensity(_ x: Double, _ logX: Double) -> LogScore<Point> {
    sum { $0.logDensity(x, logX) }
  }

  func logSurvival(_ x: Double) -> LogScore<Point> { x <= 0 ? .zero : sum { $0.logSurvival(x) } }
}
