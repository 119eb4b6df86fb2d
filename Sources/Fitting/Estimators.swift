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

  /// What parameters may be, by name; see ``ParameterRestriction``.
  public var restrictions: [String: ParameterRestriction] = [:]

  /// Nothing known.
  public init(lowerBound: Double? = nil) { self.lowerBound = lowerBound }

  /// Values of coordinates that are not searched for, by place.
  var fixed: [Int: Double] = [:]

  /// Where the search begins, in its own coordinates: replicates of a sample lie near its fit.
  var start: [Double]?
}

extension Sample {
  /// The maximum-likelihood law of `family`: closed form where there is one, otherwise Newton's
  /// method with analytic gradients. O(n) an iteration.
  ///
  /// Throws `tooFew` below one observation more than there are free parameters, `allEqual` for
  /// a point mass, `noMaximum` where the likelihood rises towards the edge of the family, and
  /// `notConverged` with the last gradient norm; what is returned has converged.
  public func fit(_ family: Family, _ options: FitOptions = FitOptions()) throws(FittingError)
    -> Fit
  {
    let needed = family.needed
    guard values.count >= needed else {
      throw .tooFew(
        count: values.count, needed: needed, purpose: "fitting the \(family.rawValue) law")
    }
    if values.count > 1, let first = values.first, values.allSatisfy({ $0 == first }) {
      throw .allEqual(value: first, count: values.count)
    }
    if family.isDiscrete, let other = (values + censored).first(where: { $0 != $0.rounded() }) {
      throw .notApplicable(
        "\(family.rawValue) is a law of whole numbers, which \(other) is not")
    }
    guard !options.restrictions.isEmpty else { return try family.estimate(self, options) }
    guard let model = family.likelihood else {
      throw .notApplicable("parameters of \(family.rawValue) cannot be restricted")
    }
    return try restrictedFit(model, family, options)
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
    if family.isDiscrete { return (least, true) }
    let edge = binning.map { $0.interval(of: least).lower } ?? least
    return (edge > 0 ? edge : least / 2, true)
  }

  func fitPareto(_ options: FitOptions) throws(FittingError) -> Fit {
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

  func fitExponential() throws(FittingError) -> Fit {
    // With right censoring: events over total exposure.
    let exposure = compensatedSum(values) + compensatedSum(censored)
    let rate = Double(values.count) / exposure
    return try assemble(
      .exponential, [rate],
      [.logarithmic("rate", rate, logError: 1 / Double(values.count).squareRoot())],
      logLikelihood: Double(values.count) * log(rate) - rate * exposure, free: 1)
  }

  func fitTruncatedPowerLaw(_ options: FitOptions) throws(FittingError) -> Fit {
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
    let fit = try search(
      TruncatedPowerLawModel.self, .truncatedPowerLaw, options, anchor: scale,
      anchorEstimated: estimated)
    // The search is in log rate: on the way to 0 its gradient vanishes, so that it ends somewhere. A likelihood
    // that rises from there towards 0 has no maximum.
    let (exponent, rate) = (fit.parameters[0].value, fit.parameters[1].value)
    let greatest = (values + censored).max() ?? scale
    if rate * greatest < 0.1 {
      let likelihood = Likelihood<TruncatedPowerLawModel>(self, anchor: scale)
      let here = likelihood.evaluate([exponent, log(rate)]).value
      let nearer = likelihood.evaluate([exponent, log(rate) - 3]).value
      if nearer >= here - 1e-13 * max(1, abs(here)) {
        throw .noMaximum(
          family: .truncatedPowerLaw,
          reason: "its cutoff rate goes to 0, where it is the pure power law of exponent "
            + "\(exponent)")
      }
    }
    return fit
  }

  /// The family of `model`, by Newton's method: see ``Anchor`` for the parameter that is not searched for.
  func search<Model: LikelihoodModel>(
    _ model: Model.Type, _ family: Family, _ options: FitOptions
  ) throws(FittingError) -> Fit {
    switch Model.anchor {
    case .none: return try search(model, family, options, anchor: 0)
    case .least:
      let (scale, estimated) = try anchor(family, options)
      return try search(
        model, family, options, anchor: scale, anchorEstimated: estimated)
    case .location(let usual):
      return try search(model, family, options, anchor: options.lowerBound ?? usual)
    }
  }

  /// Newton's search, and the result with standard errors from the observed information.
  func search<Model: LikelihoodModel>(
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
    let fixed = options.fixed
    let lanes = (0..<Model.dimension).filter { fixed[$0] == nil }
    /// A point of the lanes that are searched for, with the others.
    func whole(_ point: Model.Point) -> Model.Point {
      if fixed.isEmpty { return point }
      var theta = Model.Point.zero
      for (place, lane) in lanes.enumerated() { theta[lane] = point[place] }
      for (lane, value) in fixed {
        theta[lane] = if case .direct = Model.coordinates[lane] { value } else { log(value) }
      }
      return theta
    }
    func evaluate(_ point: Model.Point) -> LogScore<Model.Point> {
      if fixed.isEmpty { return likelihood.evaluate(point) }
      let score = likelihood.evaluate(whole(point))
      var gradient = Model.Point.zero
      for (place, lane) in lanes.enumerated() { gradient[place] = score.gradient[lane] }
      return LogScore(value: score.value, gradient: gradient)
    }
    func climb(from starts: [Model.Point]) throws(FittingError) -> Maximum<Model.Point> {
      guard !lanes.isEmpty else {
        return Maximum(
          theta: .zero, value: evaluate(.zero).value, information: Information(dimension: 0),
          iterations: 0, gradientNorm: 0)
      }
      let starts = starts.map { start in
        var point = start
        for (place, lane) in lanes.enumerated() { point[place] = start[lane] }
        return point
      }
      return try maximise(
        dimension: lanes.count, family: family, from: starts, triesAll: Model.triesAllStarts,
        edge: { Model.edge(whole($0)) }, evaluate)
    }
    var near: Maximum<Model.Point>?
    if let start = options.start, start.count >= Model.dimension {
      var point = Model.Point.zero
      for i in 0..<Model.dimension { point[i] = start[i] }
      near = try? climb(from: [point])
    }
    let top: Maximum<Model.Point>
    if let near { top = near } else { top = try climb(from: Model.start(summary)) }
    let n = Double(likelihood.count)
    guard let variances = lanes.isEmpty ? [] : top.information.inverseDiagonal else {
      throw .noMaximum(family: family, reason: "the observed information is not positive definite")
    }
    var errors = [Double](repeating: 0, count: Model.dimension)
    for (lane, variance) in zip(lanes, variances) { errors[lane] = (variance / n).squareRoot() }
    let names = family.parameterNames
    let t = whole(top.theta)
    var estimates = Model.coordinates.enumerated().map { index, coordinate in
      if let value = fixed[index] { return Estimate.given(names[index], value) }
      switch coordinate {
      case .direct: return Estimate.direct(names[index], t[index], error: errors[index])
      case .logarithm:
        return Estimate.logarithmic(names[index], exp(t[index]), logError: errors[index])
      }
    }
    switch Model.anchor {
    case .none: break
    case .least:
      if Model.isDiscrete {
        // Of many values some are the least that can be.
        estimates.append(.given(names[Model.dimension], anchor))
        break
      }
      // The hazard at the least value tells how far the least of so many values lies above it.
      let hazard = exp(Model(t, anchor: anchor).logDensity(anchor, log(anchor)).value)
      estimates.append(scaleEstimate(anchor, shape: hazard * anchor, anchorEstimated))
    case .location: estimates.append(.given(names[Model.dimension], anchor))
    }
    return try assemble(
      family, estimates.map(\.value), estimates, logLikelihood: top.value * n,
      free: lanes.count + (anchorEstimated ? 1 : 0), anchorEstimated: anchorEstimated,
      iterations: top.iterations, gradientNorm: top.gradientNorm,
      warnings: Model.warnings(estimates.map(\.value)))
  }

  func assemble(
    _ family: Family, _ parameters: [Double], _ estimates: [Estimate], logLikelihood: Double,
    free: Int, anchorEstimated: Bool = false, iterations: Int = 0, gradientNorm: Double = 0,
    warnings own: [String] = []
  ) throws(FittingError) -> Fit {
    var warnings: [String] = []
    if count < 50 { warnings.append("only \(count) observations: standard errors are rough") }
    if anchorEstimated, !family.isDiscrete {
      warnings.append(
        binning == nil
          ? "the scale is the least observation, an estimate that is never too small"
          : "the scale is where the least bin begins")
    }
    warnings += own
    return Fit(
      family: family, law: try Law(family, parameters).limited(by: limits), parameters: estimates,
      logLikelihood: logLikelihood, freeParameters: free, count: count, censored: censored.count,
      iterations: iterations, gradientNorm: gradientNorm, warnings: warnings)
  }
}

extension SampleStatistics {
  /// The closed-form fit from streamed statistics, of the families that have one: Pareto (scale: the least
  /// value), lognormal, exponential, uniform. O(1). Other families throw `notApplicable`.
  public func fit(_ family: Family) throws(FittingError) -> Fit {
    guard let estimate = family.fromStatistics else {
      throw .notApplicable("\(family.rawValue) has no closed-form estimator")
    }
    let needed = min(family.needed, 2)
    guard count >= needed else {
      throw .tooFew(count: count, needed: needed, purpose: "fitting the \(family.rawValue) law")
    }
    if minimum == maximum, count > 1 { throw .allEqual(value: minimum, count: count) }
    return try estimate(self)
  }

  private var n: Double { Double(count) }

  func fitLognormal() throws(FittingError) -> Fit {
    let sigma = logarithms.variance.squareRoot()
    return try closed(
      .lognormal,
      [
        .direct("mu", logarithms.mean, error: sigma / n.squareRoot()),
        .logarithmic("sigma", sigma, logError: 1 / (2 * n).squareRoot()),
      ], -(n * logarithms.mean) - n * (log(sigma) + logSqrtTwoPi + 0.5))
  }

  func fitExponential() throws(FittingError) -> Fit {
    try closed(
      .exponential, [.logarithmic("rate", 1 / values.mean, logError: 1 / n.squareRoot())],
      -n * (log(values.mean) + 1))
  }

  func fitPareto() throws(FittingError) -> Fit {
    let shape = 1 / (logarithms.mean - log(minimum))
    let a = n * shape
    return try closed(
      .pareto,
      [
        .logarithmic("shape", shape, logError: 1 / n.squareRoot()),
        Estimate(
          name: "scale", value: minimum,
          standardError: a > 2
            ? minimum * (a / ((a - 1) * (a - 1) * (a - 2))).squareRoot() : .infinity,
          lower95: minimum * pow(0.05, 1 / a), upper95: minimum),
      ], n * (log(shape) - 1) - n * logarithms.mean,
      ["the scale is the least observation, an estimate that is never too small"])
  }

  func fitUniform() throws(FittingError) -> Fit {
    let range = maximum - minimum
    // P((least - lower) / range > t) = (1 + t)^(1 - n), exactly.
    let reach = range * expm1(-log(0.05) / (n - 1))
    let error = range / n
    return try closed(
      .uniform,
      [
        Estimate(
          name: "lower", value: minimum, standardError: error, lower95: minimum - reach,
          upper95: minimum),
        Estimate(
          name: "upper", value: maximum, standardError: error, lower95: maximum,
          upper95: maximum + reach),
      ], -n * log(range))
  }

  private func closed(
    _ family: Family, _ estimates: [Estimate], _ logLikelihood: Double, _ warnings: [String] = []
  ) throws(FittingError) -> Fit {
    Fit(
      family: family, law: try Law(family, estimates.map(\.value)), parameters: estimates,
      logLikelihood: logLikelihood, freeParameters: estimates.count, count: count, censored: 0,
      iterations: 0, gradientNorm: 0,
      warnings: (count < 50 ? ["only \(count) observations: standard errors are rough"] : [])
        + warnings)
  }
}
