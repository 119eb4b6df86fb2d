import Foundation
import Simulation
import TestSupport
import Testing
import Workload

@testable import Experiments

/// What is compared across scenarios, and what is not.
@Suite struct AcrossTests {
  let folder = TemporaryFolder()

  private func summary(
    _ sources: [String], _ value: (CellID) -> Double
  ) throws -> ExperimentSummary {
    var definition = TestExperiment.definition(seeds: 9)
    definition.workloads = sources.map { .init(name: $0, source: $0) }
    definition.schedulers = ["base", "a", "b"].map { .init(name: $0, policy: "random") }
    definition.metrics = ["wait_mean_s", "cpu_utilisation"]
    let store = try ResultsStore(path: folder("\(UUID()).sqlite"), creates: true)
    try store.begin(definition, folder: "", version: "test")
    let worker = try StoreWorker(store, version: "test")
    let some = TestExperiment.outcome(0)
    while let claim = try worker.claim() {
      var outcome = some
      outcome.metrics = [
        "wait_mean_s": value(claim.cell), "cpu_utilisation": 0.5 + Double(claim.cell.seed) / 100,
        "tasks_finished": 10,
      ]
      try worker.finish(claim, outcome)
    }
    return ExperimentSummary(try store.results())
  }

  /// Loads of one workload are an axis; loads of several are none.
  @Test func aLoadIsAnAxisOfOneWorkload() throws {
    let one = try summary(["study:load=0.5", "study:load=0.7", "study:load=0.9"]) { cell in
      Double(cell.seed)
    }
    #expect(one.families.count == 1 && one.families[0].axis?.values == [0.5, 0.7, 0.9])
    let metric = try #require(one.metrics.first)
    #expect(one.acrossTable(metric).rows.map { $0[0].text } == ["0.5", "0.7", "0.9"])
    let mixed = try summary([
      "study:load=0.5", "google-2011:load=0.8", "study:load=0.7", "poisson:rate=1",
    ]) { Double($0.seed) }
    #expect(mixed.families.map(\.places) == [[0, 2], [1], [3]])
    #expect(mixed.families.map(\.title)[0] == "study on c")
    #expect(mixed.families[0].axis?.values == [0.5, 0.7] && mixed.families[1].axis == nil)
    #expect(
      mixed.acrossTable(metric).rows.map { $0[0].text } == mixed.scenarios.map(\.title))
    let page = ExperimentReport(mixed, source: "r").page
    let across = page.sections.first { $0.id == "across" }
    let figures = across?.blocks.compactMap { block in
      if case .figure(let figure) = block { figure } else { nil }
    }
    #expect(figures?.first?.x.label == "load" && figures?.first?.series[0].points.count == 2)
    #expect(Set(page.figures.map(\.id)).count == page.figures.count)
  }

  /// Sentences in which only numbers differ are said once, with their ranges; others are not mixed up.
  @Test func whatIsSaidAlikeIsSaidOnce() {
    var said = SaidAlike("load 0.80 was asked for (9,147 of 12 tasks), p = 0.5.")
    #expect(said.text == "load 0.80 was asked for (9,147 of 12 tasks), p = 0.5.")
    for other in [
      "load 0.5 was asked for (70,060 of 12 tasks), p = 0.5.",
      "load 0.95 was asked for (800 of 12 tasks), p = 0.5.",
    ] {
      #expect(said.isAlike(SaidAlike(other)))
      said.join(SaidAlike(other))
    }
    #expect(said.text == "load 0.5 to 0.95 was asked for (800 to 70,060 of 12 tasks), p = 0.5.")
    for other in [
      "load 0.5 was asked for (70,060 of 12 tasks), q = 0.5.",
      "load 0.5 was asked for (70,060 of 12 tasks)",
      "load s1 was asked for (7 of 12 tasks), p = 0.5.",
    ] { #expect(!said.isAlike(SaidAlike(other))) }
  }

  /// What is compared in a sentence is in one unit, unless that would hide one of them.
  @Test func figuresOfASentenceAreInOneUnit() throws {
    let wait = try #require(Metric("wait_mean_s"))
    #expect(wait.readable(282, beside: [480.6]).hasSuffix(" min"))
    #expect(wait.readable(480.6, beside: [282]).hasSuffix(" min"))
    #expect(wait.readable(0.02, beside: [7200]) == wait.readable(0.02))
    #expect(wait.readable(0, beside: [480.6]).hasSuffix(" min"))
    let share = try #require(Metric("cpu_utilisation"))
    #expect(share.readable(0.5, beside: [0.7]) == share.readable(0.5))
  }

  @Test func schedulersOfOneCountAreToldOfTogether() throws {
    let summary = try summary(["w:load=1", "w:load=2"]) { cell in
      let noise = Double(cell.seed * cell.seed) / 100
      switch (cell.scheduler, cell.workload) {
      case ("a", "w:load=1"): return 1 + noise
      case ("b", _): return 1 + 2 * noise
      default: return 5 + noise
      }
    }
    #expect(
      summary.answer[0]
        == "By mean wait, against base, over 2 scenarios: b is better in all 2, a in 1.")
  }

  /// Sums in another order are no other result.
  @Test func roundingIsNoDifference() {
    var rng = RandomStream(seed: 1, name: "rounding")
    let (first, second) = ([0.1 + 0.2, 5, 7 / 3.0], [0.3, 5.000_000_1, 7 * (1 / 3.0)])
    let paired = PairedComparison(first, second, using: &rng)
    #expect(paired.differences == [0, first[1] - second[1], 0])
    #expect(paired.test.count == 1)
  }
}
