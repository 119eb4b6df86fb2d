import PortableMath

/// A part of a mixture as the expectation-maximisation algorithm sees it: its law, and how it is estimated from
/// weighted means of two statistics of the values.
protocol MixtureComponent: Sendable {
  func logDensity(_ x: Double) -> Double
  func logSurvival(_ x: Double) -> Double
  /// The two statistics of a value.
  func statistics(_ x: Double) -> SIMD2<Double>
  /// Their expectations where the value is only known to lie in an interval.
  func statistics(from lower: Double, to upper: Double) -> SIMD2<Double>
  /// The component that weighted means of the statistics make likeliest.
  func estimated(_ means: SIMD2<Double>) -> Self
}

extension MixtureComponent {
  /// log P(lower < X < upper).
  func logMass(from lower: Double, to upper: Double) -> Double {
    logIntervalMass(
      logSurvivalLower: lower > 0 ? logSurvival(lower) : 0,
      logSurvivalUpper: upper < .infinity ? logSurvival(upper) : -.infinity)
  }
}

/// Expectation and maximisation of a mixture (Dempster, Laird and Rubin 1977). Censored, clamped and binned values are
/// intervals; of a truncated sample the values that are not seen count with their expected number (McLachlan and Jones,
/// "Fitting mixture models to grouped and truncated data via the EM algorithm", Biometrics 44, 1988).
struct MixtureEM<Component: MixtureComponent> {
  /// Weights, which add up to 1, and components.
  struct State {
    var weights: [Double]
    var components: [Component]
    /// Mean log-likelihood of the state before the last step.
    var value = -Double.infinity
    var steps = 0
  }

  private struct Datum {
    var lower: Double
    var upper: Double
    var weight: Double
    var isPoint: Bool { lower == upper }
  }

  private var data: [Datum] = []
  private var hidden: [(lower: Double, upper: Double)] = []
  private var total = 0.0

  /// The values of `sample`, each distinct one once; at most `limit` of them, evenly over their ranks.
  init(_ sample: Sample, limit: Int = .max) {
    let limits = sample.limits
    let (low, high) = (max(limits.lower, 0), limits.upper)
    var isClamped = false
    if case .clamped = limits { isClamped = true }
    if case .truncated = limits {
      if low > 0 { hidden.append((0, low)) }
      if high < .infinity { hidden.append((high, .infinity)) }
    }
    func add(_ datum: Datum) {
      if let last = data.last, last.lower == datum.lower, last.upper == datum.upper {
        data[data.count - 1].weight += datum.weight
      } else {
        data.append(datum)
      }
    }
    func kept(_ values: [Double]) -> (values: [Double], weight: Double) {
      let sorted = sortedAscending(values)
      let share = limit == .max ? .max : max(1, limit * sorted.count / max(1, sample.count))
      guard sorted.count > share else { return (sorted, 1) }
      let n = sorted.count
      return (
        (0..<share).map { sorted[(2 * $0 + 1) * n / (2 * share)] }, Double(n) / Double(share)
      )
    }
    let exact = kept(sample.values)
    for value in exact.values {
      if isClamped, value <= low {
        add(Datum(lower: 0, upper: low, weight: exact.weight))
      } else if isClamped, value >= high {
        add(Datum(lower: high, upper: .infinity, weight: exact.weight))
      } else if let bin = sample.binning?.interval(of: value) {
        add(
          Datum(
            lower: max(bin.lower, low), upper: min(bin.upper, high), weight: exact.weight))
      } else {
        add(Datum(lower: value, upper: value, weight: exact.weight))
      }
    }
    let cut = kept(sample.censored)
    let end = hidden.isEmpty ? Double.infinity : high
    for value in cut.values { add(Datum(lower: value, upper: end, weight: cut.weight)) }
    total = data.reduce(0) { $0 + $1.weight }
  }

  /// One step: the state that the expectations under `state` make likeliest, and the mean log-likelihood of
  /// `state`. O(values · components).
  func step(_ state: State) -> State {
    let count = state.components.count
    var weights = [Double](repeating: 0, count: count)
    var sums = [SIMD2<Double>](repeating: .zero, count: count)
    var logs = [Double](repeating: 0, count: count)
    var value = 0.0
    func share(_ log: (Component) -> Double) -> Double {
      var most = -Double.infinity
      for j in 0..<count {
        logs[j] = PortableMath.log(state.weights[j]) + log(state.components[j])
        most = max(most, logs[j])
      }
      guard most > -.infinity else { return most }
      var sum = 0.0
      for j in 0..<count {
        logs[j] = exp(logs[j] - most)
        sum += logs[j]
      }
      for j in 0..<count { logs[j] /= sum }
      return most + PortableMath.log(sum)
    }
    func add(_ weight: Double, _ statistics: (Component) -> SIMD2<Double>) {
      for j in 0..<count where logs[j] > 1e-300 {
        weights[j] += weight * logs[j]
        sums[j] += weight * logs[j] * statistics(state.components[j])
      }
    }
    for datum in data {
      if datum.isPoint {
        value += datum.weight * share { $0.logDensity(datum.lower) }
        add(datum.weight) { $0.statistics(datum.lower) }
      } else {
        value += datum.weight * share { $0.logMass(from: datum.lower, to: datum.upper) }
        add(datum.weight) { $0.statistics(from: datum.lower, to: datum.upper) }
      }
    }
    if !hidden.isEmpty {
      let unseen = hidden.map { part in
        exp(share { $0.logMass(from: part.lower, to: part.upper) })
      }
      let seen = max(1 - unseen.reduce(0, +), 1e-12)
      value -= total * PortableMath.log(seen)
      for (part, mass) in zip(hidden, unseen) where mass > 0 {
        _ = share { $0.logMass(from: part.lower, to: part.upper) }
        add(total * mass / seen) { $0.statistics(from: part.lower, to: part.upper) }
      }
    }
    let all = weights.reduce(0, +)
    var next = state
    for j in 0..<count where weights[j] > 0 {
      next.components[j] = state.components[j].estimated(sums[j] / weights[j])
    }
    next.weights = weights.map { max($0 / all, 1e-12) }
    next.value = value / total
    next.steps = state.steps + 1
    return next
  }

  /// Steps until one gains less than `gain` in mean log-likelihood, at most `limit`, or the surrounding task is
  /// cancelled.
  func climb(from state: State, gain: Double, limit: Int) -> State {
    var state = step(state)
    for _ in 1..<limit where !Task.isCancelled {
      let next = step(state)
      let gained = next.value - state.value
      state = next
      if gained < gain { break }
    }
    return state
  }
}
