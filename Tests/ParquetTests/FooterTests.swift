import Parquet
import Testing

/// A footer that lacks a required field is no file of no rows.
@Suite("Parquet footers") struct FooterTests {
  /// Other numbers of fields take them away.
  @Test("schema, number of rows and row groups are required")
  func requiredFields() throws {
    var file: [UInt8] = []
    let writer = try ParquetWriter(columns: [ParquetColumn("n", .int64)]) {
      file += Array($0)
    }
    try writer.writeRowGroup(rowCount: 3) { try $0.write("n") { Int64($0) } }
    try writer.finish()
    #expect(try ParquetReader(ParquetBytes(file)).rowCount == 3)

    // Each byte of the footer in turn with other field numbers: never a whole file of fewer rows.
    let length = file.count - 8
    let footer = file[length..<(length + 4)].enumerated().reduce(0) { $0 | Int($1.1) << (8 * $1.0) }
    for place in (length - footer)..<length {
      for mask: UInt8 in [0x10, 0x20, 0x40, 0x80, 0xf0] {
        var changed = file
        changed[place] ^= mask
        guard let read = try? ParquetReader(ParquetBytes(changed)) else { continue }
        #expect(read.rowCount > 0, "byte \(place - length + footer), \(mask)")
      }
    }
  }
}
