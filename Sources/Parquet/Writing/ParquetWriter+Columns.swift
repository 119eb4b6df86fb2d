extension ParquetWriter {
  /// Checks that column `name` of `type`, or of lists of it, is the next one.
  @usableFromInline func open(_ name: String, _ type: ParquetType, isList: Bool = false) throws {
    let next = nextColumn
    guard next < columnRange.upperBound else {
      throw failure("the row group has all its columns already", name)
    }
    guard columns[next].name == name else {
      throw failure("expected column '\(columns[next].name)' next", name)
    }
    guard columns[next].type == type else {
      throw failure("\(type.name) values for a column of \(columns[next].type.name)", name)
    }
    guard columns[next].isList == isList else {
      throw failure(
        "\(isList ? "lists for a column of values" : "values for a column of lists")", name)
    }
  }

  /// Checks the row counts of a buffer.
  @usableFromInline func require(
    _ name: String, values: Int, validity: Int, _ rows: Int
  ) throws {
    guard values == rows, validity == 0 || validity == rows else {
      throw failure("\(values) rows (\(validity) validities) in a row group of \(rows)", name)
    }
  }

  /// Encodes and emits the column whose values stand in `scratch`.
  @usableFromInline func close(
    _ name: String, present: Int, table: ParquetStringTable? = nil
  ) throws {
    let column = columns[nextColumn]
    guard present == group.rowCount || column.isNullable else {
      throw failure("a null in a column that is not nullable", name)
    }
    switch column.type {
    case .boolean: try closeBooleans(scratch.present(present))
    case .int32: try closeIntegers(scratch.present(present, as: Int32.self), &numbers32)
    case .int64: try closeIntegers(scratch.present(present, as: Int64.self), &numbers64)
    case .float: try closeFloats(scratch.present(present, as: Float.self), &numbers32)
    case .double: try closeFloats(scratch.present(present, as: Double.self), &numbers64)
    case .string: try closeStrings(scratch.present(present), table!, name)
    }
  }

  private func failure(_ message: String, _ column: String) -> ParquetError {
    ParquetError(.invalidUse, message, column: column, rowGroup: metadata.rowGroups.count)
  }

  private func closeBooleans(_ values: UnsafeBufferPointer<Bool>) throws {
    var chunk = ColumnChunk(self, encoding: .plain, presentCount: values.count)
    chunk.setStatistics(
      values.isEmpty ? nil : (values.contains(false) ? 0 : 1, values.contains(true) ? 1 : 0),
      width: 1)
    try writePages(&chunk, rowsPerPage: options.pageSize * 8) { range, out in
      var word: UInt8 = 0
      for (bit, index) in range.enumerated() {
        word |= (values[index] ? 1 : 0) << UInt8(bit & 7)
        if bit & 7 == 7 {
          out.append(word)
          word = 0
        }
      }
      if range.count & 7 != 0 { out.append(word) }
    }
  }

  private func closeIntegers<Value: FixedWidthInteger & SignedInteger & ParquetValue, Bits>(
    _ values: UnsafeBufferPointer<Value>, _ dictionary: inout NumberDictionary<Bits>
  ) throws {
    var range: (UInt64, UInt64)?
    if var least = values.first {
      var greatest = least
      for value in values {
        least = min(least, value)
        greatest = max(greatest, value)
      }
      range = (UInt64(truncatingIfNeeded: least), UInt64(truncatingIfNeeded: greatest))
    }
    try closeNumbers(values, &dictionary, range) { limit in
      self.options.allowsDelta ? DeltaEncoder.size(of: values, below: limit) : nil
    } delta: { range, out in
      DeltaEncoder.append(UnsafeBufferPointer(rebasing: values[range]), to: &out)
    }
  }

  private func closeFloats<Value: BinaryFloatingPoint & ParquetValue, Bits>(
    _ values: UnsafeBufferPointer<Value>, _ dictionary: inout NumberDictionary<Bits>
  ) throws {
    // NaN has no place in the order and is left out; a zero stands for both zeros, so the least
    // one is told as -0 and the greatest as +0, as the format asks.
    var least = Value.infinity
    var greatest = -Value.infinity
    var isOrdered = false
    for value in values where value == value {
      isOrdered = true
      if value < least { least = value }
      if value > greatest { greatest = value }
    }
    if least == 0 { least = -0.0 }
    if greatest == 0 { greatest = 0.0 }
    try closeNumbers(values, &dictionary, isOrdered ? (bits(least), bits(greatest)) : nil) { _ in
      nil
    } delta: { _, _ in
    }
  }

  /// The bit pattern of a float, zero extended.
  private func bits<Value: BinaryFloatingPoint>(_ value: Value) -> UInt64 {
    if let value = value as? Double { return value.bitPattern }
    return UInt64(Float(value).bitPattern)
  }

  /// Takes the smallest encoding of fixed-width `values` and writes it.
  private func closeNumbers<Value: ParquetValue, Bits>(
    _ values: UnsafeBufferPointer<Value>, _ dictionary: inout NumberDictionary<Bits>,
    _ range: (UInt64, UInt64)?, deltaSize: (_ limit: Int) -> Int?,
    delta: (Range<Int>, inout ByteBuffer) -> Void
  ) throws {
    let width = MemoryLayout<Value>.stride
    var size = values.count * width
    var encoding = Encoding.plain
    if options.allowsDictionary {
      let bits = UnsafeRawBufferPointer(values).assumingMemoryBound(to: Bits.self)
      if let small = dictionary.build(bits, below: size, indices: &indices) {
        (size, encoding) = (small, .rleDictionary)
      }
    }
    if deltaSize(size) != nil { encoding = .deltaBinaryPacked }

    var chunk = ColumnChunk(self, encoding: encoding, presentCount: values.count)
    chunk.setStatistics(range, width: width)
    switch encoding {
    case .rleDictionary:
      try writeDictionary(&chunk, count: dictionary.count) { $0.append(dictionary.bytes) }
      try writeIndices(&chunk, dictionaryCount: dictionary.count)
    case .deltaBinaryPacked:
      try writePages(&chunk, rowsPerPage: options.pageSize / width, append: delta)
    default:
      try writePages(&chunk, rowsPerPage: options.pageSize / width) { range, out in
        out.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: values[range])))
      }
    }
  }

  private func closeStrings(
    _ codes: UnsafeBufferPointer<UInt32>, _ table: ParquetStringTable, _ name: String
  ) throws {
    do {
      try strings.build(codes, table, indices: &indices)
    } catch let error as ParquetError {
      throw error.located(column: name, rowGroup: metadata.rowGroups.count)
    }
    let isDictionary = options.allowsDictionary && strings.encodedSize < strings.plainSize
    var chunk = ColumnChunk(
      self, encoding: isDictionary ? .rleDictionary : .plain, presentCount: codes.count)
    chunk.setStatistics(strings.leastAndGreatest(table))
    if isDictionary {
      try writeDictionary(&chunk, count: strings.entries.count) { out in
        for code in strings.entries { appendString(table, code, to: &out) }
      }
      return try writeIndices(&chunk, dictionaryCount: strings.entries.count)
    }
    try writePages(&chunk, rowsPerPage: .max) { index in
      4 + table.range(Int(codes[index])).count
    } append: { range, out in
      for index in range { appendString(table, codes[index], to: &out) }
    }
  }

  private func appendString(_ table: ParquetStringTable, _ code: UInt32, to out: inout ByteBuffer) {
    table.withBytes(of: Int(code)) { bytes in
      out.append(word: UInt64(bytes.count), size: 4)
      out.append(bytes)
    }
  }
}
