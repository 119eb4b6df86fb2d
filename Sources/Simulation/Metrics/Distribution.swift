#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A distribution of non-negative whole numbers (microseconds, or millionths of a ratio).
///
/// The count, mean, variance, least and greatest are exact whatever the length. Quantiles are exact
/// up to ``exactLimit`` values; beyond that the values are counted in a log-linear histogram as in
/// HdrHistogram (Tene), 128 buckets an octave, and a quantile is off by at most 1/256 of itself.
/// Memory is bounded, and two distributions merge to what recording both would have given.
///
/// Our own instead of the package hdrhistogram-swift: as of its version 0.2.0, `mean` and
/// `stdDeviation` are those of the buckets' medians (here they are those of the values),
/// `valueAtPercentile` gives the upper end of a bucket however few values there are, and it depends
/// on swift-numerics, where this module has no dependencies.
public struct Distribution: Hashable, Sendable {
  /// So many values are kept as they are.
  public static var exactLimit: Int { 4096 }
  private static var bucketBits: Int { 7 }

  /// How many values were recorded.
  public private(set) var count = 0
  private var sum: Int128 = 0
  private var sumOfSquares: Int128 = 0
  private var least = Int64.max
  private var greatest: Int64 = 0
  private var exact: [Int64] = []
  private var buckets: [UInt64] = []

  /// An empty distribution.
  public init() {}

  /// Records a value; a negative one counts as zero.
  public mutating func record(_ value: Int64) {
    let value = max(value, 0)
    count += 1
    sum &+= Int128(value)
    // Values up to 2^52 (142 years in µs) never overflow this in 2^23 records of the largest.
    let product = value.multipliedFullWidth(by: value)
    sumOfSquares &+= Int128(product.high) &<< 64 | Int128(product.low)
    least = min(least, value)
    greatest = max(greatest, value)
    if buckets.isEmpty {
      exact.append(value)
      if exact.count > Self.exactLimit { spill() }
    } else {
      count(value, times: 1)
    }
  }

  /// Adds all that `other` has recorded.
  public mutating func merge(_ other: Distribution) {
    count += other.count
    sum &+= other.sum
    sumOfSquares &+= other.sumOfSquares
    least = min(least, other.least)
    greatest = max(greatest, other.greatest)
    if buckets.isEmpty, other.buckets.isEmpty {
      exact += other.exact
      if exact.count > Self.exactLimit { spill() }
      return
    }
    if buckets.isEmpty { spill() }
    for value in other.exact { count(value, times: 1) }
    if buckets.count < other.buckets.count {
      buckets += Array(repeating: 0, count: other.buckets.count - buckets.count)
    }
    for index in other.buckets.indices { buckets[index] += other.buckets[index] }
  }

  private mutating func spill() {
    buckets = Array(repeating: 0, count: 1 << (Self.bucketBits + 1))
    for value in exact { count(value, times: 1) }
    exact = []
  }

  private mutating func count(_ value: Int64, times: UInt64) {
    let index = Self.bucket(of: value)
    if index >= buckets.count {
      buckets += Array(repeating: 0, count: index + 1 - buckets.count)
    }
    buckets[index] += times
  }

  /// Values below 2^8 have a bucket each; then every octave has 2^7.
  private static func bucket(of value: Int64) -> Int {
    let exponent = max(0, 63 - bucketBits - (UInt64(value) | 1).leadingZeroBitCount)
    return exponent << bucketBits + Int(value >> Int64(exponent))
  }

  /// The middle of a bucket.
  private static func value(of bucket: Int) -> Double {
    let exponent = max(0, bucket >> bucketBits - 1)
    let low = Double(bucket - exponent << bucketBits) * pow(2, Double(exponent))
    return exponent == 0 ? low : low + pow(2, Double(exponent)) / 2 - 0.5
  }

  /// The arithmetic mean; NaN of nothing.
  public var mean: Double { Double(sum) / Double(count) }

  /// The sum of all values.
  public var total: Double { Double(sum) }

  /// The exact sum of all values.
  var exactTotal: Int128 { sum }

  /// The sample variance (n - 1); NaN of fewer than two values.
  public var variance: Double {
    guard count > 1 else { return .nan }
    let n = Int128(count)
    let (product, overflow) = sumOfSquares.multipliedReportingOverflow(by: n)
    let (square, overflow2) = sum.multipliedReportingOverflow(by: sum)
    if overflow || overflow2 {
      let mean = self.mean
      return max(0, (Double(sumOfSquares) / Double(count) - mean * mean)) * Double(count)
        / Double(count - 1)
    }
    return Double(product - square) / Double(count) / Double(count - 1)
  }

  /// The square root of the variance.
  public var standardDeviation: Double { variance.squareRoot() }

  /// The least value; nil of nothing.
  public var minimum: Int64? { count > 0 ? least : nil }

  /// The greatest value; nil of nothing.
  public var maximum: Int64? { count > 0 ? greatest : nil }

  /// The largest relative error of a quantile: 0 while all values are kept, then 1/256.
  public var quantileError: Double { buckets.isEmpty ? 0 : 1.0 / 256 }

  /// The `p`-quantile (0…1): the smallest recorded value that at least `p` of the values do not
  /// exceed (type 1 of Hyndman and Fan); NaN of nothing. O(n log n) while exact.
  public func quantile(_ p: Double) -> Double { quantiles([p])[0] }

  /// Several quantiles in one pass, in the order asked for.
  public func quantiles(_ ps: [Double]) -> [Double] {
    guard count > 0 else { return ps.map { _ in .nan } }
    let ranks = ps.map { p in min(count, max(1, Int((p * Double(count)).rounded(.up)))) }
    if buckets.isEmpty {
      let sorted = exact.sorted()
      return ranks.map { Double(sorted[$0 - 1]) }
    }
    return ranks.map { rank in
      var seen: UInt64 = 0
      for bucket in buckets.indices {
        seen += buckets[bucket]
        if seen >= UInt64(rank) {
          return min(max(Self.value(of: bucket), Double(least)), Double(greatest))
        }
      }
      return Double(greatest)
    }
  }
}
