import Testing

@testable import Parquet

/// A row group whose columns come from several encoders.
@Suite struct RowGroupPieceTests {
  private let columns = [
    ParquetColumn("number", .int64), ParquetColumn("name", .string, isNullable: true),
    ParquetColumn("flag", .boolean), ParquetColumn("amount", .double, isNullable: true),
  ]
  private let names = ParquetStringTable(["", "a", "bb"])

  private func write(
    _ column: Int, _ group: borrowing ParquetRowGroupWriter, from start: Int
  ) throws {
    switch column {
    case 0: try group.write("number") { Int64(start + $0) * 7 }
    case 1:
      try group.writeOptionalStrings("name", table: names) { $0 % 3 == 0 ? nil : UInt32($0 % 3) }
    case 2: try group.write("flag") { ($0 + start) % 5 == 0 }
    default: try group.writeOptional("amount") { $0 % 2 == 0 ? nil : Double($0) / 8 }
    }
  }

  private func file(_ body: (ParquetWriter) throws -> Void) throws -> [UInt8] {
    final class Bytes { var all: [UInt8] = [] }
    let bytes = Bytes()
    let writer = try ParquetWriter(columns: columns) { bytes.all += Array($0) }
    try body(writer)
    try writer.finish()
    return bytes.all
  }

  @Test func piecesMakeTheFileOfTheWhole() throws {
    let whole = try file { writer in
      for start in [0, 5000] {
        try writer.writeRowGroup(rowCount: 5000) { group in
          for column in 0..<4 { try write(column, group, from: start) }
        }
      }
    }
    let encoders = try (0..<2).map { _ in try ParquetRowGroupEncoder(columns: columns) }
    for cuts in [[0, 4], [0, 1, 4], [0, 1, 2, 3, 4]] {
      let joined = try file { writer in
        for start in [0, 5000] {
          let ranges = zip(cuts, cuts.dropFirst()).map { $0..<$1 }
          let pieces = try ranges.enumerated().map { number, range in
            try encoders[number % 2].encode(columns: range, rowCount: 5000) { group in
              for column in range { try write(column, group, from: start) }
            }
          }
          try writer.append(pieces)
        }
      }
      #expect(joined == whole)
    }
  }

  @Test func piecesThatDoNotFitAreRefused() throws {
    let encoder = try ParquetRowGroupEncoder(columns: columns)
    let encode = { (range: Range<Int>, rows: Int) in
      try encoder.encode(columns: range, rowCount: rows) { group in
        for column in range { try write(column, group, from: 0) }
      }
    }
    let (first, rest, shorter) = (
      try encode(0..<2, 10), try encode(2..<4, 10), try encode(2..<4, 9)
    )
    for pieces in [[], [first], [rest, first], [first, rest, rest], [first, shorter]] {
      #expect(throws: ParquetError.self) { try file { try $0.append(pieces) } }
    }
    #expect(throws: ParquetError.self) {
      try encoder.encode(columns: 3..<5, rowCount: 1) { _ in }
    }
    #expect(throws: ParquetError.self) {  // a column that was not asked for
      try encoder.encode(columns: 0..<1, rowCount: 1) { group in
        try write(0, group, from: 0)
        try write(1, group, from: 0)
      }
    }
  }
}
