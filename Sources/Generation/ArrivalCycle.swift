import CVectorMath
import Fitting
import Workload

/// What a profile knows of bursts at several time scales, and of cycles: what jobs of a generated workload
/// come by.
public struct CascadeProfile: Codable, Sendable, Equatable {
  /// Rate in each of 168 hours of the trace's week, of mean 1; empty where no cycle stands out.
  public var weeklyCurve: [Double]
  /// Two-state processes of mean rate 1, one inside another, the slowest first; empty where, cycles apart,
  /// arrivals are Poisson's. Their number was chosen by BIC, up to 3: a Markovian process of up to 8 states.
  public var stages: [MMPP2]
  /// Jobs that come together; nil for none, and in profiles of before.
  public var batches: BatchModel?
  /// Dispersion of a drawn sample over the trace's by window in seconds, cycles taken out.
  public var dispersionRatios: [Ratio]
  /// Kolmogorov and Smirnov's distance of the drawn sample's gaps from the trace's.
  public var gapDistance: Double

  /// A ratio at a window.
  public struct Ratio: Codable, Sendable, Equatable {
    public var window: Double
    public var ratio: Double
  }
}

/// Finds the cycles and the cascade of a stream of arrivals.
struct ArrivalLearner {
  /// Times in seconds, ascending.
  private(set) var times: [Double] = []
  static let limit = 500_000

  mutating func add(_ time: Double) {
    if times.count < Self.limit { times.append(max(time, times.last ?? time)) }
  }

  /// What was found; nil for fewer than 200 arrivals. `tick` is the step of the trace's clock, 0 for none.
  func profile(_ arrivals: ArrivalProfile, seed: UInt64, tick: Double) -> CascadeProfile? {
    guard times.count >= 200, let first = times.first, let last = times.last, last > first else {
      return nil
    }
    let curve = Self.cycle(arrivals, span: last - first)
    guard let trial = Trial(curve.isEmpty ? times : Self.warp(times, curve), tick, seed) else {
      return nil
    }
    var best = trial.candidate(nil)
    let plain = best
    // Which jobs are too near to the one before for the process found, under several notions of near.
    for near in [0, 0.001, 0.01, 0.1, 1, 3, 10, 30].map({ max($0, tick > 1 ? $0 * tick : $0) }) {
      guard let batches = trial.batches(near: near, beside: plain.gaps) else { continue }
      let found = trial.candidate(batches)
      if found.score < best.score { best = found }
    }
    var profile = best.profile
    profile.weeklyCurve = curve
    return profile
  }

  static func counted(_ times: [Double]) -> ArrivalCounter? {
    guard var counter = try? ArrivalCounter(), let first = times.first else { return nil }
    for time in times { counter.add(at: max(time - first, counter.last)) }
    return counter
  }

  /// The rate by hour of the week: hours of the day of traces of three days and more, days of the week of
  /// two weeks and more. Empty where hours differ by no more than twice what bursts make of them.
  private static func cycle(_ arrivals: ArrivalProfile, span: Double) -> [Double] {
    let day = 86_400.0
    guard span >= 3 * day, arrivals.hourOfDay.count == 24 else { return [] }
    func isClear(_ rates: [Double], window: Double, repeats: Double) -> Bool {
      let mean = rates.reduce(0, +) / Double(rates.count)
      let variance = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rates.count)
      let near = arrivals.windows.min {
        abs(cvm_log($0.window / window)) < abs(cvm_log($1.window / window))
      }
      let noise = (near?.dispersion ?? 1) / (arrivals.rate * window * repeats)
      return variance > 2 * noise
    }
    let hours = arrivals.hourOfDay.map { max($0 ?? 1, 0.01) }
    var days = arrivals.dayOfWeek.map { max($0 ?? 1, 0.01) }
    let hasHours = isClear(hours, window: 3600, repeats: span / day)
    let hasDays =
      span >= 14 * day && days.count == 7 && isClear(days, window: day, repeats: span / (7 * day))
    guard hasHours || hasDays else { return [] }
    if !hasDays { days = [Double](repeating: 1, count: 7) }
    let curve = (0..<168).map { days[$0 / 24] * (hasHours ? hours[$0 % 24] : 1) }
    let mean = curve.reduce(0, +) / 168
    return curve.map { $0 / mean }
  }

  /// Times on a clock that runs at the curve's rate.
  private static func warp(_ times: [Double], _ curve: [Double]) -> [Double] {
    var ends = [0.0]
    for rate in curve { ends.append(ends[ends.count - 1] + rate * 3600) }
    return times.map { time in
      let week = (time / 604_800).rounded(.down)
      let rest = time - week * 604_800
      let hour = min(167, Int(rest / 3600))
      return week * ends[168] + ends[hour] + (rest - Double(hour) * 3600) * curve[hour]
    }
  }
}

/// Arrivals with the cycles taken out, and what is tried to come near to them.
private struct Trial {
  let gaps: [Double]
  private let windows: [ArrivalCounter.WindowStatistics]
  private let rate: Double
  private let count: Int
  private let tick: Double
  private let seed: UInt64

  private static let orders = 1...3
  /// Arrivals that are drawn, at most.
  private static let most = 20_000
  /// What a second process of groups must be better by.
  private static let leastGain = 0.005

  struct Candidate {
    var profile: CascadeProfile
    /// Kolmogorov and Smirnov's distance of the gaps, and the mean error of the dispersion's logarithm.
    var score: Double
    var gaps: [Double]
  }

  init?(_ times: [Double], _ tick: Double, _ seed: UInt64) {
    guard let counter = ArrivalLearner.counted(times) else { return nil }
    (windows, rate) = (counter.statistics(), counter.rate)
    gaps = zip(times.dropFirst(), times).map { $0 - $1 }
    (count, self.tick, self.seed) = (times.count, tick, seed)
  }

  /// Groups of jobs that are at most `near` seconds apart: those of the trace's jobs that are more than the
  /// ones that were drawn without groups. Nil where there are hardly any.
  func batches(near: Double, beside drawn: [Double]) -> BatchModel? {
    func share(_ gaps: [Double]) -> Double {
      gaps.isEmpty ? 0 : Double(gaps.count { $0 <= near }) / Double(gaps.count)
    }
    let (here, there) = (share(gaps), share(drawn))
    guard there < 1, here - there > 0.01 else { return nil }
    let short = sortedAscending(gaps.filter { $0 <= near })
    return BatchModel(
      share: min((here - there) / (1 - there), 0.995),
      gaps: (0..<64).map { short[(2 * $0 + 1) * short.count / 128] })
  }

  /// The best cascade with these groups.
  func candidate(_ batches: BatchModel?) -> Candidate {
    var best: (cascade: ArrivalCascade, score: Double)?
    for order in Self.orders {
      guard
        let fit = ArrivalCascade.fit(windows, rate: rate, order: order, batches: batches)
      else { continue }
      let score = fit.error + 2 * Double(order) * cvm_log(Double(windows.count))
      if best.map({ score < $0.score }) ?? true { best = (fit.cascade, score) }
    }
    guard let found = best?.cascade else { return tried([], batches) }
    // How silent the quiet states are does not show in the dispersion: it is tried out.
    return [1, 0.7, 0.4, 0.2, 0.1, 0.05].map { skew in
      tried(
        found.stages.compactMap { stage in
          var stage = stage
          stage.skew = skew
          return stage.process
        }, batches)
    }.min { $0.score < $1.score } ?? tried([], batches)
  }

  /// What a process is like when it is drawn.
  private func tried(_ stages: [MMPP2], _ batches: BatchModel?) -> Candidate {
    var model = ArrivalModel(rate: rate, process: stages.isEmpty ? .poisson : .cascade(stages))
    model.batches = batches
    var clock = ArrivalClock(model, seed: seed)
    var drawn: [Double] = []
    var block = [Double](repeating: 0, count: GammaBridge.blockSize)
    let ticks = ClockTicks(submission: tick, runTime: 0)
    for number in 0..<(min(count, Self.most) / GammaBridge.blockSize + 1) {
      block.withUnsafeMutableBufferPointer {
        clock.times(of: number, into: $0)
        ticks.round(submissions: $0)
      }
      drawn += block
    }
    let own = zip(drawn.dropFirst(), drawn).map { $0 - $1 }
    let distance = TwoSampleDistance(gaps, own)?.kolmogorovSmirnov ?? 1
    let ratios = (ArrivalLearner.counted(drawn)?.statistics() ?? []).compactMap {
      here -> CascadeProfile.Ratio? in
      guard let there = windows.first(where: { $0.window == here.window }) else { return nil }
      return .init(window: here.window, ratio: here.dispersion / max(there.dispersion, 1e-3))
    }
    let error =
      ratios.reduce(0) { $0 + abs(cvm_log(max($1.ratio, 1e-3))) } / Double(max(1, ratios.count))
    return Candidate(
      profile: CascadeProfile(
        weeklyCurve: [], stages: stages, batches: batches, dispersionRatios: ratios,
        gapDistance: distance),
      score: distance + 0.3 * error + (batches == nil ? 0 : Self.leastGain), gaps: own)
  }
}
