import CVectorMath
import Fitting

/// A law's quantiles as a table: for laws that are inverted by search, at the speed of a lookup.
///
/// The logarithm of the value is a smooth function of the normal variable z = Φ⁻¹(p). It is tabulated at
/// equal steps of z over all probabilities that are drawn, 2^-53 to 1 - 2^-53, and joined by cubics
/// through four neighbouring points. The table is made finer until, halfway between its points, where
/// such cubics are farthest off, values are right to one part in ``tolerance``⁻¹.
struct QuantileGrid: Sendable {
  /// Greatest relative error of a value.
  static let tolerance = 1e-7

  /// Greatest relative error that was found halfway between the points.
  let error: Double
  private let logs: [Double]
  private let steps: Double

  private static let end = 8.25
  /// Of a law that needs more, cells of unequal width are fewer.
  private static let cellLimit = 8192

  /// The table of a law of values above 0; nil where it would need more than 8,192 cells. O(points) of
  /// the law's quantiles.
  init?(_ law: Law) {
    var cells = 512
    var known: [Int: Double] = [:]
    // Places are counted in the finest steps, so that coarser tables' points are used again.
    let finest = 2 * Self.cellLimit
    func log(at place: Int) -> Double {
      if let value = known[place] { return value }
      let z = -Self.end + 2 * Self.end * Double(place) / Double(finest)
      // From the nearer end, so that neither tail loses digits.
      let x =
        z < 0
        ? law.quantile(cvm_normal_probability(z)) : law.upperQuantile(cvm_normal_probability(-z))
      let value = cvm_log(max(x, .leastNormalMagnitude))
      known[place] = value
      return value
    }
    let least = cvm_normal_probability(-Self.end)
    guard law.lowerBound >= 0, law.quantile(least) > 0, law.upperQuantile(least).isFinite else {
      return nil
    }
    var before = Double.infinity
    while true {
      let stride = finest / cells
      let points = (0...cells).map { log(at: $0 * stride) }
      var worst = 0.0
      // A few thousand of the middles are looked at, evenly spread.
      let hop = max(1, cells / 2048)
      for cell in Swift.stride(from: 0, to: cells, by: hop) {
        let middle = Self.cubic(points, cell, 0.5)
        worst = max(worst, abs(cvm_exp(middle - log(at: cell * stride + stride / 2)) - 1))
      }
      if worst <= Self.tolerance {
        (logs, error, steps) = (points, worst, Double(cells) / (2 * Self.end))
        return
      }
      // Half the step makes a sixteenth of the error, unless the law leaps.
      guard cells < Self.cellLimit, cells < 4096 || worst < before / 2 else { return nil }
      before = worst
      cells *= 2
    }
  }

  /// The cubic through the four points around a cell, at `t` of its way (0...1).
  @inline(__always) private static func cubic(_ y: [Double], _ cell: Int, _ t: Double) -> Double {
    // At the ends the four nearest points are taken.
    let first = min(max(cell - 1, 0), y.count - 4)
    let s = t + Double(cell - first)
    let (a, b, c, d) = (y[first], y[first + 1], y[first + 2], y[first + 3])
    // Newton's form at 0, 1, 2, 3.
    let (ab, bc, cd) = (b - a, c - b, d - c)
    let (abc, bcd) = ((bc - ab) * 0.5, (cd - bc) * 0.5)
    let abcd = (bcd - abc) * (1.0 / 3)
    return a + s * (ab + (s - 1) * (abc + (s - 2) * abcd))
  }

  /// Replaces probabilities in (0, 1) by values.
  func transform(_ x: UnsafeMutableBufferPointer<Double>) {
    let (start, count) = (x.baseAddress, x.count)
    cvm_transform(CVMFunctionNormalQuantile, start, start, count)
    for i in x.indices {
      let position = min(max((x[i] + Self.end) * steps, 0), Double(logs.count - 1))
      let cell = min(Int(position), logs.count - 2)
      x[i] = Self.cubic(logs, cell, position - Double(cell))
    }
    cvm_transform(CVMFunctionExp, start, start, count)
  }
}
