/// DELTA_BINARY_PACKED: differences of neighbours, less the least one of their block, packed.
/// https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC
enum DeltaEncoder {
  private static let blockSize = 128
  private static let miniblocks = 4
  private static let miniblockSize = 32

  /// The bytes that `values` take, or nil as soon as that is `limit` or more. Complexity: linear.
  static func size<Value: FixedWidthInteger & SignedInteger>(
    of values: UnsafeBufferPointer<Value>, below limit: Int
  ) -> Int? {
    var size = 2 + 1 + varintSize(UInt64(values.count)) + 10
    var start = 1
    while start < values.count {
      let end = min(start + blockSize, values.count)
      let least = leastDelta(values, start..<end)
      size += varintSize(zigzag(least)) + miniblocks
      for part in stride(from: start, to: end, by: miniblockSize) {
        let range = part..<min(part + miniblockSize, end)
        size += width(values, range, least) * (miniblockSize / 8)
      }
      if size >= limit { return nil }
      start = end
    }
    return size
  }

  /// Appends `values`. Differences wrap around in the width of `Value`, as the format asks.
  static func append<Value: FixedWidthInteger & SignedInteger>(
    _ values: UnsafeBufferPointer<Value>, to out: inout ByteBuffer
  ) {
    out.append(varint: UInt64(blockSize))
    out.append(varint: UInt64(miniblocks))
    out.append(varint: UInt64(values.count))
    out.append(zigzag: Int64(values.first ?? 0))
    var start = 1
    while start < values.count {
      let end = min(start + blockSize, values.count)
      let least = leastDelta(values, start..<end)
      out.append(zigzag: Int64(least))
      let widths = out.count
      out.append(word: 0, size: miniblocks)
      for (index, part) in stride(from: start, to: end, by: miniblockSize).enumerated() {
        let range = part..<min(part + miniblockSize, end)
        let width = width(values, range, least)
        out.base.storeBytes(
          of: UInt8(truncatingIfNeeded: width), toByteOffset: widths + index, as: UInt8.self)
        appendMiniblock(values, range, least, width, to: &out)
      }
      start = end
    }
  }

  private static func zigzag<Value: FixedWidthInteger>(_ value: Value) -> UInt64 {
    let wide = Int64(value)
    return UInt64(bitPattern: (wide << 1) ^ (wide >> 63))
  }

  @inline(__always)
  private static func leastDelta<Value: FixedWidthInteger>(
    _ values: UnsafeBufferPointer<Value>, _ range: Range<Int>
  ) -> Value {
    var least = Value.max
    for index in range { least = min(least, values[index] &- values[index - 1]) }
    return least
  }

  /// The bits that the largest difference, less `least`, needs.
  @inline(__always)
  private static func width<Value: FixedWidthInteger>(
    _ values: UnsafeBufferPointer<Value>, _ range: Range<Int>, _ least: Value
  ) -> Int {
    var all: Value = 0
    for index in range { all |= values[index] &- values[index - 1] &- least }
    return Value.bitWidth - all.leadingZeroBitCount
  }

  @inline(__always)
  private static func appendMiniblock<Value: FixedWidthInteger>(
    _ values: UnsafeBufferPointer<Value>, _ range: Range<Int>, _ least: Value, _ width: Int,
    to out: inout ByteBuffer
  ) {
    let end = out.count + width * (miniblockSize / 8)
    out.reserve(end - out.count + 16)
    var word: UInt64 = 0
    var bits = 0
    let mask: UInt64 = Value.bitWidth == 64 ? .max : UInt64(UInt32.max)
    for index in range {
      let delta = values[index] &- values[index - 1] &- least
      let value = UInt64(truncatingIfNeeded: delta) & mask
      word |= value << UInt64(bits)
      bits += width
      if bits >= 64 {
        out.append(word: word)
        bits -= 64
        // What of `value` did not fit.
        word = bits == 0 ? 0 : value >> UInt64(width - bits)
      }
    }
    while out.count < end {
      out.append(UInt8(truncatingIfNeeded: word))
      word >>= 8
    }
  }
}
