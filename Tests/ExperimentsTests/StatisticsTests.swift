import Simulation
import Testing
import Workload

@testable import Experiments

@Suite struct StatisticsTests {
  /// The example of Wilcoxon's test in textbooks (Conover): every figure by hand.
  @Test func signedRanksByHand() {
    let test = WilcoxonSignedRank([1, -2, 3, 4, 5])
    #expect(test.positive == 13 && test.negative == 2 && test.count == 5)
    // Sums up to 2 out of ranks 1…5: {}, {1}, {2}: 3 of 32 ways, twice.
    #expect(test.pValue == 6.0 / 32)
    #expect(test.rankBiserial == 11.0 / 15)
    #expect(WilcoxonSignedRank([0, 0]).pValue == 1)
    #expect(WilcoxonSignedRank([]).count == 0)
    #expect(WilcoxonSignedRank([3, 0, -3]).pValue == 1)
  }

  @Test func holmByHand() {
    #expect(MultipleTesting.holm([0.01, 0.04, 0.03]) == [0.03, 0.06, 0.06])
    #expect(MultipleTesting.holm([]) == [])
    #expect(MultipleTesting.holm([0.9, 0.8]) == [1, 1])
  }

  @Test func degenerateSamples() {
    var rng = RandomStream(seed: 1, name: "test")
    #expect(ConfidenceInterval.t([1]) == nil)
    #expect(MeanBootstrap([1], using: &rng).interval() == nil)
    #expect(MeanBootstrap([], using: &rng).interval() == nil)
    let constant = ConfidenceInterval.t([0.1, 0.1, 0.1])
    #expect(constant?.halfWidth == 0)
    let same = PairedComparison([0.1, 0.2, .nan], [0.1, 0.2, 3], using: &rng)
    #expect(same.count == 2 && same.meanDifference == 0 && same.test.pValue == 1)
    #expect(same.cohensD == nil && same.cliffsDelta == 0)
    #expect(Moments([]).mean.isNaN && Moments([2]).variance.isNaN)
  }

  @Test func seedsForAWidth() throws {
    // t(0.025, 8) · 3 / 3 = 2.306 and t(0.025, 7) · 3 / √8 = 2.508.
    #expect(SeedPlan.seeds(forHalfWidth: 2.4, standardDeviation: 3) == 9)
    #expect(SeedPlan.seeds(forHalfWidth: 2.3, standardDeviation: 3) == 10)
    #expect(SeedPlan.seeds(forHalfWidth: 1, standardDeviation: 0) == 2)
    #expect(SeedPlan.seeds(forHalfWidth: 0, standardDeviation: 1) == nil)
    #expect(SeedPlan.seeds(forHalfWidth: 1e-9, standardDeviation: 1) == nil)
    for width in [0.05, 0.3, 1.7] {
      let n = try #require(SeedPlan.seeds(forHalfWidth: width, standardDeviation: 2))
      let t = StudentT(degrees: Double(n - 1)).quantile(upperTail: 0.025)
      #expect(t * 2 / Double(n).squareRoot() <= width)
    }
  }

  /// What is drawn of an interval is what a figure can be.
  @Test func intervalsEndWhereFiguresDo() throws {
    let shares = try #require(ConfidenceInterval.t([0.99, 1, 0.97]))
    let waits = try #require(ConfidenceInterval.t([0, 1, 9]))
    let share = try #require(Metric.builtIn.first { $0.name == "cpu_utilisation" })
    let wait = try #require(Metric.builtIn.first { $0.name == "wait_mean_s" })
    #expect(shares.upper > 1 && waits.lower < 0)
    #expect(shares.range(times: 100, in: share.possible(about: 0.99))?.upperBound == 100)
    #expect(waits.range(times: 2, in: wait.possible(about: 3)) == 0...2 * waits.upper)
    #expect(waits.range(times: 2) == 2 * waits.lower...2 * waits.upper)
  }

  @Test func theSameSeedGivesTheSameInterval() {
    func interval() -> ConfidenceInterval? {
      var rng = RandomStream(seed: 3, name: "bootstrap")
      return MeanBootstrap([1, 4, 2, 8, 5, 7], using: &rng).interval()
    }
    #expect(interval() == interval())
  }
}
