import Foundation
import SQLite
import Workload

/// What a merge of results files came to.
public struct MergedResults: Sendable {
  /// Cells of the experiment.
  public var cells = 0
  /// Those that are done.
  public var done = 0
  /// Those that more than one file has, found equal.
  public var repeated = 0
  /// Those that failed wherever they were run.
  public var failed = 0
  /// What is missing, by shard where that can be told; nil if nothing is.
  public var missing: String?
}

extension ResultsStore {
  /// Joins results files of shards of one experiment to a new file: what one process would have written, but
  /// for who ran what and how long it took.
  ///
  /// Cells that several files have done must be equal. A file that cannot be merged is named, and nothing is
  /// written then. Memory is that of one cell; O(cells).
  ///
  /// - Parameters:
  ///   - paths: the files, at least one; they are not changed.
  ///   - path: the file to write; one that is there is replaced when the new one is complete.
  ///   - version: Tracemill's.
  public static func merge(
    _ paths: [String], to path: String, version: String
  ) throws(StoreError) -> MergedResults {
    precondition(!paths.isEmpty, "a merge has files")
    // As a comparison makes the folder that it writes to; what cannot be made is told when the file is.
    try? FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    let partial = path + ".partial-\(getpid())"
    func clear() { for ending in ["", "-wal", "-shm"] { unlink(partial + ending) } }
    clear()
    do {
      var merge = try StoreMerge(to: partial, version: version)
      for path in paths { try merge.add(path) }
      let merged = try merge.finish()
      guard rename(partial, path) == 0 else {
        throw StoreError.failed(
          path: path, reason: "cannot be written: \(String(cString: strerror(errno)))")
      }
      return merged
    } catch {
      clear()
      throw StoreError(error, path: path)
    }
  }
}

/// A merge in the making.
private struct StoreMerge {
  private let target: ResultsStore
  private let version: String
  private var definition: ExperimentDefinition?
  private var first = ""
  private var cells: [CellID] = []
  private var places: [CellID: Int64] = [:]
  /// Which file a finished cell is from.
  private var origins: [CellID: String] = [:]
  /// Which shards of how many the files are, as far as that can be told.
  private var shards: [Shard?] = []
  private var result = MergedResults()

  init(to path: String, version: String) throws(StoreError) {
    target = try ResultsStore(path: path, creates: true)
    self.version = version
  }

  mutating func add(_ path: String) throws {
    let source = try ResultsStore(reading: path)
    let (definition, folder) = try source.experiment()
    let (known, began) = try source.read { db -> (String, Double) in
      let head = try db.rows("SELECT version, began FROM experiment").first
      return (try head?.stored("version") ?? "", try head?.finite("began") ?? 0)
    }
    guard known == version else {
      throw StoreError.otherShard(
        path: path, reason: "was written by Tracemill \(known), this is \(version)")
    }
    try begin(definition, folder: folder, began: began, path)
    let inputs = try source.read { db in
      try db.rows("SELECT * FROM input ORDER BY path").map {
        InputFile(
          path: try $0.required("path"), bytes: try $0.required("bytes"),
          sha256: try $0.required("sha256"))
      }
    }
    // The first file says what the inputs are.
    do { try target.begin(definition, folder: folder, version: version, inputs: inputs) } catch {
      if case StoreError.inputChanged(_, let input) = error {
        throw StoreError.otherShard(
          path: path, reason: "was made of another \(input) than \(first)")
      }
      throw error
    }
    if places.isEmpty {
      places = try target.read { db in
        var places: [CellID: Int64] = [:]
        for row in try db.rows("SELECT * FROM cell") {
          places[try CellID(row)] = try row.required("id")
        }
        return places
      }
    }
    try copyTables(from: source)
    try copyCells(from: source, path)
  }

  private mutating func begin(
    _ definition: ExperimentDefinition, folder: String, began: Double, _ path: String
  ) throws {
    guard let known = self.definition else {
      (self.definition, first, cells) = (definition, path, definition.cells)
      return
    }
    guard known == definition else {
      throw StoreError.otherShard(
        path: path, reason: "holds another experiment ('\(definition.name)') than \(first)")
    }
  }

  /// Overviews of workloads and how schedulers learned.
  private func copyTables(from source: ResultsStore) throws {
    for table in ["overview", "learning"] {
      let key = table == "overview" ? "workload" : "scheduler"
      let rows: [(String, Data)] = try source.read { db in
        try db.rows("SELECT \(key) AS name, data FROM \(table)").map {
          (try $0.required("name"), try $0.required("data"))
        }
      }
      try target.write { db in
        for (name, data) in rows {
          try db.execute("INSERT OR IGNORE INTO \(table) VALUES (?, ?)", [name, data])
        }
      }
    }
  }

  fileprivate struct Cell {
    var metrics: [String: Double?]
    var curve: Data
  }

  private mutating func copyCells(from source: ResultsStore, _ path: String) throws {
    var workers: [Int64: Int64] = [:]
    let rows = try source.read { db in
      try db.rows("SELECT * FROM cell ORDER BY id")
    }
    var own: [Int] = []
    let order = Dictionary(zip(cells, cells.indices), uniquingKeysWith: { first, _ in first })
    for row in rows {
      let cell = try CellID(row)
      guard let place = order[cell], let id = places[cell] else {
        throw StoreError.unreadable(path: path, reason: "holds a cell that its experiment has not")
      }
      own.append(place)
      let state: String = try row.required("state")
      switch state {
      case "done":
        let number: Int64 = try row.required("id")
        let found = try Self.cell(number, in: source)
        if let other = origins[cell] {
          guard try Self.cell(id, in: target).isSame(as: found) else {
            throw StoreError.otherShard(
              path: path, reason: "came to something else for cell \(cell) than \(other)")
          }
          result.repeated += 1
          continue
        }
        origins[cell] = path
        var worker: Int64?
        if let number: Int64 = try row.stored("worker") {
          if workers[number] == nil { workers[number] = try copyWorker(number, from: source) }
          worker = workers[number]
        }
        try write(cell: id, row, worker, found)
      case "failed":
        guard origins[cell] == nil else { continue }
        let error: String? = try row.stored("error")
        try target.write { db in
          try db.execute("UPDATE cell SET state = 'failed', error = ? WHERE id = ?", [error, id])
        }
      default: continue
      }
    }
    shards.append(Self.shard(of: own, in: cells.count))
  }

  private func write(cell id: Int64, _ row: SQLRow, _ worker: Int64?, _ found: Cell) throws {
    let (wall, cpu, finished) = (
      try row.finite("wall_s"), try row.finite("cpu_s"), try row.finite("finished")
    )
    let claims: Int = try row.required("claims")
    try target.write { db in
      try db.execute(
        """
        UPDATE cell SET state = 'done', worker = ?, claims = ?, wall_s = ?, cpu_s = ?,
        finished = ?, error = NULL WHERE id = ?
        """, [worker, claims, wall, cpu, finished, id])
      let insert = try db.statement("INSERT INTO metric VALUES (?, ?, ?)")
      for (name, value) in found.metrics.sorted(by: { $0.key < $1.key }) {
        try insert.execute([id, name, value])
      }
      try db.execute("INSERT INTO curve VALUES (?, ?)", [id, found.curve])
    }
  }

  private static func cell(_ id: Int64, in store: ResultsStore) throws -> Cell {
    try store.read { db in
      var metrics: [String: Double?] = [:]
      for row in try db.rows("SELECT name, value FROM metric WHERE cell = ?", [id]) {
        let value: Double? = try row.stored("value")
        metrics[try row.required("name")] = .some(value)
      }
      let row = try db.rows("SELECT data FROM curve WHERE cell = ?", [id]).first
      guard let row else { throw DamagedStore("holds a finished cell without its curves") }
      return Cell(metrics: metrics, curve: try row.required("data"))
    }
  }

  private func copyWorker(_ number: Int64, from source: ResultsStore) throws -> Int64? {
    let columns = [
      "host", "space", "pid", "start", "version", "system", "cores", "began", "seen", "ended",
    ]
    let row = try source.read { db in
      try db.rows("SELECT * FROM worker WHERE id = ?", [number]).first
    }
    guard let row else { return nil }
    let values: [SQLValue] = try columns.map { name in try row.stored(name) ?? .null }
    return try target.write { db in
      try db.execute(
        """
        INSERT INTO worker (\(columns.joined(separator: ", ")))
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
        """, values)
      return db.lastInsertedRow
    }
  }

  /// The shard that has these cells, by their places: every so many from the first on. Nil where they are no
  /// shard's, or too few to tell.
  private static func shard(of places: [Int], in count: Int) -> Shard? {
    let sorted = places.sorted()
    guard let first = sorted.first, sorted.count > 1 else { return nil }
    let step = sorted[1] - sorted[0]
    let all = Array(stride(from: first, to: count, by: max(step, 1)))
    return all == sorted && first < step ? Shard(first + 1, of: step) : nil
  }

  mutating func finish() throws -> MergedResults {
    let counts = try target.counts()
    (result.cells, result.done, result.failed) = (cells.count, counts.done, counts.failed)
    let open = cells.filter { origins[$0] == nil }
    if let cell = open.first, counts.failed < open.count {
      let left = open.count - counts.failed
      let text = "\(left) of \(cells.count) cells, \(cell) first"
      let there = Set(shards.compactMap { $0 })
      let names =
        Set(there.map(\.count)).count == 1 && !shards.contains(nil)
        ? (1...(there.first?.count ?? 1)).compactMap { Shard($0, of: there.first?.count ?? 1) }
          .filter { !there.contains($0) }.map { "\($0)" } : []
      result.missing =
        names.isEmpty
        ? text
        : (names.count == 1 ? "shard " : "shards ") + names.prefix(8).joined(separator: ", ")
          + (names.count > 8 ? " and \(names.count - 8) more" : "") + " (\(text))"
    }
    target.queue.close()
    return result
  }
}

extension StoreMerge.Cell {
  fileprivate func isSame(as other: Self) -> Bool {
    metrics.count == other.metrics.count && curve == other.curve
      && metrics.allSatisfy { name, value in
        guard let theirs = other.metrics[name] else { return false }
        return value?.bitPattern == theirs?.bitPattern
      }
  }
}
