/// Finds the distinct bit patterns of a column, in order of first appearance.
struct NumberDictionary<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>: ~Copyable {
  private var keys = ByteBuffer()
  /// Open addressing: the number of a key plus 1, or 0.
  private var slots = ByteBuffer()
  private var slotBits = 0
  /// How many distinct values there are.
  private(set) var count = 0

  init() {}

  /// The distinct values as PLAIN bytes.
  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: keys.base, count: count * MemoryLayout<Bits>.stride)
  }

  /// Numbers `values` and leaves the numbers in `indices`. Returns the bytes that the dictionary
  /// and the indices take, or nil as soon as that looks to be `limit` or more.
  ///
  /// Gives up early where more than half of the values are new. Complexity: linear on average.
  mutating func build(
    _ values: UnsafeBufferPointer<Bits>, below limit: Int, indices: inout ByteBuffer
  ) -> Int? {
    let width = MemoryLayout<Bits>.stride
    indices.count = 0
    indices.reserve(values.count * 4)
    let out = indices.base.assumingMemoryBound(to: UInt32.self)
    count = 0
    clearSlots(bits: 10)
    var index = 0
    while index < values.count {
      // In strides, so that giving up costs nothing per value.
      let end = min(index + 4096, values.count)
      var last = values[index]
      var number = find(last)
      out[index] = number
      index += 1
      while index < end {
        let value = values[index]
        if value != last {
          last = value
          number = find(value)
        }
        out[index] = number
        index += 1
      }
      if index >= 4096 && count > index / 2 + index / 8 { return nil }
      if count * width >= limit { return nil }
    }
    let bits = bitWidth(forCount: count)
    let size = count * width + HybridEncoder.bound(count: values.count, width: bits)
    return size < limit ? size : nil
  }

  @inline(__always)
  private mutating func find(_ value: Bits) -> UInt32 {
    let known = keys.base.assumingMemoryBound(to: Bits.self)
    let table = slots.base.assumingMemoryBound(to: UInt32.self)
    let mask = (1 << slotBits) - 1
    var slot = home(value)
    while table[slot] != 0 {
      let number = table[slot] - 1
      if known[Int(number)] == value { return number }
      slot = (slot + 1) & mask
    }
    return insert(value, slot)
  }

  @inline(__always)
  private func home(_ value: Bits) -> Int {
    var hash = UInt64(truncatingIfNeeded: value)
    hash ^= hash >> 32
    hash &*= 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: hash >> UInt64(64 - slotBits))
  }

  @inline(never)
  private mutating func insert(_ value: Bits, _ slot: Int) -> UInt32 {
    let width = MemoryLayout<Bits>.stride
    keys.count = count * width
    keys.reserve(width)
    keys.base.storeBytes(of: value, toByteOffset: keys.count, as: Bits.self)
    count += 1
    slots.base.assumingMemoryBound(to: UInt32.self)[slot] = UInt32(count)
    if count * 2 > 1 << slotBits { rehash() }
    return UInt32(count - 1)
  }

  private mutating func rehash() {
    clearSlots(bits: slotBits + 1)
    let known = keys.base.assumingMemoryBound(to: Bits.self)
    let table = slots.base.assumingMemoryBound(to: UInt32.self)
    let mask = (1 << slotBits) - 1
    for number in 0..<count {
      var slot = home(known[number])
      while table[slot] != 0 { slot = (slot + 1) & mask }
      table[slot] = UInt32(number + 1)
    }
  }

  private mutating func clearSlots(bits: Int) {
    slotBits = bits
    slots.count = 0
    slots.reserve(4 << bits)
    slots.base.initializeMemory(as: UInt32.self, repeating: 0, count: 1 << bits)
  }
}
