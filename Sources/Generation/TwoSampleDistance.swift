import Fitting

/// How far two samples are from each other.
public struct TwoSampleDistance: Sendable, Hashable, Codable {
  /// How many values the first sample has.
  public let first: Int
  /// How many the second has.
  public let second: Int
  /// Kolmogorov and Smirnov's D: the greatest difference of the two distribution functions.
  public let kolmogorovSmirnov: Double
  /// Where it is.
  public let at: Double
  /// Probability of a greater D if both came from one continuous law; with ties it is greater still.
  public let pValue: Double
  /// Wasserstein's distance of order 1, in the values' unit: the area between the distribution
  /// functions, and how far a value has to be moved on average to make one sample of the other.
  public let wasserstein: Double
  /// Mean of the first sample.
  public let firstMean: Double
  /// Mean of the second.
  public let secondMean: Double

  /// The distances of two samples; nil if one is empty. O(n log n).
  public init?(_ a: [Double], _ b: [Double]) {
    guard !a.isEmpty, !b.isEmpty else { return nil }
    let (a, b) = (sortedAscending(a), sortedAscending(b))
    var (i, j) = (0, 0)
    var (worst, place, area) = (0.0, a[0], 0.0)
    var last = min(a[0], b[0])
    while i < a.count || j < b.count {
      let x = min(i < a.count ? a[i] : .infinity, j < b.count ? b[j] : .infinity)
      let gap = abs(Double(i) / Double(a.count) - Double(j) / Double(b.count))
      area += gap * (x - last)
      last = x
      while i < a.count, a[i] == x { i += 1 }
      while j < b.count, b[j] == x { j += 1 }
      let d = abs(Double(i) / Double(a.count) - Double(j) / Double(b.count))
      if d > worst { (worst, place) = (d, x) }
    }
    (first, second) = (a.count, b.count)
    (kolmogorovSmirnov, at, wasserstein) = (worst, place, area)
    let effective = Double(a.count) * Double(b.count) / Double(a.count + b.count)
    pValue = kolmogorovSurvival(distance: worst, count: max(1, Int(effective)))
    firstMean = a.reduce(0, +) / Double(a.count)
    secondMean = b.reduce(0, +) / Double(b.count)
  }
}
