import Diagnostics
import Foundation
import Tables

/// A folder beside an output in which the finished parts of a conversion are kept, so that one that
/// was interrupted can go on from them.
///
/// It holds a mark, by which it is known, and a file for each finished part. Part files appear when
/// they are complete, state what they were made from, and end with their checksum: what does not
/// fit the input any more, or is damaged, is made again.
public final class WorkFolder: Sendable {
  /// The folder.
  public let path: String

  /// Open and locked as long as this is: one conversion at a time works here.
  private let descriptor: Int32

  private static let mark = "tracemill-work"

  /// Opens the folder at `path`, or makes it.
  ///
  /// - Throws: `TraceError` if there is something else at `path`, or it cannot be made.
  public init(path: String) throws(TraceError) {
    self.path = path
    let isNew = mkdir(FileName.bytes(path), 0o755) == 0
    guard isNew || errno == EEXIST else {
      throw TraceError(
        .inputOutput, "cannot make the work folder: \(String(cString: strerror(errno)))", file: path
      )
    }
    descriptor = open(FileName.bytes(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, let names = FileName.list(path),
      names.contains(Self.mark) || names.allSatisfy({ $0.hasPrefix(Self.mark) })
    else { throw Self.foreign(path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      throw TraceError(
        .inputOutput, "another conversion with --resume is at work here: wait until it ends",
        file: path)
    }
    // What a killed process was writing.
    for name in names where name.contains(".partial-") {
      unlink(FileName.bytes(path + "/" + name))
    }
    let file = try OutputFile(path: path + "/" + Self.mark)
    try file.write("Finished parts of an interrupted conversion; --resume goes on from them.\n")
    try file.commit()
  }

  private static func foreign(_ path: String) -> TraceError {
    TraceError(
      .inputOutput, "not a work folder of an interrupted conversion: remove or rename it",
      file: path)
  }

  deinit { close(descriptor) }

  /// Removes it with all that it holds.
  public func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// The file of a part.
  package func file(ofPart part: Int) -> String { "\(path)/part-\(part).lives" }
}
