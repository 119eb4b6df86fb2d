import CVectorMath
import Fitting

/// A law's quantiles as a table of cells of unequal width, for laws whose quantiles ``QuantileGrid``'s equal steps
/// do not follow: those of mixtures of narrow parts leap, those of large counts begin far out.
///
/// As there, the logarithm of the value is tabulated over the normal variable z = Φ⁻¹(p). Each cell has a cubic of its
/// own through four points of it. A cell is halved until at three places between these points the value is right to one
/// part in 10⁷, or the probability beyond it is, in the nearer tail: where a law has no values, no error of a value
/// can be told.
struct AdaptiveGrid: Sendable {
  private struct Cell {
    /// Where it begins, and one over its width.
    let start, scale: Double
    /// Logarithms of the value at its begin, a third, two thirds, and end.
    let y: (Double, Double, Double, Double)

    @inline(__always) func value(_ z: Double) -> Double {
      let s = (z - start) * scale * 3
      let (a, b, c, d) = y
      let (ab, bc, cd) = (b - a, c - b, d - c)
      let (abc, bcd) = ((bc - ab) * 0.5, (cd - bc) * 0.5)
      let cubic = a + s * (ab + (s - 1) * (abc + (s - 2) * (bcd - abc) * (1.0 / 3)))
      // A cubic across a leap swings beyond its ends.
      return min(max(cubic, a), d)
    }
  }

  private let from: Double
  /// Parts of equal width, and in which cell each begins.
  private let parts: Double
  private var firsts: [Int32] = []
  private var cells: [Cell] = []

  private static let end = 8.25
  private static let partCount = 256
  private static let cellLimit = 1 << 16
  private static let depthLimit = 44

  /// The table of the quantiles from probability Φ(`from`) on; nil where 65,536 cells do not do.
  ///
  /// - Parameters:
  ///   - value: the value above 0 at a probability, of which the part below (`isUpper` false) or above is given.
  ///   - tail: the probability below a value, or above.
  init?(
    from: Double = -AdaptiveGrid.end, value: (_ probability: Double, _ isUpper: Bool) -> Double,
    tail: (_ value: Double, _ isUpper: Bool) -> Double
  ) {
    let width = (Self.end - from) / Double(Self.partCount)
    guard width > 0 else { return nil }
    (self.from, parts) = (from, 1 / width)
    func log(_ z: Double) -> Double {
      let isUpper = z >= 0
      let x = value(cvm_normal_probability(isUpper ? -z : z), isUpper)
      return cvm_log(min(max(x, .leastNormalMagnitude), 1e300))
    }
    func isRight(_ cell: Cell, _ z: Double) -> Bool {
      let y = cell.value(z)
      if abs(y - log(z)) <= QuantileGrid.tolerance { return true }
      let isUpper = z >= 0
      let p = cvm_normal_probability(isUpper ? -z : z)
      return abs(tail(cvm_exp(y), isUpper) / p - 1) <= QuantileGrid.tolerance
    }
    /// Appends the cells of a stretch; false where they are too many.
    func divide(_ start: Double, _ end: Double, _ first: Double, _ last: Double, _ depth: Int)
      -> Bool
    {
      let step = (end - start) / 3
      let cell = Cell(
        start: start, scale: 1 / (end - start),
        y: (first, log(start + step), log(start + 2 * step), last))
      let places = [0.5, 1.5, 2.5]
      if depth >= Self.depthLimit || places.allSatisfy({ isRight(cell, start + $0 * step) }) {
        cells.append(cell)
        return cells.count <= Self.cellLimit
      }
      let middle = (start + end) / 2
      let y = log(middle)
      return divide(start, middle, first, y, depth + 1) && divide(middle, end, y, last, depth + 1)
    }
    var first = log(from)
    for part in 0..<Self.partCount {
      firsts.append(Int32(cells.count))
      let (start, end) = (from + Double(part) * width, from + Double(part + 1) * width)
      let last = log(end)
      guard !first.isNaN, !last.isNaN, divide(start, end, first, last, 0) else { return nil }
      first = last
    }
    firsts.append(Int32(cells.count))
  }

  /// The table of all quantiles of a law of values above 0.
  init?(_ law: Law) {
    self.init(
      value: { $1 ? law.upperQuantile($0) : law.quantile($0) },
      tail: { $1 ? law.survival($0) : law.cdf($0) })
  }

  /// The table of a law of whole numbers from `from` on: between two of them probabilities are joined by straight
  /// lines, and values are to be rounded up.
  init?(counts law: Law, from: Double) {
    // How far a probability is on the way from what lies below (or above) one number to the next.
    func part(_ p: Double, _ before: Double, _ after: Double) -> Double {
      after != before ? min(max((p - before) / (after - before), 0), 1) : 1
    }
    self.init(
      from: from,
      value: { p, isUpper in
        let x = isUpper ? law.upperQuantile(p) : law.quantile(p)
        return isUpper
          ? x - 1 + part(p, law.survival(x - 1), law.survival(x))
          : x - 1 + part(p, law.cdf(x - 1), law.cdf(x))
      },
      tail: { x, isUpper in
        let low = x.rounded(.down)
        let rest = x - low
        return isUpper
          ? law.survival(low) * (1 - rest) + law.survival(low + 1) * rest
          : law.cdf(low) * (1 - rest) + law.cdf(low + 1) * rest
      })
  }

  /// The value at z = Φ⁻¹(p), as a logarithm.
  @inline(__always) func logValue(_ z: Double) -> Double {
    let part = Int(min(max((z - from) * parts, 0), Double(Self.partCount - 1)))
    var (low, high) = (Int(firsts[part]), Int(firsts[part + 1]))
    while high - low > 1 {
      let middle = (low + high) / 2
      if cells[middle].start <= z { low = middle } else { high = middle }
    }
    return cells[low].value(z)
  }

  /// Replaces probabilities in (0, 1) by values.
  func transform(_ x: UnsafeMutableBufferPointer<Double>) {
    let (start, count) = (x.baseAddress, x.count)
    cvm_transform(CVMFunctionNormalQuantile, start, start, count)
    for i in x.indices { x[i] = logValue(x[i]) }
    cvm_transform(CVMFunctionExp, start, start, count)
  }
}
