import Diagnostics
import Foundation
import Synchronization

/// A file that appears under its name only when it is complete: written beside it, renamed at the
/// end. Where the name is a link, the file that it leads to is written so.
///
/// A pipe, a device and standard output (`-`) take the bytes as they come.
public final class OutputFile {
  /// What the user called it.
  public let path: String
  /// Where it will be, and what it is called until then; nil where the bytes go out at once.
  private let place: (final: String, partial: String)?
  private var descriptor: Int32
  private var buffer: [UInt8] = []

  private static let bufferSize = 1 << 16
  private static let open = Mutex<Set<String>>([])

  /// Whether the name is that of standard output.
  public static func isStandardOutput(_ path: String) -> Bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(path)
  }

  /// Whether what is written cannot be taken back: a pipe, a device, standard output.
  public static func isStream(_ path: String) -> Bool {
    isStandardOutput(path) || FileStatus(path).kind == .special
  }

  /// Begins a file. Directories are not made. What killed processes left of it is removed.
  public init(path: String) throws(TraceError) {
    self.path = Self.isStandardOutput(path) ? "<stdout>" : path
    if Self.isStandardOutput(path) {
      (descriptor, place) = (STDOUT_FILENO, nil)
    } else if FileStatus(path).kind == .special {
      (descriptor, place) = (Foundation.open(FileName.bytes(path), O_WRONLY | O_CLOEXEC), nil)
    } else {
      let final = Self.target(of: path)
      PartialFile.removeLeftovers(of: final)
      let made = PartialFile.make(for: final)
      descriptor = made?.descriptor ?? -1
      place = (final, made?.path ?? "")
    }
    guard descriptor >= 0 else {
      throw TraceError(.inputOutput, "cannot write: \(Self.systemError)", file: path)
    }
    if let place { Self.open.withLock { _ = $0.insert(place.partial) } }
    buffer.reserveCapacity(Self.bufferSize)
  }

  /// Where links lead, the last of which may lead to what is not there yet.
  private static func target(of path: String) -> String {
    var path = path
    for _ in 0..<40 {
      let next = FileStatus.target(path)
      if next.isEmpty { break }
      let parent = FileName.parent(path)
      path =
        next.hasPrefix("/") || parent.isEmpty && !path.hasPrefix("/") ? next : parent + "/" + next
    }
    return path
  }

  deinit {
    guard descriptor >= 0, descriptor != STDOUT_FILENO else { return }
    close(descriptor)
    guard let place else { return }
    unlink(FileName.bytes(place.partial))
    Self.open.withLock { _ = $0.remove(place.partial) }
  }

  /// Writes bytes at the end.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(TraceError) {
    if buffer.count + bytes.count > Self.bufferSize { try flush() }
    if bytes.count > Self.bufferSize { try put(bytes) } else { buffer.append(contentsOf: bytes) }
  }

  /// Writes text at the end.
  public func write(_ text: String) throws(TraceError) {
    var text = text
    let result: Result<Void, TraceError> = text.withUTF8 { bytes in
      do throws(TraceError) {
        return .success(try write(UnsafeRawBufferPointer(bytes)))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Completes the file and gives it its name, replacing what had it.
  public func commit() throws(TraceError) {
    try flush()
    guard let place else {
      let last = descriptor
      descriptor = -1
      guard last == STDOUT_FILENO || close(last) == 0 else { throw failure() }
      return
    }
    defer { Self.open.withLock { _ = $0.remove(place.partial) } }
    // Closing may still fail for want of room; a copy of the descriptor keeps the lock until the file
    // has its name.
    let (last, lock) = (descriptor, dup(descriptor))
    descriptor = -1
    defer { if lock >= 0 { close(lock) } }
    guard close(last) == 0, rename(FileName.bytes(place.partial), FileName.bytes(place.final)) == 0
    else {
      let error = failure()
      unlink(FileName.bytes(place.partial))
      throw error
    }
  }

  /// Writes a whole file at once.
  public static func write(_ bytes: some Collection<UInt8>, to path: String) throws(TraceError) {
    let file = try OutputFile(path: path)
    let bytes = Array(bytes)
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(TraceError) in try file.write(bytes) }
    }
    try result.get()
    try file.commit()
  }

  /// Removes the temporary files of Foundation's own atomic writes, `.dat.nosyncPID...`, that processes
  /// which have ended left in a folder.
  public static func removeFoundationLeftovers(in folder: String) {
    PartialFile.removeFoundationLeftovers(in: folder)
  }

  /// Removes what is not complete; for the moment before an interrupted process ends.
  public static func removePartialFiles() {
    open.withLock { paths in
      for path in paths where unlink(FileName.bytes(path)) != 0 {
        try? FileManager.default.removeItem(atPath: path)
      }
      paths = []
    }
  }

  /// Lets `removePartialFiles` remove a folder that is being filled, until it is given up.
  package static func register(folder: String) { open.withLock { _ = $0.insert(folder) } }

  /// The folder is complete, or gone.
  package static func giveUp(folder: String) { open.withLock { _ = $0.remove(folder) } }

  private func flush() throws(TraceError) {
    let result: Result<Void, TraceError> = buffer.withUnsafeBytes { bytes in
      do throws(TraceError) { return .success(try put(bytes)) } catch { return .failure(error) }
    }
    try result.get()
    buffer.removeAll(keepingCapacity: true)
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(TraceError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest)
      let count = Foundation.write(descriptor, chunk.baseAddress, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure() }
      rest = rest.dropFirst(count)
    }
  }

  private func failure() -> TraceError {
    TraceError(.inputOutput, "cannot write: \(Self.systemError)", file: path)
  }

  private static var systemError: String { String(cString: strerror(errno)) }
}
