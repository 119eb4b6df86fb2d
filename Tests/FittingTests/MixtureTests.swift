import Fitting
import Foundation
import Testing
import Workload

/// Mixtures of lognormal and of Erlang laws, and parameters that are given or bounded.
@Suite struct MixtureTests {
  private func recovers(_ family: Family, _ count: Int, errors: Double) throws {
    let parameters = try #require(family.examples.first)
    let fit = try Sample(try Law(family, parameters).draw(count, "mixture \(family.rawValue)")).fit(
      family)
    #expect(fit.gradientNorm <= 1e-7)
    for (estimate, truth) in zip(fit.parameters, parameters) where estimate.standardError > 0 {
      #expect(
        abs(estimate.value - truth) <= errors * estimate.standardError,
        "\(family): \(estimate) is not \(truth)")
    }
  }

  @Test func findsTwoLognormalLaws() throws { try recovers(.lognormalMixture2, 2000, errors: 4) }

  /// Censored and clamped values of two laws.
  @Test func findsThemBehindLimits() throws {
    let law = try Law(.lognormalMixture2, Family.lognormalMixture2.examples[0])
    let truth = law.parameters
    let high = law.quantile(0.9)
    let limits = Limits.clamped(lower: 0, upper: high)
    let clamped = try Sample(
      try law.limited(by: limits).draw(2000, "clamped mixture"), limits: limits)
    let drawn = law.draw(2000, "cut mixture")
    let cut = try Sample(
      drawn.filter { $0 < high }, censored: drawn.filter { $0 >= high }.map { _ in high })
    for sample in [clamped, cut] {
      for (estimate, truth) in zip(try sample.fit(.lognormalMixture2).parameters, truth) {
        #expect(abs(estimate.value - truth) <= 4 * estimate.standardError, "\(estimate)")
      }
    }
  }

  /// Schwarz's criterion takes as many as there are.
  @Test func choosesHowMany() throws {
    let law = try Law(.lognormalMixture2, Family.lognormalMixture2.examples[0])
    let values = law.draw(800, "how many")
    let two = try Sample(values).fit(.lognormalMixture2)
    let three = try? Sample(values).fit(.lognormalMixture3)
    #expect(three.map { two.bic < $0.bic } ?? true)
  }

  @Test func knownAndBoundedParameters() throws {
    let sample = try Sample(try Law(.weibull, [0.7, 30]).draw(1000, "restricted"))
    let free = try sample.fit(.weibull)
    var options = FitOptions()
    options.restrictions = ["shape": .fixed(0.7)]
    let fixed = try sample.fit(.weibull, options)
    #expect(fixed["shape"]?.value == 0.7 && fixed["shape"]?.standardError == 0)
    #expect(fixed.freeParameters == 1 && fixed.logLikelihood <= free.logLikelihood)
    // No scale nearby is likelier.
    for factor in [0.99, 1.01] {
      options.restrictions = [
        "shape": .fixed(0.7), "scale": .fixed(factor * (fixed["scale"]?.value ?? 0)),
      ]
      let other = try sample.fit(.weibull, options)
      #expect(other.logLikelihood < fixed.logLikelihood && other.freeParameters == 0)
    }
    options.restrictions = ["shape": .within(0.9...2)]
    let bounded = try sample.fit(.weibull, options)
    #expect(bounded["shape"]?.value == 0.9)
    #expect(bounded.warnings.contains { $0.contains("at its bound") })
    options.restrictions = ["shape": .within(0.1...2), "scale": .within(1...100)]
    #expect(try sample.fit(.weibull, options) == free)
    options.restrictions = ["sigma": .fixed(1)]
    #expect(throws: FittingError.self) { try sample.fit(.weibull, options) }
    options.restrictions = ["lower": .fixed(1)]
    #expect(throws: FittingError.self) { try sample.fit(.uniform, options) }
  }
}

extension RecoveryTests {
  /// Larger mixtures and hyper-Erlang laws: weights, means and rates come back within three standard errors; shapes,
  /// which are whole, within one.
  @Test(arguments: [
    Family.lognormalMixture2, .lognormalMixture3, .lognormalMixture4, .lognormalMixture5,
    .hyperErlang2, .hyperErlang3, .zeta, .geometric, .negativeBinomial, .logGamma,
  ])
  func largeLaws(family: Family) throws {
    let parameters = try #require(family.examples.first)
    let law = try Law(family, parameters)
    let sample = try Sample(law.draw(20_000, "slow \(family.rawValue)"))
    let fit = try sample.fit(family, options(law))
    var line = "| \(family.rawValue) |"
    for (estimate, truth) in zip(fit.parameters, parameters) {
      line += " \(estimate.name) \(truth): \(estimate.value) ± \(estimate.standardError);"
      if estimate.name.hasPrefix("shape"), estimate.standardError == 0 {
        #expect(abs(estimate.value - truth) <= 1)
      } else if !family.rawValue.hasPrefix("hyper-erlang")
        || zip(fit.parameters, parameters)
          .allSatisfy({ !$0.name.hasPrefix("shape") || $0.value == $1 })
      {
        #expect(
          abs(estimate.value - truth) <= 3 * max(estimate.standardError, 1e-12), "\(estimate)")
      }
    }
    print(line)
    #expect(abs(fit.law.mean / law.mean - 1) < 0.1 || !law.variance.isFinite)
  }

  /// The likelihood that EM reaches is that of scikit-learn's.
  @Test(.enabled(if: Place.python != nil, "needs scikit-learn"))
  func expectationAndMaximisationAgreesWithScikitLearn() throws {
    let law = try Law(.lognormalMixture3, Family.lognormalMixture3.examples[0])
    let values = law.draw(5000, "scikit")
    let expected = try python(
      """
      import json, numpy as np
      from sklearn.mixture import GaussianMixture
      x = np.log(np.array(\(values))).reshape(-1, 1)
      g = GaussianMixture(3, tol=1e-10, max_iter=5000, n_init=5, random_state=1).fit(x)
      o = np.argsort(g.means_.ravel())
      print(json.dumps([float(g.score(x) * len(x) - x.sum())] + [float(v) for v in np.concatenate(
        [g.weights_[o], g.means_.ravel()[o], np.sqrt(g.covariances_.ravel()[o])])]))
      """)
    let fit = try Sample(values).fit(.lognormalMixture3)
    #expect(abs(fit.logLikelihood - expected[0]) < 0.01)
    let own = ["w1", "w2", "mu1", "mu2", "mu3", "sigma1", "sigma2", "sigma3"]
    for (name, value) in zip(own, [1, 2, 4, 5, 6, 7, 8, 9].map { expected[$0] }) {
      #expect(abs((fit[name]?.value ?? 0) - value) < 1e-3, "\(name)")
    }
  }
}
