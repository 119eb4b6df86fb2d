import Testing

@testable import Parquet

@Suite("Parquet encodings")
struct EncodingTests {
  @Test("the hybrid gives back what went in, for every width and batch", arguments: 0...32)
  func hybrid(width: Int) throws {
    var rng = SplitMix64(state: UInt64(width))
    for count in [1, 7, 8, 9, 63, 64, 65, 500] {
      let largest = UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(width)) - 1)
      var values: [UInt32] = []
      while values.count < count {
        let value = UInt32.random(in: 0...largest, using: &rng)
        let run = rng.chance(0.4) ? Int.random(in: 1...40, using: &rng) : 1
        values.append(contentsOf: repeatElement(value, count: min(run, count - values.count)))
      }
      var out = ByteBuffer()
      values.withUnsafeBufferPointer { HybridEncoder.append($0, width: width, to: &out) }
      #expect(out.count <= HybridEncoder.bound(count: count, width: width) + count)
      var decoder = try HybridDecoder(out.bytes, width: width)
      var found = [UInt32](repeating: 0, count: count)
      var done = 0
      while done < count {
        let batch = min(Int.random(in: 1...50, using: &rng), count - done)
        try found.withUnsafeMutableBufferPointer {
          try decoder.decode(batch, to: $0.baseAddress! + done)
        }
        done += batch
      }
      #expect(found == values)
    }
  }

  /// The example of the format's page on encodings: 0 to 7 in three bits.
  @Test("bit packing has the byte order of the format's example")
  func packedExample() {
    var out = ByteBuffer()
    ([0, 1, 2, 3, 4, 5, 6, 7] as [UInt32]).withUnsafeBufferPointer {
      HybridEncoder.append($0, width: 3, to: &out)
    }
    #expect(Array(out.bytes) == [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010])
  }

  @Test("deltas give back what went in", arguments: [0, 1, 2, 32, 33, 128, 129, 130, 1000])
  func delta(count: Int) throws {
    var rng = SplitMix64(state: UInt64(count))
    for shape in 0..<4 {
      let wide: [Int64] = (0..<count).map { row in
        switch shape {
        case 0: Int64(row)
        case 1: .random(in: .min ... .max, using: &rng)
        case 2: [.min, .max, 0].randomElement(using: &rng)!
        default: 1 << Int64.random(in: 0..<63, using: &rng)
        }
      }
      try roundTrip(wide)
      try roundTrip(wide.map { Int32(truncatingIfNeeded: $0) })
    }
  }

  private func roundTrip<Value: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    _ values: [Value]
  ) throws {
    var out = ByteBuffer()
    values.withUnsafeBufferPointer { DeltaEncoder.append($0, to: &out) }
    let size = values.withUnsafeBufferPointer { DeltaEncoder.size(of: $0, below: .max) }
    #expect(try #require(size) >= out.count)
    var decoder = try DeltaDecoder(out.bytes)
    var found = [Value](repeating: 0, count: values.count)
    try found.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      let half = buffer.count / 2
      try decoder.decode(half, to: start)
      try decoder.decode(buffer.count - half, to: start + half)
    }
    #expect(found == values)
  }

  /// The second example of the format's page on encodings.
  @Test("deltas have the bytes of the format's example")
  func deltaExample() {
    var out = ByteBuffer()
    ([7, 5, 3, 1, 2, 3, 4, 5] as [Int32]).withUnsafeBufferPointer {
      DeltaEncoder.append($0, to: &out)
    }
    // Block of 128 in 4 parts, 8 values, first 7; least difference -2; widths 2 0 0 0; then 0 0 0
    // 3 3 3 3 in two bits, filled up to 32 values.
    #expect(
      Array(out.bytes) == [0x80, 0x01, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0])
  }

  @Test("Snappy literals and copies, overlapping ones too")
  func snappy() throws {
    func expand(_ bytes: [UInt8], _ size: Int) throws -> String {
      var out = [UInt8](repeating: 0, count: size)
      let written = try bytes.withUnsafeBytes { bytes in
        try out.withUnsafeMutableBytes { try Snappy.expand(bytes, to: $0) }
      }
      return String(decoding: out[..<written], as: UTF8.self)
    }
    let ab = Array("ab".utf8)
    // Literal "ab", then a copy of 4 at distance 2, with an offset of each width.
    #expect(try expand([6, 1 << 2] + ab + [0 << 2 | 1, 2], 6) == "ababab")
    #expect(try expand([6, 1 << 2] + ab + [3 << 2 | 2, 2, 0], 6) == "ababab")
    #expect(try expand([6, 1 << 2] + ab + [3 << 2 | 3, 2, 0, 0, 0], 6) == "ababab")
    #expect(try expand([61, 60 << 2, 60] + Array(repeating: 0x78, count: 61), 61).count == 61)
    for broken: [UInt8] in [
      [], [5, 1 << 2] + ab, [6, 1 << 2] + ab + [1, 0], [6, 1 << 2] + ab + [1, 3],
      [6, 1 << 2] + ab + [4 << 2 | 2, 2, 0], [6, 63 << 2, 255, 255, 255, 255],
    ] {
      #expect(throws: ParquetError.self) { try expand(broken, 6) }
    }
  }

  @Test("bounds of long strings enclose them and are cut at whole characters")
  func stringBounds() {
    let short = Array("Zürich".utf8)
    #expect(StringBound.lower(short) == (short, true))
    for tail in ["a", "\u{7f}", "ü", "\u{7ff}", "\u{d7ff}", "\u{ffff}", "🦊", "\u{10ffff}"] {
      for lead in 60...64 {
        let long = Array((String(repeating: "a", count: lead) + tail + "zzzzzzz").utf8)
        let (lower, isLowerExact) = StringBound.lower(long)
        let (upper, isUpperExact) = StringBound.upper(long)
        #expect(!isLowerExact && !isUpperExact)
        #expect(!long.lexicographicallyPrecedes(lower))
        #expect(upper.map { long.lexicographicallyPrecedes($0) } == true)
        #expect(String(validating: lower, as: UTF8.self) != nil)
        #expect(String(validating: upper ?? [0xff], as: UTF8.self) != nil)
      }
    }
    let highest = Array(String(repeating: "\u{10ffff}", count: 20).utf8)
    #expect(StringBound.upper(highest) == (nil, false))
  }
}

/// Tuples have no `==` with optionals inside.
private func == (a: (bound: [UInt8]?, isExact: Bool), b: ([UInt8]?, Bool)) -> Bool {
  a.bound == b.0 && a.isExact == b.1
}
