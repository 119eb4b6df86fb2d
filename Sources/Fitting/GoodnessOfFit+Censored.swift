#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension GoodnessOfFit {
  /// The distances of a right-censored sample from `law`: the Kaplan-Meier estimate takes the place
  /// of the empirical distribution function, and the integrals end with the sample if its greatest
  /// observation is censored (Koziol and Green 1976 for W²; A² likewise). Without censoring they are
  /// those of a complete sample.
  ///
  /// Values at an upper clamp are known to be at least that, so they count as censored there. Those
  /// at a lower clamp are one step, from which the integrals begin. O(n log n).
  package init(censored sample: Sample, law: Law) {
    var continuous = law
    var values = sample.values
    var censored = sample.censored
    var lowest = -Double.infinity
    if case .clamped(let clamped) = law {
      continuous = clamped.base
      lowest = clamped.lower
      censored += values.filter { $0 >= clamped.upper }
      values.removeAll { $0 >= clamped.upper }
    }
    let estimate = KaplanMeier(values: values, censored: censored)

    var worst = 0.0
    var integrals = Integrals(from: 0)
    var share = 0.0
    for step in estimate.steps {
      let logSurvival = continuous.logSurvival(step.value)
      let upTo = -expm1(logSurvival)
      if step.value > lowest {
        worst = max(worst, abs(upTo - share))
        integrals.add(share: share, to: logSurvival)
      } else {
        integrals = Integrals(from: logSurvival)
      }
      share = 1 - step.survival
      worst = max(worst, abs(upTo - share))
    }
    if share == 1 {
      integrals.add(share: 1, to: -.infinity)
    } else if estimate.end > (estimate.steps.last?.value ?? 0) {
      let logSurvival = continuous.logSurvival(estimate.end)
      worst = max(worst, -expm1(logSurvival) - share)
      integrals.add(share: share, to: logSurvival)
    }
    let n = Double(sample.count)
    kolmogorovSmirnov = worst
    andersonDarling = n * integrals.weighted
    cramerVonMises = n * integrals.squares
  }

  /// ∫ (s - u)² du and ∫ (s - u)² / (u (1 - u)) du along a step function s of u = F(x), in closed
  /// form between its steps.
  private struct Integrals {
    private(set) var squares = 0.0
    private(set) var weighted = 0.0
    private var logSurvival: Double

    init(from logSurvival: Double) { self.logSurvival = logSurvival }

    mutating func add(share s: Double, to end: Double) {
      let (from, to) = (-expm1(logSurvival), -expm1(end))
      let (before, after) = (s - from, s - to)
      squares += (before * before * before - after * after * after) / 3
      // (s - u)² / (u (1 - u)) = s²/u + (1 - s)²/(1 - u) - 1
      weighted -= to - from
      if s > 0 {
        weighted += s * s * (Self.finite(log1mexp(end)) - Self.finite(log1mexp(logSurvival)))
      }
      if s < 1 {
        weighted -= (1 - s) * (1 - s) * (Self.finite(end) - Self.finite(logSurvival))
      }
      logSurvival = end
    }

    /// A probability that underflows still has a logarithm.
    private static func finite(_ logarithm: Double) -> Double { max(logarithm, -745) }
  }
}
