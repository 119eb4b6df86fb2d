import Foundation
import Workload

/// One sample against another that was made under the same circumstances, pair by pair: two
/// schedulers on the same workloads under the same seeds.
public struct PairedComparison: Hashable, Sendable {
  /// The differences, first less second.
  public let differences: [Double]
  /// How many pairs.
  public var count: Int { differences.count }
  /// Mean of first less second.
  public let meanDifference: Double
  /// The Hodges-Lehmann estimate of the shift, which belongs to the test; NaN of no pairs.
  public let shift: Double
  /// Student's interval of the mean difference; nil of fewer than two pairs.
  public let interval: ConfidenceInterval?
  /// The bootstrap's interval (BCa, expanded); nil of fewer than two pairs.
  public let bootstrap: ConfidenceInterval?
  /// The signed-rank test of the differences.
  public let test: WilcoxonSignedRank
  /// Cohen's d of paired samples, d_z: mean over standard deviation of the differences (Lakens 2013,
  /// eq. 7); nil where the differences do not vary.
  public let cohensD: Double?
  /// Cliff's delta, -1…1: the share of pairs of values in which the first is greater less the share
  /// in which it is less, over all pairs of values (Cliff 1993).
  public let cliffsDelta: Double

  /// Compares `first` with `second`; values at the same place belong together, and places at which
  /// either is no finite number are left out.
  ///
  /// - Parameters:
  ///   - first: the values that are compared.
  ///   - second: what they are compared with.
  ///   - level: the intervals' level.
  ///   - rng: what the bootstrap draws from.
  public init(
    _ first: [Double], _ second: [Double], level: Double = 0.95, using rng: inout RandomStream
  ) {
    let pairs = zip(first, second).filter { $0.isFinite && $1.isFinite }
    let differences = pairs.map { Self.difference($0, $1) }
    let moments = Moments(differences)
    self.differences = differences
    meanDifference = moments.mean
    shift = SignedRankShift(differences).estimate
    interval = .t(differences, level: level)
    bootstrap = MeanBootstrap(differences, using: &rng).interval(level: level)
    test = WilcoxonSignedRank(differences)
    let deviation = moments.standardDeviation
    cohensD = deviation > 0 ? moments.mean / deviation : nil
    cliffsDelta = Self.cliffsDelta(pairs.map(\.0), pairs.map(\.1))
  }

  /// The first less the second; 0 where they differ by the rounding of sums only, which is no difference
  /// between schedulers.
  static func difference(_ first: Double, _ second: Double) -> Double {
    let difference = first - second
    return abs(difference) <= 1e-12 * max(abs(first), abs(second)) ? 0 : difference
  }

  /// Values that differ by the rounding of sums only are equal, as in the test. O((n + m) log(n + m)).
  static func cliffsDelta(_ first: [Double], _ second: [Double]) -> Double {
    guard !first.isEmpty, !second.isEmpty else { return .nan }
    let second = second.sorted()
    var (less, greater) = (0, 0)
    for value in first {
      greater += second.partition(where: { difference(value, $0) <= 0 })
      less += second.count - second.partition(where: { difference(value, $0) < 0 })
    }
    return Double(greater - less) / (Double(first.count) * Double(second.count))
  }
}

extension [Double] {
  /// How many lead the first element of a sorted array for which `holds` is true.
  fileprivate func partition(where holds: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// Corrections for looking at several tests at once.
public enum MultipleTesting {
  /// Holm's step-down adjustment ("A simple sequentially rejective multiple test procedure", 1979),
  /// in the order of `pValues`: those at most the level are significant, with the chance of any false
  /// one at most the level.
  public static func holm(_ pValues: [Double]) -> [Double] {
    var adjusted = pValues
    var most = 0.0
    let order = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
    for (rank, index) in order.enumerated() {
      most = Swift.max(most, Swift.min(1, Double(pValues.count - rank) * pValues[index]))
      adjusted[index] = most
    }
    return adjusted
  }
}

/// How many seeds a wanted width takes.
public enum SeedPlan {
  /// The least number of seeds for which Student's interval of the mean has at most `halfWidth` to
  /// either side, if the spread stays what it was; nil if a million do not suffice, or if the spread
  /// or the width is no number above 0.
  ///
  /// - Parameters:
  ///   - halfWidth: the wanted half of the width, in the values' unit (> 0).
  ///   - standardDeviation: the spread from seed to seed (≥ 0).
  ///   - level: the interval's level.
  public static func seeds(
    forHalfWidth halfWidth: Double, standardDeviation: Double, level: Double = 0.95
  ) -> Int? {
    guard halfWidth > 0, standardDeviation >= 0, standardDeviation.isFinite else { return nil }
    func isEnough(_ n: Int) -> Bool {
      StudentT(degrees: Double(n - 1)).quantile(upperTail: (1 - level) / 2)
        * standardDeviation / Double(n).squareRoot() <= halfWidth
    }
    var (low, high) = (1, 2)
    while !isEnough(high) {
      guard high < 1_000_000 else { return nil }
      (low, high) = (high, Swift.min(1_000_000, high * 2))
    }
    while high - low > 1 {
      let middle = (low + high) / 2
      if isEnough(middle) { high = middle } else { low = middle }
    }
    return high
  }
}
