import Diagnostics
import Foundation
import Parquet

/// A file without a name (or soon without one): it is gone when its descriptor closes, however the process ends.
package final class TemporaryFile {
  package private(set) var descriptor: Int32
  private let directory: String
  /// Its path with a zero behind it, while it has one.
  package private(set) var name: [CChar]?
  /// Bytes written so far.
  package private(set) var length = 0

  /// A new file in `directory`, which `keepsName` until that is removed: for what opens files by their paths.
  package init(directory: String, keepsName: Bool = false) throws(TraceError) {
    self.directory = directory
    var template = FileName.bytes(directory + "/tracemill-XXXXXX")
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw TraceError(
        .inputOutput, "cannot make a temporary file: \(String(cString: strerror(errno)))",
        file: directory)
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    name = template
    if !keepsName { removeName() }
  }

  /// Takes the name away; what was opened by it stays.
  package func removeName() {
    if let name = name.take() { unlink(name) }
  }

  deinit {
    removeName()
    if descriptor >= 0 { close(descriptor) }
  }

  /// Hands over the descriptor, positioned anywhere.
  package func release() -> Int32 {
    defer { descriptor = -1 }
    return descriptor
  }

  /// Writes at the end.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(TraceError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = pwrite(
        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, off_t(length))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw TraceError(
          .inputOutput,
          "cannot write to a temporary file: \(String(cString: strerror(errno))); "
            + "--temporary-directory chooses another place", file: directory)
      }
      length += count
      rest = rest.dropFirst(count)
    }
  }

  /// Fills `buffer` from `offset`; the file must be that long.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) {
    var filled = 0
    while filled < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset + filled))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw TraceError(.inputOutput, "cannot read back a temporary file", file: directory)
      }
      filled += count
    }
  }
}

extension TemporaryFile {
  /// Adds all that is left of a stream; returns how many bytes.
  @discardableResult
  func append(_ stream: any ByteStream) throws(TraceError) -> Int {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { block.deallocate() }
    let start = length
    while true {
      let count = try stream.read(into: block)
      if count == 0 { return length - start }
      try append(UnsafeRawBufferPointer(rebasing: block[..<count]))
    }
  }
}

/// A Parquet file from inside an archive, a compressed file or a pipe: its footer is at its end, so it
/// is kept in a temporary file, which all of one archive share.
package final class SpooledParquet: ParquetInput, @unchecked Sendable {
  package let count: Int
  private let file: TemporaryFile
  private let start: Int

  /// Adds all that is left of `stream` to `file`.
  init(_ stream: any ByteStream, in file: TemporaryFile) throws(TraceError) {
    self.file = file
    start = file.length
    count = try file.append(stream)
  }

  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    try file.read(at: start + offset, into: buffer)
  }
}

/// Reads a temporary file from its beginning.
package final class TemporaryFileStream: ByteStream {
  package let name: String
  private let file: TemporaryFile
  private var offset = 0

  package init(_ file: TemporaryFile, name: String) {
    self.file = file
    self.name = name
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    let count = min(buffer.count, file.length - offset)
    if count > 0 {
      try file.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
      offset += count
    }
    return count
  }
}
