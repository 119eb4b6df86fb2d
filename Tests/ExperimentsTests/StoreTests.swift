import Foundation
import SQLite
import Synchronization
import TestSupport
import Testing

@testable import Experiments

@Suite struct StoreTests {
  let folder = TemporaryFolder()

  private func begun(_ cells: Int = 4, name: String = "r.sqlite") throws -> ResultsStore {
    let store = try ResultsStore(path: folder(name), creates: true)
    try store.begin(
      TestExperiment.definition(seeds: cells / 2), folder: "", version: "test")
    return store
  }

  @Test func everyCellIsClaimedOnce() throws {
    let store = try begun(8)
    let workers = [
      try StoreWorker(store, version: "test"),
      try StoreWorker(try ResultsStore(path: store.path), version: "test"),
    ]
    var claimed: [CellID] = []
    while let claim = try workers[claimed.count % 2].claim() { claimed.append(claim.cell) }
    #expect(claimed == TestExperiment.definition(seeds: 4).cells)
    #expect(try store.counts() == CellCounts(pending: 0, running: 8, done: 0, failed: 0))
    try workers[0].end()
    #expect(try store.counts().pending == 4)
  }

  @Test func aResultIsKeptOnceAndToTheLastBit() throws {
    let store = try begun()
    let worker = try StoreWorker(store, version: "test")
    let claim = try #require(try worker.claim())
    let outcome = TestExperiment.outcome(0.1 + 0.2)
    #expect(try worker.finish(claim, outcome))
    #expect(try !worker.finish(claim, TestExperiment.outcome(7)))
    let record = try #require(try ResultsStore(path: store.path).record(of: claim.cell))
    #expect(record.outcome.metrics["wait_mean_s"] == 0.1 + 0.2)
    #expect(record.outcome.metrics["slowdown_mean"]?.isNaN == true)
    #expect(record.outcome.curves == outcome.curves)
  }

  /// A process that has ended is told from one that is alive, on this machine and on others.
  @Test func cellsOfTheDeadAreGivenToOthers() throws {
    let time = Mutex(1000.0)
    let store = try ResultsStore(path: folder("r.sqlite"), creates: true) {
      time.withLock { $0 }
    }
    try store.begin(TestExperiment.definition(seeds: 2), folder: "", version: "test")
    let dead = try StoreWorker(store, version: "test")
    let far = try StoreWorker(store, version: "test")
    let alive = try StoreWorker(store, version: "test")
    let lost = try #require(try dead.claim())
    _ = try far.claim()
    _ = try alive.claim()
    try store.queue.write { db in
      // A process of this machine whose id now belongs to another one, and one of another machine.
      try db.execute("UPDATE worker SET start = '1' WHERE id = ?", [dead.id])
      try db.execute("UPDATE worker SET space = 'far' WHERE id = ?", [far.id])
    }
    try alive.beat()
    #expect(try store.counts() == CellCounts(pending: 2, running: 2, done: 0, failed: 0))
    // What was taken back is not the old process's any more.
    #expect(try !dead.finish(lost, TestExperiment.outcome(1)))
    time.withLock { $0 += StoreWorker.lease + 1 }
    try alive.beat()
    #expect(try store.counts() == CellCounts(pending: 3, running: 1, done: 0, failed: 0))
  }

  @Test func whatIsNoResultsFileIsRefused() throws {
    func message(_ path: String) -> String {
      do {
        _ = try ResultsStore(path: path)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message(folder("none.sqlite")).hasSuffix("none.sqlite: is not there"))
    #expect(message(folder.path).hasSuffix("is a folder"))
    let text = try folder.write(
      String(repeating: "no database at all\n", count: 100), to: "text.sqlite")
    #expect(message(text).hasSuffix("text.sqlite: is no results file"))
    let other = folder("other.sqlite")
    try DatabaseQueue(path: other).write { db in try db.execute("CREATE TABLE t (x)") }
    #expect(message(other).hasSuffix("is a database, but no results file"))
    let newer = try begun(name: "newer.sqlite")
    try newer.queue.write { db in try db.execute("PRAGMA user_version = 99") }
    let odd = try begun(name: "odd.sqlite")
    try odd.queue.write { db in try db.execute("UPDATE experiment SET definition = '{}'") }
    #expect { try odd.results() } throws: { "\($0)".hasSuffix("odd.sqlite: is damaged") }
    #expect(
      message(newer.path).contains("written by a newer Tracemill (schema 99; this version knows 1)")
    )
  }

  @Test func anotherExperimentOrInputIsRefused() throws {
    let store = try begun()
    var other = TestExperiment.definition(seeds: 2)
    other.engine.refuse = true
    #expect(throws: StoreError.self) {
      try store.begin(other, folder: "", version: "test")
    }
    // More seeds and other headlines are the same experiment.
    var more = TestExperiment.definition(seeds: 5)
    more.metrics = ["makespan_s"]
    let input = InputFile(path: "in.csv", bytes: 3, sha256: "aa")
    try store.begin(more, folder: "", version: "test", inputs: [input])
    #expect(try store.counts().total == 10)
    #expect(try store.experiment().definition.metrics == ["makespan_s"])
    let changed = InputFile(path: "in.csv", bytes: 3, sha256: "bb")
    #expect(throws: StoreError.self) {
      try store.begin(more, folder: "", version: "test", inputs: [changed])
    }
  }

  /// SQLite reports a full disk and a file at its limit alike.
  @Test func aFullDiskKeepsWhatIsDone() async throws {
    let path = folder("full.sqlite")
    let store = try ResultsStore(path: path, creates: true, pageLimit: 60)
    let definition = TestExperiment.definition(seeds: 100)
    try store.begin(definition, folder: "", version: "test")
    let runner = try ExperimentRunner(
      store, inputs: TestExperiment(), version: "test", threads: 2)
    await #expect { try await runner.run() } throws: { error in
      "\(error)".hasSuffix(
        "the disk is full; finished cells are kept, the same command goes on from there")
    }
    let done = try store.counts().done
    #expect(done > 0 && done < 200)
    // With room again, the rest is run.
    let roomy = try ResultsStore(path: path)
    let failed = try await ExperimentRunner(
      roomy, inputs: TestExperiment(), version: "test", threads: 2
    ).run()
    #expect(failed.isEmpty)
    #expect(try roomy.counts() == CellCounts(pending: 0, running: 0, done: 200, failed: 0))
  }
}
