/// A column chunk that is being written.
struct ColumnChunk {
  var metadata: ColumnMetadata
  let encoding: Encoding
  let presentCount: Int

  init(_ writer: ParquetWriter, encoding: Encoding, presentCount: Int) {
    let column = writer.columns[writer.nextColumn]
    metadata = ColumnMetadata()
    metadata.type = column.type.code
    metadata.path = [column.name]
    metadata.codec =
      (writer.options.compression == .none ? Codec.uncompressed : Codec.zstd).rawValue
    metadata.valueCount = writer.group.rowCount
    metadata.encodings = encoding == .rleDictionary ? [.plain, .rle, encoding] : [.rle, encoding]
    metadata.statistics = Statistics()
    metadata.statistics?.nullCount = writer.group.rowCount - presentCount
    self.encoding = encoding
    self.presentCount = presentCount
  }

  /// The least and the greatest value, as the low `width` bytes of words.
  mutating func setStatistics(_ range: (least: UInt64, greatest: UInt64)?, width: Int) {
    guard let range else { return }
    func bytes(_ word: UInt64) -> [UInt8] {
      (0..<width).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }
    metadata.statistics?.minimum = bytes(range.least)
    metadata.statistics?.maximum = bytes(range.greatest)
  }

  /// The least and the greatest string.
  mutating func setStatistics(_ range: (least: [UInt8], greatest: [UInt8])?) {
    guard let range else { return }
    let (minimum, isMinimumExact) = StringBound.lower(range.least)
    metadata.statistics?.minimum = minimum
    metadata.statistics?.isMinimumExact = isMinimumExact
    let (maximum, isMaximumExact) = StringBound.upper(range.greatest)
    metadata.statistics?.maximum = maximum
    metadata.statistics?.isMaximumExact = isMaximumExact
  }
}

extension ParquetWriter {
  /// Writes the dictionary page; `append` gives its PLAIN values.
  func writeDictionary(
    _ chunk: inout ColumnChunk, count: Int, append: (inout ByteBuffer) -> Void
  ) throws {
    chunk.metadata.dictionaryPageOffset = byteCount
    page.count = 0
    append(&page)
    var header = PageHeader(.dictionary)
    header.valueCount = count
    header.encoding = Encoding.plain.rawValue
    try writePage(header, &chunk)
  }

  /// Writes data pages of the dictionary indices in `indices`.
  func writeIndices(_ chunk: inout ColumnChunk, dictionaryCount: Int) throws {
    let codes = UnsafeBufferPointer(
      start: indices.base.assumingMemoryBound(to: UInt32.self), count: chunk.presentCount)
    let width = bitWidth(forCount: dictionaryCount)
    try writePages(&chunk, rowsPerPage: options.pageSize / 4) { range, out in
      out.append(UInt8(width))
      HybridEncoder.append(UnsafeBufferPointer(rebasing: codes[range]), width: width, to: &out)
    }
  }

  /// Writes a chunk's data pages and closes it.
  ///
  /// - Parameters:
  ///   - rowsPerPage: the most rows of a page.
  ///   - size: the bytes of a present value; a page ends when its values reach `pageSize`.
  ///   - append: encodes a range of the present values.
  func writePages(
    _ chunk: inout ColumnChunk, rowsPerPage: Int, size: ((_ present: Int) -> Int)? = nil,
    append: (_ present: Range<Int>, _ out: inout ByteBuffer) -> Void
  ) throws {
    let isNullable = columns[nextColumn].isNullable
    // Looked up once, not row by row: access to a class is checked.
    let (rowCount, validity, pageSize) = (group.rowCount, scratch.validity, options.pageSize)
    let hasNulls = chunk.presentCount < rowCount
    chunk.metadata.dataPageOffset = byteCount
    var row = 0
    var present = 0
    while row < rowCount {
      let firstRow = row
      let firstPresent = present
      if let size {
        var bytes = 0
        while row < rowCount, row - firstRow < rowsPerPage, bytes < pageSize {
          if !hasNulls || validity[row] {
            bytes += size(present)
            present += 1
          }
          row += 1
        }
      } else {
        row += min(rowCount - row, rowsPerPage)
        present = hasNulls ? present + (firstRow..<row).count { validity[$0] } : row
      }
      page.count = 0
      if isNullable { appendLevels(firstRow..<row, hasNulls: hasNulls) }
      append(firstPresent..<present, &page)
      var header = PageHeader(.data)
      header.valueCount = row - firstRow
      header.encoding = chunk.encoding.rawValue
      try writePage(header, &chunk)
    }
    group.byteSize += chunk.metadata.uncompressedSize
    group.columns.append(chunk.metadata)
  }

  /// Writes a data page of lists.
  func writePage(of lists: ListPage, _ chunk: inout ColumnChunk) throws {
    page.count = 0
    lists.append(to: &page)
    var header = PageHeader(.data)
    header.valueCount = lists.count
    header.encoding = Encoding.plain.rawValue
    try writePage(header, &chunk)
  }

  /// Closes a chunk of lists.
  func closeLists(_ chunk: ColumnChunk) {
    group.byteSize += chunk.metadata.uncompressedSize
    group.columns.append(chunk.metadata)
  }

  /// Appends the definition levels of `rows` with their length to `page`.
  private func appendLevels(_ rows: Range<Int>, hasNulls: Bool) {
    let start = page.count
    page.append(word: 0, size: 4)
    if hasNulls {
      let levels = UnsafeRawBufferPointer(
        start: scratch.validity + rows.lowerBound, count: rows.count)
      HybridEncoder.append(levels.assumingMemoryBound(to: UInt8.self), width: 1, to: &page)
    } else {
      page.append(varint: UInt64(rows.count) << 1)
      page.append(1)
    }
    let size = UInt32(page.count - start - 4)
    page.base.storeBytes(of: size.littleEndian, toByteOffset: start, as: UInt32.self)
  }

  /// Compresses and emits `page` behind its header.
  private func writePage(_ header: PageHeader, _ chunk: inout ColumnChunk) throws {
    var header = header
    let isCompressed = compressor != nil
    compressor?.compress(page.bytes, to: &compressed)
    header.uncompressedSize = page.count
    header.compressedSize = isCompressed ? compressed.count : page.count
    guard max(header.uncompressedSize, header.compressedSize) <= Int32.max else {
      throw ParquetError(
        .invalidUse, "a page has more than 2^31 bytes: write smaller row groups",
        column: columns[nextColumn].name, rowGroup: metadata.rowGroups.count)
    }
    var message = ThriftWriter()
    header.write(to: &message)
    try emit(message.out.bytes)
    try emit(isCompressed ? compressed.bytes : page.bytes)
    chunk.metadata.uncompressedSize += message.out.count + header.uncompressedSize
    chunk.metadata.compressedSize += message.out.count + header.compressedSize
  }
}
