import Foundation
import Simulation

/// A finished cell.
public struct CellRecord: Hashable, Sendable {
  /// Which.
  public var cell: CellID
  /// What it came to.
  public var outcome: CellOutcome
  /// Which process ran it: an index into ``ExperimentResults/processes``.
  public var process: Int
  /// How many times it was begun: more than once if a process ended in the middle of it.
  public var claims: Int
}

/// A process that ran cells.
public struct ProcessRecord: Codable, Hashable, Sendable {
  /// The machine's name.
  public var host: String
  /// The process id.
  public var pid: Int
  /// Tracemill's version.
  public var version: String
  /// The operating system.
  public var system: String
  /// The machine's cores.
  public var cores: Int
  /// When it began, in seconds since 1970.
  public var began: Double
  /// How many cells it finished.
  public var cells: Int
}

/// All that a results file holds.
public struct ExperimentResults: Sendable {
  /// The experiment.
  public var definition: ExperimentDefinition
  /// The version that began it.
  public var version: String
  /// When it was begun, in seconds since 1970.
  public var began: Double
  /// The finished cells, in the order of the experiment.
  public var cells: [CellRecord]
  /// Cells by state.
  public var counts: CellCounts
  /// Cells that failed.
  public var failures: [FailedCell]
  /// The files it read.
  public var inputs: [InputFile]
  /// The processes that worked on it.
  public var processes: [ProcessRecord]
  /// Workloads at a glance, by name.
  public var overviews: [String: WorkloadOverview]
  /// How schedulers learned, by name.
  public var learning: [String: LearningCurve]
}

extension ResultsStore {
  /// Seconds since 1970 in which results may have begun: to the year 9999.
  private static let times = 0...253_402_300_799.0

  /// Everything in the file.
  public func results() throws(StoreError) -> ExperimentResults {
    let (definition, _) = try experiment()
    let counts = try counts()
    let failures = try failures()
    return try read { db in
      let head = try db.rows("SELECT version, began FROM experiment").first
      let decoder = JSONDecoder()
      var metrics: [Int64: [String: Double]] = [:]
      for row in try db.rows("SELECT cell, name, value FROM metric") {
        let (cell, name): (Int64, String) = (try row.required("cell"), try row.required("name"))
        let now = Metric.current(name, try row.figure("value", of: name))
        metrics[cell, default: [:]][now.name] = now.value
      }
      var processes: [ProcessRecord] = []
      var places: [Int64: Int] = [:]
      let workers = try db.rows(
        """
        SELECT worker.*, count(cell.id) AS cells FROM worker JOIN cell ON cell.worker = worker.id
        WHERE cell.state = 'done' GROUP BY worker.id ORDER BY worker.id
        """)
      for row in workers {
        places[try row.required("id")] = processes.count
        processes.append(
          ProcessRecord(
            host: try row.required("host"), pid: try row.required("pid"),
            version: try row.required("version"), system: try row.required("system"),
            cores: try row.required("cores"), began: try row.finite("began"),
            cells: try row.required("cells")))
      }
      let rows = try db.rows(
        """
        SELECT cell.*, curve.data FROM cell LEFT JOIN curve ON curve.cell = cell.id
        WHERE cell.state = 'done' ORDER BY cell.id
        """)
      let known = Set(definition.cells)
      let seeded = Set(definition.cells.map { CellID(of: $0, seed: 0) })
      let cells = try rows.compactMap { row -> CellRecord? in
        let cell = try CellID(row)
        guard known.contains(cell) else {
          // An experiment may be begun again with fewer seeds; what else is in it stays as it is.
          guard seeded.contains(CellID(of: cell, seed: 0)) else {
            throw DamagedStore("holds a cell that its experiment has not: \(cell)")
          }
          return nil
        }
        let worker: Int64? = try row.stored("worker")
        let curves = try decoder.decode(CellCurves.self, from: try row.required("data") as Data)
        try curves.check()
        let (wall, cpu) = (try row.finite("wall_s"), try row.finite("cpu_s"))
        return CellRecord(
          cell: cell,
          outcome: CellOutcome(
            metrics: metrics[try row.required("id")] ?? [:], curves: curves,
            wall: wall.isNaN ? 0 : wall, cpu: cpu.isNaN ? 0 : cpu),
          process: worker.flatMap { places[$0] } ?? 0, claims: try row.required("claims"))
      }
      func table<Value: Decodable>(_ sql: String) throws -> [String: Value] {
        var values: [String: Value] = [:]
        for row in try db.rows(sql) {
          values[try row.required("name")] = try decoder.decode(
            Value.self, from: try row.required("data") as Data)
        }
        return values
      }
      let overviews: [String: WorkloadOverview] = try table(
        "SELECT workload AS name, data FROM overview")
      for overview in overviews.values { try overview.check() }
      let began = try head?.finite("began") ?? .nan
      return ExperimentResults(
        definition: definition, version: try head?.stored("version") ?? "",
        began: Self.times.contains(began) ? began : 0,
        cells: cells, counts: counts, failures: failures,
        inputs: try db.rows("SELECT * FROM input ORDER BY path").map {
          InputFile(
            path: try $0.required("path"), bytes: try $0.required("bytes"),
            sha256: try $0.required("sha256"))
        },
        processes: processes,
        overviews: overviews,
        learning: try table("SELECT scheduler AS name, data FROM learning"))
    }
  }

  /// Cells that failed, in the order of the experiment.
  public func failures() throws(StoreError) -> [FailedCell] {
    try read { db in
      try db.rows(
        """
        SELECT workload, cluster, scheduler, seed, error FROM cell WHERE state = 'failed'
        ORDER BY id
        """
      ).map { FailedCell(cell: try CellID($0), message: try $0.stored("error") ?? "") }
    }
  }

  /// A finished cell; nil if it is not finished.
  public func record(of cell: CellID) throws(StoreError) -> CellRecord? {
    try results().cells.first { $0.cell == cell }
  }

  func hasOverview(of workload: String) throws(StoreError) -> Bool {
    try read { db in
      !(try db.rows("SELECT 1 FROM overview WHERE workload = ?", [workload]).isEmpty)
    }
  }

  func keep(_ overview: WorkloadOverview, of workload: String) throws(StoreError) {
    try insert("INSERT OR REPLACE INTO overview VALUES (?, ?)", workload, overview)
  }

  /// Keeps how a scheduler of the experiment learned.
  func keep(_ curve: LearningCurve, of scheduler: String) throws(StoreError) {
    try insert("INSERT OR REPLACE INTO learning VALUES (?, ?)", scheduler, curve)
  }

  private func insert(_ sql: String, _ name: String, _ value: some Encodable) throws(StoreError) {
    try write { db in
      try db.execute(sql, [name, try Self.encoder.encode(value)])
    }
  }
}
