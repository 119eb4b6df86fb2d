/// Mean and spread of a few numbers.
public struct Moments: Hashable, Sendable {
  /// How many numbers.
  public let count: Int
  /// Their arithmetic mean; NaN of nothing.
  public let mean: Double
  /// Sample variance, with n - 1; NaN of fewer than two.
  public let variance: Double

  /// The moments of `values`, by two passes.
  public init(_ values: [Double]) {
    count = values.count
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    // What equal values leave is rounding, not spread.
    let isConstant = values.allSatisfy { $0 == values.first }
    variance = values.count > 1 ? (isConstant ? 0 : squares / (n - 1)) : .nan
  }

  /// The square root of the variance.
  public var standardDeviation: Double { variance.squareRoot() }

  /// Standard deviation of the mean.
  public var standardError: Double { (variance / Double(count)).squareRoot() }

  /// Standard deviation with n in place of n - 1, as NumPy's `std` has it; NaN of nothing.
  public var populationDeviation: Double {
    count == 1 ? 0 : (variance * Double(count - 1) / Double(count)).squareRoot()
  }
}
