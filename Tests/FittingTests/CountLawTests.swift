import Fitting
import Foundation
import Testing
import Workload

private let countFamilies = Family.allCases.filter(\.isDiscrete)

/// Laws of whole numbers, and tails of counts.
@Suite struct CountLawTests {
  private func laws() throws -> [Law] {
    try countFamilies.flatMap { family in try family.examples.map { try Law(family, $0) } }
  }

  /// Probabilities add up to the distribution function, whose inverse is the quantile.
  @Test func quantilesInvertTheDistribution() throws {
    #expect(countFamilies.count == 3)
    for law in try laws() {
      var sum = 0.0
      for step in 0..<300 {
        let x = law.lowerBound + Double(step)
        sum += law.mass(at: x)
        #expect(abs(law.cdf(x) - sum) < 1e-12 && law.mass(at: x + 0.5) == 0, "\(law) at \(x)")
        #expect(law.logSurvival(x + 0.5) == law.logSurvival(x))
      }
      for level in [-1e-12, -1e-5, -0.1, -0.6, -0.8, -3, -50] {
        let x = law.quantile(logSurvival: level)
        guard x < 1e15 else { continue }
        #expect(law.logSurvival(x) <= level, "\(law) at \(level)")
        #expect(x == law.lowerBound || law.logSurvival(x - 1) > level, "\(law) at \(level)")
      }
      let values = law.draw(4000, "counts \(law.family?.rawValue ?? "")").sorted()
      let d = GoodnessOfFit(sorted: values, law: law).kolmogorovSmirnov
      // Conservative for laws with atoms.
      #expect(kolmogorovSurvival(distance: d, count: 4000) > 1e-4, "\(law): D = \(d)")
    }
  }

  /// What cannot be: stretched counts, and counts that are no whole numbers.
  @Test func whatCountsCannotBe() throws {
    for law in try laws() {
      #expect(throws: FittingError.self) { try law.scaled(by: 2) }
      #expect(try law.scaled(by: 1) == law)
    }
    for family in countFamilies {
      #expect(throws: FittingError.self) { try Sample([1, 2.5, 3, 4]).fit(family) }
    }
    #expect(throws: FittingError.self) { try Law(.zeta, [1, 1]) }
    #expect(throws: FittingError.self) { try Law(.zeta, [2, 1.5]) }
    #expect(throws: FittingError.self) { try Law(.geometric, [1]) }
    #expect(throws: FittingError.self) { try CountSample([1, 1.5]) }
  }

  /// Plain, truncated, clamped and censored counts: within four standard errors of the truth.
  @Test(arguments: countFamilies) func recovers(family: Family) throws {
    let parameters = try #require(family.examples.first)
    let law = try Law(family, parameters)
    let known = FitOptions(lowerBound: family == .zeta ? parameters[1] : nil)
    // Estimates from less than nearly all of a long tail are skewed.
    let high = law.quantile(0.97)
    var samples = [try Sample(law.draw(3000, "counts \(family.rawValue)"))]
    for limits in [Limits.truncated(lower: 1, upper: high), .clamped(lower: 0, upper: high)] {
      let limited = try law.limited(by: limits).draw(3000, "counts \(limits)")
      samples.append(try Sample(limited, limits: limits))
    }
    var g = stream("counts censor")
    var (seen, cut): ([Double], [Double]) = ([], [])
    for value in law.draw(3000, "counts censored") {
      // Of what reached the horizon it is known that it is more than one less.
      let horizon = max(2, law.quantile(0.3 + 0.7 * g.uniform()))
      if value < horizon { seen.append(value) } else { cut.append(horizon - 1) }
    }
    samples.append(try Sample(seen, censored: cut))
    for sample in samples {
      let fit = try sample.fit(family, known)
      for (estimate, truth) in zip(fit.parameters, parameters) {
        #expect(
          abs(estimate.value - truth) <= 4 * estimate.standardError,
          "\(family.rawValue) \(sample.limits) \(sample.censored.count): \(estimate) is not \(truth)"
        )
      }
      if sample.censored.isEmpty {
        #expect(sample.goodness(of: fit.law).kolmogorovSmirnov < 0.04)
      }
    }
  }

  /// Counts whose tail is a power law from 4 on, over others.
  private func tailed(_ count: Int) throws -> [Double] {
    var g = stream("counts tail")
    return try Law(.zeta, [2.3, 4]).draw(count, "tail of counts")
      + (0..<count * 2 / 3).map { _ in Double(1 + g.below(3)) }
  }

  /// The tail begins where it begins, and its p-value is no small one; that of geometric counts is.
  @Test func findsTheTail() async throws {
    let sample = try CountSample(tailed(600))
    let tail = try sample.powerLaw()
    #expect(tail.xmin == 4 && tail.tailCount == 600)
    #expect(abs(tail.exponent - 2.3) < 3 * tail.standardError)
    #expect(abs(try sample.powerLaw(xmin: 4).exponent - tail.exponent) < 1e-8)
    let precision = BootstrapPrecision(replicates: 40)
    let streams = stream("counts p")
    let p = await sample.pValue(of: tail, precision) { streams.at($0) }
    #expect(p.value > 0 && p.replicates == 40)
    let twice = await sample.pValue(of: tail, precision, threads: 2) { streams.at($0) }
    #expect(twice == p)
    let others = try CountSample(try Law(.geometric, [0.02]).draw(1000, "no tail"))
    let whole = try others.powerLaw(xmin: 1)
    let small = await others.pValue(of: whole, precision) { streams.at($0) }
    #expect(small.value == 0)
    #expect(throws: FittingError.self) { try CountSample([3, 3]).powerLaw() }
  }

  /// scipy's zipf, geom and nbinom; powerlaw's discrete tail of the same counts.
  @Test(
    .enabled(
      if: Place.python != nil, "needs TRACEMILL_PYTHON or .venv with Tests/requirements.txt"))
  func oracles() throws {
    let oracles: [(String, Law)] = [
      ("s.zipf(2.5)", try Law(.zeta, [2.5, 1])), ("s.geom(0.02)", try Law(.geometric, [0.02])),
      ("s.nbinom(0.6, 0.6 / 12.6, loc=1)", try Law(.negativeBinomial, [0.6, 12])),
      ("s.nbinom(20, 20 / 80, loc=1)", try Law(.negativeBinomial, [20, 60])),
    ]
    for (expression, law) in oracles {
      let expected = try python(
        """
        import json, scipy.stats as s
        d = \(expression)
        xs = [1, 2, 5, 40, 300]
        print(json.dumps([float(d.logpmf(x)) for x in xs] + [float(d.logsf(x)) for x in xs]))
        """)
      for (place, x) in [1.0, 2, 5, 40, 300].enumerated() {
        #expect(relative(log(law.mass(at: x)), expected[place]) < 1e-9, "\(law) at \(x)")
        #expect(relative(law.logSurvival(x), expected[5 + place]) < 1e-7, "\(law) above \(x)")
      }
    }
    let values = try tailed(600)
    let expected = try python(
      """
      import json, warnings, powerlaw
      warnings.simplefilter("ignore")
      f = powerlaw.Fit(\(values.map { Int($0) }), discrete=True, estimate_discrete=False, verbose=0)
      print(json.dumps([float(f.xmin), float(f.power_law.alpha), float(f.power_law.D)]))
      """)
    let tail = try CountSample(values).powerLaw(TailOptions(statistic: .below))
    #expect(tail.xmin == expected[0])
    // Its search for the exponent stops at four digits.
    #expect(abs(tail.exponent - expected[1]) < 1e-3 && abs(tail.distance - expected[2]) < 1e-4)
  }
}
