import Diagnostics
import Foundation

/// What is being written beside an output, `OUTPUT.partial-PID`, until it is complete.
///
/// Its writer holds a lock (`flock`) on it, which the system takes back when the writer ends, however it
/// ends: a file that no process has locked is left over from one that was killed, and the next one on the same
/// output removes it.
package enum PartialFile {
  /// Makes a file for `output` and locks it.
  ///
  /// - Returns: its descriptor and its path; nil with `errno` set where it cannot be made.
  package static func make(for output: String) -> (descriptor: Int32, path: String)? {
    for attempt in 0..<1000 {
      let path = name(output, attempt)
      let descriptor = open(FileName.bytes(path), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { return nil }
      if isTaken(descriptor) || !isStill(path, descriptor) {
        // Another's of the same number, or one that was just removed as left over.
        close(descriptor)
        continue
      }
      guard ftruncate(descriptor, 0) == 0 else { return nil }
      return (descriptor, path)
    }
    errno = EEXIST
    return nil
  }

  /// Makes a folder for `output` and locks it.
  package static func makeFolder(for output: String) -> (descriptor: Int32, path: String)? {
    for attempt in 0..<1000 {
      let path = name(output, attempt)
      guard mkdir(FileName.bytes(path), 0o755) == 0 else {
        if errno == EEXIST { continue }
        return nil
      }
      let descriptor = open(FileName.bytes(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { return nil }
      if isTaken(descriptor) || !isStill(path, descriptor) {
        close(descriptor)
        continue
      }
      return (descriptor, path)
    }
    errno = EEXIST
    return nil
  }

  /// Removes what killed processes left of `output`. O(files in its folder).
  package static func removeLeftovers(of output: String) {
    let prefix = FileName.last(output) + ".partial-"
    let parent = FileName.parent(output)
    let folder = parent.isEmpty ? (output.hasPrefix("/") ? "/" : ".") : parent
    for name in FileName.list(folder) ?? [] where name.hasPrefix(prefix) {
      let owner = name.dropFirst(prefix.count).prefix { $0 != "-" }
      guard let process = Int32(owner), process > 0 else { continue }
      removeIfLeft(folder + "/" + name, process)
    }
  }

  /// Removes what Foundation's own atomic writes left in a folder, `.dat.nosyncPID.XXXXXX` with the number
  /// in hexadecimal, of processes that have ended: versions before this wrote checkpoints so.
  package static func removeFoundationLeftovers(in folder: String) {
    let prefix = ".dat.nosync"
    for name in FileName.list(folder) ?? [] where name.hasPrefix(prefix) {
      let owner = name.dropFirst(prefix.count).prefix { $0 != "." }
      guard let process = Int32(owner, radix: 16), process > 0, !isRunning(process) else {
        continue
      }
      unlink(FileName.bytes(folder + "/" + name))
    }
  }

  private static func name(_ output: String, _ attempt: Int) -> String {
    "\(output).partial-\(getpid())" + (attempt == 0 ? "" : "-\(attempt)")
  }

  private static func removeIfLeft(_ path: String, _ process: Int32) {
    let descriptor = open(FileName.bytes(path), O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Versions before this held no lock: then a process of that number may still be writing.
    guard !isTaken(descriptor), process == getpid() || !isRunning(process) else { return }
    if unlink(FileName.bytes(path)) != 0 { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Whether another holds the lock; takes it otherwise. Where the file system has no locks, none is held.
  private static func isTaken(_ descriptor: Int32) -> Bool {
    flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  private static func isStill(_ path: String, _ descriptor: Int32) -> Bool {
    var (named, opened) = (stat(), stat())
    return stat(FileName.bytes(path), &named) == 0 && fstat(descriptor, &opened) == 0
      && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
  }

  private static func isRunning(_ process: Int32) -> Bool {
    kill(process, 0) == 0 || errno != ESRCH
  }
}
