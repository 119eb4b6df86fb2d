#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What is known beforehand about a law to be fitted.
public struct FitOptions: Sendable, Equatable {
  /// The scale of a Pareto law or truncated power law, or the location of a generalised Pareto law,
  /// where it is known. Otherwise the first two take the lower truncation limit, or else the least
  /// observation (the maximum-likelihood estimate), and the third takes 0.
  public var lowerBound: Double?

  /// Nothing known.
  public init(lowerBound: Double? = nil) { self.lowerBound = lowerBound }

  /// Where the search begins, in its own coordinates: replicates of a sample lie near its fit.
  var start: SIMD2<Double>?
}

extension Sample {
  /// The maximum-likelihood law of `family`: closed form where there is one, otherwise Newton's
  /// method with analytic gradients. O(n) an iteration.
  ///
  /// Throws `tooFew` below 2 observations (3 for families with two free parameters), `allEqual` for
  /// a point mass, `noMaximum` where the likelihood rises towards the edge of the family, and
  /// `notConverged` with the last gradient norm; what is returned has converged.
  public func fit(_ family: Family, _ options: FitOptions = FitOptions()) throws(FittingError)
    -> Fit
  {
    let needed = family == .exponential ? 1 : family == .pareto || family == .uniform ? 2 : 3
    guard values.count >= needed else {
      throw .tooFew(
        count: values.count, needed: needed, purpose: "fitting the \(family.rawValue) law")
    }
    if values.count > 1, let first = values.first, values.allSatisfy({ $0 == first }) {
      throw .allEqual(value: first, count: values.count)
    }
    switch family {
    case .pareto: return try fitPareto(options)
    case .lognormal where limits == .none && censored.isEmpty && binning == nil:
      return try SampleStatistics(values).fit(.lognormal)
    case .exponential where limits == .none && binning == nil: return try fitExponential()
    case .uniform: return try fitUniform()
    case .lognormal: return try search(LognormalModel.self, family, options, anchor: 0)
    case .exponential: return try search(ExponentialModel.self, family, options, anchor: 0)
    case .weibull: return try search(WeibullModel.self, family, options, anchor: 0)
    case .gamma: return try search(GammaModel.self, family, options, anchor: 0)
    case .logLogistic: return try search(LogLogisticModel.self, family, options, anchor: 0)
    case .generalizedPareto:
      return try search(
        GeneralizedParetoModel.self, family, options, anchor: options.lowerBound ?? 0)
    case .truncatedPowerLaw: return try fitTruncatedPowerLaw(options)
    }
  }

  /// The scale of a law that begins at a positive value, and whether it was estimated.
  private func anchor(
    _ family: Family, _ options: FitOptions
  ) throws(FittingError) -> (value: Double, estimated: Bool) {
    let least = min(values.min() ?? .infinity, censored.min() ?? .infinity)
    if let given = options.lowerBound {
      try requirePositive(given, "lower bound", of: family.rawValue)
      if case .clamped = limits { return (given, false) }
      guard given <= least else {
        throw .invalidParameter(
          law: family.rawValue, parameter: "lower bound", value: given,
          requirement: "at most the least observation, \(least)")
      }
      return (given, false)
    }
    if case .truncated(let lower, _) = limits, lower > 0 { return (lower, false) }
    if case .clamped(let lower, _) = limits, least <= lower {
      throw .notApplicable(
        "\(family.rawValue): values clamped at \(lower) hide where the law begins; "
          + "give its lower bound")
    }
    // The least bin is there as a whole; from 0 on no power law can be.
    let edge = binning.map { $0.interval(of: least).lower } ?? least
    return (edge > 0 ? edge : least / 2, true)
  }

  private func fitPareto(_ options: FitOptions) throws(FittingError) -> Fit {
    let (scale, estimated) = try anchor(.pareto, options)
    // Truncation above, or values hidden at a lower clamp, leave no closed form.
    var closed = binning == nil
    if case .truncated(_, let upper) = limits, upper < .infinity { closed = false }
    if case .clamped(let lower, _) = limits, values.contains(where: { $0 <= lower }) {
      closed = false
    }
    guard closed else {
      return try search(
        ParetoModel.self, .pareto, options, anchor: scale, anchorEstimated: estimated)
    }
    let logScale = log(scale)
    // Censored values and those at an upper clamp add exposure but no event.
    let events = values.count { $0 < limits.upper }
    let exposure =
      compensatedSum(values.lazy.map { log($0) - logScale })
      + compensatedSum(censored.lazy.map { max(0, log($0) - logScale) })
    guard events > 0, exposure > 0 else {
      throw .tooFew(count: events, needed: 1, purpose: "a Pareto shape")
    }
    let shape = Double(events) / exposure
    let interior = compensatedSum(values.lazy.filter { $0 < limits.upper }.map { log($0) })
    let logLikelihood = Double(events) * (log(shape)) - shape * exposure - interior
    return try assemble(
      .pareto, [shape, scale],
      [.logarithmic("shape", shape, logError: 1 / Double(events).squareRoot())]
        + [scaleEstimate(scale, shape: shape, estimated)],
      logLikelihood: logLikelihood, free: estimated ? 2 : 1, anchorEstimated: estimated)
  }

  /// The interval of an estimated Pareto scale follows from the law of the least of n values:
  /// P(least > t) = (scale/t)^(n·shape).
  private func scaleEstimate(_ scale: Double, shape: Double, _ estimated: Bool) -> Estimate {
    guard estimated else { return .given("scale", scale) }
    let a = Double(count) * shape
    let error = a > 2 ? scale * (a / ((a - 1) * (a - 1) * (a - 2))).squareRoot() : .infinity
    return Estimate(
      name: "scale", value: scale, standardError: error, lower95: scale * pow(0.05, 1 / a),
      upper95: scale)
  }

  private func fitExponential() throws(FittingError) -> Fit {
    // With right censoring: events over total exposure.
    let exposure = compensatedSum(values) + compensatedSum(censored)
    let rate = Double(values.count) / exposure
    return try assemble(
      .exponential, [rate],
      [.logarithmic("rate", rate, logError: 1 / Double(values.count).squareRoot())],
      logLikelihood: Double(values.count) * log(rate) - rate * exposure, free: 1)
  }

  private func fitTruncatedPowerLaw(_ options: FitOptions) throws(FittingError) -> Fit {
    let (scale, estimated) = try anchor(.truncatedPowerLaw, options)
    if limits == .none, censored.isEmpty, binning == nil {
      // The likelihood is concave in (exponent, rate), an exponential family: its derivative in the
      // rate at the best pure power law tells whether the maximum lies inside.
      let n = Double(values.count)
      let shape = n / compensatedSum(values.lazy.map { log($0 / scale) })
      let mean = compensatedSum(values) / n
      if shape > 1, mean >= scale * shape / (shape - 1) {
        throw .noMaximum(
          family: .truncatedPowerLaw,
          reason: "its cutoff rate goes to 0, where it is the pure power law of exponent "
            + "\(shape + 1)")
      }
    }
    return try search(
      TruncatedPowerLawModel.self, .truncatedPowerLaw, options, anchor: scale,
      anchorEstimated: estimated)
  }

  /// Newton's search, and the result with standard errors from the observed information.
  private func search<Model: LikelihoodModel>(
    _ model: Model.Type, _ family: Family, _ options: FitOptions, anchor: Double,
    anchorEstimated: Bool = false
  ) throws(FittingError) -> Fit {
    let likelihood = Likelihood<Model>(self, anchor: anchor)
    guard likelihood.interior > Model.dimension else {
      throw .tooFew(
        count: likelihood.interior, needed: Model.dimension + 1,
        purpose: "fitting the \(family.rawValue) law between its limits")
    }
    let all = SampleStatistics(values + censored)
    let summary = StartSummary(
      mean: all.values.mean, variance: all.values.variance, logMean: all.logarithms.mean,
      logDeviation: all.logarithms.variance.squareRoot(), maximum: all.maximum, anchor: anchor)
    func climb(from starts: [SIMD2<Double>]) throws(FittingError) -> Maximum {
      try maximise(
        dimension: Model.dimension, family: family, from: starts, likelihood.evaluate)
    }
    var near: Maximum?
    if let start = options.start { near = try? climb(from: [start]) }
    let top: Maximum
    if let near { top = near } else { top = try climb(from: Model.start(summary)) }
    let n = Double(likelihood.count)
    let (xx, xy, yy) = top.information
    let determinant = Model.dimension == 1 ? xx : xx * yy - xy * xy
    guard determinant > 0, xx > 0 else {
      throw .noMaximum(family: family, reason: "the observed information is not positive definite")
    }
    let errors =
      Model.dimension == 1
      ? SIMD2(1 / (xx * n).squareRoot(), 0)
      : SIMD2((yy / determinant / n).squareRoot(), (xx / determinant / n).squareRoot())
    let t = top.theta
    let estimates: [Estimate]
    switch family {
    case .lognormal:
      estimates = [
        .direct("mu", t.x, error: errors.x),
        .logarithmic("sigma", exp(t.y), logError: errors.y),
      ]
    case .exponential: estimates = [.logarithmic("rate", exp(t.x), logError: errors.x)]
    case .pareto:
      estimates = [
        .logarithmic("shape", exp(t.x), logError: errors.x),
        scaleEstimate(anchor, shape: exp(t.x), anchorEstimated),
      ]
    case .truncatedPowerLaw:
      let hazard = exp(Model(t, anchor: anchor).logDensity(anchor, log(anchor)).value)
      estimates = [
        .direct("exponent", t.x, error: errors.x),
        .logarithmic("rate", exp(t.y), logError: errors.y),
        scaleEstimate(anchor, shape: hazard * anchor, anchorEstimated),
      ]
    case .generalizedPareto:
      estimates = [
        .direct("shape", t.x, error: errors.x),
        .logarithmic("scale", exp(t.y), logError: errors.y), .given("location", anchor),
      ]
    default:
      estimates = [
        .logarithmic("shape", exp(t.x), logError: errors.x),
        .logarithmic("scale", exp(t.y), logError: errors.y),
      ]
    }
    return try assemble(
      family, estimates.map(\.value), estimates, logLikelihood: top.value * n,
      free: Model.dimension + (anchorEstimated ? 1 : 0), anchorEstimated: anchorEstimated,
      iterations: top.iterations, gradientNorm: top.gradientNorm)
  }

  private func assemble(
    _ family: Family, _ parameters: [Double], _ estimates: [Estimate], logLikelihood: Double,
    free: Int, anchorEstimated: Bool = false, iterations: Int = 0, gradientNorm: Double = 0
  ) throws(FittingError) -> Fit {
    var warnings: [String] = []
    if count < 50 { warnings.append("only \(count) observations: standard errors are rough") }
    if anchorEstimated {
      warnings.append(
        binning == nil
          ? "the scale is the least observation, an estimate that is never too small"
          : "the scale is where the least bin begins")
    }
    if family == .generalizedPareto, parameters[0] < -0.5 {
      warnings.append("shape below -1/2: the likelihood is not regular, no standard error holds")
    }
    return Fit(
      family: family, law: try Law(family, parameters).limited(by: limits), parameters: estimates,
      logLikelihood: logLikelihood, freeParameters: free, count: count, censored: censored.count,
      iterations: iterations, gradientNorm: gradientNorm, warnings: warnings)
  }
}

extension SampleStatistics {
  /// The closed-form fits from streamed statistics: Pareto (scale: the least value), lognormal,
  /// exponential, uniform. O(1). Other families throw `notApplicable`.
  public func fit(_ family: Family) throws(FittingError) -> Fit {
    let needed = family == .exponential ? 1 : 2
    guard count >= needed else {
      throw .tooFew(count: count, needed: needed, purpose: "fitting the \(family.rawValue) law")
    }
    let n = Double(count)
    if minimum == maximum, count > 1 { throw .allEqual(value: minimum, count: count) }
    let estimates: [Estimate]
    let logLikelihood: Double
    let logSum = n * logarithms.mean
    switch family {
    case .lognormal:
      let sigma = logarithms.variance.squareRoot()
      estimates = [
        .direct("mu", logarithms.mean, error: sigma / n.squareRoot()),
        .logarithmic("sigma", sigma, logError: 1 / (2 * n).squareRoot()),
      ]
      logLikelihood = -logSum - n * (log(sigma) + logSqrtTwoPi + 0.5)
    case .exponential:
      estimates = [.logarithmic("rate", 1 / values.mean, logError: 1 / n.squareRoot())]
      logLikelihood = -n * (log(values.mean) + 1)
    case .pareto:
      let shape = 1 / (logarithms.mean - log(minimum))
      let a = n * shape
      estimates = [
        .logarithmic("shape", shape, logError: 1 / n.squareRoot()),
        Estimate(
          name: "scale", value: minimum,
          standardError: a > 2
            ? minimum * (a / ((a - 1) * (a - 1) * (a - 2))).squareRoot() : .infinity,
          lower95: minimum * pow(0.05, 1 / a), upper95: minimum),
      ]
      logLikelihood = n * (log(shape) - 1) - logSum
    case .uniform:
      let range = maximum - minimum
      // P((least - lower) / range > t) = (1 + t)^(1 - n), exactly.
      let reach = range * expm1(-log(0.05) / (n - 1))
      let error = range / n
      estimates = [
        Estimate(
          name: "lower", value: minimum, standardError: error, lower95: minimum - reach,
          upper95: minimum),
        Estimate(
          name: "upper", value: maximum, standardError: error, lower95: maximum,
          upper95: maximum + reach),
      ]
      logLikelihood = -n * log(range)
    default:
      throw .notApplicable("\(family.rawValue) has no closed-form estimator")
    }
    var warnings = count < 50 ? ["only \(count) observations: standard errors are rough"] : []
    if family == .pareto {
      warnings.append("the scale is the least observation, an estimate that is never too small")
    }
    return Fit(
      family: family, law: try Law(family, estimates.map(\.value)), parameters: estimates,
      logLikelihood: logLikelihood, freeParameters: estimates.count, count: count, censored: 0,
      iterations: 0, gradientNorm: 0, warnings: warnings)
  }
}
