import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import Workload
import WorkloadTestKit

@testable import TraceParsing

private func randomRecord(_ random: inout TestRandom, _ submit: Int64) -> TaskRecord {
  func time() -> Microseconds {
    Bool.random(using: &random) ? .never : Microseconds(.random(in: 0...1 << 50, using: &random))
  }
  func resources() -> Resources {
    Resources(
      cpu: Cores(nano: .random(in: 0...1 << 40, using: &random)),
      memory: Bytes(.random(in: 0...1 << 45, using: &random)),
      disk: Bytes(.random(in: 0...1 << 45, using: &random)), milliGPU: 250)
  }
  var record = TaskRecord(
    id: TaskID(
      job: .random(in: 0...Int64.max, using: &random),
      index: .random(in: 0...Int32.max, using: &random)),
    submit: Microseconds(submit), runTime: Microseconds(.random(in: 0...1 << 50, using: &random)),
    request: resources())
  record.maxRequest = resources()
  (record.firstSchedule, record.lastSchedule, record.end) = (time(), time(), time())
  (record.deadline, record.estimate) = (time(), time())
  record.waitTime = Microseconds(.random(in: 0...1 << 50, using: &random))
  record.machine = .random(in: -1...1 << 40, using: &random)
  record.user = UserID(.random(in: 0...20, using: &random))
  record.attempts = .random(in: 0...1000, using: &random)
  record.instances = .random(in: 1...1000, using: &random)
  record.priority = .random(in: -1...450, using: &random)
  record.priorityClass = PriorityClass.allCases.randomElement(using: &random) ?? .unknown
  record.schedulingClass = .random(in: -1...3, using: &random)
  record.outcome = Outcome.allCases.randomElement(using: &random) ?? .lost
  record.flags = TaskRecord.Flags(rawValue: .random(in: 0..<1 << 11, using: &random))
  // What a flag says is not known is zero.
  if record.flags.contains(.runTimeUnknown) { record.runTime = .zero }
  if record.flags.contains(.waitTimeUnknown) { record.waitTime = .zero }
  if record.flags.contains(.cpuUnknown) {
    (record.request.cpu, record.maxRequest.cpu) = (.zero, .zero)
  }
  if record.flags.contains(.memoryUnknown) {
    (record.request.memory, record.maxRequest.memory) = (.zero, .zero)
  }
  if record.flags.contains(.diskUnknown) {
    (record.request.disk, record.maxRequest.disk) = (.zero, .zero)
  }
  return record
}

@Suite struct RecordFileTests {
  let names = ["", "plain", "with,comma", "with \"quotes\"", "Ünïcode", " blanks "]

  private func write(_ records: [TaskRecord], _ path: String, users: [String]) throws {
    let writer = try TableFileKind(path: path).writer(
      path: path, columns: RecordColumn.table, symbols: { users })
    for record in records { try writer.write(record) }
    try writer.finish()
  }

  @Test(arguments: TableFileKind.allCases)
  func whatIsWrittenComesBack(kind: TableFileKind) throws {
    var random = TestRandom(77)
    let users = (0...20).map { $0 == 0 ? "" : "\($0) " + names[$0 % names.count] }
    var submit: Int64 = 0
    let records = (0..<6000).map { _ in
      submit += Int64.random(in: 0...1000, using: &random)
      return randomRecord(&random, submit)
    }
    let folder = TemporaryFolder()
    for count in [0, 1, 6000] {
      let path = folder("records" + kind.rawValue)
      try write(Array(records.prefix(count)), path, users: users)
      let back = try read(path)
      #expect(back.records.count == count)
      for (written, read) in zip(records, back.records) {
        var (a, b) = (written, read)
        #expect(back.stream.symbols[b.user] == users[Int(a.user.rawValue)])
        (a.user, b.user) = (.unknown, .unknown)
        #expect(a == b)
        if a != b { return }
      }
      let again = folder("again" + kind.rawValue)
      try write(Array(records.prefix(count)), again, users: users)
      #expect(try contents(path) == contents(again))
    }
    #expect(folder.files == ["again" + kind.rawValue, "records" + kind.rawValue])
  }

  @Test func everySourceOfATraceKeepsTheContract() throws {
    let folder = TemporaryFolder()
    for (part, text) in jobParts.enumerated() {
      try folder.write(text, to: "job_events/part-\(part)-of-3.csv")
    }
    func source(_ path: String) throws -> RecordStream {
      try TraceOpener(formats: [RecordFileFormat(), Google2011Format()]).open(path)
        .records(ReadOptions())
    }
    #expect(WorkloadTestKit.check { try source(folder.path) } == [])
    var random = TestRandom(3)
    let records = (0..<5000).map { randomRecord(&random, Int64($0 / 2)) }
    for kind in TableFileKind.allCases {
      let path = folder("r" + kind.rawValue)
      try write(records, path, users: Array(repeating: "u", count: 21))
      #expect(WorkloadTestKit.check { try source(path) } == [], "\(kind)")
    }
  }

  @Test func handMadeFilesNeedSubmitTimesOnly() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      "run_us,submit_us,comment,cpu_cores\n5,10,first,0.5\n,20,second,\n", to: "hand.csv")
    let records = try read(path).records
    #expect(records.map(\.submit.rawValue) == [10, 20])
    #expect(records[0].request.cpu == Cores(0.5))
    #expect(records[0].runTime == Microseconds(5))
    #expect(records[0].flags.contains(.memoryUnknown))
    #expect(records[1].flags.isSuperset(of: [.runTimeUnknown, .cpuUnknown]))
    #expect(records.map(\.id.job) == [0, 1])
    #expect(records[0].maxRequest == records[0].request)
    #expect(!records[0].flags.contains(.cpuUnknown))
    let full = try folder.write(
      "submit_us,run_us,wait_us,cpu_cores,memory_bytes,disk_bytes\n0,1000000,0,1,1,0\n",
      to: "full.csv")
    let record = try #require(try read(full).records.first)
    #expect(record.flags == [])
    #expect(record.maxRequest == Resources(cpu: Cores(1), memory: Bytes(1), disk: Bytes(0)))
  }

  @Test func partsOfEveryKindAreOneStream() throws {
    var random = TestRandom(9)
    let records = (0..<300).map { randomRecord(&random, Int64($0)) }
    for kind in TableFileKind.allCases {
      let folder = TemporaryFolder()
      for (part, number) in [1, 2, 10].enumerated() {
        try write(
          Array(records[part * 100..<part * 100 + 100]), folder("part-\(number)" + kind.rawValue),
          users: Array(repeating: "u", count: 21))
      }
      let back = try read(folder.path)
      #expect(back.records.map(\.id) == records.map(\.id), "\(kind)")
      #expect(back.stream.report.notes.texts == ["records: part 3-9 missing"])
    }
  }

  @Test func commentsAndQuotedHeadersAreUnderstood() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      "# by hand\n# tracemill.last_time_us=77\n\"run_us\",\"submit_us\"\n5,10\n", to: "a.csv")
    let back = try read(path)
    #expect(back.records.map(\.submit.rawValue) == [10])
    #expect(back.stream.report.lastTime == Microseconds(77))
  }

  @Test func badColumnsSayWhere() throws {
    let folder = TemporaryFolder()
    for (text, what) in [
      ("submit_us,run_us,run_us\n1,2,3\n", ":1:3: a second column run_us"),
      ("submit_us,task_index\n1,3000000000\n", ":2:2: task_index 3000000000 is not from"),
      ("submit_us,end_us\n1,-5\n", ":2:2: end_us -5 is not from 0"),
    ] {
      let path = try folder.write(text, to: "bad.csv")
      let error = #expect(throws: TraceError.self) { try read(path) }
      #expect(error?.description.hasPrefix(path + what) == true, "\(String(describing: error))")
    }
  }

  @Test func badRecordsSayWhere() throws {
    let folder = TemporaryFolder()
    for (rows, what) in [
      ("1,5\n0,5\n", ":3: submit_us 0 is before the record above"),
      ("1,x\n", ":2:2: run_us 'x' is not an integer"),
      ("1\n", ":2: the header has 2 columns; this row has 1"),
      ("-1,4\n", ":2:1: submit_us -1 is not from 0 to 9007199254740991"),
      (",4\n", ":2:1: submit_us is empty"),
    ] {
      let path = try folder.write("submit_us,run_us\n" + rows, to: "bad.csv")
      let error = #expect(throws: TraceError.self) { try read(path) }
      #expect(error?.description.hasPrefix(path + what) == true, "\(String(describing: error))")
    }
    let path = try folder.write("submit_us,outcome\n1,won\n", to: "bad.csv")
    let error = #expect(throws: TraceError.self) { try read(path) }
    #expect(error?.description.contains(":2:2: outcome 'won' is none of finished, failed") == true)
  }

  @Test func nothingAppearsUntilItIsComplete() throws {
    let folder = TemporaryFolder()
    try folder.write("precious", to: "out.csv")
    do {
      let writer = try TableFileKind(path: "x.csv").writer(
        path: folder("out.csv"), columns: RecordColumn.table)
      try writer.write(
        TaskRecord(id: TaskID(job: 1), submit: .zero, runTime: .zero, request: .zero))
      #expect(try contents(folder("out.csv")) == Array("precious".utf8))
    }
    #expect(folder.files == ["out.csv"])
    #expect(try contents(folder("out.csv")) == Array("precious".utf8))
    let error = #expect(throws: TraceError.self) { try TableFileKind(path: "x.txt") }
    #expect(error?.message.contains(".parquet, .csv, .csv.gz, .csv.zst") == true)
    #expect(throws: TraceError.self) {
      _ = try TableFileKind(path: "x.csv").writer(
        path: folder("no/such/folder/x.csv"), columns: RecordColumn.table)
    }
  }
}
