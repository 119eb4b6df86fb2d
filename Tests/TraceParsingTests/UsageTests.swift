import Configuration
import Diagnostics
import Testing
import TraceInput
import TraceParsing
import Workload

/// Use over time: made of rows, written beside the records, read again.
@Suite struct UsageTests {
  private func samples(_ table: any UsageTable) throws -> [UsageSample] {
    var samples: [UsageSample] = []
    _ = try table.forEach(ReadOptions()) { samples.append($0) }
    return samples
  }

  private func open(_ path: String) throws -> RecordStream {
    try TraceOpener(formats: [RecordFileFormat()] + MappedTableFormat.presets).open(path)
      .records(ReadOptions())
  }

  private static let vms = """
    a,s,d1,300,900,9,5,8,Interactive,2,4
    b,s,d1,0,2591700,9,5,8,Unknown,4,8

    """
  private static let readings = """
    600,a,1,3,50
    300,a,1,3,25
    0,b,1,1,10
    0,c,1,1,10
    300,b,1,1,20

    """

  @Test func `samples stand in the order of the records, and come back from the file`() throws {
    let folder = try ScratchFolder()
    try folder.write("vmtable.csv", Self.vms)
    try folder.write("vm_cpu_readings-file-1-of-1.csv", Self.readings)
    let stream = try open(folder.path)
    let records = try Formats.drain(stream)
    let table = try #require(stream.usage)
    let made = try samples(table)
    // b was there first.
    #expect(made.map(\.task) == [records[0].id, records[0].id, records[1].id, records[1].id])
    #expect(made.map(\.offset) == [0, 300_000_000, 0, 300_000_000])
    #expect(made.map(\.cores) == [0.4, 0.8, 0.5, 1])
    #expect(made.allSatisfy { $0.duration == 300_000_000 && $0.memory.isNaN })
    var kept = TaskNumbers()
    for record in records { _ = kept.insert(record.id) }
    for ending in [".parquet", ".csv"] {
      let path = folder.path + "/out/tasks" + ending
      try folder.write("out/tasks" + ending, "")
      #expect(
        try UsageFile.write(table, beside: path, kept: kept, ReadOptions()).texts
          == ["1 sample of tasks that are not there: left out"])
      // A record file of the same tasks: what lies beside it is read with it.
      try folder.write(
        "out/tasks.csv", "job_id,task_index,submit_us,run_us\n\(records[0].id.job),0,1,5\n")
      if ending == ".csv" {
        let again = try #require(try open(folder.path + "/out/tasks.csv").usage)
        #expect(try samples(again).map(\.cores) == [0.4, 0.8, 0.5, 1])
      }
    }
    var survey = UsageSurvey()
    for record in records { survey.note(record) }
    for sample in made { survey.add(sample) }
    #expect(survey.samples == 4 && survey.tasks == 2 && survey.above == .zero)
    #expect(survey.shares[0].map { abs($0 - 2.7 / 12) < 1e-12 } ?? false)
    #expect(survey.shares[1] == nil)
  }

  @Test func `samples without starts follow each other; without lengths they last to the next`()
    throws
  {
    let folder = try ScratchFolder()
    try folder.write("jobs.csv", "id,t,d,cap\n1,10,100,2000\n2,5,100,1000\n")
    try folder.write("parts.csv", "id,len,use\n1,3,500\n2,4,1000\n1,5,2000\n")
    try folder.write("dots.csv", "id,when,use\n1,10,500\n1,13,1000\n1,20,0\n")
    func read(_ usage: String) throws -> [UsageSample] {
      let map = """
        columns: {job_id: id, submit_us: {from: t, unit: s}, run_us: {from: d, unit: s}, cpu_cores: {value: "4"}}
        recognise: [cap]
        usage: {key: id, full: cap, \(usage)}
        """
      let mapping = try TableMapping(file: ConfigurationFile(text: map, name: "map.yaml"))
      let stream = try TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)])
        .open(folder.path).records(ReadOptions())
      _ = try Formats.drain(stream)
      return try samples(try #require(stream.usage))
    }
    let parts = try read("columns: {duration_us: {from: len, unit: s}, cpu_cores: use}")
    #expect(parts.map(\.task.job) == [2, 1, 1] && parts.map(\.offset) == [0, 0, 3_000_000])
    #expect(parts.map(\.cores) == [4, 1, 4])
    let dots = try read("columns: {start_us: {from: when, unit: s}, cpu_cores: use}")
    #expect(dots.map(\.offset) == [0, 3_000_000, 10_000_000])
    #expect(dots.map(\.duration) == [3_000_000, 7_000_000, 7_000_000])
    #expect(dots.map(\.cores) == [1, 2, 0])
  }

  @Test(.enabled(if: Formats.has("README.md"), "the real traces are not beside the package"))
  func `fragments of OpenDC have the lengths of the trace`() throws {
    let stream = try TraceOpener(formats: [MappedTableFormat.openDC])
      .open(Formats.traces + "/opendc/bitbrains-small").records(ReadOptions())
    let records = try Formats.drain(stream)
    let all = try samples(try #require(stream.usage))
    #expect(all.count == 276_979)
    // By pyarrow: in the trace itself the fragments of no task add up to its duration.
    let lengths = Dictionary(grouping: all, by: \.task).mapValues {
      $0.reduce(0) { $0 + ($1.duration ?? 0) }
    }
    #expect(lengths.values.reduce(0, +) == 121_072_822_000_000)
    #expect(lengths[TaskID(job: 1019)] == 2_590_786_000_000)
    #expect(lengths[TaskID(job: 1026)] == 2_584_795_000_000)
    for record in records {
      #expect((lengths[record.id] ?? .max) < record.runTime.rawValue, "\(record.id)")
    }
  }
}
