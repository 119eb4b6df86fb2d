/// Amounts by the text that they were read from, as far as that is short: a trace has few different
/// ones, again and again. Each text has one place, which the last of those with that place holds.
struct AmountCache {
  private var entries = [(text: UInt64, value: Double)](repeating: (0, 0), count: 1 << placeBits)

  private static let placeBits = 9

  /// The value of a field of a `RowBatch`, behind which eight bytes can be read; what `parse` says of
  /// it, which is asked only if it is not known. Nil is not kept.
  @inline(__always)
  mutating func value(
    _ bytes: UnsafeRawBufferPointer, _ parse: (UnsafeRawBufferPointer) -> Double?
  ) -> Double? {
    guard let base = bytes.baseAddress, bytes.count &- 1 < 8, bytes.count > 0 else {
      return parse(bytes)
    }
    // The text's bytes above, zeros below: texts of different lengths differ, as none has a zero.
    let text =
      base.loadUnaligned(as: UInt64.self).littleEndian
      << UInt64(truncatingIfNeeded: 64 &- 8 &* bytes.count)
    let place = Int(
      truncatingIfNeeded: (text &* 0x9e37_79b9_7f4a_7c15) >> UInt64(64 - Self.placeBits))
    if entries[place].text == text { return entries[place].value }
    guard let value = parse(bytes) else { return nil }
    entries[place] = (text, value)
    return value
  }
}
