import Diagnostics
import Foundation
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// What a reader makes of a text: rows with their lines, and errors after which it went on.
private enum Item: Equatable {
  case row([[UInt8]], line: Int)
  case error(String, line: Int?)
}

private func items(_ reader: any RowReader) -> [Item] {
  let batch = RowBatch()
  var items: [Item] = []
  while true {
    var failure: TraceError?
    var isAtEnd = false
    do throws(TraceError) { isAtEnd = try !reader.nextBatch(batch) } catch { failure = error }
    for index in 0..<batch.count {
      let row = batch[index]
      items.append(.row((0..<row.count).map { Array(row[$0]) }, line: row.line))
    }
    if let failure {
      items.append(.error(failure.message, line: failure.line))
      _ = reader.recover()
    } else if isAtEnd {
      return items
    }
  }
}

/// Checks that both readers make the same of `text`, however it comes.
private func compare(
  _ text: [UInt8], steps: [Int] = [1 << 18], blocks: [Int] = [1 << 18],
  maximum: Int = LibCSVParser.maximumRowBytes
) {
  let careful = LibCSVRowReader(
    MemoryStream(text, name: "text"), maximumRowBytes: maximum)
  let expected = items(careful)
  for step in steps {
    for block in blocks {
      let plain = PlainRowReader(
        DribblingStream(text, step: step), blockBytes: block, maximumRowBytes: maximum)
      let same = items(plain) == expected && plain.comments == careful.comments
      #expect(
        same, "step \(step), block \(block): \(String(decoding: text.prefix(400), as: UTF8.self))")
      let dribbled = LibCSVRowReader(
        DribblingStream(text, step: step), blockBytes: block, maximumRowBytes: maximum)
      #expect(items(dribbled) == expected)
    }
  }
}

@Suite struct PlainRowReaderTests {
  @Test func whatIsNotPlainIsReadAsLibCSVDoes() {
    let texts = [
      "", "\n", "\n\n", "a", "a,", ",", ",,\n", "a\n", "a\n\nb", "a,b\r\nc,d\r\n", "a\rb\rc",
      "a\r\n\r\nb\n", "a\n\rb\n", " a , b \n", "a b,c d\n", "a ,b\n", "\ta\t,b\n", "  \n", " \n\n",
      "\"a\",b\n", "\"a\nb\",c\nd\n", "\"a\"\"b\"\n", "a\"b\n", "\"a\"b,c\nd,e\n", "\"open\nrow",
      "#c\n1,2\n", "#c\n#d\n1,2\n#e\n3\n", "#only", "\n#c\n1\n", "1,2\n3,4,\"x\"\n5,6\n7,8\n",
      "\u{feff}1,2\n", "\u{feff}#c\n1,2\n", "#c\n\u{feff}1,2\n", "\u{ef}", "\0,a\n", "a\0b\n",
      "+1,-2,=,*,/\n", "é,ü\n\u{1}x,y\n", "1,2\n\"a\"b\n\"c\"d\n3,4", "a,b\n\r\n\rc,d\n",
      "1 \n2\n", "1\n 2\n", "a,b \r\nc\n", "x,\" y \" ,z\n",
    ]
    for text in texts {
      compare(Array(text.utf8), steps: [1, 2, 3, 100], blocks: [4, 5, 7, 16, 1 << 18])
    }
    for bytes: [UInt8] in [[0xef], [0xef, 0xbb], [0xef, 0xbb, 0x0a], [0xef, 0xbb, 0x31, 0x0a]] {
      compare(bytes, steps: [1, 100], blocks: [4, 64])
    }
  }

  /// Rows as they are published with a little of everything else strewn in, over block boundaries
  /// of every kind.
  @Test func aFuzzedCorpusGivesTheSameThroughBoth() {
    var random = TestRandom(2011)
    let odd = Array("\",\n\r \t#+-\0\u{1}é\u{feff}".utf8)
    for round in 0..<80 {
      var text: [UInt8] = round % 5 == 0 ? Array("# made\n".utf8) : []
      for row in 0..<Int.random(in: 0...40, using: &random) {
        text += "\(600_000_000 + row),,\(row * 7919),\(row),,0,user+/=,2,9,0.0125,1e-05,,0\n".utf8
      }
      for _ in 0..<Int.random(in: 0...(round % 4 == 0 ? 30 : 3), using: &random)
      where !text.isEmpty {
        let place = Int.random(in: 0..<text.count, using: &random)
        let byte = odd.randomElement(using: &random) ?? 0
        switch Int.random(in: 0...2, using: &random) {
        case 0: text[place] = byte
        case 1: text.insert(byte, at: place)
        default: text.remove(at: place)
        }
      }
      compare(
        text, steps: [Int.random(in: 1...50, using: &random), 1 << 18],
        blocks: [Int.random(in: 4...300, using: &random), 1 << 18])
    }
  }

  /// Nothing but separators, quotes and blanks, where every state of the parser meets every byte.
  @Test func noiseGivesTheSameThroughBoth() {
    var random = TestRandom(7)
    let bytes = Array("\",\n\r ax".utf8)
    for _ in 0..<500 {
      let text = (0..<Int.random(in: 0...24, using: &random)).map { _ in
        bytes.randomElement(using: &random) ?? 0
      }
      compare(
        text, steps: [Int.random(in: 1...9, using: &random)],
        blocks: [Int.random(in: 4...20, using: &random)])
    }
  }

  @Test func theBoundOnRowsIsTheSameForBoth() {
    for length in 60...68 {
      let row = String(repeating: "x", count: length)
      let commas = String(repeating: ",", count: length)
      for text in ["a\n\(row)\nb\n", "a\n\(row)", "a\n\(commas)\nb\n", "\"\(row)\"\nb\n"] {
        compare(Array(text.utf8), steps: [1, 13, 1 << 18], blocks: [8, 64, 1 << 18], maximum: 64)
      }
    }
  }

  /// More fields and more rows than a batch has room for.
  @Test func batchesThatFillUp() {
    compare(Array((String(repeating: ",", count: 70_000) + "\n1,2\n").utf8))
    compare(Array(String(repeating: "1\n", count: 40_000).utf8))
    compare(Array(String(repeating: "\n", count: 40_000).utf8))
    compare(Array(String(repeating: "a,b,c,d,e,f,g,h\n", count: 20_000).utf8))
  }

  @Test(.enabled(if: RealTraces.areThere, "\(RealTraces.reason)"))
  func everyRealFileGivesTheSameThroughBoth() throws {
    let root = RealTraces.folder
    var compared = 0
    for case let name as String in FileManager.default.enumerator(atPath: root) ?? .init()
    where name.hasSuffix(".csv") || name.hasSuffix(".csv.gz") {
      let file = try FileStream(path: root + "/" + name)
      let opened = try OpenedStream(decoding: file, limit: Expansion.defaultLimit)
      guard opened.kind == .text else { continue }
      compare(Array(try drain(opened.stream).prefix(1 << 15)), blocks: [1 << 12, 1 << 18])
      compared += 1
    }
    #expect(compared > 40)
  }
}

@Suite struct PaddedParsingTests {
  /// The fast conversions say what the general ones say, whatever stands behind the field.
  @Test func fieldsOfBatchesAreParsedAsAnyOthers() {
    var random = TestRandom(3)
    let letters = Array("0123456789.eE+-x ".utf8)
    var texts = [
      "", "0", "7", "12345678", "123456789", "1234567890123456", "12345678901234567",
      "9223372036854775807", "9223372036854775808", "-1", "0.0125", "2.412e-05", "1e-5", "1e05",
      "1.", ".5", "9007199254740993", "0.00000000000000001", "1.5e-22", "1.5e-23", "0e-99",
      "123456789012345.678", "1e-055", "e-05", ".e-05", "5.e-05", "00000000000000000012",
    ]
    for _ in 0..<2000 {
      let count = Int.random(in: 1...20, using: &random)
      let digits = Bool.random(using: &random) ? 10 : letters.count
      texts.append(
        String(
          decoding: (0..<count).map { _ in letters[Int.random(in: 0..<digits, using: &random)] },
          as: UTF8.self))
      texts.append(String(format: "%.4g", Double.random(in: 0...1, using: &random)))
      texts.append(String(format: "%g", exp(Double.random(in: -60...20, using: &random))))
    }
    for text in texts {
      for behind in [",123456789012345", "\n9999999999999999", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
        let bytes = Array((text + behind).utf8)
        bytes.withUnsafeBytes { all in
          let field = UnsafeRawBufferPointer(rebasing: all[..<text.utf8.count])
          #expect(parsePaddedInteger(field) == parseInteger(field), "\(text)")
          #expect(parsePaddedNumber(field)?.bitPattern == parseNumber(field)?.bitPattern, "\(text)")
        }
      }
    }
  }
}

@Suite struct RowEndCacheTests {
  /// More jobs and texts than there are places, of all lengths, again and again: what is known is what
  /// was kept last for the text, and all of it.
  @Test func knownTextsGiveWhatWasKept() {
    var random = TestRandom(4)
    let texts = (0..<3000).map { number in
      String(repeating: "\(number),", count: 1 + number % 40).prefix(number % 120)
    }
    var cache = RowEndCache()
    var kept: [String: Int64] = [:]
    var hits = 0
    for count in 0..<40_000 {
      let job = Int64.random(in: 0..<4000, using: &random)
      let text = texts[(Int(job) + Int.random(in: 0..<2, using: &random)) % texts.count]
      let bytes = Array(text.utf8) + [0x2c]
      bytes.withUnsafeBytes { all in
        let end = UnsafeRawBufferPointer(rebasing: all[..<text.utf8.count])
        if let event = cache.event(end, job: job) {
          hits += 1
          #expect(event.id.job == job && event.time.rawValue == kept["\(job) \(text)"])
        }
        kept["\(job) \(text)"] = Int64(count)
        cache.keep(
          LifecycleEvent(id: TaskID(job: job), kind: .submit, time: Microseconds(Int64(count))),
          end, job: job)
        let known = cache.event(end, job: job)
        #expect((known?.time.rawValue == Int64(count)) == (text.utf8.count <= 96))
      }
    }
    #expect(hits > 100)
  }

  /// A life takes whole cache lines.
  @Test func livesBeginAtCacheLines() { #expect(MemoryLayout<Lifecycle>.stride == 192) }
}
