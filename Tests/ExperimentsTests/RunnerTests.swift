import Experiments
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct RunnerTests {
  let folder = TemporaryFolder()

  private func results(
    threads: Int, name: String, failing: String? = nil,
    _ definition: ExperimentDefinition = TestExperiment.definition(seeds: 6)
  ) async throws -> (ExperimentResults, [FailedCell]) {
    let store = try ResultsStore(path: folder(name), creates: true)
    try store.begin(definition, folder: "", version: "test")
    let failed = try await ExperimentRunner(
      store, inputs: TestExperiment(failing: failing), version: "test", threads: threads
    ).run()
    return (try store.results(), failed)
  }

  @Test func resultsDoNotDependOnThreads() async throws {
    let (one, _) = try await results(threads: 1, name: "one.sqlite")
    let (four, _) = try await results(threads: 4, name: "four.sqlite")
    #expect(one.cells.count == 12)
    for (a, b) in zip(one.cells, four.cells) {
      #expect(a.cell == b.cell)
      #expect(sameFigures(a.outcome, b.outcome))
    }
    #expect(one.overviews == four.overviews)
    #expect(one.overviews["w"]?.tasks == 100)
  }

  /// A file that is copied when the run has ended, as workers of other machines do, is whole without the log beside it.
  @Test func theFileIsWholeWhenTheRunHasEnded() async throws {
    let store = try ResultsStore(path: folder("r.sqlite"), creates: true)
    try store.begin(TestExperiment.definition(seeds: 6), folder: "", version: "test")
    _ = try await ExperimentRunner(
      store, inputs: TestExperiment(), version: "test", threads: 2
    ).run()
    try FileManager.default.copyItem(atPath: folder("r.sqlite"), toPath: folder("alone.sqlite"))
    #expect(try ResultsStore(path: folder("alone.sqlite")).results().counts.done == 12)
    #expect(try store.counts().done == 12)
  }

  @Test func schedulersMeetTheSameTasks() async throws {
    let (results, _) = try await results(threads: 2, name: "r.sqlite")
    let bySeed = Dictionary(grouping: results.cells) { $0.cell.seed }
    for (_, cells) in bySeed {
      #expect(Set(cells.map { $0.outcome.metrics["tasks_submitted"] }).count == 1)
    }
    // A cell alone is the cell in the experiment.
    let runner = CellRunner(results.definition, inputs: TestExperiment())
    for record in results.cells {
      #expect(sameFigures(try runner.run(record.cell).outcome, record.outcome))
    }
    #expect(throws: UnknownCell.self) {
      try runner.run(CellID(workload: "w", cluster: "x", scheduler: "random", seed: 1))
    }
  }

  @Test func aBrokenInputCostsItsOwnCells() async throws {
    var definition = TestExperiment.definition(seeds: 3)
    definition.workloads.append(.init(name: "bad", source: "bad"))
    let (results, failed) = try await results(
      threads: 2, name: "r.sqlite", failing: "bad", definition)
    #expect(failed.count == 6 && failed.allSatisfy { $0.cell.workload == "bad" })
    #expect(failed.allSatisfy { $0.message == "part-2.csv:17:3: is not a number" })
    #expect(results.counts.done == 6 && results.counts.failed == 6)
    // Mended, the same command runs what failed.
    let (mended, none) = try await self.results(threads: 2, name: "r.sqlite", definition)
    #expect(none.isEmpty && mended.counts.done == 12)
    #expect(mended.cells.filter { $0.cell.workload == "w" }.allSatisfy { $0.claims == 1 })
  }

  @Test func progressEndsWithEverythingDone() async throws {
    let store = try ResultsStore(path: folder("p.sqlite"), creates: true)
    try store.begin(TestExperiment.definition(seeds: 5), folder: "", version: "test")
    let seen = Mutex<[RunProgress]>([])
    _ = try await ExperimentRunner(
      store, inputs: TestExperiment(), version: "test", threads: 2
    ).run { progress in seen.withLock { $0.append(progress) } }
    let last = try #require(seen.withLock { $0.last })
    #expect(last.counts == CellCounts(pending: 0, running: 0, done: 10, failed: 0))
  }
}

/// Everything but the times.
func sameFigures(_ a: CellOutcome, _ b: CellOutcome) -> Bool {
  a.curves == b.curves && a.metrics.count == b.metrics.count
    && a.metrics.allSatisfy { name, value in
      guard let other = b.metrics[name] else { return false }
      return value == other || !value.isFinite && !other.isFinite
    }
}
