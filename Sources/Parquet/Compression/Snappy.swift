/// The Snappy block format. https://github.com/google/snappy/blob/main/format_description.txt
enum Snappy {
  /// Expands `bytes` to `out` and returns how many bytes that made, at most `out.count`.
  static func expand(
    _ bytes: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer
  ) throws(ParquetError) -> Int {
    var cursor = ByteCursor(bytes)
    guard try cursor.varint() == UInt64(out.count) else {
      throw ParquetError(.corrupt, "a page's Snappy length differs from its header's")
    }
    var done = 0
    while cursor.remaining > 0 {
      let tag = try cursor.byte()
      if tag & 3 == 0 {
        var length = Int(tag >> 2)
        if length >= 60 {
          let wide = try cursor.take(length - 59)
          length = 0
          for index in wide.indices { length |= Int(wide[index]) << (8 * index) }
        }
        let literal = try cursor.take(length + 1)
        guard literal.count <= out.count - done else { throw overflow }
        (out.baseAddress! + done).copyMemory(from: literal.baseAddress!, byteCount: literal.count)
        done += literal.count
        continue
      }
      let length: Int
      let offset: Int
      switch tag & 3 {
      case 1:
        length = Int(tag >> 2 & 7) + 4
        offset = Int(tag >> 5) << 8 | Int(try cursor.byte())
      case 2:
        length = Int(tag >> 2) + 1
        let low = Int(try cursor.byte())
        offset = low | Int(try cursor.byte()) << 8
      default:
        length = Int(tag >> 2) + 1
        offset = try cursor.uint32()
      }
      guard offset > 0, offset <= done else {
        throw ParquetError(.corrupt, "a Snappy copy reaches before the page")
      }
      guard length <= out.count - done else { throw overflow }
      copy(from: out.baseAddress! + (done - offset), to: out.baseAddress! + done, length, offset)
      done += length
    }
    return done
  }

  /// Copies front to back, so that a source that overlaps its target repeats itself.
  @inline(__always)
  private static func copy(
    from source: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer, _ length: Int,
    _ offset: Int
  ) {
    if offset >= length {
      target.copyMemory(from: source, byteCount: length)
    } else {
      for index in 0..<length {
        let byte = source.load(fromByteOffset: index, as: UInt8.self)
        target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
      }
    }
  }

  private static var overflow: ParquetError {
    ParquetError(.corrupt, "a Snappy page holds more than it claims")
  }
}
