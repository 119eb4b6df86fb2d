import CLibArchive
import Diagnostics
import Foundation

/// Compresses what is written to it into an output file, through libarchive.
package final class CompressedOutput {
  /// How.
  package enum Method {
    case gzip, zstd
  }

  private let handle: OpaquePointer
  private let sink: Sink
  private var isOpen = true

  package init(_ method: Method, to file: OutputFile) throws(TraceError) {
    guard let handle = archive_write_new() else {
      throw TraceError(.inputOutput, "libarchive has no memory for a writer", file: file.path)
    }
    self.handle = handle
    sink = Sink(file)
    archive_write_set_format_raw(handle)
    switch method {
    case .gzip:
      archive_write_add_filter_gzip(handle)
      // No time stamp: the same input gives the same bytes.
      archive_write_set_filter_option(handle, "gzip", "timestamp", nil)
    case .zstd:
      archive_write_add_filter_zstd(handle)
    }
    archive_write_set_bytes_per_block(handle, 0)
    let status = archive_write_open(
      handle, Unmanaged.passUnretained(sink).toOpaque(), nil,
      { _, context, bytes, count in
        Unmanaged<Sink>.fromOpaque(context!).takeUnretainedValue().write(bytes, count)
      }, nil)
    guard status == ARCHIVE_OK else { throw failure() }
    let entry = archive_entry_new()
    defer { archive_entry_free(entry) }
    archive_entry_set_filetype(entry, 0o100000)
    guard archive_write_header(handle, entry) == ARCHIVE_OK else { throw failure() }
  }

  deinit { archive_write_free(handle) }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(TraceError) {
    guard archive_write_data(handle, bytes.baseAddress, bytes.count) == bytes.count else {
      throw failure()
    }
  }

  /// Ends the compressed stream.
  package func finish() throws(TraceError) {
    guard archive_write_close(handle) == ARCHIVE_OK else { throw failure() }
  }

  private func failure() -> TraceError {
    if let error = sink.error { return error }
    let text = archive_error_string(handle).map { String(cString: $0) } ?? "unknown error"
    return TraceError(.inputOutput, "cannot compress: \(text)", file: sink.file.path)
  }

  private final class Sink {
    let file: OutputFile
    var error: TraceError?

    init(_ file: OutputFile) { self.file = file }

    func write(_ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
      do throws(TraceError) {
        try file.write(UnsafeRawBufferPointer(start: bytes, count: count))
        return count
      } catch {
        self.error = error
        return -1
      }
    }
  }
}
