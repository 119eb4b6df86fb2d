/// What the entries of a column of lists come to on their way into a page.
struct ListPage {
  private(set) var repetitions: [UInt8] = []
  private(set) var definitions: [UInt8] = []
  private(set) var values: [Int32] = []
  /// The levels at which a list is empty, and at which an entry has a value: `ParquetColumn` of a list is a group
  /// that may be missing, with entries that may be missing.
  private static let (empty, value): (UInt8, UInt8) = (1, 3)

  /// Entries, an empty list being one.
  var count: Int { definitions.count }

  mutating func add(_ list: [Int32]) {
    if list.isEmpty {
      repetitions.append(0)
      definitions.append(Self.empty)
    }
    for (place, element) in list.enumerated() {
      repetitions.append(place == 0 ? 0 : 1)
      definitions.append(Self.value)
      values.append(element)
    }
  }

  /// Puts the page's bytes behind what is in `page`.
  func append(to page: inout ByteBuffer) {
    for (levels, width) in [(repetitions, 1), (definitions, 2)] {
      let start = page.count
      page.append(word: 0, size: 4)
      levels.withUnsafeBufferPointer { HybridEncoder.append($0, width: width, to: &page) }
      let size = UInt32(page.count - start - 4)
      page.base.storeBytes(of: size.littleEndian, toByteOffset: start, as: UInt32.self)
    }
    values.withUnsafeBytes { page.append($0) }
  }
}

extension ParquetRowGroupWriter {
  /// Writes a column of lists of INT32 (`ParquetColumn.isList`); `list` is called once a row, in order. No list is
  /// missing, and no entry.
  ///
  /// Values are written as they are, in pages of some 64 Ki entries.
  public borrowing func writeLists(
    _ name: String, list: (_ row: Int) throws -> [Int32]
  ) throws {
    try writer.open(name, .int32, isList: true)
    var chunk = ColumnChunk(writer, encoding: .plain, presentCount: rowCount)
    chunk.metadata.path = [name, "list", "element"]
    chunk.metadata.statistics = nil
    chunk.metadata.valueCount = 0
    chunk.metadata.dataPageOffset = writer.byteCount
    var page = ListPage()
    for row in 0..<rowCount {
      page.add(try list(row))
      // A row does not go over the end of its page.
      if page.count >= 1 << 16 || row == rowCount - 1 {
        chunk.metadata.valueCount += page.count
        try writer.writePage(of: page, &chunk)
        page = ListPage()
      }
    }
    writer.closeLists(chunk)
  }
}
