import CSQLite
import Foundation

/// A table of somebody else's database.
package struct ForeignTable: Sendable, Equatable {
  /// Its name.
  package let name: String
  /// The columns that are stored, in their order.
  package let columns: [String]
  /// Columns that the file has expressions for; they are not read.
  package let generated: [String]
  /// The name of the row's number; nil where rows have none.
  fileprivate let rowNumber: String?

  /// Whether it is called `name`: as SQLite has it, upper and lower case are one.
  package func isCalled(_ name: String) -> Bool { self.name.lowercased() == name.lowercased() }

  /// Whether it has a stored column `name`, by the same rule.
  package func has(_ column: String) -> Bool {
    let column = column.lowercased()
    return columns.contains { $0.lowercased() == column }
  }
}

/// A database that somebody else wrote: its tables are read, and nothing that it says is executed.
///
/// One connection, which several threads may use; each of its ``ForeignRows`` belongs to one.
package final class ForeignDatabase: @unchecked Sendable {
  fileprivate let handle: OpaquePointer
  /// The file's length: no more is in it.
  fileprivate let length: Int
  /// What is stored in it, by name.
  package let tables: [ForeignTable]
  /// Views and virtual tables: what they hold is worked out, so they are not read.
  package let views: [String]

  /// A row may have so many bytes.
  package static let longestRow = 64 << 20
  /// More tables and columns than any trace has.
  private static let tableLimit = 1000

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: its path, with a zero behind it.
  ///   - length: its length in bytes.
  ///   - isFixed: whether nobody writes to it: then nothing is locked, and no log is looked for.
  /// - Throws: `SQLiteError` for a file that is damaged, locked, or waits for a journal to be taken back.
  package init(path: [CChar], length: Int, isFixed: Bool) throws(SQLiteError) {
    self.length = length
    var uri = "file:"
    for byte in path.prefix(while: { $0 != 0 }).map({ UInt8(bitPattern: $0) }) {
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
        || (0x61...0x7a).contains(byte) || "/._-".utf8.contains(byte)
      uri += isPlain ? String(UnicodeScalar(byte)) : String(format: "%%%02x", byte)
    }
    uri += isFixed ? "?mode=ro&immutable=1" : "?mode=ro"
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(
      uri, &handle,
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_PRIVATECACHE, nil
    )
    guard let handle else {
      throw SQLiteError(code: SQLITE_NOMEM, system: 0, message: "out of memory")
    }
    self.handle = handle
    do throws(SQLiteError) {
      guard code == SQLITE_OK else { throw SQLiteError(handle, code) }
      try Self.requireWholePages(handle, length)
      try Self.protect(handle, length)
      (tables, views) = try Self.schema(handle)
    } catch {
      sqlite3_close_v2(handle)
      throw error
    }
  }

  deinit { sqlite3_close_v2(handle) }

  /// Refuses a file that ends within a page: SQLite would take zeros for what is not there.
  private static func requireWholePages(
    _ handle: OpaquePointer, _ length: Int
  ) throws(SQLiteError) {
    let size = try ForeignStatement(handle, "PRAGMA page_size")
    guard try size.step(), case .integer(let bytes) = size.value(0), bytes > 0 else { return }
    guard length % Int(bytes) == 0 else {
      throw SQLiteError(
        code: SQLITE_CORRUPT, system: 0,
        message: "it is cut off: \(length) bytes are no whole pages of \(bytes)")
    }
  }

  private static func protect(_ handle: OpaquePointer, _ length: Int) throws(SQLiteError) {
    for (option, value): (Int32, Int32) in [
      (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_TRIGGER, 0), (SQLITE_DBCONFIG_ENABLE_VIEW, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
    ] { tracemill_sqlite_configure(handle, option, value) }
    // No row is longer than its file.
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Int32(max(1 << 16, min(length, longestRow))))
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0)
    for pragma in ["cell_size_check = ON", "mmap_size = 0", "temp_store = MEMORY"] {
      let code = sqlite3_exec(handle, "PRAGMA \(pragma)", nil, nil, nil)
      guard code == SQLITE_OK else { throw SQLiteError(handle, code) }
    }
    sqlite3_set_authorizer(
      handle,
      { _, action, first, _, _, _ in
        switch action {
        case SQLITE_SELECT, SQLITE_READ: return SQLITE_OK
        case SQLITE_PRAGMA:
          return first.map { strcmp($0, "table_xinfo") == 0 } ?? false ? SQLITE_OK : SQLITE_DENY
        default: return SQLITE_DENY
        }
      }, nil)
  }

  /// Tables with their columns, and the names of what is no table.
  private static func schema(
    _ handle: OpaquePointer
  ) throws(SQLiteError) -> (tables: [ForeignTable], views: [String]) {
    var (names, views): ([String], [String]) = ([], [])
    let list = try ForeignStatement(
      handle, "SELECT type, name, rootpage FROM sqlite_schema NOT INDEXED")
    while try list.step() {
      guard case .text(let type) = list.value(0), case .text(let name) = list.value(1) else {
        continue
      }
      let text = String(decoding: name, as: UTF8.self)
      guard !text.hasPrefix("sqlite_") else { continue }
      // Virtual tables have no page.
      var isStored = false
      if case .integer(let page) = list.value(2), page > 0 { isStored = true }
      switch String(decoding: type, as: UTF8.self) {
      case "table" where isStored: names.append(text)
      case "table", "view": views.append(text)
      default: break
      }
      guard names.count + views.count <= tableLimit else {
        throw SQLiteError(
          code: SQLITE_TOOBIG, system: 0, message: "it has more than \(tableLimit) tables")
      }
    }
    var tables: [ForeignTable] = []
    for name in names {
      let info = try ForeignStatement(handle, "PRAGMA table_xinfo(\(quoted(name)))")
      var (columns, generated): ([String], [String]) = ([], [])
      while try info.step() {
        guard case .text(let column) = info.value(1), case .integer(let hidden) = info.value(6)
        else { continue }
        let text = String(decoding: column, as: UTF8.self)
        if hidden == 0 { columns.append(text) } else { generated.append(text) }
      }
      // Row numbers have three names, each of which a column may take.
      let taken = Set((columns + generated).map { $0.lowercased() })
      var number = ["rowid", "_rowid_", "oid"].first { !taken.contains($0) }
      if let candidate = number,
        (try? ForeignStatement(handle, "SELECT \(candidate) FROM main.\(quoted(name))")) == nil
      {
        number = nil
      }
      tables.append(
        ForeignTable(name: name, columns: columns, generated: generated, rowNumber: number))
    }
    return (tables, views)
  }

  fileprivate static func quoted(_ name: String) -> String {
    "\"" + name.replacing("\"", with: "\"\"") + "\""
  }

  /// The rows of a table in the order in which they are stored, with some of its stored columns.
  package func rows(
    of table: ForeignTable, _ columns: [String]
  ) throws(SQLiteError) -> ForeignRows {
    try ForeignRows(self, table, columns)
  }
}

/// A value of a row; texts belong to the row.
package enum ForeignValue {
  case null
  case integer(Int64)
  case real(Double)
  case text(UnsafeRawBufferPointer)
  /// Bytes that are no text; only how many there are is told.
  case blob(count: Int)
}

/// A prepared statement.
private final class ForeignStatement {
  private let database: OpaquePointer
  private let handle: OpaquePointer

  init(_ database: OpaquePointer, _ sql: String) throws(SQLiteError) {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v2(database, sql, -1, &statement, nil)
    guard code == SQLITE_OK, let statement else { throw SQLiteError(database, code) }
    (self.database, handle) = (database, statement)
  }

  deinit { sqlite3_finalize(handle) }

  /// Whether there is another row.
  func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw SQLiteError(database, code)
    }
  }

  func value(_ column: Int) -> ForeignValue {
    let column = Int32(column)
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
    case SQLITE_TEXT:
      // The bytes are asked for before their number, as SQLite's documentation wants it.
      let bytes = sqlite3_column_text(handle, column)
      return .text(
        UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    case SQLITE_BLOB: return .blob(count: Int(sqlite3_column_bytes(handle, column)))
    default: return .null
    }
  }
}

/// The rows of a ``ForeignTable``, one after the other.
package final class ForeignRows {
  private let database: ForeignDatabase
  private let statement: ForeignStatement
  private let hasNumbers: Bool
  private var last: Int64?
  /// Rows given so far.
  package private(set) var count = 0

  fileprivate init(
    _ database: ForeignDatabase, _ table: ForeignTable, _ columns: [String]
  ) throws(SQLiteError) {
    self.database = database
    hasNumbers = table.rowNumber != nil
    let names = (table.rowNumber.map { [$0] } ?? ["1"]) + columns.map(ForeignDatabase.quoted)
    // An index that has all the columns would give the rows in its own order.
    statement = try ForeignStatement(
      database.handle,
      "SELECT \(names.joined(separator: ", ")) FROM main.\(ForeignDatabase.quoted(table.name)) NOT INDEXED"
    )
  }

  /// Whether there is another row. The values of the one before are gone.
  package func next() throws(SQLiteError) -> Bool {
    guard try statement.step() else { return false }
    count += 1
    func damage(_ what: String) -> SQLiteError {
      SQLiteError(code: SQLITE_CORRUPT, system: 0, message: what)
    }
    if hasNumbers, case .integer(let number) = statement.value(0) {
      if let last, number <= last { throw damage("row \(number) comes after row \(last)") }
      last = number
    }
    // The least row takes four bytes.
    guard count <= database.length / 4 else { throw damage("it has more rows than room for them") }
    return true
  }

  /// The value of a column of those that were asked for.
  package func value(_ column: Int) -> ForeignValue { statement.value(column + 1) }
}

extension SQLiteError {
  /// Whether the file is at fault.
  package var isDamage: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_TOOBIG].contains(code) }

  /// What is wrong with a file by somebody else.
  package var told: String {
    switch code {
    case SQLITE_BUSY, SQLITE_LOCKED: "another program has locked the database"
    case SQLITE_CORRUPT: "the database is damaged: \(message)"
    case SQLITE_NOTADB: "no database that can be read: it is encrypted, or damaged"
    case SQLITE_TOOBIG:
      "the database is damaged: a row is longer than \(ForeignDatabase.longestRow >> 20) MiB or than the file"
    case SQLITE_READONLY:
      "the database waits for its journal to be taken back: open it once with the program that wrote it"
    case SQLITE_AUTH: "the database asks for something to be executed: \(message)"
    default: "SQLite: \(message)"
    }
  }
}
