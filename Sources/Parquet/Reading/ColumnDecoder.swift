/// Decodes one column, page by page, over a range of row groups.
@usableFromInline final class ColumnDecoder {
  /// How the current page's values are read.
  enum Values {
    case none
    /// The next value's byte in `plain`; for booleans, its bit.
    case plain(Int)
    /// Indices into the dictionary.
    case indices(HybridDecoder)
    /// Booleans as runs.
    case runs(HybridDecoder)
    case delta(DeltaDecoder)
    /// The next of the strings that the page was decoded to.
    case strings(Int)
  }

  let reader: ParquetReader
  private(set) var column: ParquetColumn
  private var leaf: Int
  private var groups: Range<Int>
  private var chunk: ChunkReader
  private var isOpen = false
  /// Rows of the row group that no page was seen for yet.
  private var rowsInGroup = 0
  /// Rows of the page that were not read yet.
  private(set) var rowsInPage = 0
  private var levels: HybridDecoder?
  /// Of a column of lists: its levels, and those of the entries that the last `decode` gave.
  private var list: ListShape?
  private var repetitionLevels: HybridDecoder?
  private(set) var repetitions: [UInt32] = []
  private(set) var definitions: [UInt32] = []
  var values = Values.none
  /// The dictionary of a fixed-width column.
  var dictionary = ByteBuffer()
  /// The dictionary of a string column, and how many there were before it.
  var strings = ParquetStringTable()
  private(set) var dictionaryNumber = 0
  private var hasDictionary = false
  /// The validity of the rows that the last `decode` gave.
  @usableFromInline private(set) var validity: [Bool] = []

  init(_ reader: ParquetReader, _ place: Int, _ groups: Range<Int>) {
    self.reader = reader
    chunk = ChunkReader(reader.input, reader.limits)
    self.groups = groups
    column = reader.columns.isEmpty ? ParquetColumn("", .int32) : reader.columns[place]
    leaf = reader.leaves.isEmpty ? 0 : reader.leaves[place]
  }

  /// A decoder of a column of lists: what counts as a row is an entry.
  init(
    _ reader: ParquetReader, _ column: ParquetColumn, leaf: Int, _ list: ListShape,
    _ groups: Range<Int>
  ) {
    self.reader = reader
    chunk = ChunkReader(reader.input, reader.limits)
    self.groups = groups
    self.column = column
    self.leaf = leaf
    self.list = list
  }

  /// Goes to the start of a column in a range of row groups.
  func restart(_ place: Int, _ groups: Range<Int>) {
    column = reader.columns[place]
    leaf = reader.leaves[place]
    self.groups = groups
    chunk.close()
    isOpen = false
    rowsInGroup = 0
    rowsInPage = 0
    values = .none
  }

  /// What PLAIN values are read from: the page, or what it was unscrambled to.
  private(set) var plain = UnsafeRawBufferPointer(start: nil, count: 0)
  private var unscrambled = ByteBuffer()
  /// The strings of a page that is decoded as a whole.
  private(set) var pageStrings = ParquetStringTable()

  /// The bytes of the current page.
  var page: UnsafeRawBufferPointer { chunk.page.bytes }

  /// Makes sure that there is a row to read, and returns how many the page still has; 0 at the end.
  @usableFromInline func advance() throws -> Int {
    while rowsInPage == 0 {
      if !isOpen {
        guard let group = groups.first else { return 0 }
        rowsInGroup =
          list == nil
          ? reader.rowGroups[group].rowCount
          : reader.footer.rowGroups[group].columns[leaf].valueCount
        isOpen = true
        hasDictionary = false
        // A chunk without rows may lie anywhere: nothing of it is read.
        if rowsInGroup > 0 { try locating { try self.openChunk(group) } }
      }
      if rowsInGroup == 0 {
        groups = groups.dropFirst()
        isOpen = false
        continue
      }
      try locating { try self.nextPage() }
    }
    return rowsInPage
  }

  private func openChunk(_ group: Int) throws(ParquetError) {
    let metadata = reader.footer.rowGroups[group].columns[leaf]
    guard metadata.isEncrypted || metadata.type == column.type.code else {
      throw ParquetError(.corrupt, "the chunk's type is not that of the schema")
    }
    guard metadata.isEncrypted || metadata.valueCount == rowsInGroup,
      list == nil || metadata.valueCount >= reader.rowGroups[group].rowCount
    else {
      throw ParquetError(
        .corrupt, "\(metadata.valueCount) values in a row group of \(rowsInGroup) rows")
    }
    try chunk.open(metadata, footerStart: reader.footerStart)
  }

  /// Runs `body` and adds the place to its errors.
  func locating<R>(_ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as ParquetError {
      throw error.located(offset: chunk.position, column: column.name, rowGroup: groups.first)
    }
  }

  private func nextPage() throws {
    guard let header = try chunk.next() else {
      throw ParquetError(.corrupt, "the column ends \(rowsInGroup) rows too early")
    }
    if header.kind == .dictionary { return try loadDictionary(header) }
    guard header.valueCount <= rowsInGroup else {
      throw ParquetError(
        .corrupt, "a page of \(header.valueCount) rows where \(rowsInGroup) are left")
    }
    let start = try openLevels(header)
    try openValues(header, start)
    rowsInGroup -= header.valueCount
    rowsInPage = header.valueCount
  }

  private func loadDictionary(_ header: PageHeader) throws(ParquetError) {
    guard !hasDictionary else { throw ParquetError(.corrupt, "a chunk has two dictionaries") }
    hasDictionary = true
    dictionaryNumber += 1
    guard
      header.encoding == Encoding.plain.rawValue
        || header.encoding == Encoding.plainDictionary.rawValue
    else { throw ParquetError(.unsupported, "a dictionary of encoding \(header.encoding)") }
    let count = header.valueCount
    switch column.type {
    case .boolean: throw ParquetError(.corrupt, "a dictionary of booleans")
    case .string:
      var table = ParquetStringTable()
      _ = try PlainStrings.append(page, from: 0, count: count, to: &table)
      strings = table
    default:
      let (size, overflow) = count.multipliedReportingOverflow(by: column.type.width)
      guard !overflow, size <= page.count else { throw ByteCursor.truncated }
      dictionary.count = 0
      dictionary.append(UnsafeRawBufferPointer(rebasing: page[..<size]))
    }
  }

  /// Opens a page's definition levels and returns where its values begin.
  private func openLevels(_ header: PageHeader) throws(ParquetError) -> Int {
    levels = nil
    if let list { return try openListLevels(header, list) }
    if header.kind == .dataV2 {
      let start = header.repetitionLevelSize
      let end = start + header.definitionLevelSize
      if column.valueLevel > 0 {
        levels = try HybridDecoder(
          UnsafeRawBufferPointer(rebasing: page[start..<end]),
          width: ListShape.bits(column.valueLevel))
      }
      return end
    }
    guard column.valueLevel > 0 else { return 0 }
    guard header.levelEncoding == Encoding.rle.rawValue else {
      throw ParquetError(.unsupported, "definition levels of encoding \(header.levelEncoding)")
    }
    var cursor = ByteCursor(page)
    let size = try cursor.uint32()
    levels = try HybridDecoder(
      try cursor.take(size), width: ListShape.bits(column.valueLevel))
    return cursor.position
  }

  private func openListLevels(
    _ header: PageHeader, _ list: ListShape
  ) throws(ParquetError) -> Int {
    if header.kind == .dataV2 {
      let start = header.repetitionLevelSize
      let end = start + header.definitionLevelSize
      repetitionLevels = try HybridDecoder(
        UnsafeRawBufferPointer(rebasing: page[..<start]), width: 1)
      levels = try HybridDecoder(
        UnsafeRawBufferPointer(rebasing: page[start..<end]), width: list.width)
      return end
    }
    guard header.levelEncoding == Encoding.rle.rawValue else {
      throw ParquetError(.unsupported, "levels of encoding \(header.levelEncoding)")
    }
    var cursor = ByteCursor(page)
    repetitionLevels = try HybridDecoder(try cursor.take(try cursor.uint32()), width: 1)
    levels = try HybridDecoder(try cursor.take(try cursor.uint32()), width: list.width)
    return cursor.position
  }

  /// The same as `nextValidity` of the entries of lists.
  private func nextEntries(_ count: Int, _ list: ListShape) throws(ParquetError) -> Int {
    guard var repetition = repetitionLevels, var definition = levels else {
      throw ParquetError(.corrupt, "a page of lists without levels")
    }
    (repetitionLevels, levels) = (nil, nil)
    defer { (repetitionLevels, levels) = (repetition, definition) }
    repetitions = try Self.levels(count, from: &repetition)
    return try decodeDefinitions(count, from: &definition, most: list.most)
  }

  private static func levels(
    _ count: Int, from decoder: inout HybridDecoder
  ) throws(ParquetError) -> [UInt32] {
    var levels = [UInt32](repeating: 0, count: count)
    var failure: ParquetError?
    levels.withUnsafeMutableBufferPointer { out in
      guard let base = out.baseAddress else { return }
      do throws(ParquetError) { try decoder.decode(count, to: base) } catch { failure = error }
    }
    if let failure { throw failure }
    return levels
  }

  /// Decodes the definition levels of rows or entries, and which of these have a value.
  private func decodeDefinitions(
    _ count: Int, from decoder: inout HybridDecoder, most: Int
  ) throws(ParquetError) -> Int {
    definitions = try Self.levels(count, from: &decoder)
    if let wrong = definitions.first(where: { $0 > most }) {
      throw ParquetError(.corrupt, "a definition level of \(wrong) where \(most) is the most")
    }
    validity = definitions.map { Int($0) == most }
    return validity.count { $0 }
  }

  private func openValues(_ header: PageHeader, _ start: Int) throws(ParquetError) {
    let bytes = UnsafeRawBufferPointer(rebasing: page[start...])
    plain = page
    switch (Encoding(rawValue: header.encoding), column.type) {
    case (.plain, .boolean):
      values = .plain(start * 8)
    case (.plain, _):
      values = .plain(start)
    case (.plainDictionary, _), (.rleDictionary, _):
      guard hasDictionary else { throw ParquetError(.corrupt, "the dictionary page is missing") }
      // A page without values may lack even the bit width.
      let width = bytes.first.map(Int.init) ?? 0
      values = .indices(
        try HybridDecoder(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), width: width))
    case (.rle, .boolean):
      var cursor = ByteCursor(bytes)
      let size = try cursor.uint32()
      values = .runs(try HybridDecoder(try cursor.take(size), width: 1))
    case (.deltaBinaryPacked, .int32), (.deltaBinaryPacked, .int64):
      values = .delta(try DeltaDecoder(bytes))
    case (.deltaLengthByteArray, .string):
      let limit = reader.limits.pageBytes
      try DeltaStrings.decodeLengths(bytes, header.valueCount, limit: limit, to: &pageStrings)
      values = .strings(0)
    case (.deltaByteArray, .string):
      let limit = reader.limits.pageBytes
      try DeltaStrings.decodePrefixes(bytes, header.valueCount, limit: limit, to: &pageStrings)
      values = .strings(0)
    case (.byteStreamSplit, let type) where type.width > 0:
      ByteStreamSplit.decode(bytes, width: type.width, to: &unscrambled)
      plain = unscrambled.bytes
      values = .plain(0)
    case (let encoding, let type):
      let name = encoding.map { "\($0)" } ?? "\(header.encoding)"
      throw ParquetError(.unsupported, "encoding \(name) of \(type.name) values is not supported")
    }
  }

  /// Finds which of the page's next `count` rows have a value: returns how many, and leaves in
  /// `validity` which unless all do.
  func nextValidity(_ count: Int) throws(ParquetError) -> Int {
    rowsInPage -= count
    if let list { return try nextEntries(count, list) }
    guard var decoder = levels else { return count }
    levels = nil
    defer { levels = decoder }
    let most = column.valueLevel
    if let level = try decoder.uniform(count), Int(level) == most {
      decoder.skipRepeats(count)
      return count
    }
    if most > 1 { return try decodeDefinitions(count, from: &decoder, most: most) }
    if validity.count < count {
      validity.append(contentsOf: repeatElement(false, count: count - validity.count))
    }
    var result: Result<Int, ParquetError> = .success(0)
    validity.withUnsafeMutableBufferPointer { out in
      do throws(ParquetError) {
        result = .success(try decoder.decode(count, to: out.baseAddress!))
      } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }
}
