#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Sample {
  /// The uniform law of greatest likelihood.
  ///
  /// An end beyond which nothing is hidden is the extreme observation. Where values are hidden there,
  /// by a clamp or by censoring, the likelihood has an inner maximum: in closed form for the lower
  /// end, and the root of a falling function for the upper one. What truncation left out cannot be
  /// inferred from a flat law: the ends are those of what is seen.
  func fitUniform() throws(FittingError) -> Fit {
    var isHidden = !censored.isEmpty
    if case .clamped = limits { isHidden = true }
    if isHidden {
      guard binning == nil else {
        throw .notApplicable("a uniform law of bins, where values are hidden beyond its ends")
      }
      return try fitHiddenUniform()
    }
    let points = try SampleStatistics(values).fit(.uniform)
    var plain = points
    if let binning { plain = try spread(points, over: binning) }
    guard case .truncated(let low, let high) = limits else { return plain }
    let cut = plain.parameters.map { end in
      Estimate(
        name: end.name, value: end.value, standardError: end.standardError,
        lower95: max(end.lower95, low), upper95: min(end.upper95, high))
    }
    return Fit(
      family: .uniform, law: try plain.law.limited(by: limits), parameters: cut,
      logLikelihood: plain.logLikelihood, freeParameters: 2, count: count, censored: 0,
      iterations: 0, gradientNorm: 0,
      warnings: plain.warnings + ["a uniform law's ends beyond the truncation cannot be known"])
  }

  /// The same law to the ends of its bins, with the probabilities of bins.
  private func spread(_ points: Fit, over binning: Binning) throws(FittingError) -> Fit {
    let (lower, upper) = (points.parameters[0], points.parameters[1])
    let ends = (binning.interval(of: lower.value).lower, binning.interval(of: upper.value).upper)
    let n = Double(values.count)
    return Fit(
      family: .uniform, law: try Law(.uniform, [ends.0, ends.1]),
      parameters: [
        Estimate(
          name: "lower", value: ends.0, standardError: lower.standardError,
          lower95: min(lower.lower95, ends.0), upper95: ends.0),
        Estimate(
          name: "upper", value: ends.1, standardError: upper.standardError, lower95: ends.1,
          upper95: max(upper.upper95, ends.1)),
      ],
      logLikelihood: n * log(min(1, binning.width / (ends.1 - ends.0))), freeParameters: 2,
      count: count, censored: 0, iterations: 0, gradientNorm: 0, warnings: points.warnings)
  }

  private func fitHiddenUniform() throws(FittingError) -> Fit {
    let inner = values.filter { $0 > limits.lower && $0 < limits.upper }
    let atLower = Double(values.count { $0 <= limits.lower })
    guard let least = inner.min(), let greatest = inner.max(), least < greatest else {
      throw .tooFew(
        count: inner.count, needed: 2, purpose: "fitting the uniform law between its limits")
    }
    // Censored below the least value, an observation says nothing of the ends.
    let start = atLower > 0 ? limits.lower : least
    let hidden = (censored + values.filter { $0 >= limits.upper }).filter { $0 > start }
    let n = Double(inner.count) + atLower + Double(hidden.count)

    // With the lower end at its best for every upper end b, the score in b times (b - start) is
    // Σ (b - start)/(b - c) - n', which falls from infinity (or its value at the greatest
    // observation) to -(exact observations).
    let known = n - atLower
    func score(_ b: Double) -> Double {
      compensatedSum(hidden.lazy.map { (b - start) / (b - $0) }) - known
    }
    let bound = max(greatest, hidden.max() ?? greatest)
    var upper = greatest
    let upperIsInner = !hidden.isEmpty && (bound > greatest || score(greatest) > 0)
    if upperIsInner {
      var (low, high) = (bound, bound + (bound - start))
      while score(high) > 0 { (low, high) = (high, high + 2 * (high - start)) }
      for _ in 0..<200 where low.nextUp < high {
        let middle = low + 0.5 * (high - low)
        if score(middle) > 0 { low = middle } else { high = middle }
      }
      upper = high
    }
    let lower = atLower > 0 ? start - atLower * (upper - start) / known : least
    let range = upper - lower
    let interior = n - atLower - Double(hidden.count)

    // Observed information of the ends that are inner maxima.
    let shared = n / (range * range)
    let gap = atLower > 0 ? start - lower : .infinity
    let lowerInformation = atLower / (gap * gap) - shared
    let upperInformation =
      compensatedSum(hidden.lazy.map { 1 / ((upper - $0) * (upper - $0)) }) - shared
    let coupling = atLower > 0 && upperIsInner ? shared : 0
    let determinant = lowerInformation * upperInformation - coupling * coupling
    let lowerError =
      (atLower > 0 && upperIsInner ? upperInformation / determinant : 1 / lowerInformation)
      .squareRoot()
    let upperError =
      (atLower > 0 && upperIsInner ? lowerInformation / determinant : 1 / upperInformation)
      .squareRoot()
    // At an extreme, the pivot of the nearest of those observations that could have been seen there.
    let seenAbove =
      n * KaplanMeier.ofCensoring(values: values, censored: hidden).survival(at: greatest.nextDown)
    func reach(_ observations: Double) -> Double {
      range * expm1(-log(0.05) / max(1, observations - 1))
    }
    let lowerEstimate =
      atLower > 0
      ? Estimate(
        name: "lower", value: lower, standardError: lowerError,
        lower95: start - gap * exp(1.959963984540054 * lowerError / gap),
        upper95: start - gap * exp(-1.959963984540054 * lowerError / gap))
      : Estimate(
        name: "lower", value: least, standardError: range / n, lower95: least - reach(n),
        upper95: least)
    let excess = upper - bound
    let upperEstimate =
      upperIsInner
      ? Estimate(
        name: "upper", value: upper, standardError: upperError,
        lower95: bound + excess * exp(-1.959963984540054 * upperError / excess),
        upper95: bound + excess * exp(1.959963984540054 * upperError / excess))
      : Estimate(
        name: "upper", value: greatest, standardError: range / max(1, seenAbove),
        lower95: greatest, upper95: greatest + reach(seenAbove))
    var logLikelihood = -n * log(range)
    if atLower > 0 { logLikelihood += atLower * log(gap) }
    logLikelihood += compensatedSum(hidden.lazy.map { log(upper - $0) })
    guard logLikelihood.isFinite else {
      throw .noMaximum(family: .uniform, reason: "a value is hidden where it would end")
    }
    return Fit(
      family: .uniform,
      law: try Law(.uniform, [lower, upper]).limited(by: limits),
      parameters: [lowerEstimate, upperEstimate], logLikelihood: logLikelihood, freeParameters: 2,
      count: count, censored: censored.count, iterations: 0, gradientNorm: 0,
      warnings: interior < 50
        ? ["only \(Int(interior)) exact observations: standard errors are rough"] : [])
  }
}
