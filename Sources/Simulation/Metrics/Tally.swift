import Histogram

/// A tally of non-negative whole numbers (microseconds, or millionths of a ratio).
///
/// The count, mean, variance, least and greatest are exact whatever the length. Quantiles are exact
/// up to ``exactLimit`` values; beyond that the values are counted in an HDR histogram (Tene) of 128
/// buckets an octave, and a quantile is off by at most 1/256 of itself. Memory is bounded, and two
/// distributions merge to what recording both would have given.
public struct Tally: Hashable, Sendable {
  /// So many values are kept as they are.
  public static var exactLimit: Int { 4096 }

  /// How many values were recorded.
  public private(set) var count = 0
  private var sum: Int128 = 0
  private var sumOfSquares: Int128 = 0
  private var least = Int64.max
  private var greatest: Int64 = 0
  private var exact: [Int64] = []
  /// Whether `exact` ascends.
  private var isSettled = false
  /// All values, once there are too many to be kept.
  private var histogram: Histogram<UInt64>?

  /// An empty tally.
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
    // By the count, as to ask whether there is a histogram is to copy it.
    if count <= Self.exactLimit + 1 {
      exact.append(value)
      isSettled = false
      if count > Self.exactLimit { spill() }
    } else {
      histogram?.record(UInt64(value))
    }
  }

  /// Adds all that `other` has recorded.
  public mutating func merge(_ other: Tally) {
    count += other.count
    sum &+= other.sum
    sumOfSquares &+= other.sumOfSquares
    least = min(least, other.least)
    greatest = max(greatest, other.greatest)
    if histogram == nil, other.histogram == nil {
      exact += other.exact
      isSettled = false
      if exact.count > Self.exactLimit { spill() }
      return
    }
    if histogram == nil { spill() }
    for value in other.exact { histogram?.record(UInt64(value)) }
    if let other = other.histogram { histogram?.add(other) }
  }

  /// Puts the values in order, once all are there: quantiles are then found without sorting anew.
  mutating func settle() {
    exact.sort()
    isSettled = true
  }

  /// The values that are kept, ascending.
  private var ascending: [Int64] { isSettled ? exact : exact.sorted() }

  private mutating func spill() {
    // Two significant digits are 256 buckets for the first octaves together, 128 for every other.
    var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .two)
    for value in exact { histogram.record(UInt64(value)) }
    self.histogram = histogram
    exact = []
  }

  /// The arithmetic mean; NaN of nothing.
  public var mean: Double { sum.double / Double(count) }

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
  public var quantileError: Double { histogram == nil ? 0 : 1.0 / 256 }

  /// The `p`-quantile (0…1): the smallest recorded value that at least `p` of the values do not
  /// exceed (type 1 of Hyndman and Fan); NaN of nothing. O(n log n) while exact.
  public func quantile(_ p: Double) -> Double { quantiles([p])[0] }

  /// How many values are greater than each of `limits`, which ascend (≥ 0). Where values are no longer
  /// kept, a limit counts as the end of its bucket, at most 1/128 above it. O(n log n).
  public func counts(above limits: [Double]) -> [Int] {
    var counts: [Int] = []
    counts.reserveCapacity(limits.count)
    guard let histogram else {
      let sorted = ascending
      var place = 0
      for limit in limits {
        while place < sorted.count, Double(sorted[place]) <= limit { place += 1 }
        counts.append(sorted.count - place)
      }
      return counts
    }
    var (below, next) = (0, UInt64(0))
    for limit in limits {
      if limit >= Double(greatest) {
        counts.append(0)
        continue
      }
      let end = histogram.highestEquivalentForValue(UInt64(limit))
      if end >= next {
        below += Int(histogram.count(within: next...end))
        next = end + 1
      }
      counts.append(max(0, count - below))
    }
    return counts
  }

  /// Several quantiles, in the order asked for.
  public func quantiles(_ ps: [Double]) -> [Double] {
    guard count > 0 else { return ps.map { _ in .nan } }
    guard let histogram else {
      let sorted = ascending
      return ps.map { p in
        Double(sorted[min(count, max(1, Int((p * Double(count)).rounded(.up)))) - 1])
      }
    }
    return ps.map { p in
      // The middle of a bucket rather than its end.
      let bucket = histogram.valueAtPercentile(100 * min(max(p, 0), 1))
      let middle = Double(histogram.medianEquivalentForValue(bucket))
      return min(max(middle, Double(least)), Double(greatest))
    }
  }
}

extension Tally {
  public static func == (a: Tally, b: Tally) -> Bool {
    a.count == b.count && a.sum == b.sum && a.sumOfSquares == b.sumOfSquares && a.least == b.least
      && a.greatest == b.greatest && a.exact == b.exact && a.histogram == b.histogram
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    hasher.combine(sum)
    hasher.combine(sumOfSquares)
  }
}
