/// Reads DELTA_BINARY_PACKED a batch at a time. Holds a pointer into a page, like `HybridDecoder`.
struct DeltaDecoder {
  private var cursor: ByteCursor
  private let miniblocks: Int
  private let miniblockSize: Int
  /// Values that are still to come.
  private(set) var remaining: Int
  private var last: Int64
  private var isFirst = true
  private var leastDelta: Int64 = 0
  /// Where the current block's bit widths stand, and which miniblock comes next.
  private var widths = 0
  private var nextMiniblock: Int
  /// The current miniblock: values left in it, bits a value, the bit where it goes on.
  private var left = 0
  private var width = 0
  private var bit = 0

  init(_ bytes: UnsafeRawBufferPointer) throws(ParquetError) {
    cursor = ByteCursor(bytes)
    let blockSize = try cursor.varint()
    let miniblocks = try cursor.varint()
    let count = try cursor.varint()
    guard blockSize > 0, blockSize <= 1 << 20, blockSize % 128 == 0,
      miniblocks > 0, miniblocks <= blockSize / 32, blockSize % (miniblocks * 32) == 0
    else {
      throw ParquetError(
        .corrupt, "delta blocks of \(blockSize) values in \(miniblocks) parts are not allowed")
    }
    guard count <= Int32.max else {
      throw ParquetError(.corrupt, "a delta page claims \(count) values")
    }
    self.miniblocks = Int(miniblocks)
    miniblockSize = Int(blockSize / miniblocks)
    nextMiniblock = self.miniblocks
    remaining = Int(count)
    last = try cursor.zigzag()
  }

  /// The bytes read so far; after the last value, where the encoding ends.
  var end: Int { cursor.position }

  /// Decodes `count` values to `out`.
  mutating func decode<Value: FixedWidthInteger & BitwiseCopyable>(
    _ count: Int, to out: UnsafeMutablePointer<Value>
  ) throws(ParquetError) {
    guard count <= remaining else {
      throw ParquetError(.corrupt, "a delta page has fewer values than its header says")
    }
    remaining -= count
    var done = 0
    if isFirst && count > 0 {
      isFirst = false
      out[0] = Value(truncatingIfNeeded: last)
      done = 1
    }
    while done < count {
      if left == 0 { try openMiniblock() }
      let n = min(left, count - done)
      var value = last
      if width == 0 {
        for index in done..<done + n {
          value &+= leastDelta
          out[index] = Value(truncatingIfNeeded: value)
        }
      } else if width <= 56 {
        // A value and the bits before it fit in one word.
        let base = cursor.bytes.baseAddress!
        let mask: UInt64 = (1 << UInt64(width)) &- 1
        var place = bit
        for index in done..<done + n {
          let word = (base + (place &>> 3)).loadUnaligned(as: UInt64.self)
          let delta = (UInt64(littleEndian: word) &>> UInt64(place & 7)) & mask
          value = value &+ leastDelta &+ Int64(bitPattern: delta)
          out[index] = Value(truncatingIfNeeded: value)
          place &+= width
        }
        bit = place
      } else {
        for index in done..<done + n {
          value = value &+ leastDelta &+ Int64(bitPattern: load())
          out[index] = Value(truncatingIfNeeded: value)
          bit += width
        }
      }
      last = value
      left -= n
      done += n
    }
  }

  private mutating func openMiniblock() throws(ParquetError) {
    if nextMiniblock == miniblocks {
      leastDelta = try cursor.zigzag()
      widths = cursor.position
      _ = try cursor.take(miniblocks)
      nextMiniblock = 0
    }
    width = Int(cursor.bytes[widths + nextMiniblock])
    // Also for INT32: DuckDB takes its differences in 64 bits, where they can need 33.
    guard width <= 64 else {
      throw ParquetError(.corrupt, "a delta bit width of \(width) is above 64")
    }
    bit = cursor.position * 8
    _ = try cursor.take(width * miniblockSize / 8)
    nextMiniblock += 1
    left = miniblockSize
  }

  /// The packed value at `bit`, of up to 64 bits: they may lie across nine bytes.
  @inline(__always)
  private func load() -> UInt64 {
    let place = cursor.bytes.baseAddress! + (bit >> 3)
    let shift = UInt64(bit & 7)
    var value = UInt64(littleEndian: place.loadUnaligned(as: UInt64.self)) >> shift
    if shift > 0 {
      value |= UInt64(place.load(fromByteOffset: 8, as: UInt8.self)) << (64 - shift)
    }
    return width == 64 ? value : value & ((1 << UInt64(width)) - 1)
  }
}
