import Parquet
import Testing

/// Wrong calls get a clear error, never a wrong file.
@Suite("Parquet misuse")
struct MisuseTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  private let columns = [
    ParquetColumn("n", .int64), ParquetColumn("s", .string, isNullable: true),
  ]

  private func writer() throws -> ParquetWriter {
    try ParquetWriter(columns: columns) { _ in }
  }

  @Test("a schema without columns, or with names empty or twice")
  func schemas() {
    for columns in [[], [ParquetColumn("", .int32)], [columns[0], columns[0]]] {
      #expect(throws: ParquetError.self) { try ParquetWriter(columns: columns) { _ in } }
    }
  }

  @Test("columns that do not fit the schema are named")
  func columnsThatDoNotFit() throws {
    #expect(
      message {
        try writer().writeRowGroup(rowCount: 1) { try $0.write("s") { _ in Int64(1) } }
      } == "column 's', row group 0: expected column 'n' next")
    #expect(
      message {
        try writer().writeRowGroup(rowCount: 1) { try $0.write("n") { _ in 1.5 } }
      } == "column 'n', row group 0: DOUBLE values for a column of INT64")
    #expect(
      message {
        try writer().writeRowGroup(rowCount: 1) { try $0.write("n") { _ in Int64(1) } }
      } == "column 's', row group 0: the row group ended without it")
    #expect(
      message {
        try writer().writeRowGroup(rowCount: 1) {
          try $0.writeOptional("n") { _ in Int64?.none }
        }
      } == "column 'n', row group 0: a null in a column that is not nullable")
    #expect(
      message {
        try writer().writeRowGroup(rowCount: 2) {
          try $0.write("n", ParquetColumnBuffer<Int64>([1]))
        }
      } == "column 'n', row group 0: 1 rows (0 validities) in a row group of 2")
    #expect(
      message {
        try writer().writeRowGroup(rowCount: 1) {
          try $0.write("n") { _ in Int64(1) }
          try $0.writeStrings("s", table: ParquetStringTable(["a"])) { _ in 1 }
        }
      } == "column 's', row group 0: row code 1 is not below the table's 1 strings")
  }

  @Test("bytes that are not UTF-8 are refused")
  func notUTF8() {
    var table = ParquetStringTable()
    [UInt8(ascii: "a"), 0xff].withUnsafeBytes { _ = table.append(bytes: $0) }
    #expect(
      message {
        try writer().writeRowGroup(rowCount: 1) {
          try $0.write("n") { _ in Int64(1) }
          try $0.writeStrings("s", table: table) { _ in 0 }
        }
      } == "column 's', row group 0: string 0, 'a\u{fffd}', is not UTF-8")
  }

  @Test("a writer is unusable once it is finished or broken")
  func brokenWriter() throws {
    let finished = try writer()
    try finished.finish()
    #expect(throws: ParquetError.self) { try finished.finish() }
    let broken = try writer()
    #expect(throws: ParquetError.self) { try broken.writeRowGroup(rowCount: 1) { _ in } }
    #expect(throws: ParquetError.self) { try broken.finish() }
    #expect(throws: ParquetError.self) { try writer().writeRowGroup(rowCount: 0) { _ in } }
  }

  @Test("what the sink throws comes out")
  func sinkErrors() throws {
    struct Full: Error {}
    var room = 20
    let writer = try ParquetWriter(columns: [ParquetColumn("n", .int64)]) {
      room -= $0.count
      if room < 0 { throw Full() }
    }
    #expect(throws: Full.self) {
      try writer.writeRowGroup(rowCount: 1) { try $0.write("n") { _ in Int64(1) } }
    }
  }

  @Test("reading what is not there")
  func reading() throws {
    let table = TestTable(
      columns: columns, groups: [[.int64([1]), .string(["x"])]], groupSizes: [1])
    let reader = try ParquetReader(ParquetBytes(table.encoded()))
    var numbers = ParquetColumnBuffer<Int32>()
    var strings = ParquetStringBuffer()
    #expect(
      message { try reader.read("m", rowGroup: 0, into: &numbers) }
        == "column 'm': there is no such column")
    #expect(
      message { try reader.read("n", rowGroup: 0, into: &numbers) }
        == "column 'n': it holds INT64 values, not INT32")
    #expect(
      message { try reader.read("s", rowGroup: 1, into: &strings) }
        == "the file has 1 row groups, no 1")
    #expect(message { _ = try ParquetFile(path: "/nonexistent/x") }.hasPrefix("cannot open"))
    #expect(message { _ = try ParquetFile(path: "/") } == "/ is not a regular file")
  }

  @Test("files that are no Parquet files say so")
  func notParquet() {
    for text in ["", "PAR1", "PAR1PAR1", "job,task\n1,2\n3,4\n5,6"] {
      #expect { try ParquetReader(ParquetBytes(Array(text.utf8))) } throws: {
        ($0 as? ParquetError)?.code == .notParquet
      }
    }
    let long = Array("PAR1".utf8) + [0xff, 0xff, 0xff, 0x7f] + Array("PAR1".utf8)
    #expect(
      message { _ = try ParquetReader(ParquetBytes(long)) }
        == "byte 4: a footer of 2147483647 bytes in a file of 12")
  }
}
