/// A scale on which values were recorded: whole seconds, bins of a histogram. A value v stands for the
/// interval from half a step below it to half a step above, from 0 on.
///
/// Fitted with it, a sample's likelihood is that of the intervals (Heitjan, "Inference from grouped
/// continuous data", Statistical Science 1989), and distances are taken at the ends of the intervals alone.
/// The density at v says the same where steps are narrow, and misleads where they are wide: of run times of
/// a few whole seconds it rewards laws that have a spike at 1.
public struct Binning: Sendable, Hashable, Codable {
  /// From one mark of the scale to the next, > 0.
  public let width: Double
  /// A mark of the scale.
  public let origin: Double

  /// A scale with marks `width` apart, one of them at `origin`; nil unless both are finite and the width
  /// is more than 0.
  public init?(width: Double, origin: Double = 0) {
    guard width > 0, width.isFinite, origin.isFinite else { return nil }
    (self.width, self.origin) = (width, origin)
  }

  /// The scale on which `values` lie; nil where they were not recorded on one, as far as can be told: there
  /// must be 100 of them or more, each twice on average, at whole multiples of one step. O(n log n).
  public init?(detectedIn values: [Double]) {
    guard values.count >= 100 else { return nil }
    // A thousand of them tell at once where values do not repeat.
    let step = max(values.count / 1000, 1)
    let probe = Set(stride(from: 0, to: values.count, by: step).map { values[$0] })
    guard probe.count * 4 <= min(values.count, 1000) * 3 || values.count < 1000 else { return nil }
    var distinct: [Double] = []
    for value in sortedAscending(values) where distinct.last != value { distinct.append(value) }
    guard distinct.count >= 2, distinct.count * 2 <= values.count, let greatest = distinct.last
    else { return nil }
    let tolerance = greatest * 1e-9
    var width = 0.0
    for (a, b) in zip(distinct, distinct.dropFirst()) {
      width = Self.commonStep(width, b - a, tolerance)
      guard width > 100 * tolerance else { return nil }
    }
    // Sums of a step gather rounding: the step that the whole range is a multiple of does not.
    let span = greatest - distinct[0]
    let exact = span / (span / width).rounded()
    // A zero is a mark too, where values are as multiples of the step.
    let origin = distinct[0].remainder(dividingBy: exact)
    self.init(width: exact, origin: abs(origin) < 1e-6 * exact ? 0 : distinct[0])
  }

  /// Euclid's algorithm on numbers that are multiples of a step to within rounding.
  private static func commonStep(_ a: Double, _ b: Double, _ tolerance: Double) -> Double {
    var (a, b) = (max(a, b), min(a, b))
    while b > tolerance {
      let rest = abs(a.remainder(dividingBy: b))
      (a, b) = (b, rest)
    }
    return a
  }

  /// The interval that a value stands for.
  func interval(of value: Double) -> (lower: Double, upper: Double) {
    (max(0, value - 0.5 * width), value + 0.5 * width)
  }

  /// What is recorded of `value`: the nearest mark.
  func recorded(_ value: Double) -> Double {
    ((value - origin) / width).rounded() * width + origin
  }

  /// Whether the steps are wide enough to shift estimates from `values` by more than about a twentieth of
  /// their standard errors: the mean of (step / value)² / 12, what rounding adds to the variance of
  /// logarithms (Sheppard), against 1/√n.
  public func matters(for values: [Double]) -> Bool {
    guard !values.isEmpty else { return false }
    let shares = values.lazy.map { value in
      let share = min(1, width / value)
      return share * share
    }
    let n = Double(values.count)
    return compensatedSum(shares) / n / 12 * n.squareRoot() > 0.05
  }
}
