/// Bytes in memory that grows and is reused; with slack at the end, so that whole words may be
/// loaded and stored at any place below `count`.
struct ByteBuffer: ~Copyable {
  /// The bytes that may be touched beyond `capacity`.
  static let slack = 16

  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  /// How many bytes are in use.
  var count = 0

  init(capacity: Int = 256) {
    base = .allocate(byteCount: capacity + ByteBuffer.slack, alignment: 16)
    self.capacity = capacity
  }

  deinit { base.deallocate() }

  /// The bytes in use.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Makes room for `extra` more bytes.
  @inline(__always)
  mutating func reserve(_ extra: Int) {
    if capacity - count < extra { grow(extra) }
  }

  @inline(never)
  private mutating func grow(_ extra: Int) {
    let larger = max(count + extra, capacity * 2)
    let moved = UnsafeMutableRawPointer.allocate(
      byteCount: larger + ByteBuffer.slack, alignment: 16)
    moved.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = moved
    capacity = larger
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    reserve(bytes.count)
    (base + count).copyMemory(from: start, byteCount: bytes.count)
    count += bytes.count
  }

  /// Appends the low `size` bytes of `word`, little end first.
  @inline(__always)
  mutating func append(word: UInt64, size: Int = 8) {
    reserve(8)
    base.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
    count += size
  }

  /// Appends an unsigned LEB128 integer.
  @inline(__always)
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a signed integer, zigzag encoded as LEB128.
  @inline(__always)
  mutating func append(zigzag value: Int64) {
    append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }
}

/// How many bytes an unsigned LEB128 integer takes.
@inline(__always)
func varintSize(_ value: UInt64) -> Int {
  (63 - (value | 1).leadingZeroBitCount) / 7 + 1
}

/// The bits needed to tell `count` values, 0 up to `count` - 1, apart.
func bitWidth(forCount count: Int) -> Int {
  count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
}
