import Fitting
import Foundation
import Workload

/// The values of one quantity: all of them, or beyond ``limit`` a uniform sample (Vitter's algorithm R).
public struct QuantitySample: Sendable {
  /// So many values are kept.
  public static let limit = 1_000_000

  let name: String
  let unit: String
  /// How many values were added, zeros and those that were cut off included.
  public private(set) var count = 0
  /// Of how many only a lower bound is known.
  public private(set) var cutOff = 0
  /// Of the values that are known.
  private var sum = 0.0
  private var kept: [(value: Double, isCensored: Bool)] = []
  private var rng: RandomStream

  /// No values yet.
  ///
  /// - Parameters:
  ///   - name: the quantity's name, which also names the random numbers.
  ///   - unit: its unit.
  public init(_ name: String, _ unit: String) {
    (self.name, self.unit) = (name, unit)
    rng = RandomStream(seed: 1, name: "overview/\(name)")
  }

  /// Adds a value ≥ 0, or the lower bound of one of which no more is known; others are dropped.
  public mutating func add(_ value: Double, isCensored: Bool = false) {
    guard value >= 0, value.isFinite else { return }
    count += 1
    if isCensored { cutOff += 1 } else { sum += value }
    if kept.count < Self.limit {
      kept.append((value, isCensored))
    } else {
      let place = rng.below(count)
      if place < Self.limit { kept[place] = (value, isCensored) }
    }
  }

  /// Whether not all values were kept.
  public var isSampled: Bool { count > kept.count }

  private var values: [Double] { kept.filter { !$0.isCensored }.map(\.value) }
  private var censored: [Double] { kept.filter(\.isCensored).map(\.value) }

  /// Mean (up to the greatest seen) and median with those that were cut off counted, by Kaplan and Meier; the
  /// median is nil where it is beyond the longest known. Nil where none was cut off or none is known.
  /// O(n log n).
  public var productLimit: (mean: Double, median: Double?, isSampled: Bool)? {
    guard cutOff > 0, cutOff < count else { return nil }
    let law = KaplanMeier(values: values, censored: censored)
    let median = law.quantile(survival: 0.5)
    return (law.mean, median.isFinite ? median : nil, isSampled)
  }

  /// The distribution, with laws fitted to the values above 0; nil where none is.
  var quantity: WorkloadOverview.Quantity? {
    let values = values
    let censored = censored
    guard let greatest = values.max(), greatest > 0 else { return nil }
    let law = KaplanMeier(values: values, censored: censored)
    let points = Self.points(law, of: kept.count)
    guard let first = points.first else { return nil }
    return .init(
      name: name, unit: unit, count: count - cutOff,
      mean: cutOff > 0 ? law.mean : sum / Double(count), points: points,
      fits: fits(from: first.x, to: greatest, share: law.survival(at: 0)),
      cutOff: cutOff > 0 ? cutOff : nil, sample: isSampled ? kept.count : nil)
  }

  /// Points of P(X ≥ x): at each step where there are few, else about evenly spread over the logarithm of the
  /// share.
  private static func points(_ law: KaplanMeier, of count: Int) -> [WorkloadOverview.Point] {
    var points: [WorkloadOverview.Point] = []
    var before = 1.0
    var level = 0
    let tails = WorkloadOverview.tails
    for step in law.steps {
      // The first step at or below a level stands for it.
      let isDue = law.steps.count <= tails.count || level < tails.count && before <= tails[level]
      if isDue, step.value > 0 { points.append(.init(x: step.value, p: before)) }
      while level < tails.count, before <= tails[level] { level += 1 }
      before = step.survival
    }
    // A few values far below the others would have half of the chart to themselves.
    if points.count > 2, points[0].p == 1, points[1].x > 100 * points[0].x { points.removeFirst() }
    return points.filter { $0.p * Double(count) >= 1 - 1e-9 }
  }

  /// So many values are fitted to, at most.
  private static let fitted = 20_000

  private static let families: [Family] = [
    .exponential, .lognormal, .weibull, .gamma, .pareto, .logLogistic, .generalizedPareto, .burrXII,
  ]

  /// - Parameter share: of the values above 0 among all: the laws are of those.
  private func fits(
    from low: Double, to high: Double, share: Double
  ) -> [WorkloadOverview.FittedCurve] {
    var chosen = Array(kept.filter { $0.value > 0 })
    if chosen.count > Self.fitted {
      var rng = RandomStream(seed: 1, name: "overview/\(name)/fitted")
      for place in 0..<Self.fitted {
        chosen.swapAt(place, place + rng.below(chosen.count - place))
      }
      chosen.removeLast(chosen.count - Self.fitted)
    }
    let values = chosen.filter { !$0.isCensored }.map(\.value)
    let censored = chosen.filter(\.isCensored).map(\.value)
    guard Set(values).count >= 50, var sample = try? Sample(values, censored: censored) else {
      return []
    }
    if unit == "s", let scale = Binning(detectedIn: values), scale.matters(for: values) {
      sample.binning = scale
    }
    let fits = Self.families.compactMap { try? sample.fit($0) }.ranked()
    return fits.prefix(3).map { fit in
      .init(
        law: fit.family.rawValue,
        parameters: fit.parameters.filter { $0.standardError > 0 }
          .map { "\($0.name) \(String(format: "%.4g", $0.value))" }.joined(separator: ", "),
        distance: sample.goodness(of: fit.law).kolmogorovSmirnov,
        points: (0...48).map { step in
          let x = low * pow(high / low, Double(step) / 48)
          return .init(x: x, p: share * fit.law.survival(x))
        }.filter { $0.p > 0.5 / Double(kept.count) })
    }
  }
}
