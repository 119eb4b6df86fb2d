import Foundation

/// The shift between paired samples that belongs to Wilcoxon's signed-rank test: the median of all
/// averages of two differences (Walsh averages; Hodges and Lehmann, "Estimates of location based on
/// rank tests", 1963), and the shifts that the test does not reject (Hollander, Wolfe and Chicken,
/// "Nonparametric Statistical Methods", 3rd ed., section 3.3).
public struct SignedRankShift: Hashable, Sendable {
  private let sorted: [Double]

  /// The shifts of `differences`, which are finite. O(n log n).
  public init(_ differences: [Double]) { sorted = differences.sorted() }

  /// The Hodges-Lehmann estimate; NaN of nothing. O(n) for each of about 70 steps.
  public var estimate: Double {
    guard !sorted.isEmpty else { return .nan }
    let pairs = sorted.count * (sorted.count + 1) / 2
    return (average(rank: (pairs + 1) / 2) + average(rank: pairs / 2 + 1)) / 2
  }

  /// The shifts that the two-sided test does not reject at `1 - level`; nil where it can reject none,
  /// because there are too few differences. Ranks are exact for up to 50 differences, by the normal law
  /// beyond.
  public func interval(level: Double) -> ConfidenceInterval? {
    let n = sorted.count
    guard n > 0, let outside = Self.rejected(n, alpha: 1 - level) else { return nil }
    let pairs = n * (n + 1) / 2
    return ConfidenceInterval(
      lower: average(rank: outside + 1), upper: average(rank: pairs - outside), level: level)
  }

  /// The greatest rank sum that the test rejects at `alpha`, on the lesser side; nil if there is none.
  static func rejected(_ n: Int, alpha: Double) -> Int? {
    if n > 50 {
      let (count, z) = (Double(n), -normalQuantile(alpha / 2))
      let deviation = (count * (count + 1) * (2 * count + 1) / 24).squareRoot()
      let limit = (count * (count + 1) / 4 - z * deviation).rounded(.down)
      return limit >= 0 ? min(Int(limit), n * (n + 1) / 4) : nil
    }
    let total = n * (n + 1) / 2
    var ways = [Double](repeating: 0, count: total + 1)
    ways[0] = 1
    for rank in 1...n {
      for sum in stride(from: total, through: rank, by: -1) { ways[sum] += ways[sum - rank] }
    }
    let unit = pow(2, -Double(n))
    var (tail, last): (Double, Int?) = (0, nil)
    for sum in 0...total {
      tail += ways[sum]
      // The same slack as where p is compared with the level.
      guard 2 * tail * unit <= alpha + 1e-12 else { break }
      last = sum
    }
    return last
  }

  /// The Walsh average of that rank, from 1: the least number that so many of them do not exceed.
  private func average(rank: Int) -> Double {
    guard var low = sorted.first, var high = sorted.last else { return .nan }
    if reaches(rank, low) { return low }
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { return high }
      if reaches(rank, middle) { high = middle } else { low = middle }
    }
  }

  /// Whether at least `rank` averages are at most `value`. O(n).
  private func reaches(_ rank: Int, _ value: Double) -> Bool {
    var (end, count) = (sorted.count, 0)
    for (place, first) in sorted.enumerated() {
      while end > place, (first + sorted[end - 1]) / 2 > value { end -= 1 }
      guard end > place else { break }
      count += end - place
      if count >= rank { return true }
    }
    return count >= rank
  }
}
