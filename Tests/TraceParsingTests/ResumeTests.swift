import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// Parts of task_events in which jobs live on from part to part, some of them for ever, some rows
/// are bad, and users recur.
private func makeParts(_ count: Int, rows: Int, in folder: TemporaryFolder) throws {
  var random = RandomStream(seed: 11, name: "parts")
  var time = 600_000_000
  for part in 0..<count {
    var text = ""
    for row in 0..<rows {
      time += Int(random.next() % 3)
      let job = Int(random.next() % UInt64(rows * count / 6))
      let kind = [0, 1, 4, 2, 7, 5][Int(random.next() % 6)]
      let request = Double(random.next() % 1000) / 8192
      text +=
        "\(time),,\(job),\(random.next() % 3),\(random.next() % 50),\(kind),"
        + "user\(random.next() % 40),\(random.next() % 4),\(random.next() % 12),"
        + "\(request),\(request / 2),0.0001,0\n"
      if row % 400 == 399 { text += "\(time),,oops,0,,1,u,3,9,0.1,0.5,0.1,0\n" }
    }
    let name = String(format: "part-%05d-of-%05d.csv.gz", part, count)
    try folder.write(
      ArchiveMaker.compress(Array(text.utf8), .gzip), to: "task_events/" + name)
  }
}

@Suite struct ResumeTests {
  private func read(
    _ path: String, work: WorkFolder?, threads: Int = 2
  ) throws -> (records: [TaskRecord], users: [String], report: ReadReport, rejects: String) {
    var lines = ""
    var options = ReadOptions()
    options.rejects = try RejectLog { lines += $0 }
    options.work = work
    options.threads = threads
    let stream = try TraceOpener(formats: [Google2011Format()]).open(path).records(options)
    var records: [TaskRecord] = []
    while let record = try stream.next() { records.append(record) }
    var report = stream.report
    report.notes.removeAll { $0.kind == .resumed }
    return (records, stream.symbols.strings, report, lines)
  }

  private func notes(_ path: String, _ work: WorkFolder) throws -> [String] {
    var options = ReadOptions()
    options.rejects = try RejectLog { _ in }
    options.work = work
    return try TraceOpener(formats: [Google2011Format()]).open(path).records(options).report.notes
      .filter { $0.kind == .resumed }.texts
  }

  /// Whatever is kept of the parts, what comes out is what comes out without.
  @Test func whatIsKeptChangesNothing() throws {
    let folder = TemporaryFolder()
    try makeParts(5, rows: 1500, in: folder)
    let whole = try read(folder("task_events"), work: nil)
    #expect(whole.records.count > 1000)
    #expect(whole.report.rejects == ["job ID is not an integer": 15])
    let work = try WorkFolder(path: folder("work"))
    func check(_ threads: Int) throws {
      let again = try read(folder("task_events"), work: work, threads: threads)
      #expect(again.records == whole.records)
      #expect(again.users == whole.users)
      #expect(again.report == whole.report)
      #expect(again.rejects == whole.rejects)
    }
    try check(1)
    try check(2)
    #expect(try notes(folder("task_events"), work) == ["resume: 5 of 5 parts were done already"])

    // Of the kept parts one is gone, one damaged, one cut, one of another input.
    unlink(work.file(ofPart: 0))
    var bytes = try contents(work.file(ofPart: 1))
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: work.file(ofPart: 1)))
    try Data(contents(work.file(ofPart: 2)).dropLast(10))
      .write(to: URL(fileURLWithPath: work.file(ofPart: 2)))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)],
      ofItemAtPath: folder("task_events/part-00003-of-00005.csv.gz"))
    let said = try notes(folder("task_events"), work)
    #expect(said.first == "resume: 1 of 5 parts were done already")
    #expect(said.last?.contains("kept work on 3 parts is damaged or of other input") == true)
    try check(3)
  }

  @Test func aFolderOfSomethingElseIsRefused() throws {
    let folder = TemporaryFolder()
    try folder.write("mine", to: "work/notes.txt")
    #expect(throws: TraceError.self) { try WorkFolder(path: folder("work")) }
    try folder.write("mine", to: "file")
    #expect(throws: TraceError.self) { try WorkFolder(path: folder("file")) }
    // Killed before the mark was there.
    try folder.write("", to: "early/tracemill-work.partial-7")
    _ = try WorkFolder(path: folder("early"))
    #expect(try contents(folder("work/notes.txt")) == Array("mine".utf8))
  }

  @Test func packedLivesComeBackAsTheyWere() throws {
    var random = RandomStream(seed: 5, name: "lives")
    var requests = RequestTable()
    let buffer = LargeMemory(Lifecycle.maximumPackedSize + 16)
    func number(_ limit: Int64) -> Int64 { Int64(random.next() % UInt64(limit)) }
    var counts = TransitionCounts()
    for index in 0..<20_000 {
      var life: Lifecycle?
      for _ in 0...number(5) {
        var event = LifecycleEvent(
          id: TaskID(
            job: index % 3 == 0 ? -number(1 << 60) : number(1 << 40), index: Int32(number(9))),
          kind: LifeEvent.allCases[Int(number(11))],
          time: number(9) == 0 ? .never : Microseconds(number(7) == 0 ? 0 : number(1 << 45)))
        event.request = NormalisedRequest(
          SIMD4(
            number(4) == 0 ? .nan : Double(number(90)) / 7, Double(number(5)), .nan, .nan))
        event.machine = number(3) == 0 ? -1 : number(1 << 62)
        event.user = UserID(UInt32(number(1 << 32)))
        event.priority = Int16(number(400)) - 1
        event.schedulingClass = Int8(number(5)) - 1
        if number(2) == 0 { event.flags.insert(.missingInfo) }
        event.priorityClass = PriorityClass.allCases[Int(number(6))]
        if life == nil { life = Lifecycle(event) } else { life?.append(event, counting: &counts) }
      }
      let life1 = try #require(life)
      let set = index % 4 == 0 ? 0 : requests.number(of: life1.requests)
      let size = life1.pack(to: UnsafeMutableRawPointer(buffer.base), requests: set)
      #expect(size + 8 <= Lifecycle.maximumPackedSize)
      #expect(Lifecycle.packedSize(UnsafeRawPointer(buffer.base)) == size)
      var (read, back) = (0, UInt16(9))
      let again = requests.sets.withUnsafeBufferPointer {
        Lifecycle(packed: UnsafeRawPointer(buffer.base), $0, size: &read, set: &back)
      }
      #expect(read == size && back == set)
      // NaN equals nothing, so what is compared is the text.
      #expect("\(again)" == "\(life1)")
    }
  }
}
