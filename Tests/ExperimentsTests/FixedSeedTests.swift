import Foundation
import TestSupport
import Testing

@testable import Experiments

/// Schedulers whose runs no seed changes: a replayed trace and nothing left to chance.
@Suite struct FixedSeedTests {
  let folder = TemporaryFolder()

  /// Results of ten seeds: `waits` says what a scheduler's wait was under each.
  private func summary(_ waits: [String: (Int) -> Double]) throws -> ExperimentSummary {
    var definition = TestExperiment.definition(seeds: 10)
    definition.schedulers = waits.keys.sorted().map { .init(name: $0, policy: "random") }
    definition.metrics = ["wait_mean_s"]
    let store = try ResultsStore(path: folder("r.sqlite"), creates: true)
    try store.begin(definition, folder: "", version: "test")
    let worker = try StoreWorker(store, version: "test")
    while let claim = try worker.claim() {
      let wait = waits[claim.cell.scheduler]?(Int(claim.cell.seed)) ?? .nan
      try worker.finish(claim, TestExperiment.outcome(wait))
    }
    return ExperimentSummary(try store.results())
  }

  @Test func oneValueIsNoEstimate() throws {
    let summary = try summary([
      "a fixed": { _ in 5 }, "b fixed": { _ in 7 }, "c drawn": { Double($0) },
    ])
    let scenario = try #require(summary.scenarios.first)
    #expect(scenario.groups.map(\.isTheSameUnderEverySeed) == [true, true, false])
    let estimates = try scenario.groups.map { try #require($0.estimates["wait_mean_s"]) }
    #expect(estimates.map { $0.interval == nil } == [true, true, false])
    #expect(estimates.map { $0.bootstrap == nil } == [true, true, false])
    #expect(estimates[0].seedsNeeded == 1 && estimates[1].seedsNeeded == 1)
    let fixed = try #require(scenario.comparisons.first { $0.scheduler == "b fixed" })
    // Ten equal differences would have had p = 2^-9.
    #expect(fixed.paired.test.pValue < 0.01)
    #expect(fixed.adjustedP == nil && !fixed.isSignificant && fixed.interval == nil)
    #expect(fixed.verdict == .worse)
    #expect(fixed.paired.meanDifference == 2)
    let drawn = try #require(scenario.comparisons.first { $0.scheduler == "c drawn" })
    // The only test there is: nothing to correct for.
    #expect(drawn.adjustedP == drawn.paired.test.pValue)
    #expect(scenario.winners.isEmpty)
    let page = ExperimentReport(summary, source: "r").page.html(chartLibrary: nil)
    #expect(page.contains("Seeds change nothing for a fixed, b fixed"))
    #expect(summary.markdown.contains("| a fixed | 5.000 | 10 |"))
    #expect(summary.markdown.contains("exact"))
    #expect(summary.json(source: "r").text().contains("\"p_holm\":null"))
  }

  /// One seed says nothing of other seeds, unless nothing was drawn: then it says all.
  @Test(arguments: [true, false])
  func oneSeedIsExactWhereNothingIsDrawn(isDrawn: Bool) throws {
    var definition = TestExperiment.definition(seeds: 1)
    definition.metrics = ["wait_mean_s"]
    let store = try ResultsStore(path: folder("one.sqlite"), creates: true)
    try store.begin(definition, folder: "", version: "test")
    let worker = try StoreWorker(store, version: "test")
    while let claim = try worker.claim() {
      var outcome = TestExperiment.outcome(claim.cell.scheduler == "random" ? 3 : 2)
      outcome.curves.isDrawn = isDrawn
      try worker.finish(claim, outcome)
    }
    let summary = ExperimentSummary(try store.results())
    #expect(summary.scenarios[0].groups.allSatisfy { $0.isTheSameUnderEverySeed != isDrawn })
    let comparison = try #require(summary.scenarios[0].comparisons.first)
    #expect(comparison.isExact != isDrawn)
    #expect(comparison.verdict == (isDrawn ? .undecided : .better))
    #expect(summary.scenarios[0].winners == (isDrawn ? [:] : ["wait_mean_s": "best-fit"]))
    #expect(summary.answer[0].contains(isDrawn ? "No scheduler" : "exact"))
  }

  /// Whoever has no result is not judged, and is named.
  @Test func whoeverHasNoResultIsNamed() throws {
    for (waits, judged) in [
      ((5.0, 5.0), "Every scheduler with a result has the same"),
      ((3, 5), "Every other scheduler with a result is worse"),
    ] {
      let summary = try summary([
        "a": { _ in waits.0 }, "b": { _ in waits.1 }, "c": { _ in .nan }, "d": { _ in .nan },
      ])
      try? FileManager.default.removeItem(atPath: folder("r.sqlite"))
      #expect(summary.answer.count == 1)
      #expect(summary.answer[0].contains(judged), "\(summary.answer)")
      #expect(summary.answer[0].hasSuffix(" c and d have no result."), "\(summary.answer)")
    }
  }

  @Test func figuresWithoutSpreadHaveNoInterval() throws {
    let summary = try summary(["a": { _ in 3 }, "b": { Double($0 % 2) }])
    let scenario = try #require(summary.scenarios.first)
    let report = ExperimentReport(summary, source: "r")
    #expect(report.page.figures.contains { $0.id == "difference-wait-mean-s" })
    #expect(summary.headlineTable(scenario).rows[0][1].text == "3.000")
    #expect(summary.headlineTable(scenario).rows[1][1].text.contains("±"))
  }
}
