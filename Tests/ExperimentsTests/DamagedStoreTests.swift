import Foundation
import SQLite
import Simulation
import TestSupport
import Testing

@testable import Experiments

/// Results files by strangers: every column with every kind of value, definitions that no file could
/// state, tables that are not ours. What comes out is an error in one line, or a report.
@Suite struct DamagedStoreTests {
  let folder = TemporaryFolder()

  /// A finished experiment of four cells.
  private func store(_ name: String) throws -> ResultsStore {
    let store = try ResultsStore(path: folder(name), creates: true)
    try store.begin(
      TestExperiment.definition(seeds: 2), folder: "", version: "test",
      inputs: [.init(path: "w", bytes: 3, sha256: "00")])
    let worker = try StoreWorker(store, version: "test")
    while let claim = try worker.claim() {
      try worker.finish(claim, TestExperiment.outcome(Double(claim.cell.seed), isWhole: true))
    }
    try store.keep(
      WorkloadOverview(TestExperiment.source(seed: 1, tasks: 50)), of: "w")
    try store.keep(
      LearningCurve(csv: "decisions,reward,validation\n1,2,3\n2,3,4\n"), of: "random")
    return store
  }

  /// Everything that is read of a results file.
  private func readAll(_ path: String) throws {
    let store = try ResultsStore(path: path)
    _ = try store.experiment()
    let worker = try StoreWorker(store, version: "test")
    _ = try worker.claim()
    let results = try store.results()
    let summary = ExperimentSummary(results)
    let text = summary.markdown + summary.latex
    let json = summary.json(source: path).text(isIndented: true)
    let page = ExperimentReport(summary, source: path).page
    #expect(!text.isEmpty && !json.isEmpty && !page.sections.isEmpty)
  }

  /// Whether it is read; where it is refused, that is said in one line.
  private func survives(_ path: String) -> Bool {
    do {
      try readAll(path)
      return true
    } catch {
      let text = "\(error)"
      #expect(error is StoreError && text.hasPrefix(path) && !text.contains("\n"))
      return false
    }
  }

  @Test func anyValueInAnyColumn() throws {
    let original = try store("whole.sqlite")
    #expect(survives(original.path))
    let columns: [(table: String, column: String)] = try original.queue.read { db in
      try db.rows(
        """
        SELECT m.name AS "table", c.name AS "column" FROM sqlite_master m
        JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
        """
      ).map { (try $0.required("table"), try $0.required("column")) }
    }
    #expect(columns.count > 30)
    original.queue.close()
    let values = [
      "NULL", "'x'", "x'ff'", "-1", "9e999", "-9e999", "9223372036854775807", "1.5", "''", "'{}'",
      "CAST('[]' AS BLOB)", "zeroblob(3)",
      "1e18", "-1e18", "1e300", "-1e-300",
    ]
    var (refused, read) = (0, 0)
    for (table, column) in columns {
      for value in values {
        let path = folder("damaged.sqlite")
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
        try FileManager.default.copyItem(atPath: original.path, toPath: path)
        let queue = try DatabaseQueue(path: path)
        let isDone = try? queue.write { db in
          try db.execute("PRAGMA ignore_check_constraints = ON")
          try db.execute("UPDATE \"\(table)\" SET \"\(column)\" = \(value)")
        }
        queue.close()
        guard isDone != nil else { continue }
        if survives(path) { read += 1 } else { refused += 1 }
      }
    }
    #expect(refused > 60)
    #expect(read > 60)
  }

  /// Each figure alone: what a sum, a chart or a unit makes of it is different.
  @Test func anyValueInAnyMetric() throws {
    let store = try store("metrics.sqlite")
    let names = try store.queue.read { db in
      try db.rows("SELECT DISTINCT name, cell FROM metric WHERE value IS NOT NULL")
        .map { row -> (String, Int64) in (try row.required("name"), try row.required("cell")) }
    }.filter { $0.1 == 1 }.map(\.0)
    #expect(names.count > 40)
    for name in names {
      for (value, isRead) in [
        (-1.0, true), (1e18, true), (-1e18, true), (1e-300, true), (0.5, true), (1e300, false),
        (Double(Int64.max), false),
      ] {
        let former = try store.queue.write { db in
          let former: Double? = try db.value(
            "SELECT value FROM metric WHERE cell = 1 AND name = ?", [name])
          try db.execute("UPDATE metric SET value = ? WHERE cell = 1 AND name = ?", [value, name])
          return former
        }
        #expect(survives(store.path) == isRead, "\(name) of \(value)")
        try store.queue.write { db in
          try db.execute("UPDATE metric SET value = ? WHERE cell = 1 AND name = ?", [former, name])
        }
      }
    }
  }

  /// A finished cell that its experiment has not, or that lost its curves, is told of.
  @Test func noFinishedCellVanishes() throws {
    for (index, sql) in [
      "UPDATE cell SET workload = 'x'", "UPDATE cell SET scheduler = 'x' WHERE id = 2",
      "UPDATE cell SET cluster = '' WHERE id = 1", "DELETE FROM curve WHERE cell = 1",
    ].enumerated() {
      let made = try store("vanishing\(index).sqlite")
      try made.queue.write { try $0.execute(sql) }
      made.queue.close()
      #expect(!survives(made.path), "\(sql)")
    }
  }

  @Test func noOtherTables() throws {
    for (index, sql) in [
      "ALTER TABLE metric RENAME COLUMN value TO valeur", "DROP TABLE overview",
      "ALTER TABLE cell ADD COLUMN more TEXT", "CREATE VIEW v AS SELECT 1",
      "CREATE TRIGGER t AFTER INSERT ON worker BEGIN DELETE FROM cell; END",
      "CREATE TABLE another (x)",
    ].enumerated() {
      let path = folder("other\(index).sqlite")
      let made = try store("other\(index).sqlite")
      try made.queue.write { try $0.execute(sql) }
      made.queue.close()
      #expect(throws: StoreError.self) { _ = try ResultsStore(path: path) }
    }
  }

  /// Definitions with numbers that no file may state.
  @Test func storedDefinitionsAreChecked() throws {
    let path = folder("definition.sqlite")
    let made = try store("definition.sqlite")
    let changes: [(String, (inout ExperimentDefinition) -> Void)] = [
      ("lastSeeds", { $0.lastSeeds = -1 }), ("seeds", { $0.seeds = [1, 1] }),
      ("seeds", { $0.seeds = [.max] }), ("seeds", { $0.seeds = [] }),
      ("level", { $0.level = 1 }), ("precision", { $0.precision = 0 }),
      ("baseline", { $0.baseline = "nobody" }), ("schedulers", { $0.schedulers = [] }),
      ("schedulers", { $0.schedulers.append($0.schedulers[0]) }),
      ("workloads", { $0.workloads[0].name = "" }),
      ("schedulers", { $0.schedulers[1].name = "a\0b" }),
      ("sample", { $0.workloads[0].sample = 2 }), ("tasks", { $0.workloads[0].tasks = -1 }),
      ("scaleRunTimes", { $0.workloads[0].scaleRunTimes = -1 }),
      ("scaleArrivals", { $0.workloads[0].scaleArrivals = 0 }),
      ("from", { $0.workloads[0].from = 1e300 }),
      ("retries", { $0.engine.retries = -1 }), ("step", { $0.engine.step = -5 }),
      ("heartbeat", { $0.schedulers[1].engine.heartbeat = 1e300 }),
      ("networkDelay", { $0.engine.networkDelay = -1 }),
      ("overcommitCpu", { $0.engine.overcommitCpu = 0 }),
      ("depth", { $0.engine.depth = 0 }), ("preempt", { $0.engine.preempt = "x" }),
      ("groups", { $0.clusters[0].groups = [.init(count: -3, cores: 1...2, memoryGiB: 1...2)] }),
    ]
    for (key, change) in changes {
      var definition = TestExperiment.definition(seeds: 2)
      change(&definition)
      #expect(definition.issues().contains { $0.path.contains(key) }, "\(key)")
      let text = String(decoding: try ResultsStore.encoder.encode(definition), as: UTF8.self)
      try made.queue.write {
        try $0.execute("UPDATE experiment SET definition = ?", [text])
      }
      #expect(try !survives(path), "\(key)")
    }
    #expect(TestExperiment.definition(seeds: 2).issues().isEmpty)
  }

  @Test func curvesOfUnequalLengthAreRefused() throws {
    var curves = TestExperiment.outcome(1).curves
    try curves.check()
    let damages: [(inout CellCurves.Tail) -> Void] = [
      { $0.beyond = Array(repeating: 1, count: 1000) }, { $0.first = .max }, { $0.first = -1 },
      { $0.count = -1 }, { $0.count = .max }, { $0.beyond[0] = .max },
    ]
    for damage in damages {
      var tail = CellCurves.Tail(count: 3, first: 60, beyond: [2, 1])
      damage(&tail)
      curves.tails["wait"] = tail
      #expect(throws: DamagedStore.self) { try curves.check() }
    }
    curves = TestExperiment.outcome(1).curves
    curves.lastSubmit = .infinity
    #expect(throws: DamagedStore.self) { try curves.check() }
    curves = TestExperiment.outcome(1).curves
    curves.series.length.append(1)
    #expect(throws: DamagedStore.self) { try curves.check() }
    curves = TestExperiment.outcome(1).curves
    curves.series.start[0] = -1e308
    #expect(throws: DamagedStore.self) { try curves.check() }
  }
}
