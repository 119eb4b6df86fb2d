import Diagnostics
import Foundation
import SQLite

/// A database of SQLite from inside an archive, a compressed file, a pipe or a remote store: SQLite wants a
/// file, so it is copied into one, whose name is gone before anything is read.
package final class SQLiteInput: Sendable {
  /// What such a file begins with.
  package static let magic = Array("SQLite format 3\0".utf8)

  fileprivate let database: ForeignDatabase

  /// Copies all that is left of `stream`.
  init(_ stream: any ByteStream, name: String, directory: String) throws(TraceError) {
    let file = try TemporaryFile(directory: directory, keepsName: true)
    try file.append(stream)
    let (path, length) = (file.name ?? [], file.length)
    database = try telling(name) { () throws(SQLiteError) in
      try ForeignDatabase(path: path, length: length, isFixed: true)
    }
    file.removeName()
  }
}

extension TraceInput.File {
  /// Opens a file that holds a database.
  package func openDatabase() throws(TraceError) -> ForeignDatabase {
    switch location {
    case .database(let input): return input.database
    case .file(let path):
      // What stands only in the log would be missing without a word; reading it would write beside the file.
      let log = path + "-wal"
      if FileStatus(log).kind == .file, FileStatus(log).size > 0 {
        throw TraceError(
          .inputOutput,
          "rows may be in \(FileName.last(log)) beside it, a log of a program that did not finish: "
            + "sqlite3 FILE 'PRAGMA wal_checkpoint' brings them in", file: name)
      }
      let length = FileStatus(path).size
      let hasLogs = try keepsLogs(path)
      return try telling(name) { () throws(SQLiteError) in
        try ForeignDatabase(path: FileName.bytes(path), length: length, isFixed: hasLogs)
      }
    case .remote, .entry, .standardInput, .spooled:
      throw TraceError(.unrecognised, "it holds no database", file: name)
    }
  }
}

/// Whether the file at `path` is one that is written by way of a log: with an empty log it stands as it is, and
/// SQLite would make files beside it to read it otherwise.
private func keepsLogs(_ path: String) throws(TraceError) -> Bool {
  let head = Array(try PeekableStream(FileStream(path: path)).peek(20))
  return head.count == 20 && (head[18] == 2 || head[19] == 2)
}

/// What SQLite says, of the file `name`.
package func telling<Value>(
  _ name: String, _ body: () throws(SQLiteError) -> Value
) throws(TraceError) -> Value {
  do throws(SQLiteError) {
    return try body()
  } catch {
    throw TraceError(error.isDamage ? .damaged : .inputOutput, error.told, file: name)
  }
}
