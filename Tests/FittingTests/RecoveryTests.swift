import Fitting
import Foundation
import Testing
import Workload

/// The slow suite: run in release with TRACEMILL_SLOW=1; its tables are those of docs/fitting.md.
@Suite(.serialized, .enabled(if: Place.isSlow, "slow: set TRACEMILL_SLOW=1, build in release"))
struct RecoveryTests {
  /// One family at eight points of its parameter grid.
  struct Grid: Sendable {
    var name: String
    var family: Family
    var points: [[Double]]
    var limits: @Sendable (Law) throws -> Limits = { _ in .none }
    var knowsBound = true
    /// Parameters whose estimate is an extreme of the sample: biased by its own standard error.
    var extremes: Set<String> = []
  }

  static func cross(_ a: [Double], _ b: [Double], _ rest: [Double] = []) -> [[Double]] {
    a.flatMap { x in b.map { [x, $0] + rest } }
  }

  static let grids: [Grid] = [
    Grid(
      name: "Pareto, scale known", family: .pareto, points: cross([0.5, 1.2, 2.5, 4], [1, 10])),
    Grid(
      name: "Pareto", family: .pareto, points: cross([0.5, 1.2, 2.5, 4], [1, 10]),
      knowsBound: false, extremes: ["scale"]),
    Grid(name: "lognormal", family: .lognormal, points: cross([-2, 0, 0.5, 5], [0.3, 1.5])),
    Grid(
      name: "exponential", family: .exponential,
      points: [0.001, 0.01, 0.1, 0.5, 1, 5, 40, 1000].map { [$0] }),
    Grid(name: "Weibull", family: .weibull, points: cross([0.3, 0.7, 1, 3], [0.5, 300])),
    Grid(name: "gamma", family: .gamma, points: cross([0.3, 0.8, 2, 20], [0.5, 300])),
    Grid(
      name: "truncated power law", family: .truncatedPowerLaw,
      points: cross([0.7, 1.3, 1.8, 2.2], [0.01, 0.05], [1])),
    Grid(name: "log-logistic", family: .logLogistic, points: cross([0.5, 1.2, 2.5, 8], [1, 60])),
    Grid(
      name: "generalised Pareto", family: .generalizedPareto,
      points: cross([-0.25, 0.0, 0.4, 1.2], [1, 60], [0])),
    Grid(
      name: "uniform", family: .uniform,
      points: [[0.5, 1], [1, 2], [1, 9], [3, 4], [10, 11], [10, 1000], [5, 50], [2, 3]],
      extremes: ["lower", "upper"]),
    Grid(
      name: "uniform, clamped to its 10-90 %", family: .uniform,
      points: [[0.5, 1], [1, 2], [1, 9], [3, 4], [10, 11], [10, 1000], [5, 50], [2, 3]],
      limits: { .clamped(lower: $0.quantile(0.1), upper: $0.quantile(0.9)) }),
    Grid(
      name: "lognormal, clamped to its 10-90 %", family: .lognormal,
      points: cross([-2, 0, 0.5, 5], [0.3, 1.5]),
      limits: { .clamped(lower: $0.quantile(0.1), upper: $0.quantile(0.9)) }),
    Grid(
      name: "gamma, truncated to its 5-95 %", family: .gamma,
      points: cross([0.8, 1.5, 3, 20], [0.5, 300]),
      limits: { .truncated(lower: $0.quantile(0.05), upper: $0.quantile(0.95)) }),
    Grid(
      name: "Weibull, clamped above at 80 %", family: .weibull,
      points: cross([0.3, 0.7, 1, 3], [0.5, 300]),
      limits: { .clamped(lower: 0, upper: $0.quantile(0.8)) }),
  ]

  @Test(arguments: grids.indices)
  func recovery(index: Int) async throws {
    let grid = Self.grids[index]
    let samples = 200
    let size = 10_000
    let names = grid.family.parameterNames
    var inside = [Int](repeating: 0, count: names.count)
    var biases: [(z: Double, name: String)] = []
    var fitted = 0
    for (cell, point) in grid.points.enumerated() {
      let law = try Law(grid.family, point)
      let limits = try grid.limits(law)
      let known = grid.knowsBound ? options(law) : FitOptions()
      let draws = RandomStream(seed: UInt64(1 + cell), name: "recovery \(grid.name)")
      let drawn = try law.limited(by: limits)
      let fits = await replicates(samples, threads: 2) { number -> Fit? in
        var generator = draws.at(UInt64(number))
        let values = (0..<size).map { _ in drawn.sample(using: &generator) }
        return try? Sample(values, limits: limits).fit(grid.family, known)
      }.compactMap { $0 }
      fitted += fits.count
      for (place, name) in names.enumerated() {
        var moments = Moments()
        for fit in fits {
          let estimate = fit.parameters[place]
          moments.add(estimate.value)
          if estimate.lower95 <= point[place], point[place] <= estimate.upper95 {
            inside[place] += 1
          }
        }
        if fits[0].parameters[place].standardError > 0, !grid.extremes.contains(name) {
          let error = (moments.variance / Double(fits.count)).squareRoot()
          biases.append(((moments.mean - point[place]) / error, name))
        }
      }
    }
    #expect(fitted == samples * grid.points.count, "\(grid.name): some fits did not converge")
    for (place, name) in names.enumerated() {
      let zs = biases.filter { $0.name == name }.map(\.z)
      let coverage = Double(inside[place]) / Double(fitted)
      if coverage == 1, zs.isEmpty { continue }  // a parameter that was given
      let beyond = zs.count { abs($0) > 2 }
      let worst = zs.map { abs($0) }.max()
      print(
        "| \(grid.name) | \(name) | \(fitted) | \(worst.map { String(format: "%.2f", $0) } ?? "-")"
          + " | \(zs.isEmpty ? "-" : "\(zs.count - beyond) of \(zs.count)")"
          + " | \(String(format: "%.1f %%", 100 * coverage)) |")
      // Of 8 cells one in twenty exceeds two standard errors by chance; three are one in 170.
      #expect(beyond <= 2 && (worst ?? 0) < 4, "\(grid.name) \(name): biases \(zs)")
      #expect(coverage >= 0.93 && coverage <= 0.97, "\(grid.name) \(name): coverage \(coverage)")
    }
  }

  /// p-values of true models are uniform: the KS distance of 300 of them from the uniform law.
  @Test(arguments: [
    (Family.exponential, [0.2]), (.pareto, [2.5, 10]), (.lognormal, [2, 1]),
    (.weibull, [0.6, 300]),
    (.gamma, [0.7, 40]), (.logLogistic, [1.8, 60]), (.generalizedPareto, [0.2, 20, 0]),
  ])
  func wholeSamplePValues(family: Family, parameters: [Double]) async throws {
    let law = try Law(family, parameters)
    let data = stream("p-values \(family)")
    var p: [[Double]] = [[], [], []]
    for number in 0..<300 as Range<UInt64> {
      var generator = data.at(number)
      let values = (0..<100).map { _ in law.sample(using: &generator) }
      let sample = try Sample(values)
      let fit = try sample.fit(family, options(law))
      let inner = stream("bootstrap \(number)")
      let test = await sample.test(
        fit, options(law), .init(replicates: 199), threads: 2
      ) { inner.at($0) }
      p[0].append(test.kolmogorovSmirnov.value)
      p[1].append(test.andersonDarling.value)
      p[2].append(test.cramerVonMises.value)
    }
    try report(family.rawValue, ["KS", "AD", "CvM"], p)
  }

  /// Right-censored samples: 200 values, each cut at a time drawn from a law of its own.
  @Test(arguments: [
    (Family.exponential, [0.2], 8.0), (.lognormal, [2, 1], 20), (.weibull, [0.6, 300], 600),
    (.uniform, [5, 50], 80),
  ])
  func censoredPValues(family: Family, parameters: [Double], horizon: Double) async throws {
    let law = try Law(family, parameters)
    let data = stream("censored p-values \(family)")
    var p: [[Double]] = [[], [], []]
    for number in 0..<300 as Range<UInt64> {
      var generator = data.at(number)
      var (seen, cut): ([Double], [Double]) = ([], [])
      for _ in 0..<200 {
        let value = law.sample(using: &generator)
        let end = horizon * (0.1 + generator.uniform())
        if value <= end { seen.append(value) } else { cut.append(end) }
      }
      let sample = try Sample(seen, censored: cut)
      let fit = try sample.fit(family)
      let inner = stream("censored bootstrap \(number)")
      let test = await sample.test(fit, .init(), .init(replicates: 199), threads: 2) {
        inner.at($0)
      }
      p[0].append(test.kolmogorovSmirnov.value)
      p[1].append(test.andersonDarling.value)
      p[2].append(test.cramerVonMises.value)
    }
    // A² is infinite where the fitted law ends at an observation, as a uniform law does: no test.
    if family == .uniform { p.remove(at: 1) }
    try report(
      "\(family.rawValue), censored", family == .uniform ? ["KS", "CvM"] : ["KS", "AD", "CvM"], p)
  }

  /// Tails: with xmin given they are uniform; with xmin searched for, the semi-parametric bootstrap
  /// may only be conservative.
  @Test(arguments: [0.0, 0.5], [true, false])
  func tailPValues(bodyShare: Double, isXminGiven: Bool) async throws {
    let data = stream("tail p-values \(bodyShare)")
    let body = try Truncated(Lognormal(mu: 1, sigma: 1), lower: 0, upper: 10)
    let tail = try Pareto(shape: 1.5, scale: 10)
    var p: [Double] = []
    for number in 0..<300 as Range<UInt64> {
      var g = data.at(number)
      let values = (0..<1000).map { _ in
        g.uniform() < bodyShare ? body.sample(using: &g) : tail.sample(using: &g)
      }
      let sample = try TailSample(values)
      let fit = isXminGiven ? try sample.powerLaw(xmin: 10) : try sample.powerLaw()
      let inner = stream("tail bootstrap \(number)")
      p.append(
        await sample.pValue(of: fit, .init(replicates: 199), threads: 2) { inner.at($0) }.value)
    }
    let name = bodyShare == 0 ? "power law throughout" : "power-law tail under a lognormal body"
    try report(
      name, [isXminGiven ? "KS, xmin given" : "KS, xmin searched"], [p], mustBeUniform: isXminGiven)
    // Never more rejections than the level allows: 5 % of 300, and three standard deviations.
    #expect(p.count { $0 < 0.05 } <= 26)
  }

  private func report(
    _ name: String, _ tests: [String], _ values: [[Double]], mustBeUniform: Bool = true
  ) throws {
    for (test, p) in zip(tests, values) {
      let uniform = Law.parametric(try Uniform(lower: -1e-9, upper: 1 + 1e-9))
      let d = GoodnessOfFit(sorted: p.sorted(), law: uniform).kolmogorovSmirnov
      let level = kolmogorovSurvival(distance: d, count: p.count)
      let rejected = Double(p.count { $0 < 0.05 }) / Double(p.count)
      print(
        "| \(name) | \(test) | \(String(format: "%.3f", d)) | \(String(format: "%.3f", level))"
          + " | \(String(format: "%.1f %%", 100 * rejected)) |")
      #expect(
        !mustBeUniform || level > 0.001, "\(name) \(test): p-values are not uniform, D = \(d)")
    }
  }

  /// The study's laws under its caps: 200 samples of 10,000, fitted with and without declaring them.
  @Test func study() async throws {
    for (family, parameters, limits) in studyLaws {
      let clamped = try Law(family, parameters).limited(by: limits)
      let draws = stream("study \(family) \(parameters)")
      for declared in [true, false] {
        let fits = await replicates(200, threads: 2) { number -> Fit? in
          var generator = draws.at(UInt64(number))
          let values = (0..<10_000).map { _ in clamped.sample(using: &generator) }
          return try? Sample(values, limits: declared ? limits : .none).fit(family)
        }.compactMap { $0 }
        #expect(fits.count == 200)
        for (place, name) in family.parameterNames.enumerated() where name != "scale" {
          var moments = Moments()
          for fit in fits { moments.add(fit.parameters[place].value) }
          let truth = parameters[place]
          let covered = fits.count {
            $0.parameters[place].lower95 <= truth && truth <= $0.parameters[place].upper95
          }
          print(
            "| \(family.rawValue) \(parameters), \(limits) | \(declared ? "yes" : "no") | \(name)"
              + " | \(truth) | \(String(format: "%.4f", moments.mean))"
              + " ± \(String(format: "%.4f", moments.variance.squareRoot()))"
              + " | \(String(format: "%.1f %%", Double(covered) / 2)) |")
          if declared {
            #expect(abs(moments.mean - truth) < 3 * (moments.variance / 200).squareRoot())
            #expect(covered >= 180)
          }
        }
      }
    }
  }
}
