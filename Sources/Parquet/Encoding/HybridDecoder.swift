/// Reads the RLE / bit-packing hybrid a batch at a time.
///
/// Holds a pointer into a page: whoever owns the page keeps it in place, with `ByteBuffer.slack`
/// readable bytes after it.
struct HybridDecoder {
  private let base: UnsafeRawPointer
  private let end: Int
  private var position = 0
  private let width: Int
  private let mask: UInt64
  /// What is left of a run of equal values.
  private var repeats = 0
  private var repeated: UInt32 = 0
  /// What is left of a packed run, and the bit where it goes on.
  private var packed = 0
  private var bit = 0

  /// A decoder of `bytes`, with `width` from 0 to 32 bits a value.
  init(_ bytes: UnsafeRawBufferPointer, width: Int) throws(ParquetError) {
    guard width <= 32 else {
      throw ParquetError(.corrupt, "a bit width of \(width) is above 32")
    }
    // An empty buffer has no address; any will do, since nothing is read.
    base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 16)!
    end = bytes.count
    self.width = width
    mask = (1 << UInt64(width)) - 1
  }

  /// If the next `count` values are all known to equal one value without decoding, that value.
  mutating func uniform(_ count: Int) throws(ParquetError) -> UInt32? {
    try refill()
    return repeats >= count ? repeated : nil
  }

  /// Skips `count` values of a run that `uniform` told of.
  mutating func skipRepeats(_ count: Int) { repeats -= count }

  /// Makes sure that there is a run to read from.
  @inline(__always)
  private mutating func refill() throws(ParquetError) {
    while repeats == 0 && packed == 0 { try nextRun() }
  }

  private mutating func nextRun() throws(ParquetError) {
    var cursor = ByteCursor(UnsafeRawBufferPointer(start: base, count: end))
    cursor.position = position
    let header = try cursor.varint()
    guard header <= UInt32.max else { throw ParquetError(.corrupt, "a run is too long") }
    let length = Int(header >> 1)
    if header & 1 == 0 {
      let bytes = (width + 7) / 8
      guard cursor.remaining >= bytes else { throw ByteCursor.truncated }
      var value: UInt32 = 0
      for index in 0..<bytes {
        value |= UInt32(cursor.bytes[cursor.position + index]) << UInt32(8 * index)
      }
      guard UInt64(value) <= mask else {
        throw ParquetError(.corrupt, "a run's value \(value) does not fit into \(width) bits")
      }
      position = cursor.position + bytes
      repeats = length
      repeated = value
    } else if width == 0 {
      position = cursor.position
      repeats = length * 8
      repeated = 0
    } else {
      // Some writers cut the last group's padding off.
      let bytes = min(length * width, cursor.remaining)
      bit = cursor.position * 8
      packed = bytes * 8 / width
      position = cursor.position + bytes
      guard packed > 0 || length == 0 else { throw ByteCursor.truncated }
    }
  }

  /// The packed value at `bit`.
  @inline(__always)
  private func load(_ bit: Int) -> UInt64 {
    let word = (base + (bit >> 3)).loadUnaligned(as: UInt64.self)
    return (UInt64(littleEndian: word) >> UInt64(bit & 7)) & mask
  }

  /// Decodes `count` values to `out`.
  mutating func decode(_ count: Int, to out: UnsafeMutablePointer<UInt32>) throws(ParquetError) {
    var done = 0
    while done < count {
      try refill()
      if repeats > 0 {
        let n = min(repeats, count - done)
        (out + done).update(repeating: repeated, count: n)
        repeats -= n
        done += n
      } else {
        let n = min(packed, count - done)
        var bit = bit
        for index in done..<done + n {
          out[index] = UInt32(truncatingIfNeeded: load(bit))
          bit += width
        }
        self.bit = bit
        packed -= n
        done += n
      }
    }
  }

  /// Decodes `count` values of one bit to `out` and returns how many of them are true.
  mutating func decode(_ count: Int, to out: UnsafeMutablePointer<Bool>) throws(ParquetError) -> Int
  {
    var done = 0
    var trues = 0
    while done < count {
      try refill()
      if repeats > 0 {
        let n = min(repeats, count - done)
        (out + done).update(repeating: repeated != 0, count: n)
        if repeated != 0 { trues += n }
        repeats -= n
        done += n
      } else {
        let n = min(packed, count - done)
        var bit = bit
        for index in done..<done + n {
          let value = load(bit)
          out[index] = value != 0
          trues += Int(truncatingIfNeeded: value)
          bit += 1
        }
        self.bit = bit
        packed -= n
        done += n
      }
    }
    return trues
  }

  /// Decodes `count` indices and writes the dictionary's values that they stand for.
  mutating func decode<Value: BitwiseCopyable>(
    _ count: Int, through dictionary: UnsafeBufferPointer<Value>,
    to out: UnsafeMutablePointer<Value>
  ) throws(ParquetError) {
    let size = UInt64(dictionary.count)
    var done = 0
    while done < count {
      try refill()
      if repeats > 0 {
        guard UInt64(repeated) < size else { throw outside(UInt64(repeated), size) }
        let n = min(repeats, count - done)
        (out + done).update(repeating: dictionary[Int(repeated)], count: n)
        repeats -= n
        done += n
      } else {
        let n = min(packed, count - done)
        let values = dictionary.baseAddress!
        var bit = bit
        for index in done..<done + n {
          let code = load(bit)
          guard code < size else { throw outside(code, size) }
          out[index] = values[Int(truncatingIfNeeded: code)]
          bit += width
        }
        self.bit = bit
        packed -= n
        done += n
      }
    }
  }

  private func outside(_ index: UInt64, _ size: UInt64) -> ParquetError {
    ParquetError(.corrupt, "dictionary index \(index) is not below \(size)")
  }
}
