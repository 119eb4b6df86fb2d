import Foundation
import TestSupport
import Testing
import Workload

@testable import Experiments

/// One verdict for a pair and a metric: p, interval, bold and sentence agree whatever the numbers.
@Suite struct VerdictTests {
  let folder = TemporaryFolder()

  private func summary(
    seeds: Int, metric: String = "wait_mean_s",
    _ value: (CellID) -> [String: Double]
  ) throws -> ExperimentSummary {
    var definition = TestExperiment.definition(seeds: seeds)
    definition.schedulers = ["base", "a", "b", "c"].map { .init(name: $0, policy: "random") }
    definition.metrics = [metric]
    let store = try ResultsStore(path: folder("\(UUID()).sqlite"), creates: true)
    try store.begin(definition, folder: "", version: "test")
    let worker = try StoreWorker(store, version: "test")
    let some = TestExperiment.outcome(0)
    while let claim = try worker.claim() {
      var outcome = some
      outcome.metrics = value(claim.cell)
      try worker.finish(claim, outcome)
    }
    return ExperimentSummary(try store.results())
  }

  /// With ties, zeros and skewness, and as many seeds as test nothing, exactly and by the normal law.
  @Test(arguments: [2, 5, 9, 14, 55])
  func intervalPAndVerdictAgree(seeds: Int) throws {
    var rng = RandomStream(seed: UInt64(seeds), name: "verdicts")
    for step in [0.0, 0.5] {
      let shift = ["base": 0.0, "a": 0, "b": -0.7, "c": 3]
      let summary = try summary(seeds: seeds) { cell in
        var value = 5 + (shift[cell.scheduler] ?? 0) + rng.exponential(mean: 1)
        if step > 0 { value = (value / step).rounded() * step }
        return ["wait_mean_s": value, "tasks_finished": 10]
      }
      let scenario = try #require(summary.scenarios.first)
      for comparison in scenario.comparisons {
        // Few rounded values may be the same under every seed.
        guard let p = comparison.adjustedP else {
          #expect(comparison.isExact && step > 0)
          continue
        }
        #expect(comparison.isSignificant == (p <= 0.05))
        if let interval = comparison.interval {
          // 0 may be an end of an interval that leaves it out: the test drops differences of 0.
          let holds = interval.lower < 0 && interval.upper > 0
          #expect(!(holds && comparison.isSignificant))
          #expect(comparison.isSignificant || interval.contains(0))
          #expect(interval.lower <= interval.upper)
        } else {
          #expect(!comparison.isSignificant)
        }
        switch comparison.verdict {
        case .better: #expect(p <= 0.05 && comparison.paired.meanDifference < 0)
        case .worse: #expect(p <= 0.05 && comparison.paired.meanDifference > 0)
        case .undecided, .equal:
          #expect(
            p > 0.05 || comparison.paired.meanDifference == 0
              || comparison.paired.meanDifference * comparison.paired.test.rankBiserial <= 0)
        default: Issue.record("\(comparison.verdict) of a wait")
        }
      }
      let bold = summary.headlineTable(scenario).rows.filter { $0[1].isStrong }.map(\.[0].text)
      #expect(bold == [scenario.winners["wait_mean_s"]].compactMap(\.self))
      for name in bold where name != "base" {
        #expect(scenario.comparison(name, "wait_mean_s")?.verdict == .better)
        #expect(summary.answer[0].hasPrefix("\(name) has the least mean wait"))
      }
    }
  }

  /// Half the work for half the energy is no gain; the same work for half the energy is.
  @Test func nobodyIsBetterForDoingLess() throws {
    let summary = try summary(seeds: 10, metric: "energy_kwh") { cell in
      let noise = Double(cell.seed) / 1000
      switch cell.scheduler {
      case "a": return ["energy_kwh": 50 + noise, "work_core_h": 400, "tasks_finished": 90]
      case "b": return ["energy_kwh": 60 + noise * 2, "work_core_h": 800, "tasks_finished": 90]
      case "c": return ["energy_kwh": 110 - noise, "work_core_h": 800, "tasks_finished": 90]
      default: return ["energy_kwh": 100 + noise * noise, "work_core_h": 800, "tasks_finished": 90]
      }
    }
    let scenario = try #require(summary.scenarios.first)
    #expect(
      scenario.comparisons.map(\.verdict) == [.lessWork, .better, .worse])
    #expect(scenario.winners == ["energy_kwh": "b"])
    #expect(
      summary.warnings(scenario).contains { $0.hasPrefix("a and base did not do the same work") })
  }

  /// The sentence says of each what its verdict is: equal ones are no p of 1, and who did less work is not
  /// judged, exact as the difference may be.
  @Test func theSentenceSaysEachVerdict() throws {
    let untold = try summary(seeds: 4) { cell in
      let wait = Double(cell.seed * 7 % 5)
      switch cell.scheduler {
      case "b": return ["wait_mean_s": wait + (cell.seed % 2 == 0 ? 1 : -1.5)]
      case "c": return ["wait_mean_s": wait + (cell.seed % 2 == 0 ? -1 : 1.25)]
      default: return ["wait_mean_s": wait]
      }
    }
    let scenario = try #require(untold.scenarios.first)
    #expect(scenario.comparisons.map(\.verdict) == [.equal, .undecided, .undecided])
    let answer = try #require(untold.answer.first)
    #expect(answer.hasPrefix("No scheduler's mean wait can be told from base's"), "\(answer)")
    #expect(answer.contains(", the same; b "), "\(answer)")
    for comparison in scenario.comparisons.dropFirst() {
      let p = try #require(comparison.adjustedP)
      #expect(answer.contains("(p = \(Figures.pValue(p)), 4 seeds"), "\(answer)")
    }
    let lazy = try summary(seeds: 3, metric: "energy_kwh") { cell in
      ["energy_kwh": cell.scheduler == "a" ? 5 : 10, "work_core_h": cell.scheduler == "a" ? 1 : 2]
    }
    #expect(
      try #require(lazy.answer.first).contains(
        "No scheduler is judged against base, whose energy is 10.0 kWh: a 5.00 kWh, but it did less work, "
          + "and is not judged; b 10.0 kWh, the same"), "\(lazy.answer)")
  }

  /// Quantiles averaged over seeds would say that 82 % waited where a quarter did.
  @Test func tailsOfSeedsArePooled() {
    let quiet = CellCurves.Tail(count: 80, first: 0, beyond: [])
    let busy = CellCurves.Tail(count: 20, first: 3, beyond: [20, 10, 5])
    let points = ExperimentReport.pooled([quiet, busy])
    #expect(points.map(\.y) == [0.2, 0.2, 0.2, 0.2, 0.1, 0.05])
    #expect(points.map(\.x) == Array(CellCurves.edges[0..<6]))
    #expect(points[4].yInterval == 0...0.5)
    #expect(ExperimentReport.pooled([]).isEmpty)
  }
}
