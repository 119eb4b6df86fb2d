internal import CVectorMath
import PortableMath

/// Which copula joins pairs of quantities: Gaussian, or Student's t with so many degrees of freedom, whose greatest and
/// least values come together far oftener.
///
/// Chosen by pseudo-likelihood (Genest, Ghoudi and Rivest 1995): of ranks / (n + 1), with each pair's correlation from
/// Kendall's τ, r = sin(π τ / 2), which holds for both copulas (Lindskog, McNeil and Schmock 2003). The t is taken where
/// its logarithm is greater by more than Schwarz's ½ log n a pair. Degrees of freedom are even: Student's distribution
/// function is then a polynomial in the sine of an angle (Abramowitz and Stegun 26.7.4).
public struct TailDependence: Codable, Sendable, Equatable {
  /// One pair of quantities.
  public struct Pair: Codable, Sendable, Equatable {
    /// Which.
    public var name: String
    /// How many observations tell both.
    public var count: Int
    /// Kendall's τ.
    public var kendall: Double
    /// Of the twentieth of the greatest values of one, the share that is with the greatest twentieth of the other.
    public var upper: Double
    /// The same of the least.
    public var lower: Double
  }

  /// The pairs.
  public var pairs: [Pair]
  /// Degrees of freedom of the t copula; nil for the Gaussian.
  public var degreesOfFreedom: Int?
  /// By how much the logarithm of the likelihood of the best t is greater than that of the Gaussian.
  public var gain: Double

  /// Degrees of freedom that are tried; beyond the last a t is as good as Gaussian.
  public static let choices = [2, 4, 6, 8, 10, 14, 20, 30]
  /// Observations that a pair must have.
  public static let fewest = 200
  private static let most = 5000

  /// Of columns of values, NaN for unknown; nil where no pair has ``fewest`` observations with hardly any ties. Of more than
  /// 5,000 observations every so manieth is taken. O(n log n).
  public init?(_ columns: [(name: String, values: [Double])]) {
    var pairs: [Pair] = []
    var gains = [Double](repeating: 0, count: Self.choices.count)
    var penalty = 0.0
    for a in columns.indices {
      for b in columns.indices where b > a {
        guard let scores = PairScores(columns[a].values, columns[b].values, most: Self.most)
        else { continue }
        pairs.append(
          Pair(
            name: "\(columns[a].name) and \(columns[b].name)", count: scores.u.count,
            kendall: scores.kendall, upper: scores.tail(upper: true),
            lower: scores.tail(upper: false)))
        let gaussian = scores.gaussian
        for (place, degrees) in Self.choices.enumerated() {
          gains[place] += scores.student(degrees) - gaussian
        }
        penalty += 0.5 * log(Double(scores.u.count))
      }
    }
    guard !pairs.isEmpty, let best = gains.indices.max(by: { gains[$0] < gains[$1] }) else {
      return nil
    }
    self.pairs = pairs
    gain = gains[best]
    degreesOfFreedom = gains[best] > penalty ? Self.choices[best] : nil
  }
}

/// Two columns by their ranks.
private struct PairScores {
  /// Ranks / (n + 1), in the order of the first.
  private(set) var u: [Double] = []
  private(set) var v: [Double] = []
  private(set) var kendall = 0.0
  private var r: Double { min(max(sin(.pi / 2 * kendall), -0.999), 0.999) }

  init?(_ a: [Double], _ b: [Double], most: Int) {
    var known = zip(a, b).filter { !$0.isNaN && !$1.isNaN }
    guard known.count >= TailDependence.fewest else { return nil }
    if known.count > most {
      known = (0..<most).map { known[$0 * known.count / most] }
    }
    // Ties make of ranks what they are not: one value in twenty may be there before.
    let (x, y) = (known.map(\.0), known.map(\.1))
    guard Set(x).count * 20 >= 19 * x.count, Set(y).count * 20 >= 19 * y.count else { return nil }
    let n = Double(known.count)
    let order = x.indices.sorted { (x[$0], $0) < (x[$1], $1) }
    let second = y.indices.sorted { (y[$0], $0) < (y[$1], $1) }
    var ranks = [Int](repeating: 0, count: x.count)
    for (rank, place) in second.enumerated() { ranks[place] = rank }
    u = order.indices.map { (Double($0) + 1) / (n + 1) }
    let sorted = order.map { ranks[$0] }
    v = sorted.map { (Double($0) + 1) / (n + 1) }
    var (list, scratch) = (sorted, sorted)
    let inversions = Self.inversions(&list, &scratch, 0..<sorted.count)
    kendall = 1 - 4 * Double(inversions) / (n * (n - 1))
  }

  /// Pairs in the wrong order, sorting by merging (Knight 1966).
  private static func inversions(
    _ list: inout [Int], _ scratch: inout [Int], _ range: Range<Int>
  ) -> Int {
    guard range.count > 1 else { return 0 }
    let middle = range.lowerBound + range.count / 2
    var found =
      inversions(&list, &scratch, range.lowerBound..<middle)
      + inversions(&list, &scratch, middle..<range.upperBound)
    var (a, b) = (range.lowerBound, middle)
    for place in range {
      if b == range.upperBound || (a < middle && list[a] <= list[b]) {
        scratch[place] = list[a]
        a += 1
      } else {
        scratch[place] = list[b]
        found += middle - a
        b += 1
      }
    }
    for place in range { list[place] = scratch[place] }
    return found
  }

  func tail(upper: Bool) -> Double {
    let (low, high) = (0.05, 0.95)
    let both = zip(u, v).count { upper ? $0 > high && $1 > high : $0 < low && $1 < low }
    let one = u.count { upper ? $0 > high : $0 < low }
    return one > 0 ? Double(both) / Double(one) : 0
  }

  /// Logarithm of the Gaussian copula's density.
  var gaussian: Double {
    let (r, rest) = (r, 1 - r * r)
    let quantiles = u.map { cvm_normal_quantile($0) }
    return places.reduce(-0.5 * log(rest) * Double(u.count)) { sum, pair in
      let (x, y) = (quantiles[pair.0], quantiles[pair.1])
      return sum - (r * r * (x * x + y * y) - 2 * r * x * y) / (2 * rest)
    }
  }

  /// Logarithm of the t copula's density.
  func student(_ degrees: Int) -> Double {
    let (r, rest, nu) = (r, 1 - r * r, Double(degrees))
    let quantiles = u.map { StudentT.quantile($0, degrees: degrees) }
    let constant =
      logGamma((nu + 2) / 2) + logGamma(nu / 2) - 2 * logGamma((nu + 1) / 2) - 0.5 * log(rest)
    return places.reduce(constant * Double(u.count)) { sum, pair in
      let (x, y) = (quantiles[pair.0], quantiles[pair.1])
      let joint = (x * x + y * y - 2 * r * x * y) / (nu * rest)
      return sum - (nu + 2) / 2 * log1p(joint)
        + (nu + 1) / 2 * (log1p(x * x / nu) + log1p(y * y / nu))
    }
  }

  /// Of each pair the places of its values among the n ranks.
  private var places: [(Int, Int)] {
    let n = Double(u.count)
    return v.enumerated().map { ($0, Int(($1 * (n + 1)).rounded()) - 1) }
  }
}
