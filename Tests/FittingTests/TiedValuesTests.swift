import Fitting
import Testing
import Workload

/// Values that repeat: bins, whole seconds.
@Suite struct TiedValuesTests {
  @Test func aHundredThousandBinnedValuesAreFitted() throws {
    // The data of scipy issue 20659. The maximum is where the derivative in the shape k vanishes,
    // Σ xᵏ log x / Σ xᵏ - 1/k - mean log x; found in Python by bisection.
    let values = [
      15.25, 13.75, 12.75, 12.25, 11.75, 11.25, 10.75, 10.25, 9.75, 9.25, 8.75, 8.25, 7.75, 7.25,
      6.75, 6.25, 5.75, 5.25, 4.75, 4.25, 3.75, 3.25, 2.75, 2.25, 1.75, 1.25, 0.75,
    ]
    let counts = [
      1, 1, 1, 2, 5, 20, 17, 18, 37, 66, 112, 151, 215, 352, 525, 750, 1130, 1731, 2649, 4002, 6083,
      9610, 14990, 21362, 26898, 26783, 13482,
    ]
    let sample = try Sample(
      zip(values, counts).flatMap { value, count in
        Array(repeating: ((value - 0.7) * 1e10).rounded() / 1e10, count: count)
      })
    let fit = try sample.fit(.weibull)
    #expect(abs(fit["shape"]!.value / 1.184_817_405_036_1542 - 1) < 1e-6)
    #expect(abs(fit["scale"]!.value / 1.643_030_681_889_6758 - 1) < 1e-6)
    #expect(fit.gradientNorm < 1e-9)
  }

  @Test(arguments: [Family.weibull, .logLogistic, .generalizedPareto, .gamma, .lognormal])
  func wholeSecondsConvergeWhateverTheirOrder(_ family: Family) throws {
    for seed in 1...3 {
      var rng = RandomStream(seed: UInt64(seed), name: "whole seconds")
      let law = try Lognormal(mu: 4, sigma: 1.5)
      let values = (0..<60_000).map { _ in law.sample(using: &rng).rounded(.down) + 1 }
      let fit = try Sample(values).fit(family)
      // Sums of the same values in another order differ by rounding only; the maximum does not move.
      let other = try Sample(values.reversed()).fit(family)
      for (a, b) in zip(fit.parameters, other.parameters) where a.value != 0 {
        #expect(abs(a.value / b.value - 1) < 1e-7, "\(family) \(a.name)")
      }
      // Nor does it where each value is there with its neighbours a billionth away, and nothing is tied.
      let apart = try Sample(values.enumerated().map { $1 + 1e-9 * Double($0 % 97) }).fit(family)
      for (a, b) in zip(fit.parameters, apart.parameters) where a.value != 0 {
        #expect(abs(a.value / b.value - 1) < 1e-5, "\(family) \(a.name)")
      }
    }
  }
}
