import PortableMath

/// The law of a sample itself.
///
/// As steps, every distinct value is an atom. Interpolated, the quantile function is linear between
/// order statistics (type 7 of Hyndman and Fan 1996), so values between the observed ones occur;
/// ties remain atoms. Neither reaches beyond the extremes: for that, fit a tail.
public struct Empirical: Distribution, Hashable {
  /// What lies between neighbouring observations.
  public enum Interpolation: String, Sendable, Hashable, Codable {
    /// Nothing: each observation is an atom of probability 1/n.
    case steps
    /// Probability 1/(n-1), spread evenly between each pair of neighbours.
    case linear
  }

  /// The observations, ascending.
  public let values: [Double]
  /// What lies between them.
  public let interpolation: Interpolation

  /// The law of `values`, in any order. Throws if there is none, a value is not finite, or a single
  /// one is to be interpolated. O(n log n).
  public init(_ values: [Double], interpolation: Interpolation = .steps) throws(FittingError) {
    let needed = interpolation == .steps ? 1 : 2
    guard values.count >= needed else {
      throw .tooFew(count: values.count, needed: needed, purpose: "an empirical law")
    }
    for value in values { try requireFinite(value, "value", of: "empirical") }
    self.values = sortedAscending(values)
    self.interpolation = interpolation
  }

  public var lowerBound: Double { values[0] }
  public var upperBound: Double { values[values.count - 1] }

  /// log of the density between observations; -infinity for steps, where there is none.
  public func logDensity(_ x: Double) -> Double {
    guard interpolation == .linear, x >= lowerBound, x <= upperBound else { return -.infinity }
    let above = min(max(firstIndex(above: x), 1), values.count - 1)
    let gap = values[above] - values[above - 1]
    return gap > 0 ? -log(gap * Double(values.count - 1)) : -.infinity
  }

  public func logSurvival(_ x: Double) -> Double {
    let above = firstIndex(above: x)
    let n = Double(values.count)
    if above == 0 { return 0 }
    if above == values.count { return -.infinity }
    guard interpolation == .linear else { return log(Double(values.count - above) / n) }
    let (low, high) = (values[above - 1], values[above])
    let position = Double(above - 1) + (x - low) / (high - low)
    return log1p(-position / (n - 1))
  }

  /// P(X = x): O(log n).
  public func mass(at x: Double) -> Double {
    let ties = firstIndex(above: x) - firstIndex(notBelow: x)
    if interpolation == .steps { return Double(ties) / Double(values.count) }
    return Double(max(0, ties - 1)) / Double(values.count - 1)
  }

  public func quantile(logSurvival level: Double) -> Double {
    let p = -expm1(level)
    let n = values.count
    guard interpolation == .linear else {
      return values[min(n - 1, max(0, Int((p * Double(n) - 1e-12).rounded(.up)) - 1))]
    }
    let position = p * Double(n - 1)
    let index = min(n - 2, Int(position))
    return values[index] + (position - Double(index)) * (values[index + 1] - values[index])
  }

  public var mean: Double {
    var moments = Moments()
    if interpolation == .steps {
      for value in values { moments.add(value) }
    } else {
      for index in 1..<values.count { moments.add(0.5 * (values[index] + values[index - 1])) }
    }
    return moments.mean
  }

  public var variance: Double {
    var moments = Moments()
    if interpolation == .steps {
      for value in values { moments.add(value) }
      return moments.variance
    }
    var within = 0.0
    for index in 1..<values.count {
      let gap = values[index] - values[index - 1]
      moments.add(0.5 * (values[index] + values[index - 1]))
      within += gap * gap / 12
    }
    return moments.variance + within / Double(values.count - 1)
  }

  /// Index of the first observation > x.
  private func firstIndex(above x: Double) -> Int { partitionPoint(values) { $0 > x } }
  /// Index of the first observation ≥ x.
  private func firstIndex(notBelow x: Double) -> Int { partitionPoint(values) { $0 >= x } }
}

/// The first index at which `isIn` holds, for a predicate that once true stays true. O(log n).
func partitionPoint<Element>(_ values: [Element], _ isIn: (Element) -> Bool) -> Int {
  var (low, high) = (0, values.count)
  while low < high {
    let middle = (low + high) / 2
    if isIn(values[middle]) { high = middle } else { low = middle + 1 }
  }
  return low
}
