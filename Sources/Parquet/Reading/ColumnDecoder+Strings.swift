extension ColumnDecoder {
  /// Replaces the content of `buffer` by the next rows, at most `count`; returns how many.
  func fill(_ buffer: inout ParquetStringBuffer, _ count: Int) throws -> Int {
    buffer.validity.removeAll(keepingCapacity: true)
    var filled = 0
    /// The dictionary whose strings stand in the table, and the code of its first.
    var dictionary: (number: Int, base: Int)?
    var isTableOurs = false
    var isOneDictionary = true
    while filled < count {
      let rows = min(try advance(), count - filled)
      if rows == 0 { break }
      let present = try locating { try nextValidity(rows) }
      if buffer.codes.count < filled + rows {
        let more = filled + rows - buffer.codes.count
        buffer.codes.append(contentsOf: repeatElement(0, count: more))
      }
      if case .indices = values {
        if filled == 0 {
          buffer.table = strings
          dictionary = (dictionaryNumber, 0)
        } else if dictionary?.number != dictionaryNumber {
          dictionary = (dictionaryNumber, buffer.table.count)
          buffer.table.append(contentsOf: strings)
          isOneDictionary = false
        }
      } else {
        if filled == 0 { buffer.table.removeAll() }
        isOneDictionary = false
      }
      isTableOurs = true
      let base = UInt32(truncatingIfNeeded: dictionary?.base ?? 0)
      try buffer.codes.withUnsafeMutableBufferPointer { codes in
        try locating {
          try decodeCodes(present, base: base, to: codes.baseAddress! + filled, &buffer.table)
        }
        spread(present, rows, codes.baseAddress! + filled, zero: 0)
      }
      if present < rows && buffer.validity.isEmpty {
        buffer.validity.append(contentsOf: repeatElement(true, count: filled))
      }
      if present < rows {
        buffer.validity.append(contentsOf: validity[..<rows])
      } else if !buffer.validity.isEmpty {
        buffer.validity.append(contentsOf: repeatElement(true, count: rows))
      }
      filled += rows
    }
    if !isTableOurs { buffer.table.removeAll() }
    buffer.dictionary = isOneDictionary ? dictionary?.number : nil
    buffer.codes.removeLast(buffer.codes.count - filled)
    return filled
  }

  /// Decodes the codes of the next `count` present values; PLAIN strings go into `table`.
  private func decodeCodes(
    _ count: Int, base: UInt32, to out: UnsafeMutablePointer<UInt32>,
    _ table: inout ParquetStringTable
  ) throws(ParquetError) {
    switch values {
    case .plain(let start):
      let first = UInt32(truncatingIfNeeded: table.count)
      values = .plain(try PlainStrings.append(page, from: start, count: count, to: &table))
      for index in 0..<count { out[index] = first &+ UInt32(truncatingIfNeeded: index) }
    case .strings(let start):
      guard count <= pageStrings.count - start else { throw ByteCursor.truncated }
      let first = UInt32(truncatingIfNeeded: table.count)
      for index in 0..<count {
        pageStrings.withBytes(of: start + index) { _ = table.append(bytes: $0) }
        out[index] = first &+ UInt32(truncatingIfNeeded: index)
      }
      values = .strings(start + count)
    case .indices(var decoder):
      try decoder.decode(count, to: out)
      values = .indices(decoder)
      var greatest: UInt32 = 0
      for index in 0..<count { greatest = max(greatest, out[index]) }
      guard count == 0 || greatest < strings.count else {
        throw ParquetError(
          .corrupt, "dictionary index \(greatest) is not below \(strings.count)")
      }
      if base > 0 { for index in 0..<count { out[index] += base } }
    case .none, .runs, .delta:
      throw ParquetError(.corrupt, "an encoding that its type does not have")
    }
  }
}

/// PLAIN byte arrays: each behind its length.
enum PlainStrings {
  /// Appends `count` strings that stand in `page` from byte `start` on to `table`, and returns
  /// where they end.
  static func append(
    _ page: UnsafeRawBufferPointer, from start: Int, count: Int, to table: inout ParquetStringTable
  ) throws(ParquetError) -> Int {
    var cursor = ByteCursor(page)
    cursor.position = start
    for _ in 0..<count {
      let size = try cursor.uint32()
      table.append(bytes: try cursor.take(size))
    }
    return cursor.position
  }
}
