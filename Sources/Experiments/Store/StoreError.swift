import CSQLite
import Foundation
import SQLite

/// What can be wrong with a results file.
public enum StoreError: Error, CustomStringConvertible {
  /// It cannot be opened, or is no results file.
  case unreadable(path: String, reason: String)
  /// It was written by a newer version.
  case newer(path: String, schema: Int, known: Int)
  /// It holds another experiment.
  case otherExperiment(path: String, name: String)
  /// An input is not what it was when the first cells were run.
  case inputChanged(path: String, input: String)
  /// There is no more room where it lies; what was finished is in it.
  case full(path: String)
  /// It may not grow any more (`ulimit -f`); what was finished is in it.
  case tooLarge(path: String)
  /// It could not be written for another reason; what was finished is in it.
  case failed(path: String, reason: String)
  /// It does not belong to what it is merged with.
  case otherShard(path: String, reason: String)
  /// There is no such cell.
  case noSuchCell(path: String, cell: String)

  /// One line: what, where, what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .newer(let path, let schema, let known):
      """
      \(path): written by a newer Tracemill (schema \(schema); this version knows \(known)); \
      update Tracemill, or name another file
      """
    case .otherExperiment(let path, let name):
      """
      \(path): holds another experiment ('\(name)', or an earlier form of this one); \
      name another file, or remove this one
      """
    case .inputChanged(let path, let input):
      "\(path): \(input) is not what it was when these results were begun; name another file"
    case .full(let path):
      "\(path): the disk is full; finished cells are kept, the same command goes on from there"
    case .tooLarge(let path):
      """
      \(path): has reached the greatest size that files may have here (ulimit -f); finished cells are \
      kept, the same command goes on from there
      """
    case .failed(let path, let reason):
      "\(path): \(reason); finished cells are kept, the same command goes on from there"
    case .otherShard(let path, let reason): "\(path): \(reason)"
    case .noSuchCell(let path, let cell): "\(path): has no cell \(cell)"
    }
  }

  /// What SQLite's error means to the user.
  init(_ error: any Error, path: String) {
    switch error {
    case let error as StoreError: self = error
    case let error as SQLiteError:
      switch error.code {
      case SQLITE_FULL: self = .full(path: path)
      case SQLITE_NOTADB: self = .unreadable(path: path, reason: "is no results file")
      case SQLITE_CORRUPT: self = .unreadable(path: path, reason: "is damaged")
      case SQLITE_CANTOPEN:
        self = .unreadable(path: path, reason: "cannot be opened or made")
      case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
        self = .failed(path: path, reason: "cannot be written")
      case SQLITE_BUSY, SQLITE_LOCKED:
        self = .failed(path: path, reason: "another process keeps it locked")
      case SQLITE_IOERR where Self.isAtLimit(path): self = .tooLarge(path: path)
      case SQLITE_IOERR where error.system == ENOSPC || error.system == EDQUOT:
        self = .full(path: path)
      default:
        self = .failed(path: path, reason: error.message)
      }
    case let error as DamagedStore: self = .unreadable(path: path, reason: error.reason)
    case is DecodingError: self = .unreadable(path: path, reason: "is damaged")
    default: self = .failed(path: path, reason: "\(error)")
    }
  }

  /// Whether the file or its log has grown as far as the process may let it.
  private static func isAtLimit(_ path: String) -> Bool {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    #else
      let resource = RLIMIT_FSIZE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return false }
    return [path, path + "-wal"].contains { file in
      let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? UInt64
      // What is written at once is a page with its header.
      return UInt64(size ?? 0) + 8192 > UInt64(limit.rlim_cur)
    }
  }
}
