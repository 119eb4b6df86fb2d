import Diagnostics
import Foundation

/// A folder that appears under its name only when it is complete: filled beside it, renamed at the end. What is
/// not complete goes when the object does, when the process is interrupted, or, where it was killed, with the
/// next run on the same output.
package final class OutputFolder {
  /// The folder's name once it is complete.
  package let path: String
  /// Where its files are written.
  package let staging: String
  /// Tells other processes that this one writes in `staging`.
  private let lock: Int32
  private var isComplete = false

  /// Begins the folder.
  ///
  /// - Throws: `TraceError` where something of that name is there, or the folder cannot be made.
  package init(path: String) throws(TraceError) {
    guard FileStatus(path).kind == .absent else {
      throw TraceError(.inputOutput, "it exists already; give a new folder's name", file: path)
    }
    PartialFile.removeLeftovers(of: path)
    guard let made = PartialFile.makeFolder(for: path) else {
      throw TraceError(
        .inputOutput, "cannot make the folder: \(String(cString: strerror(errno)))", file: path)
    }
    self.path = path
    (lock, staging) = made
    OutputFile.register(folder: staging)
  }

  deinit {
    if !isComplete { try? FileManager.default.removeItem(atPath: staging) }
    OutputFile.giveUp(folder: staging)
    close(lock)
  }

  /// A file of it.
  package func file(_ name: String) throws(TraceError) -> OutputFile {
    try OutputFile(path: staging + "/" + name)
  }

  /// Makes a folder in it.
  package func makeFolder(_ name: String) throws(TraceError) {
    guard mkdir(FileName.bytes(staging + "/" + name), 0o755) == 0 else {
      throw TraceError(.inputOutput, "cannot make the folder", file: path + "/" + name)
    }
  }

  /// Gives the folder its name: all of its files are complete.
  package func commit() throws(TraceError) {
    guard rename(FileName.bytes(staging), FileName.bytes(path)) == 0 else {
      throw TraceError(
        .inputOutput, "cannot name the folder: \(String(cString: strerror(errno)))", file: path)
    }
    isComplete = true
  }
}
