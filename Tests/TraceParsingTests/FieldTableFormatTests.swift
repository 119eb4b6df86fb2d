import Diagnostics
import Testing
import TraceInput
import TraceParsing
import TraceTestKit
import Workload

/// A format that is one value, and the check that every format can be put through.
@Suite struct FieldTableFormatTests {
  /// Jobs with names, users, chains, and machines that come and go.
  static let format = FieldTableFormat(
    name: "mine",
    tasks: .init(
      FieldTable(
        "jobs",
        [
          ColumnSpec("id", .integer, true), ColumnSpec("step", .integer, true),
          ColumnSpec("start", .number, true), ColumnSpec("length", .number),
          ColumnSpec("state", .text, true), ColumnSpec("owner", .text), ColumnSpec("after", .text),
        ]), .csvWithHeader, statuses: ["done", "broken"]
    ) { row, scale throws(RowError) in
      let status = try row.label(4, ["done", "broken"])
      var record = TaskRecord(
        id: TaskID(
          job: try row.integer(0, in: 0...Int64.max),
          index: Int32(try row.integer(1, in: 0...1000))), submit: try row.seconds(2),
        runTime: try row.optionalSeconds(3) ?? .zero,
        request: scale.resources([0.5, .nan, .nan, .nan]))
      record.outcome = status == 0 ? .finished : .failed
      record.attempts = 1
      return FieldTableTask(
        record, status: status, user: row.text(5),
        predecessors: row[6].isEmpty ? [] : [Int32(try row.integer(6, in: 0...1000))],
        attributes: [("owner", .text(row.text(5))), ("length", .number(1))])
    },
    machines: .init(
      FieldTable("hosts", [ColumnSpec("host", .integer, true), ColumnSpec("kind", .text)]),
      .csvWithHeader, firstRowAdds: true
    ) { row, _ throws(RowError) in
      FieldTableMachine(
        MachineEvent(
          time: .zero, machine: try row.integer(0), kind: .update,
          capacity: Resources(cpu: Cores(4))),
        platform: row.text(1), kind: row.text(1))
    })

  private static let jobs =
    "id,step,start,length,state,owner,after\n7,0,10,5,done,ann,\n7,1,9,5,broken,bob,0\n8,0,1,,done,ann,0\n"

  @Test func `a format that is one value passes the check`() throws {
    let violations = try TraceTestKit.check(
      Self.format, sample: Self.jobs, named: "jobs.csv", others: ["hosts.csv": "host,kind\n1,big\n"]
    )
    #expect(violations == [])
  }

  @Test func `its records, users, chains, counts and machines`() throws {
    let folder = try ScratchFolder()
    try folder.write("jobs.csv", Self.jobs)
    try folder.write("hosts.csv", "host,kind\n1,big\n1,big\n2,\n")
    let trace = try TraceOpener(formats: [Self.format]).open(folder.path)
    #expect(trace.tables.map(\.name) == ["jobs", "hosts"])
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.map(\.id.job) == [8, 7, 7] && records.map(\.submit.seconds) == [1, 9, 10])
    #expect(records.map { stream.symbols[$0.user] } == ["ann", "bob", "ann"])
    #expect(
      stream.dependencies.dependencies(of: TaskID(job: 7, index: 1)).map(\.predecessor.index) == [0]
    )
    #expect(stream.report.notes.texts == ["1 task names itself as predecessor: ignored"])
    #expect(
      stream.report.surveys["jobs"]?.events.map(\.name) == ["done", "broken"]
        && stream.report.surveys["jobs"]?.events.map(\.count) == [2, 1])
    #expect(stream.attributes["length", TaskID(job: 8)] == 1)
    let machines = try #require(try trace.machineEvents(ReadOptions()))
    #expect(machines.events.map(\.kind) == [.add, .update, .add])
    #expect(try trace.survey("hosts", ReadOptions()).events.map(\.count) == [2, 1])
    #expect(throws: TraceError.self) { try trace.survey("users", ReadOptions()) }
  }

  /// The formats of our own that read text, through the same check.
  @Test func `our formats pass the check`() throws {
    let cases: [(any TraceFormat, String, String)] = [
      (
        Alibaba2018Format.format, "batch_task.csv",
        "M1,1,j_1,1,Terminated,1,2,100,0.5\nR2_1,3,j_1,1,Running,2,,50,0.5\ntask_x,1,j_2,1,Waiting,,,,\n"
      ),
      (
        Alibaba2017Format.format, "batch_task.csv",
        "1,2,3,4,5,Terminated,50,0.5\n2,,3,5,1,Running,100,0.25\n"
      ),
      (
        AlibabaGPU2023Format.format, "pods.csv",
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
          + "openb-pod-0001,1000,2048,1,500,V100|T4,LS,Succeeded,1,9,3\n"
      ),
      (
        StandardWorkloadFormat(), "a.swf",
        "1 0 1 9 4 -1 -1 4 9 -1 1 1 1 1 1 1 -1 -1\n2 5 1 9 4 -1 -1 4 9 -1 0 2 1 1 1 1 1 7\n"
      ),
      (
        RecordFileFormat(), "records.csv", "job_id,submit_us,run_us,user\n1,5,7,ann\n2,6,7,bob\n"
      ),
    ]
    for (format, name, sample) in cases {
      #expect(
        try TraceTestKit.check(format, sample: sample, named: name) == [], "\(format.name)")
    }
    for preset in MappedTableFormat.presets where preset.name == "helios" {
      let violations = try TraceTestKit.check(
        preset,
        sample:
          "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n"
          + "1,u,v,1,4,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:02,2020-06-09 18:42:02,60,1\n",
        named: "cluster_log.csv")
      #expect(violations == [])
    }
  }

  /// A kit that finds nothing wrong anywhere would be worth nothing.
  @Test func `the check finds what is wrong`() throws {
    struct Greedy: TraceFormat {
      let name = "greedy"
      func recognise(
        _ input: TraceInput, table: String?
      ) throws(TraceError) -> (any RecognisedTrace)? {
        if let trace = try FieldTableFormatTests.format.recognise(input, table: table) {
          return trace
        }
        return try Alibaba2018Format.format.recognise(input, table: table)
      }
    }
    let violations = try TraceTestKit.check(Greedy(), sample: Self.jobs, named: "jobs.csv")
    #expect(violations == ["name: the trace says 'mine', the format 'greedy'"])
    let wrong = FieldTableFormat(
      name: "wrong",
      tasks: .init(FieldTable("lines", [ColumnSpec("word", .text)], extra: 9), .csv) { row, _ in
        FieldTableTask(
          TaskRecord(
            id: TaskID(job: Int64(row[0].count)), submit: .zero, runTime: .zero, request: .zero))
      })
    let found = try TraceTestKit.check(wrong, sample: "a\nbb\n", named: "x.csv")
    #expect(found.contains { $0.hasPrefix("recognise: takes") })
    #expect(found.contains("damage: a row of noise is read without a word"))
  }
}
