import Parquet
import Testing

@Suite("Parquet round trips")
struct RoundTripTests {
  /// Every way of writing.
  static let options: [ParquetWriter.Options] = {
    var all: [ParquetWriter.Options] = []
    for compression in [ParquetWriter.Compression.none, .zstd(level: 1)] {
      for (dictionary, delta) in [(true, true), (true, false), (false, true), (false, false)] {
        for pageSize in [1024, 1 << 20] {
          var options = ParquetWriter.Options()
          options.compression = compression
          options.allowsDictionary = dictionary
          options.allowsDelta = delta
          options.pageSize = pageSize
          all.append(options)
        }
      }
    }
    return all
  }()

  @Test("random tables come back as they were, by row groups and by cursors", arguments: 0..<12)
  func randomTables(seed: UInt64) throws {
    var rng = SplitMix64(state: seed)
    for (index, options) in Self.options.enumerated() {
      let table = TestTable.random(using: &rng)
      let bytes = try table.encoded(options)
      #expect(try TestTable(decoding: bytes) == table, "seed \(seed), options \(index)")
      if !table.groups.isEmpty {
        let batch = Int.random(in: 1...900, using: &rng)
        #expect(
          try TestTable(cursoring: bytes, batch: batch) == table.joined,
          "seed \(seed), options \(index), batch \(batch)")
      }
    }
  }

  @Test("the same table gives the same bytes")
  func determinism() throws {
    var rng = SplitMix64(state: 99)
    for _ in 0..<10 {
      let table = TestTable.random(using: &rng)
      #expect(try table.encoded() == table.encoded())
    }
  }

  @Test("the bytes do not depend on how the caller's string table is laid out")
  func stringTableLayout() throws {
    let words = ["b", "a", "", "b"]
    func encode(_ table: ParquetStringTable, _ codes: [UInt32]) throws -> [UInt8] {
      var bytes: [UInt8] = []
      let writer = try ParquetWriter(columns: [ParquetColumn("s", .string)]) {
        bytes.append(contentsOf: $0)
      }
      try writer.writeRowGroup(rowCount: codes.count) { group in
        try group.writeStrings("s", table: table) { codes[$0] }
      }
      try writer.finish()
      return bytes
    }
    let repeated = try encode(ParquetStringTable(words), [0, 1, 2, 3])
    let distinct = try encode(ParquetStringTable(["unused", "", "a", "b"]), [3, 2, 1, 3])
    #expect(repeated == distinct)
  }

  @Test("a table without rows has its columns and its metadata")
  func noRows() throws {
    let table = TestTable(
      columns: [ParquetColumn("a", .int32), ParquetColumn("b", .string, isNullable: true)],
      groups: [], groupSizes: [])
    let bytes = try table.encoded(metadata: ["seed": "7", "": "", "note": "Grüße"])
    let reader = try ParquetReader(ParquetBytes(bytes))
    #expect(reader.columns == table.columns)
    #expect(reader.rowCount == 0 && reader.rowGroups.isEmpty)
    #expect(reader.metadata.map(\.key) == ["seed", "", "note"])
    #expect(reader.metadata.map(\.value) == ["7", "", "Grüße"])
    #expect(reader.createdBy == ParquetWriter.Options().createdBy)
    var buffer = ParquetColumnBuffer<Int32>()
    #expect(try reader.cursor("a", of: Int32.self).read(10, into: &buffer) == 0)
  }

  @Test("many row groups, and row groups of one row")
  func manyRowGroups() throws {
    let table = TestTable(
      columns: [ParquetColumn("n", .int64), ParquetColumn("s", .string, isNullable: true)],
      groups: (0..<300).map {
        [.int64([Int64($0)]), .string([$0 % 3 == 0 ? nil : "\($0)"])]
      }, groupSizes: Array(repeating: 1, count: 300))
    let bytes = try table.encoded()
    #expect(try TestTable(decoding: bytes) == table)
    #expect(try TestTable(cursoring: bytes, batch: 7) == table.joined)
  }

  @Test("the smallest encoding is taken: few values, ascending values, any values")
  func encodingChoice() throws {
    var rng = SplitMix64(state: 3)
    func size(_ value: (Int, inout SplitMix64) -> Int64) throws -> Int {
      let values = (0..<20_000).map { Optional(value($0, &rng)) }
      var options = ParquetWriter.Options()
      options.compression = .none
      return try TestTable(
        columns: [ParquetColumn("n", .int64)], groups: [[.int64(values)]], groupSizes: [20_000]
      ).encoded(options).count
    }
    let overhead = 400
    #expect(try size { _, _ in 42 } < overhead)
    #expect(try size { _, rng in .random(in: 0..<4, using: &rng) << 40 } < 20_000 / 4 + overhead)
    #expect(try size { row, _ in Int64(row) * 1_000_003 } < 8 * 160 + overhead)
    let any = try size { _, rng in .random(in: .min ... .max, using: &rng) }
    #expect((160_000..<160_000 + overhead).contains(any))
  }

  @Test("values given by closures arrive as those given by buffers")
  func closures() throws {
    var bytes: [UInt8] = []
    let writer = try ParquetWriter(columns: [
      ParquetColumn("i", .int32), ParquetColumn("d", .double, isNullable: true),
      ParquetColumn("s", .string, isNullable: true), ParquetColumn("b", .boolean),
    ]) { bytes.append(contentsOf: $0) }
    let names = ParquetStringTable(["x", "y"])
    try writer.writeRowGroup(rowCount: 5) { group in
      try group.write("i") { Int32($0 * $0) }
      try group.writeOptional("d") { $0 == 2 ? nil : Double($0) / 2 }
      try group.writeOptionalStrings("s", table: names) { $0 == 0 ? nil : UInt32($0 % 2) }
      try group.write("b") { $0 % 2 == 0 }
    }
    try writer.finish()
    let table = try TestTable(decoding: bytes)
    #expect(
      table.groups == [
        [
          .int32([0, 1, 4, 9, 16]),
          .double([0, 0.5, nil, 1.5, 2].map { (v: Double?) in v?.bitPattern }),
          .string([nil, "y", "x", "y", "x"]), .boolean([true, false, true, false, true]),
        ]
      ])
  }
}
