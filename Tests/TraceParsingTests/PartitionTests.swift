import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// Tables of fixed formats in folders by value (`day=1/`), as Spark and Hive write them: all are read, in the order of
/// the values.
@Suite struct PartitionTests {
  private func open(_ folder: ScratchFolder, _ table: String? = nil) throws -> any RecognisedTrace {
    try TraceOpener(formats: PresetTests.formats).open(folder.path, table: table)
  }

  private func told(_ folder: ScratchFolder) -> String {
    do {
      let trace = try open(folder)
      _ = try Formats.drain(trace.records(ReadOptions()))
      return "no error"
    } catch { return "\(error)".replacing(folder.path + "/", with: "") }
  }

  /// Events of job 1 (from submission to end), one each day.
  private static let days = [
    "600000000,,1,0,,0,u,0,9,0.1,0.1,0,0\n", "700000000,,1,0,5,1,u,0,9,0.1,0.1,0,0\n",
    "86500000000,,1,0,5,4,u,0,9,0.1,0.1,0,0\n",
  ]

  @Test(arguments: [
    ["day=2", "day=10", "day=__HIVE_DEFAULT_PARTITION__"], ["day=-1", "day=0.5", "day=1e1"],
    ["day=2011-05-01", "day=2011-05-02", "day=2011-05-10"], ["a=1/b=9", "a=1/b=10", "a=2/b=1"],
    ["day=10", "day=9x", "day=9y"],
  ])
  func `google-2011 in the order of the values`(_ names: [String]) throws {
    let folder = try ScratchFolder()
    for (name, rows) in zip(names, Self.days) {
      try folder.write("task_events/\(name)/part-00000-of-00001.csv", rows)
    }
    let trace = try open(folder)
    #expect(trace.format == "google-2011" && trace.passedOver.isEmpty)
    let (first, last) = (
      names[0], names[2].replacing("__HIVE_DEFAULT_PARTITION__", with: "(missing)")
    )
    #expect(
      trace.notes.texts == [
        "task_events: 3 folders, \(first) to \(last), are read as one table in this order; what their names say is "
          + "not kept"
      ])
    // Out of order its end would come before its begin.
    let records = try Formats.drain(trace.records(ReadOptions()))
    #expect(records.map(\.runTime.rawValue) == [85_800_000_000])
    #expect(records.map(\.outcome) == [.finished])
  }

  @Test func `missing parts are told, of one series or one in each folder`() throws {
    var notes: [[String]] = []
    for isOne in [true, false] {
      let folder = try ScratchFolder()
      for (day, rows) in Self.days.enumerated() {
        let part = isOne ? 2 * day : 0
        try folder.write(
          "task_events/day=\(day)/part-0000\(part)-of-0000\(isOne ? 5 : 3).csv", rows)
        if !isOne {
          try folder.write("task_events/day=\(day)/part-00002-of-00003.csv", "")
        }
      }
      notes.append(try open(folder).notes.texts)
    }
    #expect(
      notes[0].contains("task_events: part 1, 3 missing; tasks whose events are there are cut"))
    #expect(
      notes[1].contains("task_events: part 1, 1, 1 missing; tasks whose events are there are cut"))
  }

  @Test func `alibaba, gpu-2023, google-2019 and swf`() throws {
    let rows: [(file: String, header: String, rows: [String], jobs: Int)] = [
      (
        "batch_task.csv", "",
        ["M1,1,j_1,1,Terminated,10,20,100,0.5\n", "M1,2,j_2,1,Terminated,30,50,100,0.5\n"], 2
      ),
      (
        "openb_pod_list.csv",
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n",
        [
          "p0,1000,1,0,0,,LS,Succeeded,0,10,0\n", "p1,1000,1,0,0,,LS,Succeeded,5,10,6\n",
        ], 2
      ),
      (
        "instance_events-000000000000.json", "",
        [
          #"{"time":"700000000","collection_id":"5","instance_index":"1","resource_request":{"cpus":0.5}}"#
            + "\n",
          #"{"time":"900000000","collection_id":"6","instance_index":"1","resource_request":{"cpus":0.5}}"#
            + "\n",
        ], 2
      ),
      (
        "log.swf", "; UnixStartTime: 5\n",
        [
          "1 0 1 9 2 -1 -1 2 9 -1 1 1 1 1 1 1 -1 -1\n",
          "2 9 1 9 2 -1 -1 2 9 -1 1 1 1 1 1 1 -1 -1\n",
        ],
        2
      ),
    ]
    for (file, header, rows, jobs) in rows {
      let folder = try ScratchFolder()
      for (day, row) in rows.enumerated() {
        try folder.write("day=\(day + 9)/\(file)", header + row)
      }
      let trace = try open(folder)
      #expect(trace.notes.texts.contains { $0.contains("2 folders, day=9 to day=10") }, "\(file)")
      #expect(try Formats.drain(trace.records(ReadOptions())).count == jobs, "\(file)")
      #expect(trace.tables.contains { $0.parts == 2 }, "\(file)")
    }
  }

  @Test func `what is no partition stays refused`() throws {
    let other = try ScratchFolder()
    try other.write("a/part-00000-of-00001.csv", Self.days[0])
    try other.write("b/part-00000-of-00001.csv", Self.days[1])
    #expect(told(other).contains("task_events again; it is in a/part-00000-of-00001.csv already"))
    let keys = try ScratchFolder()
    try keys.write("day=1/part-00000-of-00001.csv", Self.days[0])
    try keys.write("month=1/part-00000-of-00001.csv", Self.days[1])
    #expect(told(keys).contains("again; it is in day=1/"))
    let twice = try ScratchFolder()
    try twice.write("day=1/a-00000-of-00001.csv", Self.days[0])
    try twice.write("day=1/b-00000-of-00001.csv", Self.days[1])
    #expect(told(twice).contains("again; it is in day=1/a-"))
    let logs = try ScratchFolder()
    for (site, begin) in [("a", 5), ("b", 6)] {
      try logs.write(
        "site=\(site)/log.swf",
        "; UnixStartTime: \(begin)\n1 0 1 9 2 -1 -1 2 9 -1 1 1 1 1 1 1 -1 -1\n")
    }
    #expect(
      told(logs)
        == "site=b/log.swf: another log than \(logs.path)/site=a/log.swf: its unixstarttime is 6, not 5"
        .replacing(logs.path + "/", with: ""))
  }

  @Test func `shards of partitions are the whole`() throws {
    let folder = try ScratchFolder()
    for (day, rows) in Self.days.enumerated() {
      try folder.write("task_events/day=\(day)/part-00000-of-00001.csv", rows)
    }
    let trace = try open(folder)
    #expect(trace.canSplit(nil))
    let all = try Formats.drain(trace.records(ReadOptions()))
    var options = ReadOptions()
    options.threads = 4
    #expect(try Formats.drain(try open(folder).records(options)) == all)
  }
}
