import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

@Suite struct StandardWorkloadTests {
  static let nasa = "swf/NASA-iPSC-1993-3.1-cln.swf.gz"

  private func open(_ path: String) throws -> any RecognisedTrace {
    try TraceOpener(formats: [
      RecordFileFormat(), Google2019Format(), Google2011Format(), StandardWorkloadFormat(),
    ]).open(path)
  }

  private static func line(
    _ job: Int, _ submit: Int, _ wait: Int, _ run: Int, status: Int, more: String = ""
  ) -> String {
    "\(job) \(submit) \(wait) \(run) 4 -1 -1 4 400 -1 \(status) 1 1 -1 -1 -1 -1 -1\(more)\n"
  }

  @Test func `jobs that were interrupted are one record each`() throws {
    let folder = try ScratchFolder()
    let whole = [
      Self.line(1, 0, 5, 300, status: 1), Self.line(1, 0, 5, 100, status: 2),
      Self.line(1, -1, 20, 200, status: 3), Self.line(2, 400, 0, 50, status: 1),
    ]
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 0, 3]] {
      let text = "; MaxProcs: 8\n" + order.map { whole[$0] }.joined()
      let stream = try open(folder.write("log.swf", text)).records(ReadOptions())
      let records = try Formats.drain(stream)
      #expect(records.map(\.id.job) == [1, 2] && records.map(\.runTime.seconds) == [300, 50])
      #expect(stream.report.notes.contains { $0.text.hasPrefix("2 lines are partial executions") })
    }
    // Without a line for the whole life, the stretches are the job.
    let alone =
      Self.line(1, 7, 5, 100, status: 2) + Self.line(1, -1, 20, 200, status: 4)
      + Self.line(2, 400, 0, 50, status: 1) + Self.line(3, -1, 1, 1, status: 3)
    let stream = try open(folder.write("alone.swf", alone)).records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.map(\.id.job) == [1, 2] && records.map(\.runTime.seconds) == [300, 50])
    #expect(records[0].submit.seconds == 7 && records[0].outcome == .failed)
    #expect(stream.report.notes.count == 2)
    // What a later stretch waited is counted from the end of the one before.
    #expect(records[0].attempts == 2 && records[0].waitTime.seconds == 25)
    #expect(records[0].firstSchedule.seconds == 12 && records[0].end.seconds == 332)
    #expect(records[0].lastSchedule.seconds == 132)
    let long =
      Self.line(1, 0, 0, 9_007_199_000, status: 2) + Self.line(1, -1, 0, 9_007_199_000, status: 3)
    let error = try #require(throws: TraceError.self) {
      try Formats.drain(open(folder.write("long.swf", long)).records(ReadOptions()))
    }
    #expect(error.message.contains("job 1, its partial executions together"))
    // A later stretch that does not say how long it waited.
    let silent = Self.line(1, 7, 5, 100, status: 2) + Self.line(1, -1, -1, 200, status: 3)
    let job = try Formats.drain(open(folder.write("silent.swf", silent)).records(ReadOptions()))[0]
    #expect(job.flags.contains(.waitTimeUnknown) && job.firstSchedule.seconds == 12)
    #expect(job.end.seconds == 312 && job.attempts == 2)
    // A submit time of -1 is a mistake in any other line.
    let bad = try open(folder.write("bad.swf", Self.line(1, -1, 0, 1, status: 1)))
    #expect(throws: TraceError.self) { try Formats.drain(bad.records(ReadOptions())) }
  }

  @Test func `fields beyond the eighteenth are counted, and too many told`() throws {
    let folder = try ScratchFolder()
    for more in [" linux", " 1 2", " 1 2 3"] {
      let text = "; Version: 2.2\n" + Self.line(1, 0, 0, 9, status: 1, more: more)
      let stream = try open(folder.write("log.swf", text)).records(ReadOptions())
      #expect(try Formats.drain(stream).count == 1)
      #expect(
        stream.report.notes.contains { $0.text.hasPrefix("1 line has more than the 18 fields") })
    }
    for (more, count) in [(" 1 2 3 4", 22), ("", 17)] {
      var text = Self.line(1, 0, 0, 9, status: 1, more: more)
      if more.isEmpty { text = String(text.dropLast(4)) + "\n" }
      let path = try folder.write("odd.swf", "; Version: 2.2\n" + text)
      let error = try #require(throws: TraceError.self) { try open(path) }
      #expect(error.line == 2 && error.message.hasPrefix("\(count) fields; swf has 18"))
    }
  }

  @Test func `what the header does not say is no limit`() throws {
    let folder = try ScratchFolder()
    let job = Self.line(1, 0, 0, 9, status: 1)
    for (header, unknown) in [
      ("; MaxProcs: 8\n", [.memory, .disk]),
      ("; MaxProcs: 8\n; MaxMemory: -1\n", [.memory, .disk]),
      ("; MaxProcs: 8\n; MaxMemory: 1024\n", .disk),
    ] as [(String, MachineEvent.Unknown)] {
      let trace = try open(folder.write("log.swf", header + job))
      let list = try #require(try trace.machineEvents(ReadOptions()))
      #expect(list.events.map(\.unknown) == [unknown])
    }
  }

  @Test func `a header's numbers may have remarks, and what is no number is told`() throws {
    let folder = try ScratchFolder()
    let header = "; MaxProcs: abc\n; MaxNodes: 430 (until 1997)\n; MaxMemory: unknown\n"
    let trace = try open(folder.write("log.swf", header + Self.line(1, 0, 0, 9, status: 1)))
    let list = try #require(try trace.machineEvents(ReadOptions()))
    #expect(list.events.map(\.capacity.cpu) == [Cores(430)])
    #expect(list.events.map(\.unknown) == [[.memory, .disk]])
    let stream = try trace.records(ReadOptions())
    _ = try Formats.drain(stream)
    let texts = stream.report.notes.texts
    for (key, value) in [("MaxProcs", "abc"), ("MaxMemory", "unknown")] {
      #expect(
        texts.contains(
          "\(key) of the header is '\(value)', which is no number: taken as not known"),
        "\(texts)")
    }
    #expect(!texts.contains { $0.hasPrefix("MaxNodes") })
  }

  @Test(.enabled(if: Formats.has(nasa), "the real traces are not beside the package"))
  func `NASA's log, every field of every line`() throws {
    let path = Formats.traces + "/" + Self.nasa
    let trace = try open(path)
    #expect(trace.format == "swf")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    let lines = try Formats.lines(path)
    let header = lines.filter { $0.hasPrefix(";") }
    let rows = lines.filter { !$0.hasPrefix(";") }
      .map { $0.split(separator: " ").compactMap { Int64($0) } }
    #expect(stream.header.map { Substring($0) } == header)
    #expect(records.count == 18_239 && rows.count == 18_239)
    #expect(stream.report.rows["swf"] == 18_239)
    let bySubmit = rows.sorted { ($0[1], $0[0]) < ($1[1], $1[0]) }
    for (record, row) in zip(records, bySubmit) {
      #expect(record.id == TaskID(job: row[0]))
      #expect(record.submit == Microseconds(row[1] * 1_000_000))
      #expect(record.flags.contains(.waitTimeUnknown) == (row[2] == -1))
      #expect(record.runTime == Microseconds(row[3] * 1_000_000))
      #expect(record.request.cpu == Cores(Double(row[4])))
      #expect(stream.symbols[record.user] == "\(row[11])")
      for column in StandardWorkloadColumn.allCases {
        guard let name = column.attribute else { continue }
        let kept = stream.attributes[name, record.id] ?? -1
        #expect(kept == Double(row[column.rawValue]))
      }
    }
    let machines = try #require(try trace.machineEvents(ReadOptions()))
    #expect(machines.events.map(\.capacity.cpu) == [Cores(128)])
    #expect(machines.symbols[machines.events[0].platform] == "Intel iPSC/860")
  }

  private static let log = """
    ; Version: 2.2
    ; Computer: Test
    ; MaxNodes: 4
    ; MaxMemory: 1024
    ; MaxProcs: 64
    ; Note: one
    ;       goes on
    1 0 10 100 4 95.5 512 8 200 1024 1 3 1 -1 2 -1 -1 -1
    2 50 -1 -1 -1 -1 -1 16 600 -1 5 4 1 7 2 1 1 30
    3 50 5 0 2 -1 -1 -1 -1 -1 0 -1 -1 -1 -1 -1 2 -1
    3 55 5 40 2 -1 -1 -1 -1 -1 2 -1 -1 -1 -1 -1 -1 -1
    """

  @Test func `all fields of a hand-made log`() throws {
    let folder = try ScratchFolder()
    let trace = try open(folder.write("a.swf", Self.log))
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.map(\.id.job) == [1, 2, 3])
    let first = records[0]
    #expect(first.request.cpu == Cores(8) && first.request.memory == Bytes(1024 * 1024 * 8))
    #expect(first.waitTime == Microseconds(10_000_000) && first.end == Microseconds(110_000_000))
    #expect(first.estimate == Microseconds(200_000_000) && first.outcome == .finished)
    #expect(stream.attributes["average_cpu_s", first.id] == 95.5)
    #expect(stream.attributes["executable", first.id] == nil)
    let second = records[1]
    #expect(second.outcome == .killed && second.attempts == 0 && !second.firstSchedule.isKnown)
    #expect(second.flags.isSuperset(of: [.runTimeUnknown, .waitTimeUnknown, .memoryUnknown]))
    #expect(
      stream.dependencies.dependencies(of: second.id)
        .map { [$0.predecessor.job, $0.think.rawValue] } == [[1, 30_000_000]])
    #expect(
      stream.dependencies.dependencies(of: records[2].id)
        .map { [$0.predecessor.job, $0.think.rawValue] } == [[2, 0]])
    #expect(records[2].outcome == .failed && records[2].attempts == 0)
    #expect(stream.report.rows["swf"] == 4)
    #expect(stream.report.notes.count == 1)
    let header = StandardWorkloadHeader(stream.header)
    #expect(header["Note"] == "one\ngoes on" && header["MaxProcs"] == "64")
    let machines = try #require(try trace.machineEvents(ReadOptions()))
    #expect(machines.events[0].capacity.memory == Bytes(4 << 20))
  }

  @Test func `lenient reading rejects and counts`() throws {
    let folder = try ScratchFolder()
    let bad = Self.log + "\n4 60 1 1 1 -1 -1 1 1 -1 9 1 1 1 1 1 -1 -1\n5 60 1\n"
    let trace = try open(folder.write("a.swf", bad))
    #expect(throws: TraceError.self) { try trace.records(ReadOptions()) }
    var options = ReadOptions()
    var rejected = ""
    options.rejects = try RejectLog { rejected += $0 }
    let stream = try trace.records(options)
    #expect(try Formats.drain(stream).count == 3)
    #expect(stream.report.rejects == ["status out of range": 1, "too few columns": 1])
    #expect(rejected.split(separator: "\n").count == 3)
  }
}
