import Experiments
import Foundation
import Testing
import Workload

/// How often intervals of 95 % cover the true mean, by simulation.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1", "slow: TRACEMILL_SLOW=1"))
struct CoverageTests {
  enum Law: CaseIterable {
    case normal, uniform, gamma4

    func draw(_ rng: inout RandomStream) -> Double {
      switch self {
      case .normal:
        (-2 * log(rng.openUniform())).squareRoot() * cos(2 * .pi * rng.uniform())
      case .uniform: rng.uniform() - 0.5
      case .gamma4: (0..<4).reduce(-4) { sum, _ in sum + rng.exponential(mean: 1) }
      }
    }
  }

  @Test(arguments: Law.allCases, [10, 30])
  func ninetyFivePerCent(law: Law, size: Int) {
    var rng = RandomStream(seed: 8, name: "coverage \(law) \(size)")
    let repetitions = 8000
    var covered = [0, 0, 0]
    for _ in 0..<repetitions {
      let values = (0..<size).map { _ in law.draw(&rng) }
      let bootstrap = MeanBootstrap(values, resamples: 1000, using: &rng)
      let intervals = [
        ConfidenceInterval.t(values), bootstrap.interval(.percentile), bootstrap.interval(.bca),
      ]
      for (place, interval) in intervals.enumerated() where interval?.contains(0) == true {
        covered[place] += 1
      }
    }
    for (place, name) in ["t", "percentile", "BCa"].enumerated() {
      let share = Double(covered[place]) / Double(repetitions)
      print("coverage \(law) n=\(size) \(name): \(share)")
      #expect((0.93...0.97).contains(share), "\(name) of \(size) \(law): \(share)")
    }
  }
}
