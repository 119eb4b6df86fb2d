import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// Every file of an input is read, or named with the reason why not.
@Suite struct PassedOverTests {
  let folder = TemporaryFolder()
  private let rows = Array(jobParts.joined().utf8)

  private func passedOver(_ path: String) throws -> [PassedOverFile] {
    try TraceOpener(formats: [RecordFileFormat(), Google2011Format()]).open(path).passedOver
  }

  private func files(_ path: String) throws -> [TraceVerifier.Result] {
    try TraceVerifier.verify(
      path, TraceOpener(formats: [RecordFileFormat(), Google2011Format()]), options: ReadOptions()
    ).filter { $0.check == .files }
  }

  @Test func aLinkToNowhereIsNamedAndVerifyFails() throws {
    try folder.write(jobParts[0], to: "job_events/part-00000-of-00002.csv")
    symlink("gone", folder("job_events/part-00001-of-00002.csv"))
    let found = try passedOver(folder.path)
    #expect(found.map(\.name) == [folder("job_events/part-00001-of-00002.csv")])
    #expect(found[0].reason.contains("gone") && found[0].mayHoldRows)
    #expect(try files(folder.path).map(\.passed) == [false])
    #expect(throws: TraceError.self) { try TraceInput(path: found[0].name) }
  }

  @Test func aLinkThatLeadsBackIsNamedAndEndsThere() throws {
    try folder.write(rows, to: "job_events/a.csv")
    symlink("..", folder("job_events/up"))
    let found = try passedOver(folder.path)
    #expect(found.map(\.name) == [folder("job_events/up")] && !found[0].mayHoldRows)
    #expect(try read(folder.path).records.count == 3)
  }

  /// Links and hard links to a file that is read already: its rows are there once, and it is told.
  @Test func aFileUnderTwoNamesIsReadOnce() throws {
    try folder.write("submit_us,run_us\n1,2\n3,4\n", to: "t/a.csv")
    try folder.write("submit_us,run_us\n5,6\n", to: "t/c.csv")
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: folder("t/b.csv"), withDestinationPath: "a.csv")
    try manager.linkItem(atPath: folder("t/c.csv"), toPath: folder("t/d.csv"))
    try folder.write([UInt8](), to: "t/empty-1.csv")
    try manager.linkItem(atPath: folder("t/empty-1.csv"), toPath: folder("t/empty-2.csv"))
    let reasons = try passedOver(folder("t")).filter { !$0.name.contains("empty") }
      .map { "\($0.name): \($0.reason)" }
    #expect(
      reasons == [
        "\(folder("t"))/b.csv: the same file as \(folder("t"))/a.csv",
        "\(folder("t"))/d.csv: the same file as \(folder("t"))/c.csv",
      ])
    #expect(try read(folder("t")).records.map(\.submit.rawValue) == [1, 3, 5])
    #expect(try files(folder("t")).allSatisfy(\.passed))
  }

  @Test func marksOfOtherProgramsMeanNothing() throws {
    try folder.write(rows, to: "job_events/a.csv")
    for name in [
      "_SUCCESS", "_common_metadata", ".a.csv.crc", "._a.csv", "__MACOSX/._a.csv", "README.md",
      "SHA256SUM", ".DS_Store",
    ] { try folder.write([0, 1, 2], to: "job_events/" + name) }
    #expect(try passedOver(folder.path).isEmpty)
    for (name, reason) in [(".hidden", "hidden"), ("x.pdf", "a document"), ("y.bin", "neither")] {
      try folder.write([0, 1, 2], to: "job_events/" + name)
      #expect(
        try passedOver(folder.path).contains { $0.reason.contains(reason) && !$0.mayHoldRows })
    }
    #expect(try files(folder.path).allSatisfy(\.passed))
    // Named for a table, it may have been one.
    try folder.write([0, 1, 2], to: "job_events/z.csv")
    #expect(try files(folder.path).contains { !$0.passed })
    let all = try passedOver(folder.path)
    #expect(PassedOverFile.note(all, limit: 2)?.text.contains("4 files passed over") ?? false)
    #expect(PassedOverFile.note(all, limit: 2)?.text.hasSuffix("and 2 more") ?? false)
  }

  @Test func foldersAreFollowedAsFarAsAnyTableGoes() throws {
    let deep = (1...12).map { "d\($0)" }.joined(separator: "/")
    try folder.write(rows, to: deep + "/a.csv")
    #expect(try read(folder.path).records.count == 3)
    let deeper = (1...20).map { "d\($0)" }.joined(separator: "/")
    try folder.write(rows, to: deeper + "/b.csv")
    #expect(try passedOver(folder.path).map(\.mayHoldRows) == [true])
  }

  @Test(
    arguments: [[0xe9], [0xc4, 0xe3], [0xee, 0xbe, 0xa9], [0xff], [0xf0, 0x9f]] as [[UInt8]])
  func namesInOtherEncodingsAreOpenedByTheirBytes(_ odd: [UInt8]) throws {
    let name = Array("job_events-".utf8) + odd + Array(".csv".utf8)
    let text = FileName.text(name)
    #expect(FileName.bytes(text).dropLast().map { UInt8(bitPattern: $0) } == name)
    try folder.write(rows, to: "plain.csv")
    let path = folder.path + "/t/" + text
    mkdir(folder("t"), 0o755)
    #expect(rename(folder("plain.csv"), FileName.bytes(path)) == 0)
    #expect(try read(path).records.count == 3)
    #expect(try read(folder("t")).records.count == 3)
    #expect(FileName.list(folder("t")) == [text])
    let file = try OutputFile(path: path)
    try file.write("x\n")
    try file.commit()
    #expect(FileName.list(folder("t")) == [text])
    #expect(FileStatus(path).size == 2)
  }

  @Test func whatFoundationLeftOfDeadProcessesIsRemoved() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    let dead = String(process.processIdentifier, radix: 16, uppercase: true)
    let alive = String(getpid(), radix: 16)
    for owner in [dead, alive] { try folder.write("half", to: ".dat.nosync\(owner).AbCdEf") }
    try folder.write("keep", to: ".dat.nosync-of-mine")
    OutputFile.removeFoundationLeftovers(in: folder.path)
    #expect(FileName.list(folder.path) == [".dat.nosync-of-mine", ".dat.nosync\(alive).AbCdEf"])
  }

  @Test func linksInArchivesAreNamed() throws {
    let script = """
      import sys, tarfile, io
      t = tarfile.open(sys.argv[1], "w")
      data = open(sys.argv[2], "rb").read()
      i = tarfile.TarInfo("job_events/part-00000-of-00003.csv"); i.size = len(data)
      t.addfile(i, io.BytesIO(data))
      for kind, name in [(tarfile.SYMTYPE, 1), (tarfile.LNKTYPE, 2)]:
        i = tarfile.TarInfo(f"job_events/part-0000{name}-of-00003.csv")
        i.type = kind; i.linkname = "job_events/part-00000-of-00003.csv"
        t.addfile(i)
      t.close()
      """
    try folder.write(script, to: "make.py")
    let csv = try folder.write(rows, to: "rows")
    let made = try run("/usr/bin/env", ["python3", folder("make.py"), folder("a.tar"), csv])
    try #require(made.status == 0, "\(made.error)")
    let found = try passedOver(folder("a.tar"))
    #expect(found.count == 2 && found.allSatisfy { $0.mayHoldRows && $0.reason.contains("link") })
    #expect(try read(folder("a.tar")).records.count == 3)
  }
}

/// Archives and compressed files are read to their last byte.
@Suite struct LastByteTests {
  let folder = TemporaryFolder()

  @Test func tarsOneBehindTheOtherAreReadAll() throws {
    let tars = jobParts.enumerated().map { part in
      ArchiveMaker.tar([("job_events/" + "part-\(part.offset)-of-3.csv", Array(part.element.utf8))])
    }
    let all = tars.flatMap { $0 }
    for (name, bytes) in [
      ("a.tar", all), ("a.tar.gz", ArchiveMaker.compress(all, .gzip)),
      ("b.tar.gz", tars.flatMap { ArchiveMaker.compress($0, .gzip) }),
      ("c.tar.zst", ArchiveMaker.compress(all, .zstd)),
    ] {
      #expect(
        try read(folder.write(bytes, to: name)).stream.report.rows["job_events"] == 8, "\(name)")
    }
    // Behind the end there is either a tar or damage.
    let odd = try folder.write(tars[0] + Array("what is this?".utf8), to: "odd.tar")
    #expect(throws: TraceError.self) { try read(odd) }
  }

  @Test func aTarThatWasCutBetweenMembersIsDamaged() throws {
    let parts = jobParts.enumerated().map { part in
      ("job_events/part-\(part.offset)-of-3.csv", Array(part.element.utf8))
    }
    let whole = ArchiveMaker.tar(parts)
    #expect(try read(folder.write(whole, to: "whole.tar")).records.count == 3)
    // A header and a block for each small member.
    for members in 1...3 {
      let cut = try folder.write(Array(whole.prefix(members * 1024)), to: "cut.tar")
      #expect(throws: TraceError.self) { try read(cut) }
    }
  }

  @Test(arguments: [ArchiveMaker.Filter.bzip2, .lz4, .xz, .zstd, .gzip])
  func aSecondStreamIsReadAndItsDamageTold(_ filter: ArchiveMaker.Filter) throws {
    let streams = [jobParts[0], jobParts[1] + jobParts[2]].map {
      ArchiveMaker.compress(Array($0.utf8), filter)
    }
    let path = folder("job_events.csv.x")
    try folder.write(streams[0] + streams[1], to: "job_events.csv.x")
    #expect(try read(path, table: "job_events").stream.report.rows["job_events"] == 8)
    for place in 0..<(filter == .gzip ? 3 : 4) {
      var damaged = streams[1]
      damaged[place] ^= 0x20
      try folder.write(streams[0] + damaged, to: "job_events.csv.x")
      #expect(throws: TraceError.self, "byte \(place)") { try read(path, table: "job_events") }
    }
    if filter != .xz {
      // Zeros pad the end (tape blocks).
      try folder.write(streams[0] + [UInt8](repeating: 0, count: 512), to: "job_events.csv.x")
      #expect((try? read(path, table: "job_events").stream.report.rows["job_events"]) ?? 3 == 3)
    }
  }

  @Test func framesThatAreToBeSkippedAreSkipped() throws {
    let text = Array(jobParts.joined().utf8)
    for (number, filter) in [ArchiveMaker.Filter.zstd, .lz4].enumerated() {
      let frame: [UInt8] = [0x50 + UInt8(number), 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]
      let stream = ArchiveMaker.compress(text, filter)
      let path = try folder.write(frame + stream, to: "job_events-\(number).csv.x")
      #expect(try read(path, table: "job_events").records.count == 3, "\(filter)")
    }
  }

  @Test func archivesInArchivesAreRead() throws {
    let inner = ArchiveMaker.tar([("a.csv", Array(jobParts.joined().utf8))], .gzip)
    for outer in [
      ArchiveMaker.tar([("job_events/x.tar.gz", inner)]),
      ArchiveMaker.zip([("job_events/x.tgz", inner)]),
    ] {
      let path = try folder.write(outer, to: "outer")
      #expect(try read(path, table: "job_events").records.count == 3)
      #expect(
        try TraceVerifier.verify(
          path, TraceOpener(formats: [Google2011Format()]), options: ReadOptions(),
          table: "job_events"
        ).allSatisfy(\.passed))
    }
    var nested = ArchiveMaker.tar([("job_events/a.csv", Array(jobParts.joined().utf8))])
    for _ in 0..<5 { nested = ArchiveMaker.tar([("in.tar", nested)]) }
    let path = try folder.write(nested, to: "deep.tar")
    let error = try #require(throws: TraceError.self) { try TraceInput(path: path) }
    #expect(error.description.contains("archives inside each other"))
  }

  @Test func parquetIsReadWhereverItIs() throws {
    let columns = RecordColumn.table
    let path = folder("r.parquet")
    let writer = try TableFileKind.parquet.writer(path: path, columns: columns)
    for job in 0..<3 {
      var record = TaskRecord(
        id: TaskID(job: Int64(job)), submit: Microseconds(Int64(job)), runTime: Microseconds(7),
        request: .zero)
      record.attempts = 1
      try writer.write(record)
    }
    try writer.finish()
    let bytes = try contents(path)
    for (name, wrapped) in [
      ("a.zip", ArchiveMaker.zip([("r.parquet", bytes)])),
      ("a.tar.gz", ArchiveMaker.tar([("x/r.parquet", bytes)], .gzip)),
      ("a.7z", ArchiveMaker.sevenZip([("r.parquet", bytes)])),
      ("r.parquet.gz", ArchiveMaker.compress(bytes, .gzip)),
      ("r.parquet.zst", ArchiveMaker.compress(bytes, .zstd)),
    ] {
      let records = try read(folder.write(wrapped, to: name)).records
      #expect(records.map(\.id.job) == [0, 1, 2], "\(name)")
    }
    let parts = ArchiveMaker.zip((0..<3).map { ("part-\($0).parquet", bytes) })
    #expect(try read(folder.write(parts, to: "parts.zip")).records.count == 9)
  }

  @Test func aByteOrderMarkIsNoPartOfTheText() throws {
    let opener = TraceOpener(formats: [
      RecordFileFormat(), Google2019Format(), Google2011Format(), StandardWorkloadFormat(),
      Google2010Format(),
    ])
    for (name, text) in [
      ("a.swf", "; MaxProcs: 8\n1 0 0 100 4 -1 -1 4 200 -1 1 1 1 -1 -1 -1 -1 -1\n"),
      ("b.swf", "1 0 0 100 4 -1 -1 4 200 -1 1 1 1 -1 -1 -1 -1 -1\n"),
      (
        "instance_events.json",
        #"{"time":"1","type":"0","collection_id":"1","instance_index":"0"}"# + "\n"
      ),
      ("c.csv", "Time ParentID TaskID JobType NrmlTaskCores NrmlTaskMem\n300 1 2 0 0.1 0.1\n"),
      ("d.csv", "submit_us,run_us\n1,2\n"), ("job_events.csv", "1,,1,0,a,1,n,l\n"),
    ] {
      let mark = ContentKind.mark
      for bytes in [mark + Array(text.utf8), ArchiveMaker.compress(mark + Array(text.utf8), .gzip)]
      {
        let stream = try opener.open(folder.write(bytes, to: name)).records(ReadOptions())
        #expect(try Formats.drain(stream).count == 1, "\(name)")
      }
    }
    let wide: [UInt8] = Array("submit_us,run_us\n1,2\n".utf8).flatMap { [$0, 0] }
    let error = try #require(throws: TraceError.self) {
      try TraceInput(path: folder.write([0xff, 0xfe] as [UInt8] + wide, to: "wide.csv"))
    }
    #expect(error.message.contains("UTF-16"))
  }

  @Test func aQuotedLineEndInTheFirstRowIsSeen() throws {
    let rows = "0,,1,0,\"a\nb\",1,n,l\n1,,2,0,c,1,n,l\n"
    let (records, stream) = try read(folder.write(rows, to: "events.csv"))
    #expect(records.count == 2 && stream.symbols[records[0].user] == "a\nb")
    let header = "\"odd\nname\",submit_us,run_us\nx,1,2\n"
    #expect(try read(folder.write(header, to: "r.csv")).records.count == 1)
  }
}
