import CVectorMath
import Fitting

/// A law made ready for drawing many values at once: uniform numbers in, values out, in place.
///
/// Families with `BlockQuantiles` are computed a block at a time, those that are inverted by search go
/// through a table of their quantiles (`QuantileGrid`, else `AdaptiveGrid`), laws of whole numbers through a table
/// of their probabilities, the others through the law's quantile function.
///
/// ```swift
/// let sampler = MarginSampler(law)
/// withUnsafeTemporaryAllocation(of: Double.self, capacity: 256) { column in
///   stream.openUniforms(from: 0, into: column)
///   sampler.transform(column)                     // 256 values of the law
/// }
/// ```
public struct MarginSampler: Sendable {
  private enum Kind: Sendable {
    case block(BlockQuantiles)
    case steps([Double])
    case lines([Double])
    case grid(QuantileGrid)
    case cells(AdaptiveGrid)
    case counts(CountGrid)
    /// The law's own quantiles, which take a closed form.
    case other(Law)
    /// The same where each is searched for.
    case search(Law)
  }

  private let kind: Kind
  private let lower: Double
  private let upper: Double
  /// A truncated law is the base law at probabilities from `from` on, over a range of `mass`.
  private let from: Double
  private let mass: Double

  /// Always 1.
  static let one = MarginSampler(constant: 1)

  private init(constant value: Double) {
    kind = .block(.linear(lower: value, width: 0))
    (lower, upper, from, mass) = (-.infinity, .infinity, 0, 1)
  }

  /// Makes `law` ready: a table of a law that is inverted by search takes some milliseconds, the others none.
  public init(_ law: Law) {
    var base = law
    var (lower, upper, from, mass) = (-Double.infinity, Double.infinity, 0.0, 1.0)
    switch law {
    case .clamped(let clamped):
      (base, lower, upper) = (clamped.base, clamped.lower, clamped.upper)
    case .truncated(let truncated):
      // Far out in a tail probabilities have too few digits for this.
      let survival = truncated.base.survival(truncated.lower)
      if survival > 1e-3, truncated.base.cdf(truncated.upper) > 1e-3 {
        (base, lower, upper) = (truncated.base, truncated.lower, truncated.upper)
        from = 1 - survival - truncated.base.mass(at: truncated.lower)
        mass = truncated.base.cdf(truncated.upper) - from
      }
    default: break
    }
    (self.lower, self.upper, self.from, self.mass) = (lower, upper, from, mass)
    kind =
      switch base {
      case .parametric(let law) where law.blockQuantiles != nil:
        law.blockQuantiles.map { .block($0) } ?? .other(base)
      case _ where base.isDiscrete: .counts(CountGrid(base))
      // A closed form, be it a slow one.
      case .parametric(let law) where !law.isInvertedBySearch: .other(base)
      case .empirical(let law):
        law.interpolation == .steps ? .steps(law.values) : .lines(law.values)
      default:
        QuantileGrid(base).map { .grid($0) } ?? AdaptiveGrid(base).map { .cells($0) }
          ?? .search(base)
      }
  }

  /// Whether no table does for the law, so that each of its values is searched for: perhaps a hundred thousand a
  /// second.
  public var isSlow: Bool {
    switch kind {
    case .search: true
    case .counts(let grid): grid.isSlow
    default: false
    }
  }

  /// One value.
  func value(_ probability: Double) -> Double {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { x in
      x[0] = probability
      transform(x)
      return x[0]
    }
  }

  /// Replaces probabilities in (0, 1) by the values that the law takes with at most them. O(1) a value unless
  /// ``isSlow``.
  public func transform(_ x: UnsafeMutableBufferPointer<Double>) {
    let (start, count) = (x.baseAddress, x.count)
    if mass < 1 {
      for i in x.indices { x[i] = min(max(from + mass * x[i], 0x1p-53), 1 - 0x1p-53) }
    }
    switch kind {
    case .block(.pareto(let logScale, let power)):
      for i in x.indices { x[i] = 1 - x[i] }
      cvm_transform(CVMFunctionLog, start, start, count)
      for i in x.indices { x[i] = logScale - x[i] * power }
      cvm_transform(CVMFunctionExp, start, start, count)
    case .block(.lognormal(let mu, let sigma)):
      cvm_transform(CVMFunctionNormalQuantile, start, start, count)
      for i in x.indices { x[i] = mu + sigma * x[i] }
      cvm_transform(CVMFunctionExp, start, start, count)
    case .block(.weibull(let logScale, let power)):
      for i in x.indices { x[i] = 1 - x[i] }
      cvm_transform(CVMFunctionLog, start, start, count)
      for i in x.indices { x[i] = -x[i] }
      cvm_transform(CVMFunctionLog, start, start, count)
      for i in x.indices { x[i] = logScale + x[i] * power }
      cvm_transform(CVMFunctionExp, start, start, count)
    case .block(.logLogistic(let logScale, let power)):
      for i in x.indices { x[i] = x[i] / (1 - x[i]) }
      cvm_transform(CVMFunctionLog, start, start, count)
      for i in x.indices { x[i] = logScale + x[i] * power }
      cvm_transform(CVMFunctionExp, start, start, count)
    case .block(.linear(let lower, let width)):
      for i in x.indices { x[i] = lower + width * x[i] }
    case .steps(let values):
      let n = Double(values.count)
      for i in x.indices { x[i] = values[min(values.count - 1, Int(x[i] * n))] }
    case .lines(let values):
      let n = Double(values.count - 1)
      for i in x.indices {
        let position = x[i] * n
        let index = min(values.count - 2, Int(position))
        x[i] = values[index] + (position - Double(index)) * (values[index + 1] - values[index])
      }
    case .grid(let grid): grid.transform(x)
    case .cells(let grid): grid.transform(x)
    case .counts(let grid): grid.transform(x)
    case .other(let law), .search(let law):
      for i in x.indices { x[i] = law.quantile(x[i]) }
    }
    if lower > -.infinity || upper < .infinity {
      for i in x.indices { x[i] = min(max(x[i], lower), upper) }
    }
  }
}

extension Law {
  /// Whether it takes whole numbers alone.
  fileprivate var isDiscrete: Bool {
    switch self {
    case .parametric(let law): type(of: law).isDiscrete
    case .empirical: false
    case .truncated(let law): law.base.isDiscrete
    // Its ends need be no whole numbers.
    case .clamped: false
    }
  }
}
