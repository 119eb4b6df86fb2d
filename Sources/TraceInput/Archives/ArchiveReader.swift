import CLibArchive
import Diagnostics
import Foundation

/// What libarchive opens: containers (tar, zip, 7z), and single streams compressed with xz, zstd,
/// bzip2 or lz4. Entries come in the order in which they are stored.
package final class ArchiveReader {
  /// What the bytes are.
  package enum Mode {
    /// tar, zip or 7z.
    case container
    /// One compressed stream: one entry without a name.
    case compressedStream
  }

  /// One regular file in the archive.
  package struct Entry {
    /// Its path inside the archive.
    package var path: String
    /// Its stored size in bytes; nil where the archive does not say (single compressed files).
    package var size: Int?
  }

  private let handle: OpaquePointer
  private let upstream: Upstream
  private let name: String
  private let mode: Mode
  private let expansion: Expansion
  /// The error after which libarchive gives nothing more.
  private var fatal: TraceError?

  /// Opens the archive in `stream`. `seekable` is the same stream where its position can be moved:
  /// zip and 7z keep their table of contents at the end.
  package init(
    _ stream: any ByteStream, _ mode: Mode, name: String, limit: Int, seekable: FileStream? = nil
  ) throws(TraceError) {
    guard let handle = archive_read_new() else {
      throw TraceError(.inputOutput, "libarchive has no memory for a reader", file: name)
    }
    self.handle = handle
    self.name = name
    self.mode = mode
    let expansion = Expansion(limit: limit, name: name)
    self.expansion = expansion
    upstream = Upstream(expansion.input(stream), seekable: seekable)
    switch mode {
    case .container:
      archive_read_support_format_tar(handle)
      archive_read_support_format_zip(handle)
      archive_read_support_format_7zip(handle)
    case .compressedStream:
      archive_read_support_filter_all(handle)
      archive_read_support_format_raw(handle)
    }
    archive_read_set_callback_data(handle, Unmanaged.passUnretained(upstream).toOpaque())
    archive_read_set_read_callback(handle) { _, context, block in
      Upstream.from(context).read(block)
    }
    if seekable != nil {
      archive_read_set_seek_callback(handle) { _, context, offset, whence in
        Upstream.from(context).seek(offset, whence)
      }
    }
    let status = archive_read_open1(handle)
    if status != ARCHIVE_OK { throw failure(Int(status)) }
  }

  deinit { archive_read_free(handle) }

  /// The next regular file, or nil at the end. Skips what is left of the current one.
  package func nextEntry() throws(TraceError) -> Entry? {
    while true {
      var entry: OpaquePointer?
      let status = archive_read_next_header(handle, &entry)
      if status == ARCHIVE_EOF {
        try readToEnd()
        return nil
      }
      guard status >= ARCHIVE_WARN, let entry else { throw failure(Int(status)) }
      let isRegular = archive_entry_filetype(entry) & 0o170000 == 0o100000
      guard isRegular || mode == .compressedStream else { continue }
      let path = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)
      return Entry(
        path: path.map { String(cString: $0) } ?? "",
        size: archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil)
    }
  }

  /// Skips what is left of the current entry, as `nextEntry` would.
  package func skipEntry() throws(TraceError) {
    let status = archive_read_data_skip(handle)
    guard status >= ARCHIVE_WARN else { throw failure(Int(status)) }
  }

  /// Reads from the current entry; 0 at its end.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    let count = archive_read_data(handle, buffer.baseAddress, buffer.count)
    guard count >= 0 else { throw failure(count) }
    try expansion.addOutput(count)
    return count
  }

  /// A tar's end mark comes before the end of the compressed stream around it, whose checksum and
  /// length stand behind.
  private func readToEnd() throws(TraceError) {
    guard mode == .container, upstream.seekable == nil else { return }
    while upstream.read(nil) > 0 {}
    if let error = upstream.error { throw error }
  }

  private func failure(_ status: Int) -> TraceError {
    if let error = upstream.error ?? fatal { return error }
    let text = archive_error_string(handle).map { String(cString: $0) } ?? "unknown error"
    let error = TraceError(.damaged, "damaged or truncated archive: \(text)", file: name)
    if status <= Int(ARCHIVE_FATAL) { fatal = error }
    return error
  }

  /// Feeds libarchive from a byte stream and keeps the error that its C callbacks cannot throw.
  private final class Upstream {
    let stream: any ByteStream
    let seekable: FileStream?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    var error: TraceError?

    init(_ stream: any ByteStream, seekable: FileStream?) {
      self.stream = stream
      self.seekable = seekable
    }

    deinit { buffer.deallocate() }

    static func from(_ context: UnsafeMutableRawPointer?) -> Upstream {
      Unmanaged<Upstream>.fromOpaque(context!).takeUnretainedValue()
    }

    func read(_ block: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
      do {
        let count = try stream.read(into: buffer)
        block?.pointee = UnsafeRawPointer(buffer.baseAddress)
        return count
      } catch {
        self.error = error
        return -1
      }
    }

    func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
      seekable?.seek(to: offset, whence: whence) ?? Int64(ARCHIVE_FATAL)
    }
  }
}

/// The bytes of an archive's current entry.
package final class EntryStream: ByteStream {
  package let name: String
  private let archive: ArchiveReader

  package init(_ archive: ArchiveReader, name: String) {
    self.archive = archive
    self.name = name
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    try archive.read(into: buffer)
  }
}
