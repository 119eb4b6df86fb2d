import Foundation

/// Wilcoxon's signed-rank test of paired differences, two-sided (Wilcoxon 1945).
///
/// Differences of zero are left out (Wilcoxon's own way); equal magnitudes share their mean rank.
/// The distribution is exact up to 50 differences without ties or zeros, and up to 13 with them (over
/// all signs); otherwise normal, with the correction for ties. This is what SciPy's
/// `wilcoxon(method="auto", correction=False)` does.
public struct WilcoxonSignedRank: Hashable, Sendable {
  /// How the p-value was found.
  public enum Method: String, Sendable {
    /// From the distribution over all signs.
    case exact
    /// From the normal law, corrected for ties.
    case normal
  }

  /// Sum of the ranks of positive differences.
  public let positive: Double
  /// Sum of the ranks of negative differences.
  public let negative: Double
  /// Differences other than zero.
  public let count: Int
  /// How the p-value was found.
  public let method: Method
  /// Two-sided p-value; 1 if every difference is zero.
  public let pValue: Double

  /// SciPy's statistic, the lesser of the two sums.
  public var statistic: Double { min(positive, negative) }

  /// Matched-pairs rank-biserial correlation, -1…1: the share of rank in favour of positive less that
  /// of negative differences (Kerby, "The simple difference formula", 2014); 0 of no differences.
  public var rankBiserial: Double {
    count == 0 ? 0 : (positive - negative) / (positive + negative)
  }

  /// Tests whether `differences` are symmetric about zero. O(n log n), and O(n³) where exact.
  public init(_ differences: [Double]) {
    let magnitudes = differences.filter { $0 != 0 }
      .sorted { abs($0) < abs($1) }
    count = magnitudes.count
    // Twice the ranks, which are whole numbers even for ties.
    var doubledRanks: [Int] = []
    var tieTerm = 0.0
    while doubledRanks.count < magnitudes.count {
      let start = doubledRanks.count
      var end = start
      while end < magnitudes.count, abs(magnitudes[end]) == abs(magnitudes[start]) { end += 1 }
      let ties = Double(end - start)
      tieTerm += ties * ties * ties - ties
      doubledRanks += Array(repeating: start + 1 + end, count: end - start)
    }
    var doubledPositive = 0
    for (value, rank) in zip(magnitudes, doubledRanks) where value > 0 { doubledPositive += rank }
    let doubledTotal = count * (count + 1)
    positive = Double(doubledPositive) / 2
    negative = Double(doubledTotal - doubledPositive) / 2
    guard count > 0 else {
      method = .exact
      pValue = 1
      return
    }
    let isUntied = tieTerm == 0 && count == differences.count
    if differences.count <= (isUntied ? 50 : 13) {
      method = .exact
      let lesser = min(doubledPositive, doubledTotal - doubledPositive)
      pValue = min(1, 2 * Self.lowerTail(doubledRanks, through: lesser))
    } else {
      method = .normal
      let n = Double(count)
      let variance = (n * (n + 1) * (2 * n + 1) - tieTerm / 2) / 24
      let z = (positive - n * (n + 1) / 4) / variance.squareRoot()
      pValue = erfc(abs(z) * 0.7071067811865476)
    }
  }

  /// P(sum of a random half of the signs' ranks ≤ `limit`), by counting the ways to each sum.
  private static func lowerTail(_ ranks: [Int], through limit: Int) -> Double {
    var ways = [Double](repeating: 0, count: limit + 1)
    ways[0] = 1
    for rank in ranks where rank <= limit {
      for sum in stride(from: limit, through: rank, by: -1) { ways[sum] += ways[sum - rank] }
    }
    return ways.reduce(0, +) * pow(2, -Double(ranks.count))
  }
}
