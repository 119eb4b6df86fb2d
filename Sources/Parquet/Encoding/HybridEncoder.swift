/// The RLE / bit-packing hybrid: runs of equal values, and groups of 8 packed ones.
/// https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
enum HybridEncoder {
  /// Runs shorter than this are packed rather than told as a run.
  static let shortestRun = 8

  /// Appends `values`, each below 2^`width`, with `width` from 0 to 32. No length goes before them.
  static func append<Value: FixedWidthInteger & UnsignedInteger>(
    _ values: UnsafeBufferPointer<Value>, width: Int, to out: inout ByteBuffer
  ) {
    let count = values.count
    var packed = 0  // the first value not yet written
    var start = 0
    while start < count {
      let value = values[start]
      var end = start + 1
      while end < count && values[end] == value { end += 1 }
      if end - start >= shortestRun {
        // Packed groups are whole: the run lends the values that the last group lacks.
        let lent = (8 - (start - packed) % 8) % 8
        if end - start - lent >= shortestRun {
          appendPacked(values, packed..<start + lent, width: width, to: &out)
          out.append(varint: UInt64(end - start - lent) << 1)
          out.append(word: UInt64(value), size: (width + 7) / 8)
          packed = end
        }
      }
      start = end
    }
    appendPacked(values, packed..<count, width: width, to: &out)
  }

  /// Appends one packed run; the last group is filled up with zeros.
  @inline(__always)
  private static func appendPacked<Value: FixedWidthInteger & UnsignedInteger>(
    _ values: UnsafeBufferPointer<Value>, _ range: Range<Int>, width: Int,
    to out: inout ByteBuffer
  ) {
    if range.isEmpty { return }
    let groups = (range.count + 7) / 8
    out.append(varint: UInt64(groups) << 1 | 1)
    let size = groups * width
    out.reserve(size + 8)
    var place = out.base + out.count
    out.count += size
    var word: UInt64 = 0
    var bits = 0
    for index in range {
      word |= UInt64(values[index]) << UInt64(bits)
      bits += width
      if bits >= 32 {
        place.storeBytes(of: UInt32(truncatingIfNeeded: word).littleEndian, as: UInt32.self)
        place += 4
        word >>= 32
        bits -= 32
      }
    }
    // What is left of the word, then zeros up to the end of the last group.
    let end = out.base + out.count
    while place < end {
      place.storeBytes(of: UInt8(truncatingIfNeeded: word), as: UInt8.self)
      place += 1
      word >>= 8
    }
  }

  /// An upper bound on the bytes that `count` values of `width` bits take.
  static func bound(count: Int, width: Int) -> Int { (count + 7) / 8 * width + 10 }
}
