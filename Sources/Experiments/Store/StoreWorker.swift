import Foundation
import SQLite

/// A process's right to run one cell.
public struct CellClaim: Hashable, Sendable {
  /// The cell.
  public let cell: CellID
  let id: Int64
  let number: Int
}

/// What a cell came to.
public struct CellOutcome: Hashable, Sendable {
  /// The metrics, by name; what does not exist (the mean wait of no tasks) is NaN.
  public var metrics: [String: Double]
  /// Distributions and series.
  public var curves: CellCurves
  /// Wall-clock time in seconds.
  public var wall: Double
  /// Processor time in seconds.
  public var cpu: Double

  /// An outcome.
  public init(metrics: [String: Double], curves: CellCurves, wall: Double, cpu: Double) {
    self.metrics = metrics
    self.curves = curves
    self.wall = wall
    self.cpu = cpu
  }
}

/// A process at work on a results file.
public struct StoreWorker: Sendable {
  let store: ResultsStore
  let id: Int64

  /// Seconds without a sign of life after which a process of another machine counts as ended.
  public static let lease: Double = 60

  /// Signs on to work on `store`.
  ///
  /// - Parameters:
  ///   - store: the results.
  ///   - version: the program's version.
  public init(_ store: ResultsStore, version: String) throws(StoreError) {
    self.store = store
    let identity = store.identity
    let now = store.clock()
    id = try store.write { db in
      try db.execute(
        """
        INSERT INTO worker (host, space, pid, start, version, system, cores, began, seen)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          identity.host, identity.space, identity.pid, identity.start, version,
          ProcessInfo.processInfo.operatingSystemVersionString,
          ProcessInfo.processInfo.activeProcessorCount, now, now,
        ])
      return db.lastInsertedRow
    }
    try store.releaseAbandoned()
  }

  /// Takes the next cell that no worker has; nil if there is none.
  public func claim() throws(StoreError) -> CellClaim? {
    let claimed: [CellClaim] = try store.write { db in
      try db.rows(
        """
        UPDATE cell SET state = 'running', worker = ?, claims = claims + 1
        WHERE id = (SELECT id FROM cell WHERE state = 'pending' ORDER BY id LIMIT 1)
        RETURNING id, workload, cluster, scheduler, seed, claims
        """, [id]
      ).map { row in
        CellClaim(
          cell: try CellID(row), id: try row.required("id"), number: try row.required("claims"))
      }
    }
    return claimed.first
  }

  /// Records what a cell came to, if the claim still holds.
  ///
  /// - Returns: whether it did; if not, another process has taken the cell over.
  @discardableResult
  public func finish(_ claim: CellClaim, _ outcome: CellOutcome) throws(StoreError) -> Bool {
    let curves: Data
    do {
      curves = try ResultsStore.encoder.encode(outcome.curves)
    } catch {
      throw .failed(path: store.path, reason: "\(claim.cell): \(error)")
    }
    return try store.write { db in
      try db.execute(
        """
        UPDATE cell SET state = 'done', wall_s = ?, cpu_s = ?, finished = ?, error = NULL
        WHERE id = ? AND worker = ? AND claims = ? AND state = 'running'
        """,
        [
          outcome.wall, outcome.cpu, store.clock(), claim.id, id, claim.number,
        ])
      guard db.changes == 1 else { return false }
      let insert = try db.statement("INSERT INTO metric VALUES (?, ?, ?)")
      for (name, value) in outcome.metrics.sorted(by: { $0.key < $1.key }) {
        try insert.execute([claim.id, name, value.isFinite ? value : nil])
      }
      try db.execute("INSERT INTO curve VALUES (?, ?)", [claim.id, curves])
      return true
    }
  }

  /// Records that a cell ended with an error.
  public func fail(_ claim: CellClaim, _ message: String) throws(StoreError) {
    try store.write { db in
      try db.execute(
        """
        UPDATE cell SET state = 'failed', error = ?, finished = ?
        WHERE id = ? AND worker = ? AND claims = ? AND state = 'running'
        """, [message, store.clock(), claim.id, id, claim.number])
    }
  }

  /// Gives a sign of life, and takes back the cells of those that have ended.
  public func beat() throws(StoreError) {
    let now = store.clock()
    try store.write { db in
      try db.execute("UPDATE worker SET seen = ? WHERE id = ?", [now, id])
    }
    try store.releaseAbandoned()
  }

  /// Signs off; cells that are still claimed are given back.
  public func end() throws(StoreError) {
    let now = store.clock()
    try store.write { db in
      try Self.release(id, db)
      try db.execute("UPDATE worker SET ended = ?, seen = ? WHERE id = ?", [now, now, id])
    }
  }

  fileprivate static func release(_ worker: Int64, _ db: Database) throws {
    try db.execute(
      "UPDATE cell SET state = 'pending', worker = NULL WHERE worker = ? AND state = 'running'",
      [worker])
  }
}

extension ResultsStore {
  /// Takes back the cells of processes that have ended.
  func releaseAbandoned() throws(StoreError) {
    let now = clock()
    let here = identity
    // Looked at without a lock first: most of the time there is nothing to do.
    let ended: [Int64] = try read { db in
      try db.rows(
        """
        SELECT DISTINCT worker.* FROM worker JOIN cell ON cell.worker = worker.id
        WHERE cell.state = 'running'
        """
      ).filter { row in
        let other = ProcessIdentity(
          host: try row.required("host"), space: try row.required("space"),
          pid: try row.required("pid"), start: try row.required("start"))
        let seen: Double = try row.required("seen")
        return other.hasEnded(seenFrom: here) ?? (now - seen > StoreWorker.lease)
      }.map { row in try row.required("id") }
    }
    guard !ended.isEmpty else { return }
    try write { db in
      for worker in ended {
        try StoreWorker.release(worker, db)
        try db.execute("UPDATE worker SET ended = seen WHERE id = ? AND ended IS NULL", [worker])
      }
    }
  }

  /// Who else is at work.
  func others(than worker: Int64) throws(StoreError) -> [String] {
    try read { db in
      try db.rows(
        """
        SELECT DISTINCT host, pid FROM worker JOIN cell ON cell.worker = worker.id
        WHERE cell.state = 'running' AND worker.id <> ? ORDER BY worker.id
        """, [worker]
      ).map { row in
        let (host, pid): (String, Int) = (try row.required("host"), try row.required("pid"))
        return "process \(pid) on \(host)"
      }
    }
  }
}

extension CellID {
  /// The same under another seed.
  init(of cell: CellID, seed: UInt64) {
    self = cell
    self.seed = seed
  }

  init(_ row: SQLRow) throws {
    let text: String = try row.required("seed")
    guard let seed = UInt64(text), seed <= ExperimentDefinition.seedLimit else {
      throw DamagedStore("holds a cell whose seed is no number")
    }
    self.init(
      workload: try row.required("workload"), cluster: try row.required("cluster"),
      scheduler: try row.required("scheduler"), seed: seed)
  }
}
