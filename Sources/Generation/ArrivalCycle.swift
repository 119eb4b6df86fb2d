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
  private static let orders = 1...3
  /// Arrivals that are drawn to try a cascade, at most.
  private static let trial = 20_000

  mutating func add(_ time: Double) {
    if times.count < Self.limit { times.append(max(time, times.last ?? time)) }
  }

  /// What was found; nil for fewer than 200 arrivals.
  func profile(_ arrivals: ArrivalProfile, seed: UInt64) -> CascadeProfile? {
    guard times.count >= 200, let first = times.first, let last = times.last, last > first else {
      return nil
    }
    let curve = Self.cycle(arrivals, span: last - first)
    let warped = curve.isEmpty ? times : Self.warp(times, curve)
    guard let counter = Self.counted(warped) else { return nil }
    let (windows, rate) = (counter.statistics(), counter.rate)
    var best: (cascade: ArrivalCascade, score: Double)?
    for order in Self.orders {
      guard let fit = ArrivalCascade.fit(windows, rate: rate, order: order) else { continue }
      let score = fit.error + 2 * Double(order) * cvm_log(Double(windows.count))
      if best.map({ score < $0.score }) ?? true { best = (fit.cascade, score) }
    }
    guard let found = best?.cascade else {
      return CascadeProfile(
        weeklyCurve: curve, stages: [], dispersionRatios: [], gapDistance: .nan
      ).finite
    }
    // How silent the quiet states are does not show in the dispersion: it is tried out.
    let gaps = zip(warped.dropFirst(), warped).map { $0 - $1 }
    var chosen: (profile: CascadeProfile, score: Double)?
    for skew in [1, 0.7, 0.4, 0.2, 0.1, 0.05] {
      let stages = found.stages.compactMap { stage -> MMPP2? in
        var stage = stage
        stage.skew = skew
        return stage.process
      }
      guard stages.count == found.stages.count else { continue }
      var clock = ArrivalClock(
        ArrivalModel(rate: rate, process: .cascade(stages)), seed: seed)
      var drawn: [Double] = []
      var block = [Double](repeating: 0, count: GammaBridge.blockSize)
      for number in 0..<(min(warped.count, Self.trial) / GammaBridge.blockSize + 1) {
        block.withUnsafeMutableBufferPointer { clock.times(of: number, into: $0) }
        drawn += block
      }
      guard let own = Self.counted(drawn) else { continue }
      let drawnGaps = zip(drawn.dropFirst(), drawn).map { $0 - $1 }
      guard let distance = TwoSampleDistance(gaps, drawnGaps) else { continue }
      let ratios = own.statistics().compactMap { here -> CascadeProfile.Ratio? in
        guard let there = windows.first(where: { $0.window == here.window }) else { return nil }
        return .init(window: here.window, ratio: here.dispersion / max(there.dispersion, 1e-3))
      }
      let error =
        ratios.reduce(0) { $0 + abs(cvm_log(max($1.ratio, 1e-3))) } / Double(max(1, ratios.count))
      let score = distance.kolmogorovSmirnov + 0.3 * error
      if chosen.map({ score < $0.score }) ?? true {
        chosen = (
          CascadeProfile(
            weeklyCurve: curve, stages: stages, dispersionRatios: ratios,
            gapDistance: distance.kolmogorovSmirnov), score
        )
      }
    }
    return chosen?.profile
  }

  private static func counted(_ times: [Double]) -> ArrivalCounter? {
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

extension CascadeProfile {
  /// Itself with distances that JSON can hold.
  fileprivate var finite: CascadeProfile {
    var copy = self
    if !copy.gapDistance.isFinite { copy.gapDistance = 1 }
    return copy
  }
}
