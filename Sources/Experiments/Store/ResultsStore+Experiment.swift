import Foundation
import SQLite
import Workload

/// A file that an experiment reads.
public struct InputFile: Codable, Hashable, Sendable {
  /// Its path, as the experiment names it.
  public var path: String
  /// Its length in bytes.
  public var bytes: Int
  /// SHA-256 of its bytes in hexadecimal; of a folder, of its files' names and hashes.
  public var sha256: String

  /// A file that was read.
  public init(path: String, bytes: Int, sha256: String) {
    self.path = path
    self.bytes = bytes
    self.sha256 = sha256
  }
}

/// How many cells are in which state.
public struct CellCounts: Hashable, Sendable {
  /// Not begun.
  public var pending = 0
  /// Claimed by a process that is alive as far as is known.
  public var running = 0
  /// Finished.
  public var done = 0
  /// Ended with an error.
  public var failed = 0

  /// So many of each.
  public init(pending: Int = 0, running: Int = 0, done: Int = 0, failed: Int = 0) {
    self.pending = pending
    self.running = running
    self.done = done
    self.failed = failed
  }

  /// All of them.
  public var total: Int { pending + running + done + failed }
}

extension ResultsStore {
  /// Puts an experiment into the file, or finds it there.
  ///
  /// An experiment that is there already may have got more seeds, other headline metrics or another
  /// baseline; its finished cells are kept. Cells that failed are to be tried again.
  ///
  /// - Parameters:
  ///   - definition: the experiment.
  ///   - folder: what relative paths in it begin from.
  ///   - version: the program's version.
  ///   - inputs: the files that it reads.
  ///   - shard: which of its cells are to be run here, every so many by their place; all if nil.
  /// - Throws: ``StoreError`` if another experiment is there, or an input has changed.
  public func begin(
    _ definition: ExperimentDefinition, folder: String, version: String, inputs: [InputFile] = [],
    shard: Shard? = nil
  ) throws(StoreError) {
    try write { db in
      let text = try String(decoding: Self.encoder.encode(definition), as: UTF8.self)
      if let (known, _) = try Self.experiment(db) {
        guard known.core == definition.core else {
          throw StoreError.otherExperiment(path: self.path, name: known.name)
        }
        try db.execute("UPDATE experiment SET name = ?, definition = ?", [definition.name, text])
      } else {
        try db.execute(
          "INSERT INTO experiment VALUES (1, ?, ?, ?, ?, ?)",
          [definition.name, text, folder, version, self.clock()])
      }
      for input in inputs {
        let known: String? = try db.value("SELECT sha256 FROM input WHERE path = ?", [input.path])
        if let known, known != input.sha256 {
          throw StoreError.inputChanged(path: self.path, input: input.path)
        }
        try db.execute(
          "INSERT OR IGNORE INTO input VALUES (?, ?, ?)", [input.path, input.bytes, input.sha256])
      }
      let insert = try db.statement(
        "INSERT OR IGNORE INTO cell (workload, cluster, scheduler, seed) VALUES (?, ?, ?, ?)")
      for (place, cell) in definition.cells.enumerated() {
        if let shard, place % shard.count != shard.number - 1 { continue }
        try insert.execute([cell.workload, cell.cluster, cell.scheduler, String(cell.seed)])
      }
      try db.execute(
        "UPDATE cell SET state = 'pending', error = NULL, worker = NULL WHERE state = 'failed'"
      )
    }
  }

  /// The experiment and the folder that its relative paths begin from.
  public func experiment() throws(StoreError) -> (definition: ExperimentDefinition, folder: String)
  {
    let found = try read { db in try Self.experiment(db) }
    guard let found else {
      throw .unreadable(path: path, reason: "holds no experiment yet")
    }
    return found
  }

  static func experiment(_ db: Database) throws -> (ExperimentDefinition, String)? {
    guard let row = try db.rows("SELECT definition, folder FROM experiment").first else {
      return nil
    }
    let text: String = try row.required("definition")
    let definition = try JSONDecoder().decode(ExperimentDefinition.self, from: Data(text.utf8))
    if let issue = definition.issues().first {
      throw DamagedStore("holds a definition that cannot be: \(issue)")
    }
    return (definition, try row.required("folder"))
  }

  static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  /// How many cells are in which state.
  public func counts() throws(StoreError) -> CellCounts {
    try read { db in
      var counts = CellCounts()
      let rows = try db.rows("SELECT state, count(*) AS n FROM cell GROUP BY state")
      for row in rows {
        let (state, n): (String, Int) = (try row.required("state"), try row.required("n"))
        switch state {
        case "pending": counts.pending = n
        case "running": counts.running = n
        case "done": counts.done = n
        default: counts.failed = n
        }
      }
      return counts
    }
  }
}
