import Fitting
import Testing

/// The figures of established tools, read from ../shared/oracles/fit at test time; the tolerances
/// are those of its README.
@Suite(.enabled(if: Place.hasOracle, "needs ../shared/oracles/fit"))
struct OracleTests {
  @Test(arguments: [1000, 10000, 100_000], [TailStatistic.twoSided, .below])
  func tail(size: Int, statistic: TailStatistic) throws {
    let oracle = try Oracle()
    let key = String(size)
    let tail = try TailSample(durations(size)).powerLaw(TailOptions(statistic: statistic))
    #expect(tail.xmin == (try oracle("power_law_exact_scan", key, "xmin")))
    #expect(relative(tail.exponent, try oracle("power_law_exact_scan", key, "alpha")) < 1e-9)
    #expect(relative(tail.distance, try oracle("power_law_exact_scan", key, "D")) < 1e-9)
    #expect(relative(tail.standardError, try oracle("power_law_exact_scan", key, "sigma")) < 1e-9)
    #expect(tail.tailCount == Int(try oracle("power_law_exact_scan", key, "n_tail")))
    #expect(tail.shape == tail.exponent - 1)
    #expect(tail.warnings.isEmpty)
  }

  @Test(arguments: [
    ("1000", 1000), ("10000_xmin_searched", 10000), ("100000_xmin_searched", 100_000),
  ])
  func powerlawWithItsBound(key: String, size: Int) throws {
    let oracle = try Oracle()
    let options = TailOptions(exponents: 1...3, statistic: .below)
    let tail = try TailSample(durations(size)).powerLaw(options)
    #expect(tail.xmin == (try oracle("powerlaw_2.0.0", key, "xmin")))
    #expect(relative(tail.exponent, try oracle("powerlaw_2.0.0", key, "alpha")) < 1e-9)
    #expect(relative(tail.distance, try oracle("powerlaw_2.0.0", key, "D")) < 1e-9)
  }

  @Test(arguments: [1000, 10000, 100_000])
  func alternatives(size: Int) throws {
    let oracle = try Oracle()
    let key = String(size)
    let root = "independent_maximum_likelihood"
    let sample = try TailSample(durations(size))
    let tail = try sample.powerLaw()
    #expect(relative(sample.logLikelihood(of: tail), try oracle(root, key, "loglik")) < 1e-9)
    let parameters: [(TailAlternative, String, [(String, String)])] = [
      (.lognormal, "lognormal", [("mu", "mu"), ("sigma", "sigma")]),
      (.exponential, "exponential", [("rate", "Lambda")]),
      (.truncatedPowerLaw, "truncated_power_law", [("exponent", "alpha"), ("rate", "Lambda")]),
      (.stretchedExponential, "stretched_exponential", [("stretch", "beta")]),
    ]
    for (alternative, name, pairs) in parameters {
      let result = try sample.compare(tail, with: alternative)
      #expect(!result.isPowerLawLimit)
      #expect(
        relative(result.logLikelihood, try oracle(root, key, name, "loglik")) < 1e-6,
        "\(name) log-likelihood \(result.logLikelihood)")
      #expect(
        relative(result.ratio, try oracle(root, key, name, "R")) < 1e-6, "\(name) R \(result.ratio)"
      )
      let p = name == "truncated_power_law" ? "p_nested_chi2" : "p"
      #expect(relative(result.pValue, try oracle(root, key, name, p)) < 1e-3, "\(name) p")
      for (ours, theirs) in pairs {
        let value = try #require(result.parameters[ours])
        #expect(
          relative(value, try oracle(root, key, name, theirs)) < 2e-4, "\(name) \(ours) \(value)")
      }
      // Never worse than the oracle's own search beyond its rounding.
      #expect(result.logLikelihood > (try oracle(root, key, name, "loglik")) - 1e-6)
    }
  }

  @Test(arguments: [10000, 100_000])
  func wholeSample(size: Int) throws {
    let oracle = try Oracle()
    let key = String(size)
    let root = "scipy_whole_sample"
    let sample = try Sample(durations(size))
    let lognormal = try sample.fit(.lognormal)
    #expect(relative(lognormal["mu"]!.value, try oracle(root, key, "closed_form_mu")) < 1e-12)
    #expect(relative(lognormal["sigma"]!.value, try oracle(root, key, "closed_form_sigma")) < 1e-12)
    #expect(relative(lognormal.logLikelihood, try oracle(root, key, "loglik")) < 1e-6)
    let goodness = sample.goodness(of: lognormal.law)
    #expect(relative(goodness.kolmogorovSmirnov, try oracle(root, key, "ks_D")) < 1e-9)
    let exponential = try sample.fit(.exponential)
    #expect(
      relative(exponential["rate"]!.value, try oracle(root, key, "exponential", "rate")) < 1e-12)
    #expect(
      relative(exponential.logLikelihood, try oracle(root, key, "exponential", "loglik")) < 1e-6)
    let weibull = try sample.fit(.weibull)
    #expect(relative(weibull["shape"]!.value, try oracle(root, key, "weibull", "shape")) < 1e-5)
    #expect(relative(weibull["scale"]!.value, try oracle(root, key, "weibull", "scale")) < 1e-5)
    #expect(relative(weibull.logLikelihood, try oracle(root, key, "weibull", "loglik")) < 1e-6)
    let pareto = try sample.fit(.pareto)
    #expect(
      relative(pareto["shape"]!.value, try oracle(root, key, "pareto_whole_sample", "b")) < 1e-9)
    #expect(pareto["scale"]!.value == (try oracle(root, key, "pareto_whole_sample", "scale")))
    #expect(
      relative(pareto.logLikelihood, try oracle(root, key, "pareto_whole_sample", "loglik")) < 1e-6)
  }
}
