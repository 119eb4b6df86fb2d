import PortableMath

/// A sample of counts, for its tail: whole values from 1 on in ascending order, each once, with how often it is there.
public struct CountSample: Sendable {
  /// Distinct values, ascending.
  public let values: [Double]
  /// How many of each value and the greater ones there are.
  let atLeast: [Int]
  /// Σ log of the values from each on.
  private let logSums: [Double]

  /// Throws `notApplicable` for values that are not whole, `unusableValues` for those that are none. O(n log n).
  public init(_ sample: [Double]) throws(FittingError) {
    var screening = Screening()
    for value in sample { _ = screening.accepts(value) }
    if screening.total > 0 { throw .unusableValues(screening) }
    if let other = sample.first(where: { $0 != $0.rounded() }) {
      throw .notApplicable("\(other) is no whole number, of which a discrete tail is")
    }
    self.init(sorted: sortedAscending(sample))
  }

  init(sorted: [Double]) {
    var (values, counts): ([Double], [Int]) = ([], [])
    for value in sorted {
      if values.last == value {
        counts[counts.count - 1] += 1
      } else {
        values.append(value)
        counts.append(1)
      }
    }
    self.values = values
    var (atLeast, logSums) = (
      [Int](repeating: 0, count: values.count), [Double](repeating: 0, count: values.count)
    )
    var (count, sum) = (0, 0.0)
    for place in values.indices.reversed() {
      count += counts[place]
      sum += Double(counts[place]) * log(values[place])
      (atLeast[place], logSums[place]) = (count, sum)
    }
    (self.atLeast, self.logSums) = (atLeast, logSums)
  }

  /// How many values there are.
  public var count: Int { atLeast.first ?? 0 }

  /// The best power-law tail over every distinct value as xmin but the greatest: Clauset, Shalizi and Newman (2009), the
  /// exponent by maximum likelihood of ζ's law (their eq. 3.5), the distance over whole numbers. O(distinct²) at
  /// worst.
  ///
  /// Throws `allEqual` or `tooFew` where no tail has two distinct values, `notApplicable` where the options rule out
  /// every candidate.
  public func powerLaw(_ options: TailOptions = TailOptions()) throws(FittingError) -> PowerLawTail
  {
    guard count >= 2 else {
      throw .tooFew(count: count, needed: 2, purpose: "a power-law tail")
    }
    guard values.count >= 2 else { throw .allEqual(value: values[0], count: count) }
    guard let best = best(options) else {
      throw .notApplicable(
        "no tail of at least \(options.minimumTail) values has an exponent in the allowed range")
    }
    return tail(best.place, best.exponent, best.distance, isGiven: false, options)
  }

  /// The power law of the tail at and above a whole xmin. O(distinct).
  public func powerLaw(
    xmin: Double, _ options: TailOptions = TailOptions()
  ) throws(FittingError) -> PowerLawTail {
    let place = partitionPoint(values) { $0 >= xmin }
    guard place < values.count, atLeast[place] >= 2 else {
      throw .tooFew(
        count: place < values.count ? atLeast[place] : 0, needed: 2, purpose: "a power-law tail")
    }
    guard place < values.count - 1, let exponent = exponent(place, xmin: xmin, near: nil) else {
      throw .allEqual(value: values[place], count: atLeast[place])
    }
    let distance = distance(place, exponent, xmin: xmin, options.statistic, limit: .infinity)
    return tail(place, exponent, distance, xmin: xmin, isGiven: true, options)
  }

  private func best(
    _ options: TailOptions
  ) -> (place: Int, exponent: Double, distance: Double)? {
    var best: (place: Int, exponent: Double, distance: Double)?
    var near: Double?
    for place in 0..<values.count - 1 where atLeast[place] >= options.minimumTail {
      guard let exponent = exponent(place, xmin: values[place], near: near) else { continue }
      near = exponent
      if let range = options.exponents, !range.contains(exponent) { continue }
      let limit = best?.distance ?? .infinity
      let found = distance(
        place, exponent, xmin: values[place], options.statistic, limit: limit)
      if found < limit { best = (place, exponent, found) }
    }
    return best
  }

  /// The exponent at which -d log ζ(exponent, xmin) is the mean logarithm, by Newton's method; it is strictly
  /// decreasing.
  private func exponent(_ place: Int, xmin: Double, near: Double?) -> Double? {
    let mean = logSums[place] / Double(atLeast[place])
    let guess = near ?? 1 + 1 / max(mean - log(xmin - 0.5), 1e-3)
    var (low, high) = (1.0, 1e4)
    var exponent = min(max(guess, 1.01), 50)
    for _ in 0..<100 {
      let excess = hurwitzZeta(exponent, xmin).slope + mean
      if excess > 0 { high = exponent } else { low = exponent }
      let h = 1e-5 * exponent
      let slope =
        (hurwitzZeta(exponent + h, xmin).slope - hurwitzZeta(exponent - h, xmin).slope) / (2 * h)
      var next = exponent - excess / slope
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      if abs(next - exponent) < 1e-10 * exponent { return next < 1e3 ? next : nil }
      exponent = next
    }
    return nil
  }

  /// sup |F - Fₙ| over whole numbers from xmin on: between two values that are there Fₙ stays and F rises. Given up,
  /// with what was found so far, once it is beyond `limit`.
  private func distance(
    _ place: Int, _ exponent: Double, xmin: Double, _ statistic: TailStatistic, limit: Double
  ) -> Double {
    let base = hurwitzZeta(exponent, xmin).value
    let m = Double(atLeast[place])
    var worst = 0.0
    for at in place..<values.count {
      let below = 1 - Double(atLeast[at]) / m
      // P(X < value), against the share below it.
      worst = max(worst, abs(1 - exp(hurwitzZeta(exponent, values[at]).value - base) - below))
      if statistic == .twoSided {
        let upTo = at + 1 < values.count ? 1 - Double(atLeast[at + 1]) / m : 1
        let law = 1 - exp(hurwitzZeta(exponent, values[at] + 1).value - base)
        worst = max(worst, abs(law - upTo))
      }
      if worst > limit { return worst }
    }
    return worst
  }

  private func tail(
    _ place: Int, _ exponent: Double, _ distance: Double, xmin: Double? = nil, isGiven: Bool,
    _ options: TailOptions
  ) -> PowerLawTail {
    let m = atLeast[place]
    let xmin = xmin ?? values[place]
    // Their eq. 3.6.
    let h = 1e-4 * exponent
    let curvature =
      (hurwitzZeta(exponent + h, xmin).slope - hurwitzZeta(exponent - h, xmin).slope) / (2 * h)
    return PowerLawTail(
      xmin: xmin, exponent: exponent, standardError: 1 / (Double(m) * curvature).squareRoot(),
      distance: distance, isXminGiven: isGiven, tailCount: m, count: count,
      warnings: m < 50
        ? ["the tail holds \(m) values; below 50 the exponent is biased and tests say little"] : [],
      options: options)
  }

  /// The p-value of the power-law hypothesis, as `TailSample.pValue` finds it of continuous values: each of the n values of
  /// a synthetic sample is, with the tail's share, drawn from its law, else picked from the observed values below
  /// xmin, and xmin is searched for anew.
  public func pValue<Generator: RandomNumberGenerator & SendableMetatype>(
    of tail: PowerLawTail, _ precision: BootstrapPrecision, threads: Int = 1,
    stream: @escaping @Sendable (UInt64) -> Generator
  ) async -> BootstrapPValue {
    guard let law = try? Zeta(exponent: tail.exponent, xmin: tail.xmin) else {
      return BootstrapPValue(observed: tail.distance, simulated: [])
    }
    let table = CountTable(.parametric(law))
    var body: [(value: Double, upTo: Int)] = []
    let start = partitionPoint(values) { $0 >= tail.xmin }
    let below = count - (start < values.count ? atLeast[start] : 0)
    for place in 0..<start {
      body.append((values[place], count - (place + 1 < values.count ? atLeast[place + 1] : 0)))
    }
    let known = body
    let (size, share) = (count, Double(tail.tailCount) / Double(count))
    let options = tail.options
    let simulated = await replicates(precision.replicates, threads: threads) { index -> Double? in
      var generator = stream(UInt64(index))
      let size = tail.isXminGiven ? tail.tailCount : size
      let drawn = (0..<size).map { _ -> Double in
        if tail.isXminGiven || below == 0 || generator.openUniform() < share {
          let p = generator.openUniform()
          return table.value(p) ?? law.quantile(p)
        }
        let pick = Int(generator.next().multipliedFullWidth(by: UInt64(below)).high)
        var (low, high) = (0, known.count - 1)
        while low < high {
          let middle = (low + high) / 2
          if known[middle].upTo > pick { high = middle } else { low = middle + 1 }
        }
        return known[low].value
      }
      let replicate = CountSample(sorted: sortedAscending(drawn))
      guard replicate.values.count >= 2 else { return nil }
      if tail.isXminGiven {
        return (try? replicate.powerLaw(xmin: tail.xmin, options))?.distance
      }
      return replicate.best(options)?.distance
    }
    return BootstrapPValue(observed: tail.distance, simulated: simulated)
  }
}

/// A law of whole numbers as a table: exactly its quantiles, at the speed of a lookup, for all but the far tail.
package struct CountTable: Sendable {
  private let first: Double
  /// P(X ≤ first + place).
  private var upTo: [Double]
  /// Where to look for a probability of so many 4096ths.
  private var guide: [Int32] = []

  private static let most = 1 << 16
  private static let cells = 4096

  /// The table of the law's first values, until hardly any of it is left or there are 65,536. O(values).
  package init(_ law: Law) {
    // Of a law of large numbers none below is ever drawn.
    first = law.quantile(0x1p-53)
    let last = min(law.upperQuantile(1e-9), first + Double(Self.most - 1))
    upTo = [Double](repeating: 0, count: Int(last - first) + 1)
    // Masses are closed forms where distribution functions are sums. They are added up from the nearer end, so that
    // neither tail loses digits.
    var (place, below) = (0, law.cdf(first))
    while place < upTo.count, below < 0.5 {
      upTo[place] = below
      place += 1
      below += law.mass(at: first + Double(place))
    }
    var above = law.survival(last)
    for top in stride(from: upTo.count - 1, through: place, by: -1) {
      upTo[top] = 1 - above
      above += law.mass(at: first + Double(top))
    }
    place = 0
    for cell in 0...Self.cells {
      while place < upTo.count, upTo[place] < Double(cell) / Double(Self.cells) { place += 1 }
      guide.append(Int32(place))
    }
  }

  /// The probability of all values of the table.
  package var covered: Double { upTo[upTo.count - 1] }
  /// The greatest of them.
  package var last: Double { first + Double(upTo.count - 1) }

  /// The least value whose probability of it and all below is at least `p`, in (0, 1); nil for one beyond the
  /// table.
  package func value(_ p: Double) -> Double? {
    var place = Int(guide[Int(p * Double(Self.cells))])
    while place > 0, upTo[place - 1] >= p { place -= 1 }
    while place < upTo.count, upTo[place] < p { place += 1 }
    return place < upTo.count ? first + Double(place) : nil
  }
}
