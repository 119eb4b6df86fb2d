#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which distance between a tail and its power law is minimised.
public enum TailStatistic: String, Sendable, Codable {
  /// The two-sided Kolmogorov-Smirnov distance sup |F(x) - Fₙ(x)|, both sides of every step.
  case twoSided = "two-sided"
  /// max |F(x) - P(X < x)| over the data: the lower side of each step only, as Clauset's `plfit.m`
  /// and Python's powerlaw compute it. At most 1/m smaller in a tail of m distinct values.
  case below
}

/// Which tails are considered.
public struct TailOptions: Sendable, Equatable, Codable {
  /// Exponents that count; nil for any. powerlaw's default is `1...3`, which leaves out Pareto
  /// shapes above 2; Clauset, Shalizi and Newman have no such bound, nor has the default here.
  public var exponents: ClosedRange<Double>?
  /// The least number of values in a tail, at least 2.
  public var minimumTail: Int
  /// What is minimised.
  public var statistic: TailStatistic

  /// Every distinct value but the greatest is a candidate unless options say otherwise.
  public init(
    exponents: ClosedRange<Double>? = nil, minimumTail: Int = 2,
    statistic: TailStatistic = .twoSided
  ) {
    self.exponents = exponents
    self.minimumTail = max(2, minimumTail)
    self.statistic = statistic
  }
}

/// A power law fitted to the tail of a sample, after Clauset, Shalizi and Newman, "Power-law
/// distributions in empirical data", SIAM Review 51 (2009).
public struct PowerLawTail: Sendable, Equatable {
  /// Where the tail begins; a value of the sample, and part of the tail.
  public let xmin: Double
  /// Exponent of the density, 1 + m / Σ ln(x/xmin) (their eq. 3.1). The Pareto shape is one less.
  public let exponent: Double
  /// (exponent - 1)/√m, the standard error of the exponent (their eq. 3.2).
  public let standardError: Double
  /// The distance between the tail and the law, by ``TailOptions/statistic``.
  public let distance: Double
  /// Whether xmin was given rather than searched for.
  public let isXminGiven: Bool
  /// How many values lie in the tail, m.
  public let tailCount: Int
  /// How many values the sample has, n.
  public let count: Int
  /// What must be said beside the numbers.
  public let warnings: [String]
  /// What was asked for.
  public let options: TailOptions

  /// The Pareto shape, exponent - 1: the exponent of the survival function.
  public var shape: Double { exponent - 1 }
  /// The tail as a law.
  public var law: Pareto {
    get throws(FittingError) { try Pareto(shape: shape, scale: xmin) }
  }
}

/// A sample in ascending order with its logarithms: what all questions about its tail start from.
public struct TailSample: Sendable {
  /// The values, ascending.
  public let values: [Double]
  let logs: [Double]

  /// Sorts `values`, which must be finite and positive. O(n).
  public init(_ values: [Double]) throws(FittingError) {
    var screening = Screening()
    for value in values { _ = screening.accepts(value) }
    if screening.total > 0 { throw .unusableValues(screening) }
    self.values = sortedAscending(values)
    logs = self.values.map { log($0) }
  }

  /// A sample given by the ascending logarithms of its values: bootstrap replicates.
  init(logs: [Double]) {
    self.logs = logs
    values = logs.map { exp($0) }
  }

  /// The best power-law tail, over every distinct value as xmin. O(n log n) or so.
  ///
  /// Throws `allEqual` or `tooFew` where no tail has two distinct values, `notApplicable` where the
  /// options rule out every candidate.
  public func powerLaw(_ options: TailOptions = TailOptions()) throws(FittingError) -> PowerLawTail
  {
    guard values.count >= 2 else {
      throw .tooFew(count: values.count, needed: 2, purpose: "a power-law tail")
    }
    guard values[0] < values[values.count - 1] else {
      throw .allEqual(value: values[0], count: values.count)
    }
    let scan = PowerLawScan(sortedLogs: logs, statistic: options.statistic)
    guard let best = scan.minimum(isAllowed: { Self.isAllowed($0, scan, options) }) else {
      throw .notApplicable(
        "no tail of at least \(options.minimumTail) values has an exponent in the allowed range")
    }
    let start = scan.below[best.candidate]
    return tail(
      from: start, xmin: values[start], isGiven: false, distance: best.distance, options)
  }

  /// The power law of the tail at and above a given xmin > 0, computed point by point. O(m).
  public func powerLaw(
    xmin: Double, _ options: TailOptions = TailOptions()
  ) throws(FittingError) -> PowerLawTail {
    try requirePositive(xmin, "xmin", of: "power-law tail")
    let start = partitionPoint(values) { $0 >= xmin }
    guard values.count - start >= 2 else {
      throw .tooFew(count: values.count - start, needed: 2, purpose: "a power-law tail")
    }
    guard xmin < values[values.count - 1] else {
      throw .allEqual(value: values[start], count: values.count - start)
    }
    let anchor = log(xmin)
    let m = Double(values.count - start)
    let shape = m / compensatedSum(logs[start...].lazy.map { $0 - anchor })
    var worst = 0.0
    var index = start
    while index < values.count {
      var next = index + 1
      while next < values.count, logs[next] == logs[index] { next += 1 }
      let law = 1 - exp(-shape * (logs[index] - anchor))
      let before = law - Double(index - start) / m
      let after = Double(next - start) / m - law
      worst = max(worst, options.statistic == .twoSided ? max(before, after) : abs(before))
      index = next
    }
    return tail(from: start, xmin: xmin, isGiven: true, distance: worst, options)
  }

  /// The distance over xmin for plotting: exact, at all candidates if there are at most `points`,
  /// else at that many, spread evenly over the logarithm of the tail's size.
  public func distanceCurve(
    points: Int = 400, _ options: TailOptions = TailOptions()
  ) -> [(xmin: Double, distance: Double, exponent: Double, tailCount: Int)] {
    let scan = PowerLawScan(sortedLogs: logs, statistic: options.statistic)
    let last = scan.logs.count - 2
    guard last >= 0, points > 0 else { return [] }
    var chosen: [Int] = last < points ? (0...last).reversed() : []
    for step in 0..<(chosen.isEmpty ? points : 0) {
      let share = Double(step) / Double(max(1, points - 1))
      let size = exp(share * log(Double(last + 1)))
      let k = min(last, max(0, last + 1 - Int(size.rounded())))
      if chosen.last != k { chosen.append(k) }
    }
    var scratch: [PowerLawScan.Range] = []
    return chosen.reversed().map { k in
      (
        values[scan.below[k]], scan.distance(k, &scratch), scan.shapes[k] + 1, scan.tailCount(k)
      )
    }
  }

  static func isAllowed(_ k: Int, _ scan: PowerLawScan, _ options: TailOptions) -> Bool {
    guard scan.shapes[k] < .infinity, scan.tailCount(k) >= options.minimumTail else { return false }
    return options.exponents?.contains(scan.shapes[k] + 1) ?? true
  }

  private func tail(
    from start: Int, xmin: Double, isGiven: Bool, distance: Double, _ options: TailOptions
  ) -> PowerLawTail {
    let anchor = log(xmin)
    let m = values.count - start
    let shape = Double(m) / compensatedSum(logs[start...].lazy.map { $0 - anchor })
    var warnings: [String] = []
    if m < 50 {
      warnings.append(
        "the tail holds \(m) values; below 50 the exponent is biased and tests say little")
    }
    let distinct =
      1
      + zip(logs[start...], logs[(start + 1)...]).reduce(0) {
        $0 + ($1.0 == $1.1 ? 0 : 1)
      }
    if distinct * 2 < m {
      warnings.append(
        "only \(distinct) of the tail's \(m) values are distinct; the law is continuous, so ties "
          + "inflate the distance")
    }
    return PowerLawTail(
      xmin: xmin, exponent: shape + 1, standardError: shape / Double(m).squareRoot(),
      distance: distance, isXminGiven: isGiven, tailCount: m, count: values.count,
      warnings: warnings, options: options)
  }
}

/// Σ with Neumaier's compensation: the error does not grow with the number of terms.
func compensatedSum(_ terms: some Sequence<Double>) -> Double {
  var sum = 0.0
  var lost = 0.0
  for term in terms {
    let next = sum + term
    lost += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
  return sum + lost
}
