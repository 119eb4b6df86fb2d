extension ColumnDecoder {
  /// Replaces the content of `buffer` by the next rows, at most `count`; returns how many.
  ///
  /// Memory grows with the rows that are really there, page by page, never by `count` alone.
  @inlinable
  func fill<Value: ParquetValue>(
    _ buffer: inout ParquetColumnBuffer<Value>, _ count: Int
  ) throws -> Int {
    buffer.validity.removeAll(keepingCapacity: true)
    var filled = 0
    while filled < count {
      let rows = min(try advance(), count - filled)
      if rows == 0 { break }
      if buffer.values.count < filled + rows {
        let more = filled + rows - buffer.values.count
        buffer.values.append(contentsOf: repeatElement(Value.parquetZero, count: more))
      }
      let present = try buffer.values.withUnsafeMutableBytes {
        try decode(rows, to: $0.baseAddress! + filled * MemoryLayout<Value>.stride)
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
    buffer.values.removeLast(buffer.values.count - filled)
    return filled
  }

  /// Decodes the page's next `count` rows to `out`, which has room for them, and returns how many
  /// have a value; the slots of the others are zero, and `validity` tells which.
  @usableFromInline func decode(_ count: Int, to out: UnsafeMutableRawPointer) throws -> Int {
    try locating {
      let present = try nextValidity(count)
      switch column.type {
      case .boolean:
        let out = out.assumingMemoryBound(to: Bool.self)
        try decodeBooleans(present, to: out)
        spread(present, count, out, zero: false)
      case .int32: try decodeIntegers(present, count, to: out.assumingMemoryBound(to: Int32.self))
      case .int64: try decodeIntegers(present, count, to: out.assumingMemoryBound(to: Int64.self))
      case .float: try decodeNumbers(present, count, to: out.assumingMemoryBound(to: UInt32.self))
      case .double: try decodeNumbers(present, count, to: out.assumingMemoryBound(to: UInt64.self))
      case .string: throw ParquetError(.invalidUse, "strings are not numbers")
      }
      return present
    }
  }

  private func decodeIntegers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ present: Int, _ count: Int, to out: UnsafeMutablePointer<Value>
  ) throws(ParquetError) {
    guard case .delta(var decoder) = values else {
      return try decodeNumbers(present, count, to: out)
    }
    try decoder.decode(present, to: out)
    values = .delta(decoder)
    spread(present, count, out, zero: 0)
  }

  private func decodeNumbers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ present: Int, _ count: Int, to out: UnsafeMutablePointer<Value>
  ) throws(ParquetError) {
    switch values {
    case .plain(let start):
      let size = present * MemoryLayout<Value>.stride
      guard size <= plain.count - start else { throw ByteCursor.truncated }
      if size > 0 {
        UnsafeMutableRawPointer(out).copyMemory(
          from: plain.baseAddress! + start, byteCount: size)
      }
      values = .plain(start + size)
    case .indices(var decoder):
      let entries = UnsafeBufferPointer(
        start: dictionary.base.assumingMemoryBound(to: Value.self),
        count: dictionary.count / MemoryLayout<Value>.stride)
      try decoder.decode(present, through: entries, to: out)
      values = .indices(decoder)
    case .none, .runs, .delta, .strings:
      throw ParquetError(.corrupt, "an encoding that its type does not have")
    }
    spread(present, count, out, zero: 0)
  }

  private func decodeBooleans(
    _ present: Int, to out: UnsafeMutablePointer<Bool>
  ) throws(ParquetError) {
    switch values {
    case .plain(let start):
      guard present <= page.count * 8 - start else { throw ByteCursor.truncated }
      for index in 0..<present {
        let bit = start + index
        out[index] = page[bit >> 3] >> UInt8(bit & 7) & 1 != 0
      }
      values = .plain(start + present)
    case .runs(var decoder):
      _ = try decoder.decode(present, to: out)
      values = .runs(decoder)
    case .none, .indices, .delta, .strings:
      throw ParquetError(.corrupt, "an encoding that its type does not have")
    }
  }

  /// Moves `present` values at the start of `count` slots, last first, to the rows that have one.
  @inline(__always)
  func spread<Value: BitwiseCopyable>(
    _ present: Int, _ count: Int, _ out: UnsafeMutablePointer<Value>, zero: Value
  ) {
    if present == count { return }
    var next = present
    validity.withUnsafeBufferPointer { validity in
      for row in stride(from: count - 1, through: 0, by: -1) {
        if validity[row] {
          next -= 1
          out[row] = out[next]
        } else {
          out[row] = zero
        }
      }
    }
  }
}
