/// Brings the pages of one column chunk, decompressed, one at a time.
struct ChunkReader: ~Copyable {
  /// The least number of bytes that is asked of the input at once.
  private static let readAhead = 1 << 18

  private let input: any ParquetInput
  private let pageLimit: Int
  private var decompressor = PageDecompressor()
  /// Bytes of the file from `windowStart` on.
  private var window = ByteBuffer()
  private var windowStart = 0
  /// The next byte to read, and the end of the chunk.
  private(set) var position = 0
  private var end = 0
  private var codec = 0
  /// The current page: its levels if it is of version 2, and its values.
  private(set) var page = ByteBuffer()

  init(_ input: any ParquetInput, _ limits: ParquetLimits) {
    self.input = input
    pageLimit = limits.pageBytes
  }

  /// Goes to the start of a chunk. Throws if it does not lie between the magic and the footer.
  mutating func open(_ chunk: ColumnMetadata, footerStart: Int) throws(ParquetError) {
    guard !chunk.isEncrypted else {
      throw ParquetError(.unsupported, "encrypted columns are not supported")
    }
    guard !chunk.isExternal else {
      throw ParquetError(.unsupported, "column chunks in other files are not supported")
    }
    let start = chunk.start
    guard start >= 4, chunk.compressedSize >= 0, start <= footerStart,
      chunk.compressedSize <= footerStart - start
    else {
      throw ParquetError(
        .corrupt, "\(chunk.compressedSize) bytes from byte \(start) on do not lie in the file",
        offset: start)
    }
    position = start
    end = start + chunk.compressedSize
    codec = chunk.codec
    windowStart = start
    window.count = 0
  }

  /// Forgets the chunk: `next` then returns nil.
  mutating func close() { end = position }

  /// Loads the next page that holds data or a dictionary; nil at the end of the chunk.
  mutating func next() throws -> PageHeader? {
    while position < end {
      let start = position
      do {
        let header = try readHeader()
        guard header.compressedSize <= end - position else { throw ByteCursor.truncated }
        if header.kind == .index {
          position += header.compressedSize
          continue
        }
        try load(header)
        return header
      } catch let error as ParquetError {
        throw error.located(offset: start)
      }
    }
    return nil
  }

  /// Reads a page header of whatever length, up to 16 MiB: its statistics may hold long strings.
  private mutating func readHeader() throws -> PageHeader {
    var size = 256
    while true {
      let available = min(size, end - position)
      try fetch(available)
      let bytes = UnsafeRawBufferPointer(
        start: window.base + (position - windowStart), count: available)
      let result = ChunkReader.parse(bytes)
      if case .failure(let error) = result, error == ByteCursor.truncated,
        available < end - position, size < 1 << 24
      {
        size *= 4
        continue
      }
      let (header, length) = try result.get()
      position += length
      return header
    }
  }

  /// The page header at the start of `bytes`, and its length.
  private static func parse(
    _ bytes: UnsafeRawBufferPointer
  ) -> Result<(header: PageHeader, length: Int), ParquetError> {
    var reader = ThriftReader(bytes)
    do {
      return .success((try PageHeader(from: &reader), reader.cursor.position))
    } catch {
      return .failure(error)
    }
  }

  /// Makes sure that the `count` bytes from `position` on are in the window.
  private mutating func fetch(_ count: Int) throws {
    let have = windowStart + window.count - position
    if have >= count { return }
    if have > 0 {
      window.base.copyMemory(from: window.base + (position - windowStart), byteCount: have)
    }
    window.count = max(have, 0)
    windowStart = position
    let more = min(max(count, ChunkReader.readAhead), end - position) - window.count
    window.reserve(more)
    try input.read(
      at: position + window.count,
      into: UnsafeMutableRawBufferPointer(start: window.base + window.count, count: more))
    window.count += more
  }

  /// Decompresses the page behind `header`.
  private mutating func load(_ header: PageHeader) throws {
    guard header.uncompressedSize <= pageLimit else {
      throw ParquetError(
        .limitExceeded,
        "a page of \(header.uncompressedSize) bytes is above the limit of \(pageLimit)")
    }
    try fetch(header.compressedSize)
    var bytes = UnsafeRawBufferPointer(
      start: window.base + (position - windowStart), count: header.compressedSize)
    position += header.compressedSize
    page.count = 0
    var size = header.uncompressedSize
    if header.kind == .dataV2 {
      // The levels of version 2 stand uncompressed before the values.
      let levels = header.repetitionLevelSize + header.definitionLevelSize
      guard levels <= min(bytes.count, size) else {
        throw ParquetError(.corrupt, "a page's levels are larger than the page")
      }
      page.append(UnsafeRawBufferPointer(rebasing: bytes[..<levels]))
      bytes = UnsafeRawBufferPointer(rebasing: bytes[levels...])
      size -= levels
    }
    let isCompressed = header.kind != .dataV2 || header.isCompressed
    if size == 0 && bytes.isEmpty { return }
    try decompressor.decompress(
      bytes, codec: isCompressed ? codec : Codec.uncompressed.rawValue, size: size, to: &page)
  }
}
