#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Quantiles of a stream of positive numbers within a stated relative error.
///
/// DDSketch (Masson, Rim and Lee, VLDB 2019) without collapsing: buckets at powers of
/// γ = (1 + α)/(1 - α), so any quantile is within a factor 1 ± α of an order statistic at its rank.
/// Counts are integers: merging is exact, and its order cannot matter. Memory is the range of the
/// data: ln(max/min) / ln γ counts, at most 71,000 at α = 0.01 over all doubles.
public struct QuantileSketch: Sendable, Equatable, Codable {
  /// The relative error α, in 0 ..< 1.
  public let relativeError: Double
  /// How many numbers were taken.
  public private(set) var count = 0
  private let logGamma: Double
  private var first = 0
  private var counts: [Int] = []

  /// An empty sketch; throws unless `relativeError` is in 1e-5 ... 0.5.
  public init(relativeError: Double = 0.005) throws(FittingError) {
    guard relativeError >= 1e-5, relativeError <= 0.5 else {
      throw .invalidParameter(
        law: "quantile sketch", parameter: "relative error", value: relativeError,
        requirement: "in 1e-5...0.5")
    }
    self.relativeError = relativeError
    logGamma = log1p(relativeError) - log1p(-relativeError)
  }

  /// Takes a number, which must be finite and positive. Amortised O(1).
  public mutating func add(_ value: Double) {
    precondition(value > 0 && value < .infinity, "a quantile sketch takes finite positive numbers")
    include(bucket: Int((log(value) / logGamma).rounded(.up)), times: 1)
  }

  /// Takes all that `other` has seen; throws if its error is another.
  public mutating func merge(_ other: QuantileSketch) throws(FittingError) {
    guard relativeError == other.relativeError else {
      throw .notApplicable(
        "sketches of relative error \(relativeError) and \(other.relativeError) do not merge")
    }
    for (offset, times) in other.counts.enumerated() where times > 0 {
      include(bucket: other.first + offset, times: times)
    }
  }

  /// The value at rank ⌈p·n⌉, within the relative error; nil if the sketch is empty.
  /// `p` must lie in 0...1. O(buckets).
  public func quantile(_ p: Double) -> Double? {
    precondition(p >= 0 && p <= 1, "a probability lies in 0...1")
    guard count > 0 else { return nil }
    let rank = max(1, Int((p * Double(count)).rounded(.up)))
    var seen = 0
    for (offset, times) in counts.enumerated() {
      seen += times
      if seen >= rank {
        // The point of the bucket (γ^(i-1), γ^i] with equal relative error to both ends.
        return exp(Double(first + offset) * logGamma) * (1 - relativeError)
      }
    }
    return nil
  }

  private mutating func include(bucket: Int, times: Int) {
    if counts.isEmpty {
      first = bucket
      counts = [0]
    } else if bucket < first {
      let grown = max(first - bucket, min(counts.count, 4096))
      counts.insert(contentsOf: repeatElement(0, count: grown), at: 0)
      first -= grown
    } else if bucket - first >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: bucket - first - counts.count + 1))
    }
    counts[bucket - first] += times
    count += times
  }

  /// Equal counts in equal buckets, however much room either has reserved.
  public static func == (a: QuantileSketch, b: QuantileSketch) -> Bool {
    a.relativeError == b.relativeError && a.count == b.count && a.occupied == b.occupied
  }

  private var occupied: [[Int]] {
    counts.enumerated().filter { $0.element > 0 }.map { [first + $0.offset, $0.element] }
  }
}
