/// Reads bytes front to back; every read is checked against the end.
struct ByteCursor {
  let bytes: UnsafeRawBufferPointer
  var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  /// The bytes ran out. A caller that holds only part of the input may fetch more.
  static var truncated: ParquetError { ParquetError(.corrupt, "the data ends too early") }

  @inline(__always)
  mutating func byte() throws(ParquetError) -> UInt8 {
    guard position < bytes.count else { throw ByteCursor.truncated }
    defer { position += 1 }
    return bytes[position]
  }

  /// An unsigned LEB128 integer of at most 64 bits.
  @inline(__always)
  mutating func varint() throws(ParquetError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try byte()
      guard shift < 63 || byte <= 1 else {
        throw ParquetError(.corrupt, "an integer has more than 64 bits")
      }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  @inline(__always)
  mutating func zigzag() throws(ParquetError) -> Int64 {
    let value = try varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A little-endian 32-bit unsigned integer.
  @inline(__always)
  mutating func uint32() throws(ParquetError) -> Int {
    guard remaining >= 4 else { throw ByteCursor.truncated }
    defer { position += 4 }
    return Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
  }

  /// The next `count` bytes; `count` is not trusted.
  @inline(__always)
  mutating func take(_ count: Int) throws(ParquetError) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= remaining else { throw ByteCursor.truncated }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }
}
