import CLibArchive
import Diagnostics
import Foundation

/// What libarchive opens: containers (tar, zip, 7z), and single streams compressed with xz, zstd,
/// bzip2 or lz4. Entries come in the order in which they are stored.
package final class ArchiveReader {
  /// What the bytes are.
  package enum Mode: Equatable {
    /// tar, zip or 7z.
    case container
    /// One compressed stream: one entry without a name.
    case compressedStream(ContentKind.Filter)
  }

  /// One member of the archive, folders apart.
  package struct Entry {
    /// Its path inside the archive.
    package var path: String
    /// Its stored size in bytes; nil where the archive does not say (single compressed files).
    package var size: Int?
    /// Why it has no content of its own (a link, a device); nil for a file.
    package var hasNoContent: String?
  }

  /// Without it libarchive would make question marks of names in zip and 7z that are not ASCII.
  private static let useUTF8: Void = { _ = setlocale(LC_CTYPE, "C.UTF-8") }()

  private let handle: OpaquePointer
  private let upstream: Upstream
  private let name: String
  private let mode: Mode
  private let expansion: Expansion
  /// The error after which libarchive gives nothing more.
  private var fatal: TraceError?
  private var isTailChecked = false
  private let endDamage: TraceError?

  /// Opens the archive in `stream`. `seekable` is the same stream where its position can be moved:
  /// zip and 7z keep their table of contents at the end. `endDamage` is thrown behind the last member.
  package init(
    _ stream: any ByteStream, _ mode: Mode, name: String, limit: Int,
    seekable: (any SeekableStream)? = nil, endDamage: TraceError? = nil
  ) throws(TraceError) {
    Self.useUTF8
    guard let handle = archive_read_new() else {
      throw TraceError(.inputOutput, "libarchive has no memory for a reader", file: name)
    }
    self.handle = handle
    self.name = name
    self.mode = mode
    self.endDamage = endDamage
    let expansion = Expansion(limit: limit, name: name)
    self.expansion = expansion
    upstream = Upstream(expansion.input(stream), seekable: seekable)
    switch mode {
    case .container:
      archive_read_support_format_tar(handle)
      archive_read_support_format_zip(handle)
      archive_read_support_format_7zip(handle)
      // What follows a tar's end mark is another tar, or damage.
      archive_read_set_format_option(handle, "tar", "read_concatenated_archives", "1")
    case .compressedStream(let filter):
      // This one and no other: some of libarchive's filters run programs.
      switch filter {
      case .xz: archive_read_support_filter_xz(handle)
      case .zstd: archive_read_support_filter_zstd(handle)
      case .bzip2: archive_read_support_filter_bzip2(handle)
      case .lz4: archive_read_support_filter_lz4(handle)
      case .lzip: archive_read_support_filter_lzip(handle)
      }
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

  /// The next file, or nil at the end. Skips what is left of the current one.
  package func nextEntry() throws(TraceError) -> Entry? {
    while let member = try nextMember() {
      if member.hasNoContent == nil { return member }
    }
    return nil
  }

  /// The next member that is no folder, or nil at the end.
  package func nextMember() throws(TraceError) -> Entry? {
    while true {
      var entry: OpaquePointer?
      let status = archive_read_next_header(handle, &entry)
      if status == ARCHIVE_EOF {
        try checkEnd()
        return nil
      }
      guard status >= ARCHIVE_WARN, let entry else { throw failure(Int(status)) }
      let path = archive_entry_pathname(entry) ?? archive_entry_pathname_utf8(entry)
      var member = Entry(
        path: path.map { FileName.text($0) } ?? "",
        size: archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil)
      if mode != .container { return member }
      switch archive_entry_filetype(entry) & 0o170000 {
      case 0o040000: continue
      case 0o100000, 0:
        // A hard link's type is its file's; the content stands with the other name.
        if let target = archive_entry_hardlink(entry) {
          member.hasNoContent = "a link to \(FileName.text(target)) inside the archive"
        }
      case 0o120000:
        let target = archive_entry_symlink(entry).map { FileName.text($0) } ?? ""
        member.hasNoContent = "a link to \(target) inside the archive"
      default: member.hasNoContent = "no file"
      }
      return member
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
    if count == 0, case .compressedStream(let filter) = mode { try checkTail(filter) }
    return count
  }

  /// Reads what stands behind the last member: the end of the compressed stream around a tar has
  /// checksum and length, and a tar without its end mark was cut between two members.
  private func checkEnd() throws(TraceError) {
    guard mode == .container else { return }
    if let endDamage { throw endDamage }
    let isTar = archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR
    guard isTar || upstream.seekable == nil else { return }
    while upstream.read(nil) > 0 {}
    if let error = upstream.error { throw error }
    if isTar, !upstream.endsWithZeros {
      throw TraceError(
        .damaged, "the tar has no end mark: it was cut off, or never finished", file: name)
    }
  }

  /// Some filters take what they do not know behind a stream's end for its end. What is there must be
  /// zeros (tape blocks), as behind gzip.
  private func checkTail(_ filter: ContentKind.Filter) throws(TraceError) {
    guard !isTailChecked else { return }
    isTailChecked = true
    var tail = upstream.taken - Int(archive_filter_bytes(handle, -1))
    while true {
      guard upstream.last(tail).allSatisfy({ $0 == 0 }) else {
        throw TraceError(
          .damaged,
          "what follows the end of the \(filter.rawValue) data is not \(filter.rawValue): "
            + "the file is damaged", file: name)
      }
      tail = upstream.read(nil)
      if let error = upstream.error { throw error }
      if tail <= 0 { return }
    }
  }

  private func failure(_ status: Int) -> TraceError {
    if let error = upstream.error ?? fatal { return error }
    let text =
      archive_error_string(handle).map { String(cString: $0) }
      // libarchive has no words for a zip that is cut between two members.
      ?? "the data end too early"
    let error = TraceError(.damaged, "damaged or truncated archive: \(text)", file: name)
    if status <= Int(ARCHIVE_FATAL) { fatal = error }
    return error
  }

  /// Feeds libarchive from a byte stream and keeps the error that its C callbacks cannot throw.
  private final class Upstream {
    let stream: any ByteStream
    let seekable: (any SeekableStream)?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    var error: TraceError?
    /// Bytes given in all, and how many of them are in the buffer.
    private(set) var taken = 0
    private var filled = 0

    /// Whether the latest block, the last of all after the end, ends with the zeros of a tar's end.
    var endsWithZeros: Bool {
      filled == 0 || last(min(filled, 512)).allSatisfy { $0 == 0 }
    }

    /// The last `count` bytes that were given; only what is still in the buffer.
    func last(_ count: Int) -> Slice<UnsafeMutableRawBufferPointer> {
      let count = max(0, min(count, filled))
      return buffer[(filled - count)..<filled]
    }

    init(_ stream: any ByteStream, seekable: (any SeekableStream)?) {
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
        taken += count
        if count > 0 { filled = count }
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
