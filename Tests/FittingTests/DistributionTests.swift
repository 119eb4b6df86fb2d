import Fitting
import Foundation
import Testing
import Workload

/// The examples of all families of continuous laws; see `CountLawTests` for the others.
private func laws() throws -> [Law] {
  // Of mixtures the smallest: the others are the same code over more components.
  try Family.allCases.filter { !$0.isDiscrete && ($0.isUsual || small.contains($0)) }.flatMap {
    family in
    #expect(!family.examples.isEmpty)
    return try family.examples.map { try Law(family, $0) }
  }
}

private let small = [Family.logGamma, .lognormalMixture2]

private func lawsWithLimits() throws -> [Law] {
  try laws().flatMap { law throws -> [Law] in
    let (low, high) = (law.quantile(0.1), law.quantile(0.97))
    return [
      try law.limited(by: .truncated(lower: low, upper: high)),
      try law.limited(by: .clamped(lower: low, upper: high)),
    ]
  }
}

@Suite struct DistributionTests {
  @Test func quantilesInvertSurvivalsInBothTails() throws {
    for law in try laws() {
      for level in [-1e-12, -1e-5, -0.1, -0.6, -0.8, -3, -50, -500] {
        if law.upperBound < .infinity, level < -30 { continue }  // rounds to the end itself
        let x = law.quantile(logSurvival: level)
        guard x < .infinity else { continue }  // beyond the range of Double
        // One ulp of x moves the survival by its own slope; only what exceeds that is an error.
        let slope = exp(law.logDensity(x) - law.logSurvival(x)) * x.ulp
        #expect(
          abs(law.logSurvival(x) - level) <= 1e-11 * abs(level) + 16 * slope,
          "\(law) at \(level): \(law.logSurvival(x))")
      }
    }
  }

  @Test func survivalOfRarestEventsIsNotZero() throws {
    #expect(relative(try Lognormal(mu: 0, sigma: 1).survival(exp(37)), 5.725571e-300) < 1e-6)
    #expect(relative(try Exponential(rate: 1).survival(690), exp(-690)) < 1e-12)
    #expect(relative(try Pareto(shape: 3, scale: 1).survival(1e100), 1e-300) < 1e-10)
    #expect(try Gamma(shape: 2, scale: 1).survival(690) > 1e-298)
    #expect(try Weibull(shape: 0.5, scale: 1).survival(690 * 690) > 1e-300)
    #expect(try TruncatedPowerLaw(exponent: 2, rate: 1, scale: 1).survival(680) > 1e-305)
    #expect(relative(try Pareto(shape: 1, scale: 1).cdf(1 + 0x1p-50), 0x1p-50) < 1e-12)
  }

  /// The density is the slope of the CDF, and both parts add up to 1.
  @Test func densityIsTheDerivative() throws {
    for law in try laws() {
      for p in [0.05, 0.3, 0.5, 0.9, 0.999] {
        let x = law.quantile(p)
        let h = 1e-5 * (law.quantile(min(0.9999, p + 0.001)) - law.quantile(p - 0.001))
        let slope =
          p < 0.5
          ? (law.cdf(x + h) - law.cdf(x - h)) / (2 * h)
          : (law.survival(x - h) - law.survival(x + h)) / (2 * h)
        #expect(relative(slope, law.density(x)) < 2e-5, "\(law) at \(x)")
        #expect(abs(law.cdf(x) + law.survival(x) - 1) < 1e-15)
        #expect(relative(law.logCDF(x), log(p)) < 1e-9 || abs(law.logCDF(x) - log(p)) < 1e-9)
      }
      #expect(law.cdf(law.lowerBound) <= 1e-15 && law.survival(law.upperBound) == 0)
    }
  }

  @Test func limitedLaws() throws {
    for law in try lawsWithLimits() {
      let (low, high) = (law.lowerBound, law.upperBound)
      if case .clamped = law {
        #expect(abs(law.mass(at: low) - 0.1) < 1e-9, "\(law)")
        #expect(abs(law.mass(at: high) - 0.03) < 1e-9, "\(law)")
        #expect(law.quantile(0.05) == low && law.quantile(0.99) == high)
        #expect(abs(law.cdf(low) - 0.1) < 1e-9)
      } else {
        #expect(law.cdf(low) < 1e-9 && law.mass(at: high) == 0)
        for p in [1e-9, 0.01, 0.4, 0.7, 1 - 1e-6] {
          #expect(abs(law.cdf(law.quantile(p)) - p) < 1e-9 * max(1, p), "\(law) at \(p)")
        }
      }
      #expect(law.survival(high) == 0 && law.cdf(low - 1e-6 * abs(low)) == 0)
      #expect(law.mean > low && law.mean < high && law.variance > 0)
    }
  }

  /// Sampling agrees with the CDF: KS at a level of one in ten thousand, for every law.
  @Test func samplesFollowTheirLaw() throws {
    for (index, law) in try (laws() + lawsWithLimits()).enumerated() {
      let values = law.draw(1500, "law \(index)").sorted()
      let d = GoodnessOfFit(sorted: values, law: law).kolmogorovSmirnov
      #expect(kolmogorovSurvival(distance: d, count: 1500) > 1e-4, "\(law): D = \(d)")
      if law.variance.isFinite, law.variance < 50 * law.mean * law.mean {
        var moments = Moments()
        for value in values { moments.add(value) }
        let error = (law.variance / 1500).squareRoot()
        #expect(abs(moments.mean - law.mean) < 5 * error, "\(law): mean \(moments.mean)")
      }
    }
  }

  @Test func momentsWhereTheyDiverge() throws {
    #expect(try Pareto(shape: 1, scale: 2).mean == .infinity)
    #expect(try Pareto(shape: 2, scale: 2).variance == .infinity)
    #expect(try LogLogistic(shape: 1, scale: 2).mean == .infinity)
    #expect(try GeneralizedPareto(shape: 1, scale: 2).mean == .infinity)
    #expect(try Truncated(Pareto(shape: 1, scale: 2), lower: 3, upper: .infinity).mean == .infinity)
    // ∫ of a Pareto law of shape 1 over [2, 20]: mean = ln 10 / (1/2 - 1/20)
    let cut = try Truncated(Pareto(shape: 1, scale: 2), lower: 2, upper: 20).mean
    #expect(relative(cut, log(10) / (0.5 - 0.05)) < 1e-9)
  }

  @Test func refusals() throws {
    let bad: [(Family, [Double])] = [
      (.pareto, [0, 1]), (.pareto, [2, -1]), (.pareto, [.nan, 1]), (.lognormal, [.infinity, 1]),
      (.lognormal, [0, 0]), (.exponential, [-1]), (.weibull, [1, 0]), (.gamma, [0, 1]),
      (.logLogistic, [1, .infinity]), (.generalizedPareto, [.nan, 1, 0]),
      (.generalizedPareto, [0, 0, 0]), (.uniform, [1, 1]), (.uniform, [2, 1]),
      (.truncatedPowerLaw, [2, 0, 1]), (.truncatedPowerLaw, [.nan, 1, 1]), (.pareto, [1]),
    ]
    for (family, parameters) in bad {
      #expect(throws: FittingError.self, "\(family) \(parameters)") { try Law(family, parameters) }
    }
    for family in Family.allCases {
      for parameters in family.examples {
        for place in parameters.indices {
          for value in [Double.nan, .infinity, -.infinity] {
            var wrong = parameters
            wrong[place] = value
            #expect(throws: FittingError.self, "\(family) \(wrong)") { try Law(family, wrong) }
          }
        }
        #expect(throws: FittingError.self) { try Law(family, parameters + [1]) }
        #expect(throws: FittingError.self) { try Law(family, parameters.dropLast()) }
      }
    }
    let law = try Exponential(rate: 1)
    #expect(throws: FittingError.self) { try Truncated(law, lower: 2, upper: 1) }
    #expect(throws: FittingError.self) { try Truncated(law, lower: -2, upper: -1) }
    #expect(throws: FittingError.self) { try Clamped(law, lower: 2, upper: 2) }
    #expect(throws: FittingError.self) { try Empirical([]) }
    #expect(throws: FittingError.self) { try Empirical([1, .nan]) }
    #expect(throws: FittingError.self) { try Empirical([1], interpolation: .linear) }
    let said = FittingError.invalidParameter(
      law: "pareto", parameter: "shape", value: -1, requirement: "finite and > 0")
    #expect(said.description == "pareto: shape is -1.0, but must be finite and > 0")
  }

  /// Every family's law times a factor, and with another tail, is the one that its quantiles say.
  @Test func scaledLaws() throws {
    for law in try laws() {
      let scaled = try law.scaled(by: 3.7)
      #expect(scaled.family == law.family && scaled.parameters.count == law.parameters.count)
      for p in [0.01, 0.4, 0.9, 0.999] {
        #expect(relative(scaled.quantile(p), 3.7 * law.quantile(p)) < 1e-9, "\(law)")
      }
      guard law.family?.hasTailIndex == true else {
        #expect(throws: FittingError.self) { try law.withTailIndex(1.3) }
        continue
      }
      let tailed = try law.withTailIndex(1.3)
      // The slope of log S over log x, far out.
      let (x, y) = (tailed.upperQuantile(1e-60), tailed.upperQuantile(1e-90))
      let slope = (tailed.logSurvival(y) - tailed.logSurvival(x)) / (log(y) - log(x))
      #expect(abs(slope + 1.3) < 1e-6, "\(tailed): \(slope)")
    }
  }

  /// Names are unique, and are found; a family of somebody else is known once it is registered.
  @Test func registry() throws {
    let names = Family.allCases.map(\.rawValue)
    #expect(Set(names).count == names.count && Family(rawValue: "nobody's") == nil)
    for family in Family.allCases {
      #expect(Family(rawValue: family.rawValue) == family)
      #expect(Set(family.parameterNames).count == family.parameterNames.count)
      let data = try JSONEncoder().encode([family])
      #expect(try JSONDecoder().decode([Family].self, from: data) == [family])
    }
    #expect(throws: FittingError.self) { try Family.register(.pareto) }
  }

  @Test func empirical() throws {
    let steps = try Empirical([3, 1, 2, 2])
    #expect(steps.mass(at: 2) == 0.5 && abs(steps.cdf(2) - 0.75) < 1e-15 && steps.cdf(0.9) == 0)
    #expect([0.1, 0.25, 0.26, 0.75, 0.76, 1].map { steps.quantile($0) } == [1, 1, 2, 2, 3, 3])
    #expect(steps.mean == 2 && steps.variance == 0.5)
    let line = try Empirical([1, 2, 4], interpolation: .linear)
    #expect(
      line.quantile(0.25) == 1.5 && line.quantile(0.75) == 3 && abs(line.cdf(3) - 0.75) < 1e-12)
    #expect(abs(line.density(3) - 0.25) < 1e-15 && line.mean == 2.25)
  }

  @Test func lawsSurviveJSON() throws {
    for law in try laws() + lawsWithLimits() + [
      .empirical(try Empirical([1, 2], interpolation: .linear))
    ] {
      let data = try JSONEncoder().encode(law)
      #expect(try JSONDecoder().decode(Law.self, from: data) == law)
    }
    for broken in [
      #"{"family":"normal","parameters":{}}"#, #"{"family":"pareto","parameters":{"shape":2}}"#,
      #"{"family":"pareto","parameters":{"shape":-2,"scale":1}}"#,
    ] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(Law.self, from: Data(broken.utf8))
      }
    }
  }
}

/// What a law without closed forms is helped with.
@Suite struct HelperTests {
  @Test func momentsByQuadrature() throws {
    let laws: [any Distribution] = [
      try Weibull(shape: 0.7, scale: 60), try Lognormal(mu: 2, sigma: 1.2),
      try Gamma(shape: 2.5, scale: 3), try Exponential(rate: 0.1), try Pareto(shape: 3.5, scale: 2),
    ]
    for law in laws {
      let mean = law.momentByQuadrature(1)
      #expect(abs(mean / law.mean - 1) < 1e-9, "\(law)")
      let variance = law.momentByQuadrature(2) - mean * mean
      #expect(abs(variance / law.variance - 1) < 1e-7, "\(law)")
      for level in [-1e-9, -0.3, -5, -300] {
        let x = law.solveQuantile(logSurvival: level, start: law.mean)
        #expect(abs(x / law.quantile(logSurvival: level) - 1) < 1e-9, "\(law) \(level)")
      }
    }
  }
}

/// Every law against scipy (and mpmath for the truncated power law).
@Suite(
  .enabled(if: Place.python != nil, "needs TRACEMILL_PYTHON or .venv with Tests/requirements.txt"))
struct DistributionOracleTests {
  static let oracles: [(String, Family, [Double])] = [
    ("s.pareto(2.5, scale=10)", Family.pareto, [2.5, 10]),
    ("s.lognorm(1.3, scale=math.exp(2))", .lognormal, [2, 1.3]),
    ("s.expon(scale=4)", .exponential, [0.25]),
    ("s.weibull_min(0.6, scale=30)", .weibull, [0.6, 30]),
    ("s.gamma(0.7, scale=9)", .gamma, [0.7, 9]), ("s.gamma(55, scale=2)", .gamma, [55, 2]),
    ("s.fisk(2.6, scale=7)", .logLogistic, [2.6, 7]),
    ("s.genpareto(0.2, scale=3, loc=1)", .generalizedPareto, [0.2, 3, 1]),
    ("s.genpareto(-0.3, scale=3, loc=1)", .generalizedPareto, [-0.3, 3, 1]),
    ("s.uniform(2, 3)", .uniform, [2, 5]),
    ("s.burr12(2.2, 1.5, scale=60)", .burrXII, [2.2, 1.5, 60]),
    ("s.burr12(0.8, 4, scale=5)", .burrXII, [0.8, 4, 5]),
  ]

  /// A new family needs an oracle; mpmath is that of the truncated power law. Those of counts and mixtures have
  /// theirs in `CountLawTests` and `MixtureTests`.
  @Test func everyFamilyHasAnOracle() {
    #expect(
      Set(Self.oracles.map(\.1) + [.truncatedPowerLaw])
        == Set(Family.allCases.filter { $0.isUsual && !$0.isDiscrete }))
  }

  @Test(arguments: oracles)
  func scipy(expression: String, family: Family, parameters: [Double]) throws {
    let law = try Law(family, parameters)
    let expected = try python(
      """
      import json, math, scipy.stats as s
      d = \(expression)
      ps = [1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999]
      xs = [float(d.ppf(p)) for p in ps]
      print(json.dumps(xs + [float(d.logpdf(x)) for x in xs] + [float(d.logsf(x)) for x in xs]
        + [float(d.mean()), float(d.var())]))
      """)
    let ps = [1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999]
    for (index, p) in ps.enumerated() {
      let x = expected[index]
      #expect(relative(law.quantile(p), x) < 1e-9, "quantile \(p)")
      #expect(abs(law.logDensity(x) - expected[6 + index]) < 1e-9, "density at \(x)")
      #expect(
        relative(law.logSurvival(x), expected[12 + index]) < 1e-8, "survival at \(x)")
    }
    #expect(
      relative(law.mean, expected[18]) < 1e-12 && relative(law.variance, expected[19]) < 1e-10)
  }

  @Test(arguments: [(1.8, 1e-4, 20.0), (2.5, 0.01, 1.0), (0.5, 0.02, 1.0), (-1.0, 0.5, 2.0)])
  func truncatedPowerLaw(exponent: Double, rate: Double, scale: Double) throws {
    let law = try TruncatedPowerLaw(exponent: exponent, rate: rate, scale: scale)
    let xs = [1.000001, 1.5, 4, 50, 1000].map { $0 * scale }
    let expected = try python(
      """
      import json
      from mpmath import mp, mpf
      mp.dps = 40
      a, l, m = mpf(\(exponent)), mpf(\(rate)), mpf(\(scale))
      z = l**(a - 1) * mp.gammainc(1 - a, l * m, mp.inf)
      xs = [mpf(x) for x in \(xs)]
      S = lambda x: mp.gammainc(1 - a, l * x, mp.inf) / mp.gammainc(1 - a, l * m, mp.inf)
      r = [mp.log(x**-a * mp.exp(-l * x) / z) for x in xs] + [mp.log(S(x)) for x in xs]
      moment = lambda k: l**(a - 1 - k) * mp.gammainc(1 + k - a, l * m, mp.inf) / z
      r += [moment(1), moment(2) - moment(1)**2]
      print(json.dumps([float(v) for v in r]))
      """)
    for (index, x) in xs.enumerated() {
      #expect(relative(law.logDensity(x), expected[index]) < 1e-12)
      #expect(relative(law.logSurvival(x), expected[5 + index]) < 1e-10, "survival at \(x)")
    }
    #expect(relative(law.mean, expected[10]) < 1e-11)
    #expect(relative(law.variance, expected[11]) < 1e-9)
  }
}
