import Fitting

/// How far two samples are from each other.
///
/// A value may be right-censored: only known to be greater, as the run time of a task that the end of
/// the trace cut off. Leaving such values out would leave out the long ones. So the distribution
/// functions are those of Kaplan and Meier (1958), the same for both samples, and are compared up to
/// the lesser of the greatest values of the samples that have censored ones.
public struct TwoSampleDistance: Sendable, Hashable, Codable {
  /// How many exact values the first sample has.
  public let first: Int
  /// How many the second has.
  public let second: Int
  /// Up to where the two are compared; nil if no value is censored, and so everywhere.
  public let horizon: Double?
  /// Kolmogorov and Smirnov's D: the greatest difference of the two distribution functions.
  public let kolmogorovSmirnov: Double
  /// Where it is.
  public let at: Double
  /// Probability of a greater D if both came from one continuous law; with ties it is greater still,
  /// and with censored values an approximation from the exact ones' number.
  public let pValue: Double
  /// Wasserstein's distance of order 1, in the values' unit: the area between the distribution
  /// functions, and how far a value has to be moved on average to make one sample of the other.
  public let wasserstein: Double
  /// What chance alone is expected to make of it: ∫ √(2/π · F(1-F)(1/n + 1/m)) dx.
  public let wassersteinByChance: Double
  /// Mean of the first sample; of the values cut at ``horizon`` where there is one.
  public let firstMean: Double
  /// Mean of the second, likewise.
  public let secondMean: Double

  /// The distances of two samples of exact values, and of what each has `censored`; nil if one has no
  /// exact value. O(n log n).
  public init?(
    _ a: [Double], _ b: [Double], censored: (first: [Double], second: [Double]) = ([], [])
  ) {
    guard !a.isEmpty, !b.isEmpty else { return nil }
    let (a, b) = (Survival(a, censored.first), Survival(b, censored.second))
    let end = min(a.end, b.end)
    let scale = 2 / Double.pi * (1 / Double(a.count) + 1 / Double(b.count))
    var (i, j) = (0, 0)
    var (worst, place, area, chance) = (0.0, min(a.values[0], b.values[0]), 0.0, 0.0)
    var last = place
    while true {
      let x = min(
        i < a.values.count ? a.values[i] : .infinity, j < b.values.count ? b.values[j] : .infinity,
        end)
      guard x < .infinity else { break }
      let (s, t) = (a.left(i), b.left(j))
      let pooled = (Double(a.count) * s + Double(b.count) * t) / Double(a.count + b.count)
      area += abs(s - t) * (x - last)
      chance += (scale * max(0, pooled * (1 - pooled))).squareRoot() * (x - last)
      last = x
      if i < a.values.count, a.values[i] == x { i += 1 }
      if j < b.values.count, b.values[j] == x { j += 1 }
      let d = abs(a.left(i) - b.left(j))
      if d > worst { (worst, place) = (d, x) }
      if x >= end { break }
    }
    (first, second) = (a.count, b.count)
    horizon = end < .infinity ? end : nil
    (kolmogorovSmirnov, at) = (worst, place)
    (wasserstein, wassersteinByChance) = (area, chance)
    let effective = Double(a.count) * Double(b.count) / Double(a.count + b.count)
    pValue = kolmogorovSurvival(distance: worst, count: max(1, Int(effective)))
    (firstMean, secondMean) = (a.mean(upTo: end), b.mean(upTo: end))
  }
}

/// A sample's distinct exact values, ascending, and the share of the law beyond each.
private struct Survival {
  let values: [Double]
  let beyond: [Double]
  let count: Int
  /// Where knowledge ends: infinity without censored values.
  let end: Double

  init(_ exact: [Double], _ censored: [Double]) {
    count = exact.count
    if !censored.isEmpty {
      let estimate = KaplanMeier(values: exact, censored: censored)
      (values, beyond) = (estimate.steps.map(\.value), estimate.steps.map(\.survival))
      end = estimate.end
      return
    }
    var (values, beyond): ([Double], [Double]) = ([], [])
    for (place, value) in sortedAscending(exact).enumerated() {
      if values.last == value {
        values.removeLast()
        beyond.removeLast()
      }
      values.append(value)
      beyond.append(Double(exact.count - place - 1) / Double(exact.count))
    }
    (self.values, self.beyond, end) = (values, beyond, .infinity)
  }

  /// The share beyond the first `index` values.
  func left(_ index: Int) -> Double { index == 0 ? 1 : beyond[index - 1] }

  /// E min(X, end).
  func mean(upTo end: Double) -> Double {
    var (sum, index) = (0.0, 0)
    while index < values.count, values[index] <= end {
      sum += values[index] * (left(index) - beyond[index])
      index += 1
    }
    return end < .infinity ? sum + end * left(index) : sum
  }
}
