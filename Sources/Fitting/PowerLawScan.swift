#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The search for xmin: the Kolmogorov-Smirnov distance of the tail above every distinct value.
///
/// For a candidate with m values at or above it, the maximum-likelihood shape is
/// a = m / Σ ln(x/xmin), and the distance is D = max over the tail's distinct values of
/// |1 - (x/xmin)^-a - i/m|. Done plainly that is O(n²). Here it is exact in about O(n log n):
///
/// - **Suffix sums** of ln x give every candidate's shape in O(1).
/// - **Early rejection.** D is a maximum, so one point with a deviation above the best D so far
///   proves that a candidate cannot win. The point that rejected the last candidates nearly always
///   rejects the next one: one `exp` a candidate.
/// - **Bounds on ranges.** The law F and the ranks both rise along the tail. So for every point k in
///   a range p ... q of distinct values, F(k) - below(k)/m ≤ F(q) - below(p)/m and
///   upTo(k)/m - F(k) ≤ upTo(q)/m - F(p): if both are below the best D, no point inside can reach
///   it, and the range is skipped; else it is halved. A full D costs about O(√m), not O(m).
///
/// Why the result is that of the exhaustive scan: a deviation computed here is the same floating
/// expression as there, and a candidate is rejected only on such a deviation being strictly greater
/// than a D already attained, so it is no minimum. A range is skipped only if its bound lies
/// below the maximum found so far by `slack`, 1e-12, which exceeds the rounding of the few operations
/// on numbers in 0...1 that make the bound (about 1e-15, exp being off by at most an ulp), so a skipped
/// point's computed deviation is not the maximum. Equal distances go to the smaller xmin.
struct PowerLawScan {
  /// Logarithms of the distinct values, ascending.
  let logs: [Double]
  /// How many values lie below each distinct value; one more entry at the end: the total.
  let below: [Int]
  /// The Pareto shape of the tail from each distinct value.
  let shapes: [Double]
  let statistic: TailStatistic

  private static let slack = 1e-12

  /// Prepares a scan of ascending logarithms. O(n).
  init(sortedLogs: [Double], statistic: TailStatistic) {
    self.statistic = statistic
    var logs: [Double] = []
    var below: [Int] = []
    logs.reserveCapacity(sortedLogs.count)
    below.reserveCapacity(sortedLogs.count + 1)
    for (index, value) in sortedLogs.enumerated()
    where logs.isEmpty || value != logs[logs.count - 1] {
      logs.append(value)
      below.append(index)
    }
    below.append(sortedLogs.count)
    // Suffix sums of ln x from the far end, with Neumaier's compensation.
    var shapes = [Double](repeating: 0, count: logs.count)
    var sum = 0.0
    var lost = 0.0
    for k in stride(from: logs.count - 1, through: 0, by: -1) {
      let term = Double(below[k + 1] - below[k]) * logs[k]
      let next = sum + term
      lost += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
      sum = next
      let m = Double(sortedLogs.count - below[k])
      let excess = (sum - m * logs[k]) + lost
      shapes[k] = excess > 0 ? m / excess : .infinity
    }
    self.logs = logs
    self.below = below
    self.shapes = shapes
  }

  /// How many values the tail from candidate `k` holds.
  @inline(__always)
  func tailCount(_ k: Int) -> Int { below[below.count - 1] - below[k] }

  /// The exact distance of candidate `k`. `scratch` is working space.
  func distance(_ k: Int, _ scratch: inout [Range]) -> Double {
    measure(k, threshold: .infinity, &scratch).deviation
  }

  /// The minimum over the candidates that `isAllowed`; nil if there is none.
  func minimum(isAllowed: (Int) -> Bool) -> (candidate: Int, distance: Double)? {
    let last = logs.count - 2  // a tail of one distinct value has no spread
    guard last >= 0 else { return nil }
    var scratch: [Range] = []
    var best = (candidate: -1, distance: Double.infinity)
    func offer(_ k: Int, _ distance: Double) {
      if distance < best.distance || (distance == best.distance && k < best.candidate) {
        best = (k, distance)
      }
    }
    // A coarse look first, evenly over the values and geometrically over tail sizes, so that the
    // threshold is nearly right before the scan begins.
    for k in seeds(last: last) where isAllowed(k) {
      let found = measure(k, threshold: best.distance, &scratch)
      if found.deviation <= best.distance { offer(k, found.deviation) }
    }
    var hints = [Int](repeating: last + 1, count: 8)
    candidates: for k in 0...last where isAllowed(k) {
      let m = Double(tailCount(k))
      for slot in 0..<hints.count where hints[slot] > k {
        let hint = hints[slot]
        if deviation(at: hint, law: law(k, at: hint), candidate: k, m: m) > best.distance {
          if slot > 0 { hints.swapAt(slot, slot - 1) }
          continue candidates
        }
      }
      let found = measure(k, threshold: best.distance, &scratch)
      if found.deviation > best.distance {
        hints.removeLast()
        hints.insert(found.at, at: 0)
      } else {
        offer(k, found.deviation)
      }
    }
    return best.candidate < 0 ? nil : best
  }

  /// The candidates to begin with: O(400) of them.
  private func seeds(last: Int) -> [Int] {
    var chosen = stride(from: 0, through: last, by: max(1, last / 200)).map { $0 }
    var tail = 2
    while tail <= last {
      chosen.append(last + 1 - tail)
      tail += max(1, tail / 12)
    }
    return chosen
  }

  /// A stretch of a tail with the law's value at both ends.
  struct Range {
    var low: Int
    var high: Int
    var lawLow: Double
    var lawHigh: Double
    var bound: Double
  }

  @inline(__always)
  private func law(_ k: Int, at i: Int) -> Double { 1 - exp(-shapes[k] * (logs[i] - logs[k])) }

  /// The deviation at distinct value `i` of the tail from `k`.
  @inline(__always)
  private func deviation(at i: Int, law: Double, candidate k: Int, m: Double) -> Double {
    let before = law - Double(below[i] - below[k]) / m
    guard statistic == .twoSided else { return abs(before) }
    return max(before, Double(below[i + 1] - below[k]) / m - law)
  }

  /// An upper bound of the deviations strictly between two points.
  @inline(__always)
  private func bound(_ p: Int, _ q: Int, _ lawP: Double, _ lawQ: Double, _ k: Int, _ m: Double)
    -> Double
  {
    // The inner points have below ≥ below(p + 1) and upTo ≤ below(q).
    max(
      lawQ - Double(below[p + 1] - below[k]) / m,
      Double(below[q] - below[k]) / m - lawP)
  }

  /// The greatest deviation in the tail from `k` and where it is; stops at the first one found that
  /// exceeds `threshold`.
  private func measure(
    _ k: Int, threshold: Double, _ stack: inout [Range]
  ) -> (deviation: Double, at: Int) {
    let m = Double(tailCount(k))
    guard shapes[k] < .infinity else { return (1, k) }
    let end = logs.count - 1
    let lawEnd = law(k, at: end)
    var worst = (deviation: deviation(at: k, law: 0, candidate: k, m: m), at: k)
    let atEnd = deviation(at: end, law: lawEnd, candidate: k, m: m)
    if atEnd > worst.deviation { worst = (atEnd, end) }
    if worst.deviation > threshold { return worst }
    stack.removeAll(keepingCapacity: true)
    if end > k + 1 {
      stack.append(
        Range(
          low: k, high: end, lawLow: 0, lawHigh: lawEnd, bound: bound(k, end, 0, lawEnd, k, m)))
    }
    while let range = stack.popLast() {
      if range.bound < worst.deviation - Self.slack { continue }
      let middle = (range.low + range.high) / 2
      let lawMiddle = law(k, at: middle)
      let here = deviation(at: middle, law: lawMiddle, candidate: k, m: m)
      if here > worst.deviation {
        worst = (here, middle)
        if here > threshold { return worst }
      }
      var left: Range?
      var right: Range?
      if middle - range.low > 1 {
        let b = bound(range.low, middle, range.lawLow, lawMiddle, k, m)
        left = Range(
          low: range.low, high: middle, lawLow: range.lawLow, lawHigh: lawMiddle, bound: b)
      }
      if range.high - middle > 1 {
        let b = bound(middle, range.high, lawMiddle, range.lawHigh, k, m)
        right = Range(
          low: middle, high: range.high, lawLow: lawMiddle, lawHigh: range.lawHigh, bound: b)
      }
      // The more promising half is popped first.
      if let left, let right {
        stack.append(left.bound < right.bound ? left : right)
        stack.append(left.bound < right.bound ? right : left)
      } else if let one = left ?? right {
        stack.append(one)
      }
    }
    return worst
  }
}
