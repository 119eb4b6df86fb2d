import Foundation
import Parquet
import Testing

/// Changed, cut and grown files: whatever the bytes, reading ends soon with a table or an error.
@Suite("Parquet fuzzing")
struct FuzzTests {
  /// A thousand files each; many more where time is given.
  static let seeds =
    0..<UInt64(
      ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1" ? 64 : 4)

  /// Small files of every shape that the writer has.
  private static func corpus() throws -> [[UInt8]] {
    var rng = SplitMix64(state: 1)
    return try RoundTripTests.options.flatMap { options in
      try (0..<2).map { _ in
        try TestTable.random(using: &rng, rows: 60).encoded(options, metadata: ["a": "b"])
      }
    }
  }

  /// Limits so small that a page claiming too much is noticed.
  static let limits: ParquetLimits = {
    var limits = ParquetLimits()
    limits.pageBytes = 1 << 20
    limits.rows = 1 << 16
    return limits
  }()

  /// Makes one to four changes.
  static func mutate(_ bytes: inout [UInt8], using rng: inout SplitMix64) {
    let footerSize =
      bytes.count < 8 ? 0 : Int(bytes[bytes.count - 8]) + Int(bytes[bytes.count - 7]) << 8
    for _ in 0..<Int.random(in: 1...4, using: &rng) {
      // Half of the changes go into the footer, which steers everything.
      let low = rng.chance(0.5) ? max(0, bytes.count - 8 - footerSize) : 0
      guard low < bytes.count else { break }
      let place = Int.random(in: low..<bytes.count, using: &rng)
      switch Int.random(in: 0..<6, using: &rng) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
      case 1: bytes[place] = .random(in: 0 ... .max, using: &rng)
      case 2: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &rng)!
      case 3: bytes.insert(.random(in: 0 ... .max, using: &rng), at: place)
      case 4: bytes.remove(at: place)
      default:
        let end = min(bytes.count, place + Int.random(in: 1...5, using: &rng))
        for index in place..<end { bytes[index] = .random(in: 0 ... .max, using: &rng) }
      }
    }
  }

  /// Reads everything; only `ParquetError` may come out.
  static func read(_ bytes: [UInt8], _ label: @autoclosure () -> String) {
    do {
      _ = try TestTable(decoding: bytes, limits: Self.limits)
    } catch is ParquetError {
    } catch {
      Issue.record("\(label()): \(error)")
    }
  }

  @Test("changed bytes, cut ends, bytes put in or taken out", arguments: seeds)
  func mutations(seed: UInt64) throws {
    let corpus = try Self.corpus()
    var rng = SplitMix64(state: seed)
    for round in 0..<1000 {
      var bytes = corpus.randomElement(using: &rng)!
      Self.mutate(&bytes, using: &rng)
      Self.read(bytes, "seed \(seed), round \(round)")
    }
  }

  @Test("a file cut anywhere is an error")
  func truncation() throws {
    let bytes = try Self.corpus()[2]
    for count in 0..<bytes.count {
      #expect(throws: ParquetError.self) { try ParquetReader(ParquetBytes(Array(bytes[..<count]))) }
    }
  }

  @Test("a changed byte in a compressed page is noticed by its checksum")
  func checksums() throws {
    let values: [Int64?] = (0..<500).map { Int64($0 * $0 % 1009) }
    let table = TestTable(
      columns: [ParquetColumn("n", .int64)], groups: [[.int64(values)]], groupSizes: [500])
    let bytes = try table.encoded()
    let footer = Int(bytes[bytes.count - 8]) + Int(bytes[bytes.count - 7]) << 8
    for place in 4..<bytes.count - 8 - footer {
      var changed = bytes
      changed[place] ^= 0x10
      // In a header some bytes carry nothing that matters; the values are never wrong.
      if let found = try? TestTable(decoding: changed) {
        #expect(found == table, "byte \(place)")
      }
    }
  }

  @Test("a page that claims more rows than it holds takes no memory for them")
  func rowBomb() throws {
    // A run-length page of one value stands for any number of rows; the limit catches it.
    let table = TestTable(
      columns: [ParquetColumn("n", .int64)],
      groups: [[.int64(Array(repeating: 7, count: 70_000))]], groupSizes: [70_000])
    let bytes = try table.encoded()
    #expect(bytes.count < 600)
    #expect {
      try TestTable(decoding: bytes, limits: Self.limits)
    } throws: {
      ($0 as? ParquetError)?.code == .limitExceeded
    }
    #expect(try TestTable(cursoring: bytes, batch: 1000) == table)
  }
}
