import Diagnostics
import Foundation
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

@Suite struct BadInputTests {
  private func failure(_ path: String, table: String? = nil) -> TraceError? {
    do {
      _ = try read(path, table: table)
      return nil
    } catch {
      return error as? TraceError
    }
  }

  @Test func rowsSayWhereAndWhat() throws {
    let good = "600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0\n"
    let cases: [(row: String, place: String, what: String)] = [
      ("600000001,,1,0,,1,u,3,9,abc,0.5,0.1,0\n", ":2:10:", "CPU request 'abc' is not a number"),
      ("600000001,,1,0,,1,u,3\n", ":2:", "task_events has 13 columns; this row has 8"),
      (
        "600000001,,1,0,,1,u,3,9,0.1,0.5,0.1,0,7\n", ":2:",
        "task_events has 13 columns; this row has 14"
      ),
      ("six,,1,0,,1,u,3,9,0.1,0.5,0.1,0\n", ":2:1:", "time 'six' is not an integer"),
      ("-1,,1,0,,1,u,3,9,0.1,0.5,0.1,0\n", ":2:1:", "time -1 is negative"),
      ("599999999,,1,0,,1,u,3,9,0.1,0.5,0.1,0\n", ":2:1:", "before that of an earlier row"),
      (
        "600000001,,1,0,,9,u,3,9,0.1,0.5,0.1,0\n", ":2:6:",
        "event type 9 is not between 0 and 8"
      ),
      ("600000001,,,0,,1,u,3,9,0.1,0.5,0.1,0\n", ":2:3:", "job ID is empty"),
      (
        "600000001,,99999999999999999999,0,,1,u,3,9,0.1,0.5,0.1,0\n", ":2:3:",
        "job ID '99999999999999999999' is not an integer"
      ),
      ("600000001,,1,0,,1,u,3,9,-0.1,0.5,0.1,0\n", ":2:10:", "CPU request -0.1 is not between"),
      ("600000001,,1,0,,1,u,3,9,nan,0.5,0.1,0\n", ":2:10:", "CPU request 'nan' is not a number"),
      ("600000001,,1,-3,,1,u,3,9,0.1,0.5,0.1,0\n", ":2:4:", "task index -3 is not between"),
      ("600000001,5,1,0,,1,u,3,9,0.1,0.5,0.1,0\n", ":2:2:", "missing info 5 is not between"),
      ("600000001,,1,0,,1,u,3,9,0.1,0.5,0.1,2\n", ":2:13:", "different machines restriction 2"),
      ("600000001,,1,0,,1,\"u\"x,3,9,0.1,0.5,0.1,0\n", ":2:", "a quote where none can stand"),
    ]
    let folder = TemporaryFolder()
    for (row, place, what) in cases {
      let path = try folder.write(good + row + good, to: "task_events/part-00000-of-00001.csv")
      let error = try #require(failure(path), "\(row)")
      #expect(error.description.hasPrefix(path + place), "\(error)")
      #expect(error.description.contains(what), "\(error)")
      #expect(!error.description.contains("\n"))
    }
  }

  @Test func filesSayWhatTheyAreNot() throws {
    let folder = TemporaryFolder()
    let gz = ArchiveMaker.compress(Array(jobParts.joined().utf8), .gzip)
    var badCRC = gz
    badCRC[gz.count - 8] ^= 1
    var badZip = ArchiveMaker.zip([("job_events.csv", Array(jobParts.joined().utf8))])
    badZip[badZip.count / 3] ^= 0xff
    let tarGz = ArchiveMaker.tar([("job_events.csv", gz)], .gzip)
    var badTrailer = tarGz
    badTrailer[tarGz.count - 8] ^= 1
    let cases: [(String, [UInt8], TraceError.Code, String)] = [
      ("cut.tar.gz", Array(tarGz.dropLast(4)), .damaged, "the file is truncated"),
      ("crc.tar.gz", badTrailer, .damaged, "wrong CRC or length"),
      ("cut.csv.gz", Array(gz.dropLast(9)), .damaged, "the file is truncated"),
      ("crc.csv.gz", badCRC, .damaged, "wrong CRC or length"),
      ("noise.tar.gz", [0x8f, 0x3a, 0, 1, 2, 3, 4, 5], .unrecognised, "neither a CSV table nor"),
      ("page.csv", Array("<html>\n<body>404</body>\n".utf8), .unrecognised, "not a table of"),
      ("empty.csv", [], .missing, "the file is empty"),
      (
        "cut.tar.xz", Array(ArchiveMaker.tar([("a/job_events.csv", gz)], .xz).dropLast(40)),
        .damaged, "damaged or truncated archive"
      ),
      ("bad.zip", badZip, .damaged, "damaged or truncated archive"),
      (
        "cut.7z", Array(ArchiveMaker.sevenZip([("job_events.csv", gz)]).dropLast(20)), .damaged,
        "damaged"
      ),
      ("empty.tar", [UInt8](repeating: 0, count: 10240), .unrecognised, "neither"),
    ]
    for (name, bytes, code, what) in cases {
      let path = try folder.write(bytes, to: name)
      let error = try #require(failure(path), "\(name)")
      #expect(error.code == code, "\(name): \(error)")
      #expect(error.description.contains(what), "\(name): \(error)")
      #expect(error.description.hasPrefix(path), "\(name): \(error)")
    }
    let empty = TemporaryFolder()
    #expect(failure(empty.path)?.code == .missing)
    #expect(failure(empty("nothing"))?.code == .inputOutput)
    try empty.write("notes", to: "README.md")
    #expect(failure(empty.path)?.code == .missing)
  }

  @Test func aDamagedPartOfManyNamesItself() throws {
    let folder = TemporaryFolder()
    var parts = jobParts.map { ArchiveMaker.compress(Array($0.utf8), .gzip) }
    parts[1] = Array(parts[1].dropLast(3))
    for (number, bytes) in parts.enumerated() {
      try folder.write(bytes, to: "job_events/" + partName(number))
    }
    let error = try #require(failure(folder.path))
    #expect(error.file?.hasSuffix(partName(1)) == true)
    try folder.write([], to: "job_events/" + partName(1))
    #expect(failure(folder.path)?.message.contains("the file is empty") == true)
  }

  @Test func timeMayNotRunBackwardsAcrossParts() throws {
    let folder = TemporaryFolder()
    try folder.write(jobParts[1], to: "job_events/part-0-of-2.csv")
    try folder.write(
      jobParts[0].split(separator: "\n").last! + "\n", to: "job_events/part-1-of-2.csv")
    let error = try #require(failure(folder.path))
    #expect(error.code == .disorder)
    #expect(error.file?.hasSuffix("part-1-of-2.csv") == true)
    let tolerant = try read(folder.path) { $0.timeTolerance = Microseconds(seconds: 1) }
    #expect(tolerant.records.count == 2)
  }

  @Test func anOpenQuoteSwallowsNoRows() throws {
    let folder = TemporaryFolder()
    let good = { (range: Range<Int>) in
      range.map { "600000\(100 + $0),,\($0),0,u,1,n,l\n" }.joined()
    }
    let bad = "600000150,,7,0,\"x,1,n,l\n"
    let path = try folder.write(
      good(0..<50) + bad + good(50..<100), to: "job_events/part-0-of-1.csv")
    var lines = ""
    let log = try RejectLog { lines += $0 }
    let result = try read(path) { $0.rejects = log }
    #expect(result.records.map(\.id.job) == Array(0..<100))
    #expect(log.counts == ["malformed quotes": 1])
    #expect(
      lines.hasSuffix(",51,,the file ends inside quotes,\"600000150,,7,0,\"\"x,1,n,l\"\n"),
      "\(lines)")

    let rows = { (range: Range<Int>) in range.map { "\($0),1\n" }.joined() }
    let records = try folder.write(
      "submit_us,run_us\n" + rows(0..<50) + "50,\"1\n" + rows(51..<100), to: "r.csv")
    lines = ""
    let second = try RejectLog { lines += $0 }
    let kept = try read(records) { $0.rejects = second }.records
    #expect(kept.map(\.submit.rawValue) == Array(0..<50) + Array(51..<100))
    #expect(second.counts == ["malformed quotes": 1])
    #expect(lines.hasSuffix("r.csv,52,,the file ends inside quotes,\"50,\"\"1\"\n"), "\(lines)")
  }

  @Test func aStrayFileInATablesFolderIsIgnored() throws {
    for name in ["a.csv", "stray.csv"] {
      let folder = TemporaryFolder()
      try folder.write("a,b\n", to: "job_events/" + name)
      try folder.write(jobParts.joined(), to: "job_events/part-0-of-1.csv")
      let trace = try TraceOpener(formats: [Google2011Format()]).open(folder.path)
      #expect(trace.passedOver.map(\.name) == [folder("job_events/" + name)])
      #expect(trace.passedOver.map(\.reason) == ["no table of google-2011"])
      #expect(try read(folder.path).records.count == 3)
    }
  }

  @Test func messagesCarryNoControlCharacters() throws {
    let folder = TemporaryFolder()
    let good = "600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0\n"
    let bad = "600000001,,1,0,,1,u,3,9,\"a\u{1b}[2J\nb\u{9b}\",0.5,0.1,0\n"
    let path = try folder.write(
      String(repeating: good, count: 20) + bad, to: "task_events/part-0-of-1.csv")
    let error = try #require(failure(path))
    #expect(error.message == "CPU request 'a\\u{1b}[2J\\nb\\u{9b}' is not a number")
    let other = try #require(failure(folder.write("a\r\u{9b}31mred\nb\n", to: "x.csv")))
    #expect(other.message.contains("it begins 'a\\r\\u{9b}31mred'"), "\(other)")
  }

  @Test func lenientReadingCountsAndKeepsTheRest() throws {
    let folder = TemporaryFolder()
    let text =
      jobParts[0] + "600000150,,oops,0,u,1,n,l\n600000160,,9\n\"a\"b,1\n100,,7,0,u,1,n,l\n"
      + jobParts[1]
    let cut = ArchiveMaker.compress(Array(jobParts[2].utf8), .gzip).dropLast(9)
    try folder.write(text, to: "job_events/part-0-of-2.csv")
    try folder.write(Array(cut), to: "job_events/part-1-of-2.csv.gz")
    var lines = ""
    let log = try RejectLog { lines += $0 }
    let result = try read(folder.path) { $0.rejects = log }
    #expect(
      log.counts == [
        "job ID is not an integer": 1, "too few columns": 1, "malformed quotes": 1,
        "time runs backwards": 1, "damaged part: the rest of it is not read": 1,
      ])
    #expect(result.records.map(\.id.job) == [1, 2, 3])
    #expect(result.stream.report.rejects == log.counts)
    #expect(result.stream.report.rows["job_events"] == 13)
    let rows = lines.split(separator: "\n")
    #expect(rows[0] == "file,line,column,reason,row")
    #expect(rows.count == 6)
    #expect(rows[1].contains(",4,3,job ID 'oops' is not an integer,\"600000150,,oops,0,u,1,n,l\""))
  }
}
