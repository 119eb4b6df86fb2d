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
struct Likelihood<Model: LikelihoodModel> {
  private let values: [Double]
  private let logarithms: [Double]
  /// How many observations each of `values` stands for; empty where each is one.
  private let weights: [Double]
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
  func evaluate(_ theta: SIMD2<Double>) -> Score {
    let model = Model(theta, anchor: anchor)
    var sum = ScoreSum()
    if weights.isEmpty {
      for index in values.indices { sum.add(model.logDensity(values[index], logarithms[index]), 1) }
    } else {
      for index in values.indices {
        sum.add(model.logDensity(values[index], logarithms[index]), weights[index])
      }
    }
    var total = sum.score
    var upperTail = Score.impossible
    if case .truncated(let lower, let upper) = limits {
      if upper < .infinity { upperTail = model.logSurvival(upper) }
      let mass = Self.interval(model.logSurvival(lower), upperTail)
      total.value -= Double(count) * mass.value
      total.gradient -= Double(count) * mass.gradient
    }
    var hidden = ScoreSum()
    for value in censored {
      hidden.add(Self.interval(model.logSurvival(value), upperTail), 1)
    }
    total.value += hidden.score.value
    total.gradient += hidden.score.gradient
    if atUpper > 0 {
      let score = model.logSurvival(limits.upper)
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

  /// Whole seconds and bins repeat: each value once, with how often it is there. Where few repeat, the
  /// values as they are. A thousand of them tell which it is, so that sorting costs nothing in vain.
  private static func grouped(_ values: [Double]) -> (values: [Double], weights: [Double]) {
    let step = max(values.count / 1000, 1)
    let probe = Swift.stride(from: 0, to: values.count, by: step).map { values[$0] }
    guard Set(probe).count * 4 <= probe.count * 3 else { return (values, []) }
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
  private static func interval(_ a: Score, _ b: Score) -> Score {
    if b.value == -.infinity { return a }
    let value = logIntervalMass(logSurvivalLower: a.value, logSurvivalUpper: b.value)
    guard value > -.infinity else { return .impossible }
    return Score(
      value: value,
      gradient: exp(a.value - value) * a.gradient - exp(b.value - value) * b.gradient)
  }
}

/// A sum of scores with what rounding has lost (Kahan): the gradient of a large sample must vanish to
/// where Newton's method can tell, and not only to the rounding of a hundred thousand additions.
private struct ScoreSum {
  private var sum = SIMD4<Double>.zero
  private var lost = SIMD4<Double>.zero

  @inline(__always)
  mutating func add(_ score: Score, _ weight: Double) {
    let term = weight * SIMD4(score.value, score.gradient.x, score.gradient.y, 0) - lost
    let next = sum + term
    lost = (next - sum) - term
    sum = next
  }

  /// An impossible observation makes all of it impossible.
  var score: Score {
    sum.x.isFinite ? Score(value: sum.x, gradient: [sum.y, sum.z]) : .impossible
  }
}

/// A maximum of a likelihood.
struct Maximum {
  var theta: SIMD2<Double>
  /// Mean log-likelihood.
  var value: Double
  /// Observed information of one observation: minus the Hessian of the mean log-likelihood.
  var information: (xx: Double, xy: Double, yy: Double)
  var iterations: Int
  var gradientNorm: Double
}

/// Newton's method on a mean log-likelihood of one or two coordinates.
///
/// The Hessian is the central difference of the analytic gradient (error about 1e-9 relative), made
/// negative definite by a shift where it is not; steps are halved until the likelihood rises.
/// Converged when the largest gradient component is at most 1e-9, or at most 1e-7 where no step makes it
/// smaller or the last has been made. Where the surrounding task is cancelled it ends where it is.
func maximise(
  dimension: Int, family: Family, from starts: [SIMD2<Double>],
  _ evaluate: (SIMD2<Double>) -> Score
) throws(FittingError) -> Maximum {
  var best: Maximum?
  var failure = FittingError.notConverged(family: family, iterations: 0, gradientNorm: .infinity)
  for start in starts {
    do throws(FittingError) {
      let found = try climb(dimension: dimension, family: family, from: start, evaluate)
      if found.value > best?.value ?? -.infinity { best = found }
    } catch {
      failure = error
    }
  }
  guard let best else { throw failure }
  return best
}

private func climb(
  dimension: Int, family: Family, from start: SIMD2<Double>,
  _ evaluate: (SIMD2<Double>) -> Score
) throws(FittingError) -> Maximum {
  let tolerance = 1e-9
  var theta = start
  var here = evaluate(theta)
  var norm = Double.infinity
  var iterations = 0
  for iteration in 0..<200 {
    norm = max(abs(here.gradient.x), abs(here.gradient.y))
    guard norm.isFinite, here.value.isFinite, !Task.isCancelled else { break }
    let information = curvature(dimension, theta, evaluate)
    if norm <= tolerance {
      return Maximum(
        theta: theta, value: here.value, information: information, iterations: iteration,
        gradientNorm: norm)
    }
    var step = newtonStep(information, here.gradient, dimension)
    let length = max(abs(step.x), abs(step.y))
    if length > 4 { step *= 4 / length }  // coordinates are logarithms: e^4 is far enough at once
    var factor = 1.0
    var advanced = false
    while factor > 1e-10, !Task.isCancelled {
      let candidate = theta + factor * step
      let there = evaluate(candidate)
      let gain = (step * here.gradient).sum() * factor
      // Near the top the value cannot tell any more, but the gradient can.
      let better = there.value >= here.value + 1e-4 * gain
      let flat = abs(there.value - here.value) <= 4e-15 * max(1, abs(here.value))
      let thereNorm = max(abs(there.gradient.x), abs(there.gradient.y))
      if there.value.isFinite, better || (flat && thereNorm < norm) {
        (theta, here) = (candidate, there)
        advanced = true
        break
      }
      factor *= 0.5
    }
    iterations = iteration + 1
    if !advanced || abs(theta.x) > 500 || abs(theta.y) > 500 { break }
  }
  // Rounding stops the climb, or the last step has been made: as good as converged if the gradient
  // says so, whichever it was.
  norm = max(abs(here.gradient.x), abs(here.gradient.y))
  guard norm <= 1e-7, here.value.isFinite else {
    throw .notConverged(family: family, iterations: iterations, gradientNorm: norm)
  }
  return Maximum(
    theta: theta, value: here.value, information: curvature(dimension, theta, evaluate),
    iterations: iterations, gradientNorm: norm)
}

/// Minus the Hessian, from the gradient at two points a coordinate.
private func curvature(
  _ dimension: Int, _ theta: SIMD2<Double>, _ evaluate: (SIMD2<Double>) -> Score
) -> (xx: Double, xy: Double, yy: Double) {
  let h = 1e-4
  let dx = (evaluate(theta + [h, 0]).gradient - evaluate(theta - [h, 0]).gradient) / (2 * h)
  if dimension == 1 { return (-dx.x, 0, 1) }
  let dy = (evaluate(theta + [0, h]).gradient - evaluate(theta - [0, h]).gradient) / (2 * h)
  return (-dx.x, -0.5 * (dx.y + dy.x), -dy.y)
}

/// (I + shift)⁻¹ g, with the least shift (by powers of 4) that makes the matrix positive definite.
private func newtonStep(
  _ i: (xx: Double, xy: Double, yy: Double), _ g: SIMD2<Double>, _ dimension: Int
) -> SIMD2<Double> {
  guard i.xx.isFinite, i.xy.isFinite, i.yy.isFinite else { return g }
  if dimension == 1 { return [g.x / (i.xx > 1e-12 ? i.xx : max(abs(i.xx), 1e-3)), 0] }
  var shift = 0.0
  let size = max(abs(i.xx), abs(i.yy), 1e-8)
  while true {
    let (a, d) = (i.xx + shift, i.yy + shift)
    let determinant = a * d - i.xy * i.xy
    if a > 0, d > 0,
      determinant > 1e-10 * size * size || (shift == 0 && determinant > 1e-14 * a * d)
    {
      return [(d * g.x - i.xy * g.y) / determinant, (a * g.y - i.xy * g.x) / determinant]
    }
    shift = shift == 0 ? 1e-3 * size : 4 * shift
  }
}
