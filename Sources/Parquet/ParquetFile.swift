#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A Parquet file on disk, read with `pread`: no seek position, so several readers may share it.
public final class ParquetFile: ParquetInput, Sendable {
  /// The number of bytes it had when it was opened.
  public let count: Int
  /// The path it was opened at.
  public let path: String
  private let descriptor: Int32

  /// Opens the file at `path`. Throws `ParquetError` of code `.inputOutput` if it cannot be opened
  /// or is not a regular file.
  public convenience init(path: String) throws(ParquetError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ParquetFile.failure("cannot open \(path)") }
    try self.init(descriptor: descriptor, path: path)
  }

  /// Reads an open regular file, whose descriptor is closed with this.
  ///
  /// - Parameters:
  ///   - descriptor: open for reading.
  ///   - path: what messages call it.
  /// - Throws: `ParquetError` of code `.inputOutput` if it is not a regular file.
  public init(descriptor: Int32, path: String) throws(ParquetError) {
    self.descriptor = descriptor
    self.path = path
    var status = stat()
    let isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    guard isRegular else {
      close(descriptor)
      throw ParquetError(.inputOutput, "\(path) is not a regular file")
    }
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Copies the bytes from `offset` on into `buffer`. Throws `ParquetError` of code `.inputOutput`.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let got = pread(
        descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw ParquetFile.failure("cannot read \(path)") }
      guard got > 0 else {
        throw ParquetError(.inputOutput, "\(path) became shorter while it was read")
      }
      done += got
    }
  }

  private static func failure(_ what: String) -> ParquetError {
    ParquetError(.inputOutput, "\(what): \(String(cString: strerror(errno)))")
  }
}
