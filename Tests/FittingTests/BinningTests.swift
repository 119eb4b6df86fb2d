import Fitting
import Testing
import Workload

/// Values on a scale, fitted as the intervals that they stand for.
@Suite struct BinningTests {
  private static let seconds: [Double] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 17, 20, 24, 30, 41, 60,
  ]
  private static let counts = [
    420, 310, 205, 150, 102, 81, 60, 44, 37, 30, 22, 18, 15, 11, 9, 7, 5, 3, 2, 1,
  ]

  private func sample(censored: Bool = false) throws -> Sample {
    let values = zip(Self.seconds, Self.counts).flatMap { Array(repeating: $0, count: $1) }
    let cut =
      censored
      ? Array(repeating: 5.0, count: 20) + Array(repeating: 30, count: 10)
        + Array(repeating: 60, count: 5)
      : []
    var sample = try Sample(values, censored: cut)
    sample.binning = Binning(detectedIn: values)
    #expect(sample.binning == Binning(width: 1))
    return sample
  }

  /// Found by SciPy 1.17.1 (Nelder and Mead on the likelihood of the intervals, to 1e-12); lifelines 0.30.3,
  /// `fit_interval_censoring`, comes to the same Weibull, lognormal and log-logistic laws to 1e-5.
  @Test(arguments: [
    (Family.weibull, [1.149_358_69, 4.210_259_858], -3623.443_360_782, 0.082_761_78),
    (.lognormal, [1.014_479_95, 0.841_859_855], -3475.434_788_837, 0.039_439_25),
    (.logLogistic, [2.028_857_028, 2.706_567_286], -3512.639_773_626, 0.042_224_76),
    (.gamma, [1.475_170_101, 2.700_100_002], -3589.318_570_374, 0.070_925_30),
    (.exponential, [0.251_687_983_4], -3649.531_026_299, 0.118_247_60),
    (.generalizedPareto, [0.026_634_348_4, 3.865_365_013], -3648.420_998_746, 0.121_141_67),
  ])
  func wholeSecondsAreIntervals(
    _ family: Family, _ parameters: [Double], _ logLikelihood: Double, _ distance: Double
  ) throws {
    let sample = try sample()
    let fit = try sample.fit(family)
    for (estimate, expected) in zip(fit.parameters, parameters) {
      #expect(abs(estimate.value - expected) < 2e-6 * max(1, abs(expected)), "\(estimate.name)")
    }
    #expect(abs(fit.logLikelihood - logLikelihood) < 1e-6)
    #expect(abs(sample.goodness(of: fit.law).kolmogorovSmirnov - distance) < 1e-6)
  }

  /// The same with 35 values cut off; SciPy as above.
  @Test(arguments: [
    (Family.weibull, [1.032_199_66, 4.497_879_749], -3814.731_742_651),
    (.lognormal, [1.054_031_33, 0.893_134_520_6], -3602.760_640_416),
    (.logLogistic, [1.938_217_31, 2.790_827_596], -3619.762_643_249),
    (.gamma, [1.268_457_046, 3.486_201_407], -3792.052_147_498),
    (.exponential, [0.225_618_595_3], -3816.254_326_478),
    (.generalizedPareto, [0.150_009_446_4, 3.770_795_42], -3782.234_347_479),
  ])
  func whatIsCutOffCounts(
    _ family: Family, _ parameters: [Double], _ logLikelihood: Double
  ) throws {
    let fit = try sample(censored: true).fit(family)
    for (estimate, expected) in zip(fit.parameters, parameters) {
      #expect(abs(estimate.value - expected) < 2e-6 * max(1, abs(expected)), "\(estimate.name)")
    }
    #expect(abs(fit.logLikelihood - logLikelihood) < 1e-6)
  }

  /// Rounded to whole seconds, a law is found again by its intervals, is not rejected, and is missed by the
  /// density at whole seconds.
  @Test func roundedValuesTellTheirLaw() async throws {
    let law = try Law(.weibull, [0.8, 1.5])
    var rng = RandomStream(seed: 7, name: "rounded")
    let values = (0..<20_000).map { _ in law.sample(using: &rng).rounded() }.filter { $0 > 0 }
    let scale = try #require(Binning(detectedIn: values))
    #expect(scale == Binning(width: 1) && scale.matters(for: values))
    // What was rounded to 0 is no value: the law that is left begins at half a second.
    var sample = try Sample(values, limits: .truncated(lower: 0.5, upper: .infinity))
    let points = try sample.fit(.weibull)
    sample.binning = scale
    let fit = try sample.fit(.weibull)
    for (estimate, truth) in zip(fit.parameters, [0.8, 1.5]) {
      #expect(abs(estimate.value - truth) < 4 * estimate.standardError, "\(estimate)")
    }
    let missed = zip(points.parameters, [0.8, 1.5]).map { abs($0.value - $1) / $0.standardError }
    #expect(missed.contains { $0 > 5 }, "\(missed)")
    let test = await sample.test(fit, FitOptions(), BootstrapPrecision(replicates: 60)) {
      RandomStream(seed: $0, name: "test")
    }
    #expect(test.kolmogorovSmirnov.failures == 0)
    #expect(test.kolmogorovSmirnov.value > 0.02, "\(test)")
    #expect(test.andersonDarling.value > 0.02 && test.cramerVonMises.value > 0.02)
  }

  @Test func scalesAreFound() throws {
    var rng = RandomStream(seed: 3, name: "scales")
    let law = try Lognormal(mu: 3, sigma: 1)
    let values = (0..<5000).map { _ in law.sample(using: &rng) }
    func on(_ width: Double, _ origin: Double = 0) -> Binning? {
      Binning(detectedIn: values.map { max(1, ($0 / width).rounded()) * width + origin })
    }
    for width in [1, 0.5, 0.1, 2, 5, 1e-3 * 1024] {
      let found = try #require(on(width))
      #expect(abs(found.width / width - 1) < 1e-9 && found.origin == 0, "\(width)")
    }
    let shifted = try #require(on(0.5, 0.05))
    // Any mark of the scale is its origin.
    let offset = (shifted.origin - 0.05).remainder(dividingBy: 0.5)
    #expect(abs(shifted.width - 0.5) < 1e-9 && abs(offset) < 1e-9)
    // Values of their own lie on no scale, nor do few.
    #expect(Binning(detectedIn: values) == nil)
    #expect(Binning(detectedIn: [1, 2, 2, 3]) == nil)
    #expect(Binning(detectedIn: values.map { ($0 * 1e6).rounded() / 1e6 }) == nil)
  }

  /// Where steps are narrow the intervals say what the density says, and it does not matter.
  @Test func narrowStepsChangeNothing() throws {
    var rng = RandomStream(seed: 5, name: "narrow")
    let law = try Lognormal(mu: 8, sigma: 0.5)
    let values = (0..<4000).map { _ in law.sample(using: &rng).rounded() }
    let scale = try #require(Binning(width: 1))
    #expect(!scale.matters(for: values))
    for family in [Family.weibull, .lognormal, .gamma, .logLogistic] {
      var sample = try Sample(values)
      let points = try sample.fit(family)
      sample.binning = scale
      let fit = try sample.fit(family)
      for (a, b) in zip(points.parameters, fit.parameters) {
        #expect(abs(a.value - b.value) < 1e-2 * a.standardError, "\(family) \(a.name)")
      }
    }
  }
}
