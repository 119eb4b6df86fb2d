#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How far a sample is from a law.
public struct GoodnessOfFit: Sendable, Equatable, Codable {
  /// Kolmogorov and Smirnov's D = sup |Fₙ - F|, both sides of every step, atoms included.
  public let kolmogorovSmirnov: Double
  /// Anderson and Darling's A², which weighs the tails.
  public let andersonDarling: Double
  /// Cramér and von Mises's W².
  public let cramerVonMises: Double

  /// The distances of ascending `values` from `law`. O(n).
  ///
  /// A² and W² are defined for continuous laws: for a clamped law they are those of the values
  /// strictly inside the limits from the law conditional on being there; 0 if there is none.
  public init(sorted values: [Double], law: Law) {
    kolmogorovSmirnov = Self.distance(values, law)
    var inner = values[...]
    var conditional = law
    if case .clamped(let clamped) = law {
      let low = partitionPoint(values) { $0 > clamped.lower }
      let high = partitionPoint(values) { $0 >= clamped.upper }
      inner = values[low..<max(low, high)]
      if let truncated = try? Truncated(clamped.base, lower: clamped.lower, upper: clamped.upper) {
        conditional = .truncated(truncated)
      }
    }
    let n = Double(inner.count)
    guard n > 0 else {
      andersonDarling = 0
      cramerVonMises = 0
      return
    }
    // Each value's logarithms of F and S; A² pairs the i-th with the (n + 1 - i)-th, which is the
    // same as weighing log F by 2i - 1 and log S by 2(n - i) + 1.
    var weighted = 0.0
    var squares = 1 / (12 * n)
    for (offset, value) in inner.enumerated() {
      let logS = conditional.logSurvival(value)
      let i = Double(offset)
      weighted += (2 * i + 1) * max(log1mexp(logS), -745) + (2 * (n - i) - 1) * max(logS, -745)
      let d = -expm1(logS) - (2 * i + 1) / (2 * n)
      squares += d * d
    }
    andersonDarling = -n - weighted / n
    cramerVonMises = squares
  }

  private static func distance(_ values: [Double], _ law: Law) -> Double {
    let n = Double(values.count)
    var worst = 0.0
    var index = 0
    while index < values.count {
      var next = index + 1
      while next < values.count, values[next] == values[index] { next += 1 }
      let upTo = law.cdf(values[index])
      let before = upTo - law.mass(at: values[index])
      worst = max(
        worst, abs(upTo - Double(next) / n), abs(before - Double(index) / n))
      index = next
    }
    return worst
  }
}

/// Distances with the probability of greater ones if the law were true.
public struct GoodnessOfFitTest: Sendable, Equatable, Codable {
  /// The sample's distances from its fit.
  public let statistics: GoodnessOfFit
  /// p-value of D.
  public let kolmogorovSmirnov: BootstrapPValue
  /// p-value of A².
  public let andersonDarling: BootstrapPValue
  /// p-value of W².
  public let cramerVonMises: BootstrapPValue
}

/// A confidence interval of a parameter.
public struct ParameterInterval: Sendable, Equatable, Codable {
  /// The parameter's name, as in ``Family/parameterNames``.
  public let name: String
  /// The lower end.
  public let lower: Double
  /// The upper end.
  public let upper: Double
}

extension Sample {
  /// The distances of this sample from a law, such as one fitted to it; from the Kaplan-Meier
  /// estimate if some of it is censored. O(n log n).
  public func goodness(of law: Law) -> GoodnessOfFit {
    if let binning { return GoodnessOfFit(binned: self, binning, law: law) }
    if law.family?.isDiscrete == true, let counts = Binning(width: 1) {
      return GoodnessOfFit(binned: self, counts, law: law)
    }
    return censored.isEmpty
      ? GoodnessOfFit(sorted: sortedAscending(values), law: law)
      : GoodnessOfFit(censored: self, law: law)
  }

  /// Tests a fit whose parameters were estimated from this sample, by parametric bootstrap: samples
  /// of the same size are drawn from the fitted law, fitted anew and measured (Stute, Manteiga and
  /// Quindimil 1993). Tables for known parameters would give p-values far too large. Where values are
  /// censored, each draw meets a censoring time drawn from the Kaplan-Meier estimate of those times
  /// (Efron 1981), which supposes that they do not depend on the values.
  ///
  /// Replicate i draws from `stream(i)` alone: the result does not depend on `threads`.
  public func test<Generator: RandomNumberGenerator & SendableMetatype>(
    _ fit: Fit, _ options: FitOptions = FitOptions(), _ precision: BootstrapPrecision,
    threads: Int = 1, stream: @escaping @Sendable (UInt64) -> Generator
  ) async -> GoodnessOfFitTest {
    let observed = goodness(of: fit.law)
    let size = count
    let limits = limits
    let binning = binning
    var options = options
    options.start = fit.coordinates
    let nearby = options
    let censoring =
      censored.isEmpty ? nil : KaplanMeier.ofCensoring(values: values, censored: censored)
    let simulated = await replicates(precision.replicates, threads: threads) {
      index -> GoodnessOfFit? in
      var generator = stream(UInt64(index))
      var drawn: [Double] = []
      var cut: [Double] = []
      drawn.reserveCapacity(size)
      for _ in 0..<size {
        let value = Self.draw(fit.law, binning, using: &generator)
        let end = censoring?.quantile(survival: Double.random(in: 0..<1, using: &generator))
        if let end, end < value { cut.append(end) } else { drawn.append(value) }
      }
      let replicate = Sample(unchecked: drawn, censored: cut, limits: limits, binning: binning)
      guard let refit = try? replicate.fit(fit.family, nearby) else { return nil }
      return replicate.goodness(of: refit.law)
    }
    return GoodnessOfFitTest(
      statistics: observed,
      kolmogorovSmirnov: BootstrapPValue(
        observed: observed.kolmogorovSmirnov, simulated: simulated.map { $0?.kolmogorovSmirnov }),
      andersonDarling: BootstrapPValue(
        observed: observed.andersonDarling, simulated: simulated.map { $0?.andersonDarling }),
      cramerVonMises: BootstrapPValue(
        observed: observed.cramerVonMises, simulated: simulated.map { $0?.cramerVonMises }))
  }

  /// A value as it would be recorded. What is recorded as 0 is no value of a sample, so it is drawn anew.
  private static func draw<Generator: RandomNumberGenerator>(
    _ law: Law, _ binning: Binning?, using generator: inout Generator
  ) -> Double {
    guard let binning else { return law.sample(using: &generator) }
    for _ in 0..<1000 {
      let value = binning.recorded(law.sample(using: &generator))
      if value > 0 { return min(max(value, law.lowerBound), law.upperBound) }
    }
    return binning.width
  }

  /// Percentile intervals of the parameters by the nonparametric bootstrap (Efron): the sample's
  /// observations, censored ones with them, are drawn with replacement and fitted anew.
  ///
  /// `level` is the coverage, such as 0.95. Replicates that do not converge are left out; throws
  /// `notApplicable` if that is more than one in ten.
  public func bootstrapIntervals<Generator: RandomNumberGenerator & SendableMetatype>(
    _ family: Family, _ options: FitOptions = FitOptions(), level: Double = 0.95,
    replicates count: Int = 1000, threads: Int = 1,
    stream: @escaping @Sendable (UInt64) -> Generator
  ) async throws(FittingError) -> [ParameterInterval] {
    let all = self
    let simulated = await replicates(max(2, count), threads: threads) { index -> [Double]? in
      var generator = stream(UInt64(index))
      var drawn: [Double] = []
      var drawnCensored: [Double] = []
      for _ in 0..<all.count {
        let pick = Int(generator.next().multipliedFullWidth(by: UInt64(all.count)).high)
        if pick < all.values.count {
          drawn.append(all.values[pick])
        } else {
          drawnCensored.append(all.censored[pick - all.values.count])
        }
      }
      let replicate = Sample(
        unchecked: drawn, censored: drawnCensored, limits: all.limits, binning: all.binning)
      return try? replicate.fit(family, options).parameters.map(\.value)
    }
    let known = simulated.compactMap { $0 }
    guard known.count * 10 >= simulated.count * 9 else {
      throw .notApplicable(
        "\(simulated.count - known.count) of \(simulated.count) bootstrap fits did not converge")
    }
    let tail = (1 - level) / 2
    var intervals: [ParameterInterval] = []
    for (index, name) in family.parameterNames.enumerated() {
      let law = try Empirical(known.map { $0[index] }, interpolation: .linear)
      intervals.append(
        ParameterInterval(name: name, lower: law.quantile(tail), upper: law.quantile(1 - tail)))
    }
    return intervals
  }
}
