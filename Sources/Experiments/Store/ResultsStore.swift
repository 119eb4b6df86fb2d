import CSQLite
import Foundation
import SQLite

/// The file that an experiment's results are kept in: SQLite, so that a kill at any moment loses at
/// most the cells that were running, and so that several processes can work on one experiment.
///
/// Every change is one transaction. A cell is claimed by a process and done once: a process that ends
/// without finishing its cells is noticed by its identity on the same machine at once, and by the age
/// of its last sign of life elsewhere, and its cells are given to others.
public final class ResultsStore: Sendable {
  /// Where it is.
  public let path: String
  let queue: DatabaseQueue
  let identity = ProcessIdentity.current()
  /// The folder of the copy that is read instead of `path`; goes with this.
  private let copy: String?
  let clock: @Sendable () -> Double

  /// `PRAGMA user_version` of the files that this version writes.
  static let schema = 1
  /// `PRAGMA application_id`: "TrMl".
  static let application = 0x5472_4d6c

  /// Opens a file, and makes it if it is not there and `creates`.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - creates: whether a missing file is made.
  ///   - pageLimit: the most pages of 4 KiB that it may grow to; without limit if nil.
  ///   - clock: seconds since 1970; another one for tests.
  /// - Throws: ``StoreError`` for what is no results file, or one of a newer version.
  public convenience init(
    path: String, creates: Bool = false, pageLimit: Int? = nil,
    clock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws(StoreError) {
    try self.init(path: path, copy: nil, creates: creates, pageLimit: pageLimit, clock: clock)
  }

  /// Opens a file for its results alone. One that cannot be written to, or lies in a folder that cannot,
  /// is read from a copy: SQLite needs to write beside a file to read it.
  ///
  /// - Throws: ``StoreError`` for what is no results file, or one of a newer version.
  public convenience init(reading path: String) throws(StoreError) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let isWritable =
      access(path, W_OK) == 0
      && access(folder.isEmpty ? "." : folder, W_OK) == 0
    if isWritable || access(path, R_OK) != 0 {
      try self.init(path: path)
    } else {
      try self.init(path: path, copy: try Self.copy(of: path))
    }
  }

  private static func copy(of path: String) throws(StoreError) -> String {
    let folder = NSTemporaryDirectory() + "/tracemill-results-" + UUID().uuidString
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for ending in ["", "-wal"] where access(path + ending, R_OK) == 0 {
        let target = folder + "/results.sqlite" + ending
        try FileManager.default.copyItem(atPath: path + ending, toPath: target)
        chmod(target, 0o600)
      }
    } catch {
      try? FileManager.default.removeItem(atPath: folder)
      throw .unreadable(
        path: path, reason: "cannot be copied to be read: \(error.localizedDescription)")
    }
    return folder
  }

  /// Brings all that is in the log beside the file into the file, which then can be copied alone, whenever this is
  /// closed. What another process is reading at the time stays in the log.
  func complete() throws(StoreError) {
    // SQLite does not wait where another process is doing the same. That one may have begun before the last
    // cell of this, so it is tried again for a while.
    for attempt in 1... {
      do {
        try queue.alone { db in try db.checkpoint() }
        return
      } catch let error as SQLiteError where error.code == SQLITE_BUSY {
        if attempt == 40 { return }
        Thread.sleep(forTimeInterval: 0.05)
      } catch {
        throw StoreError(error, path: path)
      }
    }
  }

  deinit { if let copy { try? FileManager.default.removeItem(atPath: copy) } }

  private init(
    path: String, copy: String?, creates: Bool = false, pageLimit: Int? = nil,
    clock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws(StoreError) {
    self.path = path
    self.copy = copy
    self.clock = clock
    var isDirectory: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    guard !isDirectory.boolValue else {
      throw .unreadable(path: path, reason: "is a folder")
    }
    guard creates || isThere else { throw .unreadable(path: path, reason: "is not there") }
    do {
      queue = try Self.open(copy.map { $0 + "/results.sqlite" } ?? path, pageLimit: pageLimit)
      try queue.write { db in try Self.prepare(db, path: path) }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// SQLite does not wait where another process is making the same file, or its log, at the time.
  private static func open(_ path: String, pageLimit: Int?) throws -> DatabaseQueue {
    func open() throws -> DatabaseQueue {
      try DatabaseQueue(path: path, wait: 60) { db in
        // Nothing that a file's schema says is taken for safe.
        try db.execute("PRAGMA trusted_schema = OFF")
        if let pageLimit { try db.execute("PRAGMA max_page_count = \(pageLimit)") }
        let mode: String? = try db.value("PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
          throw DamagedStore("lies where SQLite can keep no log beside it")
        }
        // A finished cell survives even a loss of power.
        try db.execute("PRAGMA synchronous = FULL")
      }
    }
    for _ in 0..<100 {
      do {
        return try open()
      } catch let error as SQLiteError where error.code == SQLITE_BUSY {
        Thread.sleep(forTimeInterval: 0.05)
      }
    }
    return try open()
  }

  private static func prepare(_ db: Database, path: String) throws {
    let version: Int = try db.value("PRAGMA user_version") ?? 0
    let owner: Int = try db.value("PRAGMA application_id") ?? 0
    let tables: Int = try db.value("SELECT count(*) FROM sqlite_master") ?? 0
    if tables == 0, owner == 0 {
      try db.executeAll(tables1)
      try db.execute("PRAGMA user_version = \(schema)")
      try db.execute("PRAGMA application_id = \(application)")
      return
    }
    guard owner == application else {
      throw StoreError.unreadable(path: path, reason: "is a database, but no results file")
    }
    guard version <= schema else {
      throw StoreError.newer(path: path, schema: version, known: schema)
    }
    try checkTables(db)
  }

  /// Schema 1. Seeds are kept as text: SQLite's integers have a sign.
  static let tables1 = """
    CREATE TABLE experiment (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      name TEXT NOT NULL,
      definition TEXT NOT NULL,
      folder TEXT NOT NULL,
      version TEXT NOT NULL,
      began REAL NOT NULL
    );
    CREATE TABLE worker (
      id INTEGER PRIMARY KEY,
      host TEXT NOT NULL,
      space TEXT NOT NULL,
      pid INTEGER NOT NULL,
      start TEXT NOT NULL,
      version TEXT NOT NULL,
      system TEXT NOT NULL,
      cores INTEGER NOT NULL,
      began REAL NOT NULL,
      seen REAL NOT NULL,
      ended REAL
    );
    CREATE TABLE cell (
      id INTEGER PRIMARY KEY,
      workload TEXT NOT NULL,
      cluster TEXT NOT NULL,
      scheduler TEXT NOT NULL,
      seed TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'running', 'done', 'failed')),
      worker INTEGER REFERENCES worker (id),
      claims INTEGER NOT NULL DEFAULT 0,
      wall_s REAL,
      cpu_s REAL,
      finished REAL,
      error TEXT,
      UNIQUE (workload, cluster, scheduler, seed)
    );
    CREATE INDEX cell_state ON cell (state, id);
    CREATE TABLE metric (
      cell INTEGER NOT NULL REFERENCES cell (id),
      name TEXT NOT NULL,
      value REAL,
      PRIMARY KEY (cell, name)
    ) WITHOUT ROWID;
    CREATE TABLE curve (
      cell INTEGER PRIMARY KEY REFERENCES cell (id),
      data BLOB NOT NULL
    );
    CREATE TABLE overview (workload TEXT PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE learning (scheduler TEXT PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE input (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL);
    """

  func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do { return try queue.write(body) } catch { throw StoreError(error, path: path) }
  }

  func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do { return try queue.read(body) } catch { throw StoreError(error, path: path) }
  }
}
