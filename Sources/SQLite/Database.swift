import CSQLite
import Foundation

/// What SQLite says is wrong.
package struct SQLiteError: Error, CustomStringConvertible {
  /// The primary result code, such as `SQLITE_BUSY`.
  package let code: Int32
  /// `errno` of the call to the system that failed; 0 if none did.
  package let system: Int32
  package let message: String

  package var description: String { message }

  package init(code: Int32, system: Int32, message: String) {
    (self.code, self.system, self.message) = (code, system, message)
  }

  /// What the last call on a connection came to.
  init(_ handle: OpaquePointer, _ code: Int32) {
    self.init(
      code: code & 0xff, system: sqlite3_system_errno(handle),
      message: String(cString: sqlite3_errmsg(handle)))
  }
}

/// A row of a result, apart from the statement that gave it.
package struct SQLRow {
  fileprivate let names: [String]
  fileprivate let values: [SQLValue]

  /// The value of a column; nil if there is no such column.
  package subscript(_ column: String) -> SQLValue? {
    names.firstIndex(of: column).map { values[$0] }
  }
}

/// A statement of SQL that can be executed several times.
package final class SQLStatement {
  private let database: Database
  private let handle: OpaquePointer

  fileprivate init(_ database: Database, _ handle: OpaquePointer) {
    (self.database, self.handle) = (database, handle)
  }

  deinit { sqlite3_finalize(handle) }

  /// Executes the statement for its effect.
  package func execute(_ arguments: [(any SQLConvertible)?] = []) throws { _ = try rows(arguments) }

  /// All rows that the statement gives.
  package func rows(_ arguments: [(any SQLConvertible)?] = []) throws -> [SQLRow] {
    precondition(
      arguments.count == Int(sqlite3_bind_parameter_count(handle)), "each ? has an argument")
    defer {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }
    for (index, argument) in arguments.enumerated() {
      try database.check(bind(argument?.sqlValue ?? .null, at: Int32(index + 1)))
    }
    let columns = sqlite3_column_count(handle)
    let names = (0..<columns).map { String(cString: sqlite3_column_name(handle, $0)) }
    var rows: [SQLRow] = []
    while true {
      switch sqlite3_step(handle) {
      case SQLITE_ROW: rows.append(SQLRow(names: names, values: (0..<columns).map(value)))
      case SQLITE_DONE: return rows
      case let code: try database.check(code)
      }
    }
  }

  private func bind(_ value: SQLValue, at place: Int32) -> Int32 {
    // SQLITE_TRANSIENT: SQLite keeps a copy.
    let copy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch value {
    case .null: return sqlite3_bind_null(handle, place)
    case .integer(let number): return sqlite3_bind_int64(handle, place, number)
    case .real(let number): return sqlite3_bind_double(handle, place, number)
    case .text(let text):
      return text.utf8CString.withUnsafeBufferPointer {
        sqlite3_bind_text64(
          handle, place, $0.baseAddress, UInt64($0.count - 1), copy, UInt8(SQLITE_UTF8))
      }
    case .blob(let data):
      if data.isEmpty { return sqlite3_bind_zeroblob(handle, place, 0) }
      return data.withUnsafeBytes {
        sqlite3_bind_blob64(handle, place, $0.baseAddress, UInt64($0.count), copy)
      }
    }
  }

  private func value(_ column: Int32) -> SQLValue {
    // The bytes are asked for before their number, as SQLite's documentation wants it.
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
    case SQLITE_TEXT:
      let bytes = sqlite3_column_text(handle, column)
      let count = Int(sqlite3_column_bytes(handle, column))
      return .text(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
    case SQLITE_BLOB:
      let bytes = sqlite3_column_blob(handle, column)
      let count = Int(sqlite3_column_bytes(handle, column))
      return .blob(bytes.map { Data(bytes: $0, count: count) } ?? Data())
    default: return .null
    }
  }
}

/// A connection to a database of SQLite, for one thread at a time.
package final class Database {
  private let handle: OpaquePointer

  /// Opens a file, and makes it if it is not there.
  ///
  /// - Parameters:
  ///   - path: the file; `:memory:` for a database that goes with the connection.
  ///   - wait: seconds that a statement waits for another process.
  package init(path: String, wait: Double) throws {
    var handle: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    let code = sqlite3_open_v2(path, &handle, flags, nil)
    guard let handle else {
      throw SQLiteError(code: SQLITE_NOMEM, system: 0, message: "out of memory")
    }
    self.handle = handle
    try check(code)
    sqlite3_busy_timeout(handle, Int32(wait * 1000))
    try execute("PRAGMA foreign_keys = ON")
  }

  // What is still open of a statement is closed with it.
  deinit { sqlite3_close_v2(handle) }

  /// Throws what a result code says, unless it says that all went well.
  fileprivate func check(_ code: Int32) throws {
    guard code != SQLITE_OK else { return }
    throw SQLiteError(handle, code)
  }

  /// A statement of SQL with a `?` for each argument.
  package func statement(_ sql: String) throws -> SQLStatement {
    var statement: OpaquePointer?
    try check(sqlite3_prepare_v2(handle, sql, -1, &statement, nil))
    guard let statement else { preconditionFailure("a statement says something") }
    return SQLStatement(self, statement)
  }

  /// Executes a statement.
  package func execute(_ sql: String, _ arguments: [(any SQLConvertible)?] = []) throws {
    try statement(sql).execute(arguments)
  }

  /// Executes statements, each of which ends with a semicolon.
  package func executeAll(_ sql: String) throws {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// All rows of a query.
  package func rows(_ sql: String, _ arguments: [(any SQLConvertible)?] = []) throws -> [SQLRow] {
    try statement(sql).rows(arguments)
  }

  /// The first value of the first row; nil if there is no row, or the value is NULL or of another kind.
  package func value<Value: SQLConvertible>(
    _ sql: String, _ arguments: [(any SQLConvertible)?] = []
  ) throws -> Value? {
    try rows(sql, arguments).first.flatMap { $0.values.first }.flatMap { Value($0) }
  }

  /// The key of the row that was inserted last.
  package var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

  /// How many rows the last statement changed.
  package var changes: Int { Int(sqlite3_changes(handle)) }

  /// Brings into the file what its log holds and nobody is reading.
  package func checkpoint() throws {
    try check(sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil))
  }

  /// Does `body` in a transaction, which is taken back where it throws.
  ///
  /// - Parameter writes: whether the database is locked for others from the beginning.
  package func transaction<Value>(writes: Bool, _ body: (Database) throws -> Value) throws -> Value
  {
    try execute(writes ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED")
    do {
      let value = try body(self)
      try execute("COMMIT")
      return value
    } catch {
      // SQLite may have taken it back already.
      if sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
      throw error
    }
  }
}

/// A database that several threads may use, one after the other.
package final class DatabaseQueue: @unchecked Sendable {
  private let path: String
  private let lock = NSLock()
  /// Only touched under the lock; nil when closed.
  private var database: Database?

  /// Opens a file as ``Database/init(path:wait:)`` does, and prepares the connection.
  package init(
    path: String = ":memory:", wait: Double = 0, prepare: (Database) throws -> Void = { _ in }
  ) throws {
    self.path = path
    let database = try Database(path: path, wait: wait)
    try prepare(database)
    self.database = database
  }

  /// Does `body` alone, in no transaction.
  package func alone<Value>(_ body: (Database) throws -> Value) throws -> Value {
    lock.lock()
    defer { lock.unlock() }
    guard let database else {
      throw SQLiteError(code: SQLITE_MISUSE, system: 0, message: "is closed")
    }
    return try body(database)
  }

  /// Does `body` in a transaction that may write.
  package func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try alone { try $0.transaction(writes: true, body) }
  }

  /// Does `body` in a transaction that sees one state of the database.
  package func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try alone { try $0.transaction(writes: false, body) }
  }

  /// Closes the file.
  package func close() {
    lock.lock()
    defer { lock.unlock() }
    database = nil
  }
}
