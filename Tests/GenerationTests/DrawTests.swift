import Fitting
import Foundation
import Testing
import Workload

@testable import Generation

/// What is drawn of each law, against the law's own distribution function.
@Suite struct DrawTests {
  /// All families, whole and most in part, and laws whose quantiles leap or lie far out.
  static let laws: [Law] = {
    var laws: [Law] = []
    for family in Family.allCases {
      for (place, parameters) in family.examples.enumerated() {
        guard let law = try? Law(family, parameters) else { continue }
        laws.append(law)
        // Mixtures' tables take longest, and are cut as others are.
        guard place == 0, family.isUsual || family == .lognormalMixture2 else { continue }
        for limits in [
          Limits.truncated(lower: law.quantile(0.2), upper: law.quantile(0.95)),
          .truncated(lower: law.upperQuantile(1e-5), upper: .infinity),
          .clamped(lower: law.quantile(0.2), upper: law.quantile(0.95)),
        ] {
          if let part = try? law.limited(by: limits) { laws.append(part) }
        }
      }
    }
    let hard: [(Family, [Double])] = [
      (.gamma, [0.01, 100]), (.lognormalMixture2, [0.5, 0, 0.001, 10, 0.001]),
      (.lognormalMixture2, [0.01, -20, 3, 20, 0.01]), (.hyperErlang2, [0.5, 100, 100, 1, 0.01]),
      (.zeta, [1.1, 1]), (.zeta, [1.01, 1]), (.geometric, [1e-7]),
      (.negativeBinomial, [0.01, 1000]), (.negativeBinomial, [3, 1e6]),
      (.negativeBinomial, [1000, 1e5]),
    ]
    return laws + hard.compactMap { try? Law($0, $1) }
  }()

  private func isDiscrete(_ law: Law) -> Bool {
    if case .clamped = law { return false }
    return law.family?.isDiscrete == true
  }

  /// Each value is the one that the law exceeds with the probability that was drawn: to one part in 10⁶ of the nearer
  /// tail, or of the value.
  @Test(arguments: DrawTests.laws) func `values are the law's quantiles`(law: Law) {
    let sampler = MarginSampler(law)
    #expect(!sampler.isSlow)
    var rng = RandomStream(seed: 4, name: "probabilities")
    for place in 0..<200 {
      let u = rng.openUniform()
      // Both tails down to 2^-45 as often as the middle.
      let tail = exp2(-45 * u)
      let p = place % 3 == 0 ? u : place % 3 == 1 ? tail : 1 - tail
      guard p > 0, p < 1 else { continue }
      let x = sampler.value(p)
      let truth = p < 0.5 ? law.quantile(p) : law.upperQuantile(1 - p)
      // What is below the least normal number is as good as 0.
      if truth < 1e-300, x < 1e-300 { continue }
      // Beyond a table of counts the next whole number may be taken.
      if abs(x - truth) <= 1e-6 * abs(truth) || truth >= 1e300 { continue }
      if isDiscrete(law), abs(x - truth) <= 1, truth > 60_000 { continue }
      // Where the law is flat, or a value is the least of its lattice, the probabilities decide.
      let (below, upTo) =
        p < 0.5
        ? (law.cdf(x) - law.mass(at: x), law.cdf(x))
        : (1 - law.survival(x) - law.mass(at: x), 1 - law.survival(x))
      let slack = max(1e-6 * min(p, 1 - p), 0x1p-51)
      #expect(below - slack <= p && p <= upTo + slack, "\(law) at \(p): \(x), not \(truth)")
    }
  }

  /// A hundred million draws in 400 cells of equal probability, counts in their own.
  @Test(.enabled(if: isSlow, Comment(rawValue: notSlow)), arguments: DrawTests.laws)
  func `a hundred million draws have the law's probabilities`(law: Law) {
    let sampler = MarginSampler(law)
    var ends: [Double] = []
    for place in 1..<400 {
      let end = law.quantile(Double(place) / 400)
      if end > ends.last ?? -.infinity { ends.append(end) }
    }
    let upTo = ends.map { law.cdf($0) }
    let probabilities = zip(upTo + [1], [0] + upTo).map { $0 - $1 }
    var counts = [Int](repeating: 0, count: ends.count + 1)
    let stream = RandomStream(seed: 11, name: "draws")
    let total = 100_000_000
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 1000) { column in
      for block in 0..<total / 1000 {
        stream.openUniforms(from: UInt64(block * 1000), into: column)
        sampler.transform(column)
        for x in column {
          var (low, high) = (0, ends.count)
          while low < high {
            let middle = (low + high) / 2
            if x <= ends[middle] { high = middle } else { low = middle + 1 }
          }
          counts[low] += 1
        }
      }
    }
    var (chi, cells) = (0.0, 0.0)
    for (count, probability) in zip(counts, probabilities) where probability > 1e-6 {
      let expected = Double(total) * probability
      chi += (Double(count) - expected) * (Double(count) - expected) / expected
      cells += 1
    }
    // Its normal score, after Wilson and Hilferty.
    let freedom = max(1, cells - 1)
    let spread = 2 / (9 * freedom)
    let score = (cbrt(chi / freedom) - (1 - spread)) / spread.squareRoot()
    #expect(score < 4.5, "\(law): χ² of \(chi) in \(cells) cells")
  }
}
