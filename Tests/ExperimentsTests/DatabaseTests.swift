import CSQLite
import Foundation
import SQLite
import TestSupport
import Testing

@testable import Experiments

/// SQLite as the results store uses it.
@Suite struct DatabaseTests {
  let folder = TemporaryFolder()

  private func table() throws -> DatabaseQueue {
    let queue = try DatabaseQueue()
    try queue.write { try $0.execute("CREATE TABLE t (a, b)") }
    return queue
  }

  @Test func valuesComeBackAsTheyWere() throws {
    let values: [SQLValue] = [
      .null, .integer(.min), .integer(.max), .real(0.1), .real(-1e300), .text(""), .text("é\0x'\""),
      .blob(Data()), .blob(Data([0, 255])),
    ]
    let queue = try table()
    let found = try queue.write { db in
      let insert = try db.statement("INSERT INTO t VALUES (?, ?)")
      for (place, value) in values.enumerated() { try insert.execute([place, value]) }
      return try db.rows("SELECT b, a FROM t ORDER BY a").compactMap { $0["b"] }
    }
    #expect(found == values)
  }

  /// SQLite has no NaN: it keeps NULL.
  @Test func whatIsNoNumberIsNull() throws {
    let queue = try table()
    let row = try queue.write { db in
      try db.execute("INSERT INTO t VALUES (?, ?)", [Double.nan, nil])
      return try db.rows("SELECT * FROM t").first
    }
    #expect(row?["a"] == .null && row?["b"] == .null)
    #expect(row?["c"] == nil)
  }

  @Test func kindsAreNotTakenForEachOther() {
    #expect(Int(SQLValue.real(1.5)) == nil && Int(SQLValue.real(2)) == 2)
    #expect(Int32(SQLValue.integer(1 << 40)) == nil && Int64(SQLValue.real(1e300)) == nil)
    #expect(Int(SQLValue.text("1")) == nil && String(SQLValue.integer(1)) == nil)
    #expect(Double(SQLValue.integer(3)) == 3 && Double(SQLValue.text("3")) == nil)
    #expect(Data(SQLValue.text("ab")) == Data([97, 98]) && Data(SQLValue.integer(1)) == nil)
  }

  @Test func aTransactionThatThrowsIsTakenBack() throws {
    struct Stop: Error {}
    let queue = try table()
    #expect(throws: Stop.self) {
      try queue.write { db in
        try db.execute("INSERT INTO t VALUES (1, 2)")
        throw Stop()
      }
    }
    // And the connection goes on.
    let count: Int? = try queue.read { db in try db.value("SELECT count(*) FROM t") }
    #expect(count == 0)
  }

  @Test func errorsSayWhatSQLiteSays() throws {
    let queue = try table()
    let error = try #require(throws: SQLiteError.self) {
      try queue.read { try $0.execute("SELECT x FROM t") }
    }
    #expect(error.code == SQLITE_ERROR && "\(error)" == "no such column: x")
    queue.close()
    #expect(throws: SQLiteError.self) { try queue.read { _ in } }
  }

  /// Another connection's transaction is waited for so long, and no longer.
  @Test func anotherWriterIsWaitedFor() throws {
    let path = folder("busy.sqlite")
    let first = try Database(path: path, wait: 0)
    try first.execute("CREATE TABLE t (a)")
    try first.execute("BEGIN IMMEDIATE")
    let second = try DatabaseQueue(path: path, wait: 0.02)
    let error = try #require(throws: SQLiteError.self) {
      try second.write { try $0.execute("INSERT INTO t VALUES (1)") }
    }
    #expect(error.code == SQLITE_BUSY)
    try first.execute("COMMIT")
    try second.write { try $0.execute("INSERT INTO t VALUES (1)") }
  }
}
