import Fitting
import PortableMath
import Workload

/// A Markovian arrival process of order 2^n: n two-state processes, one inside another, and cycles of the
/// day and the week around them.
///
/// The clock of each process runs at the rate of those around it, and so does the Poisson process
/// within: together they are one Markov-modulated Poisson process whose states are the combinations of
/// theirs. Each acts on a time scale of its own, as the factors of a Kronecker composition do
/// (Andersen and Nielsen 1998; Casale, Zhang and Smirni 2010). Its rate's autocovariance is nearly, where the
/// scales are far apart, Π(1 + vₖ e^(-κₖ τ)) - 1.
struct ArrivalCascade {
  /// A two-state process of mean rate 1: the variance of its rate, the sum of its switching rates
  /// (1/s), and how near the quiet state is to silence: 1 for an interrupted process.
  struct Stage: Equatable {
    var variance: Double
    var switching: Double
    var skew: Double

    /// The process; busy for a share of the time that is the more the less it is skewed.
    var process: MMPP2? {
      let p = min(max(skew / (1 + variance), 1e-6), 1 - 1e-6)
      let busy = 1 + (variance * (1 - p) / p).squareRoot()
      let quiet = max(0, 1 - (variance * p / (1 - p)).squareRoot())
      return try? MMPP2(
        busyRate: busy, quietRate: quiet, leavingBusy: switching * (1 - p),
        leavingQuiet: switching * p)
    }
  }

  /// The slowest first.
  var stages: [Stage]

  /// Index of dispersion of counts in windows of `t` seconds at `rate` arrivals a second.
  func dispersion(_ t: Double, rate: Double, batches: BatchModel? = nil) -> Double {
    // Over all combinations of stages that are not none: Π v · e^(-Σκ τ), integrated.
    var sum = 0.0
    for combination in 1..<(1 << stages.count) {
      var (variance, kappa) = (1.0, 0.0)
      for (place, stage) in stages.enumerated() where combination >> place & 1 == 1 {
        variance *= stage.variance
        kappa += stage.switching
      }
      sum += 2 * rate * variance / kappa * Self.saturation(kappa * t)
    }
    return 1 + sum + (batches?.dispersion(t) ?? 0)
  }

  /// 1 - (1 - e^-x)/x.
  static func saturation(_ x: Double) -> Double {
    x < 1e-3 ? x / 2 - x * x / 6 : 1 + expm1(-x) / x
  }

  /// The cascade of `order` stages nearest to a dispersion curve in logarithms, each window weighted by
  /// what is known of it; nil where arrivals are not burstier than Poisson's. The error is that sum of
  /// squares, in which what groups of jobs add is given and a tenth of each window's logarithm is the model's own.
  static func fit(
    _ curve: [ArrivalCounter.WindowStatistics], rate: Double, order: Int,
    batches: BatchModel? = nil
  ) -> (cascade: ArrivalCascade, error: Double)? {
    guard curve.count >= 2 * order + 1, rate > 0, let shortest = curve.first,
      let longest = curve.last, curve.contains(where: { $0.dispersion > 1.2 })
    else { return nil }
    let (low, high) = (log(0.2 / longest.window), log(4 / shortest.window))
    func error(_ p: [Double]) -> Double {
      let cascade = Self.cascade(p)
      var sum = 0.0
      for stage in cascade.stages {
        // Far out of what can be seen, and far out of what can be: pulled back.
        let y = log(stage.switching)
        sum += max(0, low - y) * max(0, low - y) + max(0, y - high) * max(0, y - high)
        sum += stage.variance > 200 ? log(stage.variance / 200) : 0
      }
      for point in curve {
        let d = log(
          max(point.dispersion, 0.2)
            / cascade.dispersion(point.window, rate: rate, batches: batches))
        sum += d * d / (2 / Double(point.windows) + 0.01)
      }
      return sum
    }
    // Starts with the scales spread over what is seen.
    let start = (0..<order).flatMap { place -> [Double] in
      let share = (Double(place) + 0.5) / Double(order)
      return [log(0.5), low + (high - low) * share]
    }
    let best = NelderMead.minimum(of: error, from: start, step: 1, rounds: 400 * order)
    let cascade = Self.cascade(best.at)
    return (cascade, best.value)
  }

  private static func cascade(_ p: [Double]) -> ArrivalCascade {
    let stages = stride(from: 0, to: p.count, by: 2).map {
      Stage(
        variance: exp(min(max(p[$0], -12), 7)), switching: exp(min(max(p[$0 + 1], -40), 20)),
        skew: 1)
    }
    return ArrivalCascade(stages: stages.sorted { $0.switching < $1.switching })
  }
}

/// Nelder and Mead's search (1965) for a minimum without derivatives.
enum NelderMead {
  /// The best place found from `start` on after at most `rounds` steps; O(rounds · n) calls of `f`.
  static func minimum(
    of f: ([Double]) -> Double, from start: [Double], step: Double, rounds: Int
  ) -> (at: [Double], value: Double) {
    let n = start.count
    var simplex = [(at: start, value: f(start))]
    for place in 0..<n {
      var point = start
      point[place] += step
      simplex.append((point, f(point)))
    }
    for _ in 0..<rounds {
      simplex.sort { $0.value < $1.value }
      guard simplex[n].value - simplex[0].value > 1e-9 * (1 + abs(simplex[0].value)) else { break }
      let centre = (0..<n).map { place in
        simplex[..<n].reduce(0) { $0 + $1.at[place] } / Double(n)
      }
      func point(_ factor: Double) -> (at: [Double], value: Double) {
        let at = (0..<n).map { centre[$0] + factor * (simplex[n].at[$0] - centre[$0]) }
        return (at, f(at))
      }
      let reflected = point(-1)
      if reflected.value < simplex[0].value {
        let expanded = point(-2)
        simplex[n] = expanded.value < reflected.value ? expanded : reflected
      } else if reflected.value < simplex[n - 1].value {
        simplex[n] = reflected
      } else {
        let contracted = point(reflected.value < simplex[n].value ? -0.5 : 0.5)
        if contracted.value < min(reflected.value, simplex[n].value) {
          simplex[n] = contracted
        } else {
          for place in 1...n {
            let at = (0..<n).map { 0.5 * (simplex[0].at[$0] + simplex[place].at[$0]) }
            simplex[place] = (at, f(at))
          }
        }
      }
    }
    simplex.sort { $0.value < $1.value }
    return simplex[0]
  }
}
