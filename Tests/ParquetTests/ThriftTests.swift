import Testing

@testable import Parquet

@Suite("Thrift compact protocol")
struct ThriftTests {
  @Test("bytes are those of the protocol's page")
  func bytes() {
    var writer = ThriftWriter()
    writer.element { out in
      out.int32(1, -1)  // field delta 1, type 5, zigzag 1
      out.boolean(2, true)
      out.int64(20, 150)  // too far for a delta: zigzag 40 follows
      out.string(21, "ab")
      out.list(22, .int32, count: 2) { out in
        out.element(0)
        out.element(-150)
      }
      out.structure(23) { $0.boolean(1, false) }
    }
    #expect(
      Array(writer.out.bytes) == [
        0x15, 1, 0x11, 0x06, 40, 0xac, 2, 0x18, 2, 0x61, 0x62, 0x19, 0x25, 0, 0xab, 2, 0x1c, 0x12,
        0, 0,
      ])
  }

  @Test("fields of every type can be skipped")
  func skipping() throws {
    let message: [UInt8] = [
      0x11, 0x12, 0x13, 9, 0x14, 2, 0x15, 2, 0x16, 2, 0x17, 0, 0, 0, 0, 0, 0, 0, 0,
      0x18, 1, 0x61,  // binary
      0x19, 0x21, 1, 2,  // list of two booleans
      0x1a, 0x13, 7,  // set of a byte
      0x1b, 1, 0x85, 1, 0x61, 2,  // map of a binary to an int32
      0x1b, 0,  // empty map
      0x1c, 0x15, 2, 0,  // structure
      0x15, 84, 0,  // field 14
    ]
    var found: [Int16: Int] = [:]
    try message.withUnsafeBytes { bytes in
      var reader = ThriftReader(bytes)
      try reader.structure { (reader, field, type) throws(ParquetError) in
        if field == 14 { found[14] = try reader.integer(type) } else { try reader.skip(type) }
      }
      #expect(reader.cursor.remaining == 0)
    }
    #expect(found == [14: 42])
  }

  @Test(
    "lengths, counts and depths that cannot be are refused",
    arguments: [
      [], [0x15], [0x18, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x1b, 0xff, 0xff, 0xff, 0x0f, 0x55], [0x1e, 0], [0x16] + Array(repeating: 0xff, count: 11),
      Array(repeating: 0x1c, count: 100_000), Array(repeating: 0x19, count: 100_000),
      [0x05, 0xff, 0xff, 0xff, 0x0f, 2, 0], Array(repeating: 0xf3, count: 9000),
    ] as [[UInt8]])
  func refused(message: [UInt8]) {
    #expect(throws: ParquetError.self) {
      try message.withUnsafeBytes { bytes in
        var reader = ThriftReader(bytes)
        try reader.skip(.structure)
      }
    }
  }
}
