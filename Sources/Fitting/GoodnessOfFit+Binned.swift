#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension GoodnessOfFit {
  /// The distances of a sample on a scale from `law`, at the ends of its bins: D there, and A² and W² as for
  /// grouped data (Choulakian, Lockhart and Stephens, "Cramér-von Mises statistics for discrete
  /// distributions", 1994). Kaplan and Meier's estimate takes the place of shares where some are censored.
  /// O(n log n).
  init(binned sample: Sample, _ binning: Binning, law: Law) {
    let estimate = KaplanMeier(values: sample.values, censored: sample.censored)
    let n = Double(sample.count)
    var (worst, squares, weighted) = (0.0, 0.0, 0.0)
    // The last end, the law's share up to it, and the sample's.
    var (end, upTo, share) = (-Double.infinity, 0.0, 0.0)
    func visit(_ place: Double, _ seen: Double) {
      let expected = -expm1(law.logSurvival(place))
      let (gap, mass) = (seen - expected, max(0, expected - upTo))
      worst = max(worst, abs(gap))
      squares += gap * gap * mass
      let spread = expected * (1 - expected)
      if spread > 0 { weighted += gap * gap * mass / spread }
      (end, upTo, share) = (place, expected, seen)
    }
    for step in estimate.steps {
      let bin = binning.interval(of: step.value)
      // Between bins that do not touch nothing was seen.
      if bin.lower > end + 0.5 * binning.width, bin.lower > 0 { visit(bin.lower, share) }
      visit(bin.upper, 1 - step.survival)
    }
    kolmogorovSmirnov = worst
    andersonDarling = n * weighted
    cramerVonMises = n * squares
  }
}
