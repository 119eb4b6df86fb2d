import Diagnostics
import Foundation
import TestSupport
import Testing
import TraceInput

@testable import TraceParsing

private struct ReadRow: Equatable, CustomStringConvertible {
  var fields: [String]
  var line: Int
  var description: String { "\(line):\(fields)" }
}

private func rows(_ text: String, step: Int = 1 << 18) throws(TraceError) -> [ReadRow] {
  let reader = LibCSVRowReader(DribblingStream(Array(text.utf8), step: step))
  let batch = RowBatch()
  var rows: [ReadRow] = []
  while try reader.nextBatch(batch) {
    for index in 0..<batch.count {
      rows.append(
        batch.withRow(index) { row in
          ReadRow(fields: (0..<row.count).map { row.text($0) }, line: row.line)
        })
    }
  }
  return rows
}

@Suite struct LibCSVRowReaderTests {
  @Test(arguments: [1, 2, 3, 5, 1 << 18])
  func plainRowsKeepTheirLines(step: Int) throws {
    let text = "a,b,c\n\n1,,3\r\n,,\n\"x,\"\"y\"\"\",\"two\nlines\",z\nlast,row,here"
    #expect(
      try rows(text, step: step) == [
        ReadRow(fields: ["a", "b", "c"], line: 1), ReadRow(fields: ["1", "", "3"], line: 3),
        ReadRow(fields: ["", "", ""], line: 4),
        ReadRow(fields: ["x,\"y\"", "two\nlines", "z"], line: 6),
        ReadRow(fields: ["last", "row", "here"], line: 7),
      ])
  }

  @Test func manyRowsAcrossBlocks() throws {
    let text = (0..<20_000).map { "\($0),field \($0 * 3),\n" }.joined()
    let read = try rows(text)
    #expect(read.count == 20_000)
    for (index, row) in read.enumerated() {
      #expect(row == ReadRow(fields: ["\(index)", "field \(index * 3)", ""], line: index + 1))
    }
  }

  @Test(arguments: [1, 4, 1 << 18])
  func leadingCommentsMayHoldAnything(step: Int) throws {
    let text = "# time, \"quoted, and more\n#\n\u{feff}1,2\n"
    #expect(try rows(text, step: step).map(\.line) == [3])
  }

  @Test func aByteOrderMarkIsNoData() throws {
    #expect(try rows("\u{feff}1,2\n").first?.fields == ["1", "2"])
  }

  @Test func strayQuotesAreErrorsWithTheirLine() throws {
    for (text, line) in [("1,2\n\"a\"b,3\n", 2), ("1,2\n3,4\nx,\"open", 3)] {
      let error = #expect(throws: TraceError.self) { try rows(text) }
      #expect(error?.code == .malformedRow)
      #expect(error?.line == line)
    }
  }

  @Test func readingGoesOnAfterARecovery() throws {
    let reader = LibCSVRowReader(MemoryStream(Array("1,2\n\"a\"b,3\n5,6\n".utf8), name: "x"))
    let batch = RowBatch()
    #expect(throws: TraceError.self) { _ = try reader.nextBatch(batch) }
    #expect(batch.count == 1)
    #expect(reader.recover() == "\"a\"b,3")
    #expect(try reader.nextBatch(batch))
    #expect(batch.withRow(0) { ($0.text(0), $0.line) } == ("5", 3))
  }

  /// Every good row behind a row with an open quote is read, whatever the blocks are.
  @Test(arguments: [1, 7, 64, 1 << 18])
  func anOpenQuoteCostsItsLineOnly(step: Int) throws {
    let text = "1,a\n2,\"b\n3,c\n4,\"d\n5,e\n6,\"f\n7,\"g\nh\"\n9,\"i"
    for plain in [false, true] {
      let stream = DribblingStream(Array(text.utf8), step: step)
      let reader: any RowReader =
        plain ? PlainRowReader(stream, blockBytes: 8) : LibCSVRowReader(stream, blockBytes: 8)
      let batch = RowBatch()
      var (found, rejected): ([String], [String]) = ([], [])
      while true {
        var isEnd = false
        do throws(TraceError) {
          isEnd = try !reader.nextBatch(batch)
        } catch {
          rejected.append("\(error.line ?? 0):\(reader.recover())")
        }
        for index in 0..<batch.count {
          found.append(batch.withRow(index) { "\($0.line):\($0.text(0))" })
        }
        if isEnd { break }
      }
      #expect(found == ["1:1", "3:3", "5:5", "8:7"])
      #expect(rejected.map { $0.prefix(6) } == ["2:2,\"b", "4:4,\"d", "6:6,\"f", "9:9,\"i"])
    }
  }

  @Test func aRowWithoutEndStopsAtABound() throws {
    let endless = [UInt8](repeating: UInt8(ascii: ","), count: 1 << 20)
    final class Endless: ByteStream {
      let name = "endless"
      let block: [UInt8]
      init(_ block: [UInt8]) { self.block = block }
      func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        let count = min(buffer.count, block.count)
        block[..<count].withUnsafeBytes { buffer.copyMemory(from: $0) }
        return count
      }
    }
    for byte in [UInt8(ascii: ","), UInt8(ascii: "x")] {
      let reader = LibCSVRowReader(Endless(endless.map { _ in byte }))
      let batch = RowBatch()
      let error = #expect(throws: TraceError.self) { _ = try reader.nextBatch(batch) }
      #expect(error?.message.contains("longer than") == true)
    }
  }
}

@Suite struct FieldParsingTests {
  private func integer(_ text: String) -> Int64? {
    Array(text.utf8).withUnsafeBytes { parseInteger($0) }
  }
  private func number(_ text: String) -> Double? {
    Array(text.utf8).withUnsafeBytes { parseNumber($0) }
  }

  @Test func integersAtTheirEnds() {
    #expect(integer("9223372036854775807") == .max)
    #expect(integer("-9223372036854775808") == .min)
    #expect(integer("+12") == 12)
    #expect(integer("007") == 7)
    for bad in [
      "", "-", "+", "9223372036854775808", "-9223372036854775809", "1.0", "1e3", " 1", "1x",
      "99999999999999999999999",
    ] { #expect(integer(bad) == nil, "\(bad)") }
  }

  @Test func numbersThatAreNone() {
    for bad in [
      "", ".", "-", "e5", "1e", "1e+", "0x10", "inf", "nan", "1.2.3", "1 ", "1,0", "1e999",
      "--1",
    ] { #expect(number(bad) == nil, "\(bad)") }
  }

  /// Against the standard library's conversion, which is correctly rounded, over many shapes.
  @Test func numbersAreCorrectlyRounded() {
    var random = TestRandom(5)
    for _ in 0..<20_000 {
      let bits = Double(bitPattern: random.next())
      let small = Double.random(in: 0...1, using: &random)
      for value in [bits, small] where value.isFinite {
        for text in ["\(value)", String(format: "%g", value), String(format: "%.17e", value)] {
          #expect(number(text)?.bitPattern == Double(text)?.bitPattern, "\(text)")
        }
      }
    }
    for text in [
      "0.1", ".5", "5.", "1e-05", "-0", "123456789012345678901234567890", "1e22", "1e23",
      "9007199254740993", "2.2250738585072011e-308", "0.000000000000000000000000000000001",
    ] {
      #expect(number(text)?.bitPattern == Double(text == "5." ? "5" : text)?.bitPattern, "\(text)")
    }
  }
}
