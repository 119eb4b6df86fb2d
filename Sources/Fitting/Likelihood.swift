#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The mean log-likelihood of a sample under a model, with censoring, truncation and clamping.
///
/// With exact values x, censored ones c, n of both, and limits [l, u]:
/// - no limits: Σ log f(x) + Σ log S(c);
/// - truncated: Σ log f(x) + Σ log(S(c) - S(u)) - n log(S(l) - S(u));
/// - clamped: Σ log f(x) over l < x < u, plus log F(l) for each value at l, log S(u) for each at u,
///   and log S(c) for the censored.
///
/// Of whole numbers log P(X = x) takes the place of log f(x), and S(l - 1) that of S(l). Of values on a scale (``Binning``) log (S(a) - S(b)) over their intervals takes the place of log f(x).
struct Likelihood<Model: LikelihoodModel> {
  private let values: [Double]
  private let logarithms: [Double]
  /// How many observations each of `values` stands for; empty where each is one.
  private let weights: [Double]
  /// What each of `values` stands for, where that is an interval; cut to the limits.
  private let intervals: [(lower: Double, upper: Double)]
  /// How many exact values lie strictly inside the limits.
  let interior: Int
  let censored: [Double]
  let atLower: Int
  let atUpper: Int
  let limits: Limits
  let anchor: Double

  init(_ sample: Sample, anchor: Double) {
    limits = sample.limits
    self.anchor = anchor
    var inside = sample.values
    var (low, high) = (0, 0)
    if case .clamped(let lower, let upper) = limits {
      inside.removeAll(keepingCapacity: true)
      for value in sample.values {
        if value <= lower {
          low += 1
        } else if value >= upper {
          high += 1
        } else {
          inside.append(value)
        }
      }
    }
    (interior, atLower, atUpper) = (inside.count, low, high)
    if let binning = sample.binning {
      let (distinct, counts) = Self.distinct(inside)
      (values, weights) = (distinct, counts)
      logarithms = values.map { log($0) }
      let (low, high) = (limits.lower, limits.upper)
      intervals = distinct.map {
        let interval = binning.interval(of: $0)
        return (max(interval.lower, low), min(interval.upper, high))
      }
      censored = sample.censored
      return
    }
    intervals = []
    if Model.isLinear, !inside.isEmpty {
      let n = Double(inside.count)
      values = [compensatedSum(inside) / n]
      logarithms = [compensatedSum(inside.lazy.map { log($0) }) / n]
      weights = [n]
    } else {
      (values, weights) = Self.grouped(inside)
      logarithms = values.map { log($0) }
    }
    censored = sample.censored
  }

  var count: Int { interior + censored.count + atLower + atUpper }

  /// Mean log-likelihood and gradient at θ. O(n).
  func evaluate(_ theta: Model.Point) -> LogScore<Model.Point> {
    let model = Model(theta, anchor: anchor)
    var sum = ScoreSum<Model.Point>()
    if !intervals.isEmpty {
      for index in values.indices {
        sum.add(binned(model, index), weights[index])
      }
    } else if weights.isEmpty {
      for index in values.indices { sum.add(model.logDensity(values[index], logarithms[index]), 1) }
    } else {
      for index in values.indices {
        sum.add(model.logDensity(values[index], logarithms[index]), weights[index])
      }
    }
    var total = sum.score
    var upperTail = LogScore<Model.Point>.impossible
    if case .truncated(let lower, let upper) = limits {
      if upper < .infinity { upperTail = model.logSurvival(upper) }
      // Whole numbers may be the limit itself.
      let mass = Self.interval(
        model.logSurvival(Model.isDiscrete ? lower.nextDown : lower), upperTail)
      total.value -= Double(count) * mass.value
      total.gradient -= Double(count) * mass.gradient
    }
    var hidden = ScoreSum<Model.Point>()
    for value in censored {
      hidden.add(Self.interval(model.logSurvival(value), upperTail), 1)
    }
    total.value += hidden.score.value
    total.gradient += hidden.score.gradient
    if atUpper > 0 {
      let score = model.logSurvival(
        Model.isDiscrete ? limits.upper.nextDown : limits.upper)
      total.value += Double(atUpper) * score.value
      total.gradient += Double(atUpper) * score.gradient
    }
    if atLower > 0 {
      let score = Self.interval(.zero, model.logSurvival(limits.lower))
      total.value += Double(atLower) * score.value
      total.gradient += Double(atLower) * score.gradient
    }
    let n = Double(count)
    total.value /= n
    total.gradient /= n
    return total
  }

  /// log of the probability of a value's interval. The density at its middle times its width is that to
  /// (width / value)² / 24, which is rounding where the interval is this narrow.
  private func binned(_ model: Model, _ index: Int) -> LogScore<Model.Point> {
    if Model.isDiscrete { return model.logDensity(values[index], logarithms[index]) }
    let (lower, upper) = intervals[index]
    guard upper - lower > 1e-6 * values[index] else {
      var score = model.logDensity(values[index], logarithms[index])
      score.value += log(upper - lower)
      return score
    }
    return Self.interval(lower > 0 ? model.logSurvival(lower) : .zero, model.logSurvival(upper))
  }

  /// Whole seconds and bins repeat: each value once, with how often it is there. Where few repeat, the
  /// values as they are. A thousand of them tell which it is, so that sorting costs nothing in vain.
  private static func grouped(_ values: [Double]) -> (values: [Double], weights: [Double]) {
    let step = max(values.count / 1000, 1)
    let probe = Swift.stride(from: 0, to: values.count, by: step).map { values[$0] }
    guard Set(probe).count * 4 <= probe.count * 3 else { return (values, []) }
    return distinct(values)
  }

  private static func distinct(_ values: [Double]) -> (values: [Double], weights: [Double]) {
    var (distinct, weights): ([Double], [Double]) = ([], [])
    for value in sortedAscending(values) {
      if distinct.last == value {
        weights[weights.count - 1] += 1
      } else {
        distinct.append(value)
        weights.append(1)
      }
    }
    return (distinct, weights)
  }

  /// log(S₁ - S₂) with its gradient.
  private static func interval(
    _ a: LogScore<Model.Point>, _ b: LogScore<Model.Point>
  ) -> LogScore<Model.Point> {
    if b.value == -.infinity { return a }
    let value = logIntervalMass(logSurvivalLower: a.value, logSurvivalUpper: b.value)
    guard value > -.infinity else { return .impossible }
    return LogScore(
      value: value,
      gradient: exp(a.value - value) * a.gradient - exp(b.value - value) * b.gradient)
  }
}

/// A sum of scores with what rounding has lost (Kahan): the gradient of a large sample must vanish to
/// where Newton's method can tell, and not only to the rounding of a hundred thousand additions.
private struct ScoreSum<Point: SIMD> where Point.Scalar == Double {
  private var value = 0.0
  private var lostValue = 0.0
  private var gradient = Point.zero
  private var lost = Point.zero

  @inline(__always)
  mutating func add(_ score: LogScore<Point>, _ weight: Double) {
    let part = weight * score.value - lostValue
    let total = value + part
    lostValue = (total - value) - part
    value = total
    let term = weight * score.gradient - lost
    let next = gradient + term
    lost = (next - gradient) - term
    gradient = next
  }

  /// An impossible observation makes all of it impossible.
  var score: LogScore<Point> {
    value.isFinite ? LogScore(value: value, gradient: gradient) : .impossible
  }
}
