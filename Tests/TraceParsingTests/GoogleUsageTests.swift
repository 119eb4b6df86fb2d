import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// The traces that `Tests/Oracles/google_usage.py` makes, once.
private enum MadeUsage {
  static let all: (folder: ScratchFolder, sums: [String: [String: Double]])? =
    try? OracleRun.json("google_usage.py")
}

/// What Google's tasks used over time: `task_usage` of 2011, `instance_usage` of 2019.
@Suite(.enabled(if: MadeUsage.all != nil, "needs a Python")) struct GoogleUsageTests {
  private var folder: String { MadeUsage.all?.folder.path ?? "" }

  @Test(arguments: ["2011", "2019", "2019-flat", "2019-parquet"], [1 << 20, 1 << 12])
  func `samples add up, in the order of the records`(_ name: String, _ buffer: Int) throws {
    guard hasParquet || name != "2019-parquet" else { return }
    let expected = try #require(MadeUsage.all?.sums[name])
    let trace = try TraceOpener(formats: PresetTests.formats).open(folder + "/" + name)
    #expect(trace.format == (name == "2011" ? "google-2011" : "google-2019"))
    #expect(trace.passedOver.isEmpty)
    var options = ReadOptions()
    options.sortBufferBytes = buffer
    let stream = try trace.records(options)
    let records = try Formats.drain(stream)
    #expect(Double(records.count) == expected["tasks"])
    let order = Dictionary(uniqueKeysWithValues: records.enumerated().map { ($1.id, $0) })
    var made: [String: Double] = [:]
    var (last, lastOffset) = (-1, Int64.min)
    let usage = try #require(stream.usage)
    let notes = try usage.forEach(options) { sample throws(TraceError) in
      let place = order[sample.task] ?? -1
      #expect(place > last || (place == last && sample.offset >= lastOffset))
      (last, lastOffset) = (place, sample.offset)
      made["samples", default: 0] += 1
      made["offsets", default: 0] += Double(sample.offset)
      made["lengths", default: 0] += Double(sample.duration ?? 0)
      made["cores", default: 0] += sample.cores.isNaN ? 0 : sample.cores
      made["memory", default: 0] += sample.memory.rounded()
      made["unknown", default: 0] += sample.cores.isNaN ? 1 : 0
      #expect(sample.milliGPU.isNaN)
    }
    for key in ["samples", "offsets", "lengths", "memory", "unknown"] {
      #expect(made[key] == expected[key], "\(key)")
    }
    #expect(abs((made["cores"] ?? 0) - (expected["cores"] ?? -1)) < 1e-6)
    #expect(notes.first?.figures["samples"] == expected["strangers"])
    let table = name == "2011" ? "task_usage" : "instance_usage"
    #expect(
      Double(try trace.survey(table, options).rows)
        == (expected["samples"] ?? 0) + (expected["strangers"] ?? 0))
  }

  /// Whether the Python has pyarrow.
  private var hasParquet: Bool { MadeUsage.all?.sums["2019-parquet"] != nil }

  @Test func `exports of BigQuery are the trace as published`() throws {
    guard hasParquet else { return }
    func read(_ path: String) throws -> (
      records: [TaskRecord], users: [String], edges: Int, machines: [MachineEvent], survey: [Int]
    ) {
      let trace = try TraceOpener(formats: PresetTests.formats).open(path)
      #expect(trace.format == "google-2019" && trace.passedOver.isEmpty, "\(trace.passedOver)")
      let stream = try trace.records(ReadOptions())
      let tables = ["instance_events", "collection_events", "machine_events"]
      return (
        try Formats.drain(stream), stream.symbols.strings, stream.dependencies.count,
        try #require(try trace.machineEvents(ReadOptions())).events,
        try tables.map { try trace.survey($0, ReadOptions()).rows }
      )
    }
    let published = try read(Formats.root + "/data/google-2019")
    for kind in ["mini-parquet", "mini-csv"] {
      let made = try read(folder + "/" + kind)
      #expect(made.records == published.records, "\(kind)")
      #expect(made.users == published.users && made.edges == published.edges, "\(kind)")
      #expect(made.machines == published.machines && made.survey == published.survey, "\(kind)")
      #expect(published.edges > 0 && !published.machines.isEmpty)
    }
    let jobs = try TraceOpener(formats: PresetTests.formats).open(
      folder + "/mini-parquet", table: "collection_events")
    var options = ReadOptions()
    options.table = "collection_events"
    let records = try Formats.drain(jobs.records(options))
    #expect(!records.isEmpty)
    #expect(
      try records
        == Formats.drain(
          TraceOpener(formats: PresetTests.formats).open(
            Formats.root + "/data/google-2019", table: "collection_events"
          ).records(options)))
  }

  @Test(arguments: [
    ("1000,0,7,1,0.5,-0.1", "resource_request.memory '-0.1' is not between 0 and 100.0"),
    ("1000,0,7,1,x,0.1", "resource_request.cpus 'x' is not a number"),
    ("1000,11,7,1,0.5,0.1", "type 11 is not between 0 and 10"),
    ("1000,0,,1,0.5,0.1", "collection_id is not there; expected an integer"),
    ("10.5,0,7,1,0.5,0.1", "time '10.5' is not an integer"),
    ("1000,0,7,-1,0.5,0.1", "instance_index -1 is not between 0 and 2147483647"),
    ("1000,0,7,1,0.5", "instance_events has 6 columns; this row has 5"),
  ])
  func `bad rows of exports say where`(_ row: String, _ message: String) throws {
    let folder = try ScratchFolder()
    try folder.write(
      "events.csv",
      "time,type,collection_id,instance_index,resource_request.cpus,resource_request.memory\n"
        + "900,0,7,1,0.5,0.25\n\(row)\n")
    let text = told(folder)
    #expect(text.hasPrefix("events.csv:3") && text.hasSuffix(": " + message), "\(text)")
  }

  private static let events =
    #"{"time":"700000000","type":"0","collection_id":"5","instance_index":"1","resource_request":{"cpus":0.5,"memory":0.25}}"#

  @Test(arguments: [
    ("600000000,700000000,3,0,7,fast,0.1", "CPU rate 'fast' is not a number", 6),
    ("600000000,700000000,3,0,7,101,0.1", "CPU rate 101.0 is not between 0 and 100", 6),
    ("600000000,500000000,3,0,7,0.1,0.1", "end time 500000000 is before start time 600000000", 2),
    ("600000000,700000000,3,-1,7,0.1,0.1", "task index -1 is not between 0 and 2147483647", 4),
    ("600000000,700000000,,0,7,0.1,0.1", "job ID is empty; expected an integer", 3),
    ("-5,700000000,3,0,7,0.1,0.1", "start time -5 is negative; expected at least 0", 1),
  ])
  func `bad rows of 2011 say where`(_ row: String, _ message: String, _ column: Int) throws {
    let folder = try ScratchFolder()
    try folder.write("task_events/part-00000-of-00001.csv", "600000000,,3,0,,0,u,0,9,0.1,0.1,0,0\n")
    try folder.write(
      "task_usage/part-00000-of-00001.csv",
      "600000000,700000000,3,0,7,0.1,0.1,,,,,,,,,,,1,0,\n\(row),,,,,,,,,,,1,0,\n")
    #expect(
      told(folder) == "task_usage/part-00000-of-00001.csv:2:\(column): \(message)")
  }

  @Test(arguments: [
    (
      #""start_time":"600000000","end_time":"5","collection_id":"5""#,
      "end_time 5 is before start_time 600000000"
    ),
    (
      #""start_time":"soon","end_time":"700000000","collection_id":"5""#,
      "start_time 'soon' is no date-time: it does not begin with a date"
    ),
    (#""start_time":"600000000","collection_id":"5""#, "end_time is missing"),
    (#""start_time":"600000000","end_time":"700000000""#, "collection_id is missing, or below 0"),
    (
      #""start_time":"600000000","end_time":"700000000","collection_id":"5","instance_index":"-3""#,
      "instance_index is out of range"
    ),
    (
      #""start_time":"600000000","end_time":"700000000","collection_id":"5","average_usage":{"cpus":-0.5}"#,
      "average_usage.cpus -0.5 is not between 0 and 100"
    ),
  ])
  func `bad objects of 2019 say where`(_ fields: String, _ message: String) throws {
    let folder = try ScratchFolder()
    try folder.write("instance_events-000000000000.json", Self.events + "\n")
    let good =
      #"{"start_time":"600000000","end_time":"700000000","collection_id":"5","instance_index":"1","average_usage":{"cpus":0.5,"memory":0.1}}"#
    try folder.write("instance_usage-000000000000.json", "\(good)\n{\(fields)}\n")
    #expect(told(folder) == "instance_usage-000000000000.json:2: \(message)")
  }

  private func told(_ folder: ScratchFolder) -> String {
    do {
      let stream = try TraceOpener(formats: PresetTests.formats).open(folder.path)
        .records(ReadOptions())
      _ = try Formats.drain(stream)
      _ = try stream.usage?.forEach(ReadOptions()) { _ throws(TraceError) in }
      return "no error"
    } catch { return "\(error)".replacing(folder.path + "/", with: "") }
  }
}
