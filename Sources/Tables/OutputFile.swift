import Diagnostics
import Foundation
import Synchronization

/// A file that appears under its name only when it is complete: written beside it, renamed at the
/// end.
public final class OutputFile {
  /// The name it will have.
  public let path: String
  private let partial: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []

  private static let bufferSize = 1 << 16
  private static let open = Mutex<Set<String>>([])

  /// Begins a file. Directories are not made.
  public init(path: String) throws(TraceError) {
    self.path = path
    partial = "\(path).partial-\(getpid())"
    descriptor = Foundation.open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw TraceError(.inputOutput, "cannot write: \(Self.systemError)", file: path)
    }
    Self.open.withLock { _ = $0.insert(partial) }
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(partial)
    Self.open.withLock { _ = $0.remove(partial) }
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
    guard close(descriptor) == 0 else { throw failure() }
    descriptor = -1
    defer { Self.open.withLock { _ = $0.remove(partial) } }
    guard rename(partial, path) == 0 else {
      let error = failure()
      unlink(partial)
      throw error
    }
  }

  /// Removes what is not complete; for the moment before an interrupted process ends.
  public static func removePartialFiles() {
    open.withLock { paths in
      for path in paths { try? FileManager.default.removeItem(atPath: path) }
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
