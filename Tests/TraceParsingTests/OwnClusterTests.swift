import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// What a reader's own cluster exports, in rows made after the programs' manuals.
@Suite struct OwnClusterTests {
  private func open(_ files: [String: String]) throws -> (any RecognisedTrace, ScratchFolder) {
    let folder = try ScratchFolder()
    for (name, text) in files { try folder.write(name, text) }
    let path = files.count == 1 ? folder.path + "/" + files.keys.first! : folder.path
    let formats: [any TraceFormat] = [KubernetesFormat()] + MappedTableFormat.presets
    return (try TraceOpener(formats: formats).open(path), folder)
  }

  private static let sacct = """
    JobID|User|Partition|Submit|Start|End|Timelimit|ReqCPUS|NNodes|ReqMem|ReqTRES|AllocTRES|State
    100|ann|gpu|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|1-02:00:00|8|1|16Gn|cpu=8,mem=16G,gres/gpu:a100=2|cpu=8,mem=16G,gres/gpu:a100=2,gres/gpu=2|COMPLETED
    100.batch|||2024-03-01T10:00:30|2024-03-01T10:00:30|2024-03-01T11:00:30||8|1|||cpu=8|COMPLETED
    100.0|||2024-03-01T10:00:31|2024-03-01T10:00:31|2024-03-01T11:00:30||8|1|||cpu=8|COMPLETED
    101|bob|cpu|2024-03-01T10:01:00|Unknown|2024-03-01T10:02:00|UNLIMITED|4|2|4000Mc|||CANCELLED by 1000
    102_3|ann|cpu|2024-03-01T10:03:00|2024-03-01T10:03:10|2024-03-01T10:03:20|00:30:00|1|1|100M|||TIMEOUT
    103|bob|cpu|2024-03-01T10:04:00|2024-03-01T10:04:05|2024-03-01T10:05:05|00:30:00|4|3|1G|||NODE_FAIL
    103|bob|cpu|2024-03-01T10:04:00|2024-03-01T10:10:00|2024-03-01T10:20:00|00:30:00|4|3|1G|||COMPLETED
    104+0|eve|cpu|2024-03-01T10:05:00|2024-03-01T10:06:00|2024-03-01T10:07:00|10:00|2|1|1G|||FAILED
    104+1|eve|cpu|2024-03-01T10:05:00|2024-03-01T10:06:00|2024-03-01T10:07:00|10:00|6|1|1G|||FAILED
    105|eve|cpu|2024-03-01T10:06:00|2024-03-01T10:07:00|Unknown|10:00|2|1|1G|||RUNNING
    106|eve|cpu|2024-03-01T10:07:00|Unknown|Unknown|10:00|2|1|1G|||PENDING

    """

  @Test func `sacct -P: steps, arrays, requeues, parts, cancelled and unknown`() throws {
    let (trace, folder) = try open([
      "jobs.txt": Self.sacct,
      "nodes.txt": """
      NodeName=n1 Arch=x86_64 CoresPerSocket=16 CPUAlloc=0 CPUTot=64 Gres=gpu:a100:4(S:0-1) NodeAddr=n1 RealMemory=512000 Partitions=gpu,all
      NodeName=n2 Arch=x86_64 CoresPerSocket=16 CPUAlloc=0 CPUTot=32 Gres=(null) NodeAddr=n2 RealMemory=256000 Partitions=cpu

      """,
    ])
    defer { withExtendedLifetime(folder) {} }
    #expect(trace.format == "slurm")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.map(\.id.job) == [100, 101, 102, 103, 104, 104, 105, 106])
    #expect(records.map(\.id.index) == [0, 0, 3, 0, 0, 1, 0, 0])
    #expect(
      records.map(\.outcome)
        == [.finished, .killed, .killed, .finished, .failed, .failed, .running, .pending])
    #expect(records.map(\.attempts) == [1, 0, 1, 2, 1, 1, 1, 0])
    #expect(records.map(\.waitTime.seconds).prefix(3) == [30, 60, 10])
    #expect(records[0].runTime.seconds == 3600 && records[0].estimate.seconds == 93600)
    #expect(!records[1].estimate.isKnown)
    #expect(records[0].request.milliGPU == 2000 && records[0].request.cpu == Cores(8))
    #expect(
      records.prefix(3).map(\.request.memory.rawValue) == [16 << 30, 16_000 << 20, 100 << 20])
    #expect(records[3].flags.contains(.spansMachines) && !records[0].flags.contains(.spansMachines))
    #expect(records[3].lastSchedule > records[3].firstSchedule)
    #expect(stream.report.notes.texts.contains("2 rows of tasks left out: JobID is '*.*'"))
    #expect(stream.symbols[records[1].user] == "bob")
    let machines = try #require(try trace.machineEvents(ReadOptions())).events
    #expect(machines.map(\.capacity.cpu) == [Cores(64), Cores(32)])
    #expect(machines.map(\.capacity.milliGPU) == [4000, 0])
    #expect(machines.map(\.capacity.memory.rawValue) == [512_000 << 20, 256_000 << 20])
  }

  /// A log of when a job still ran, and one of after its end, in either order: one attempt, which ended.
  @Test(arguments: [false, true])
  func anAttemptThatRanInOneLogEndedInAnother(isReversed: Bool) throws {
    let rows = [
      "5|ann|2024-03-01T00:00:00|2024-03-01T00:01:00|Unknown|RUNNING",
      "5|ann|2024-03-01T00:00:00|2024-03-01T00:01:00|2024-03-01T00:31:00|COMPLETED",
    ]
    let head = "JobID|User|Submit|Start|End|State\n"
    let (trace, folder) = try open([
      "a.txt": head + rows[isReversed ? 1 : 0] + "\n",
      "b.txt": head + rows[isReversed ? 0 : 1] + "\n",
    ])
    defer { withExtendedLifetime(folder) {} }
    let stream = try trace.records(ReadOptions())
    let record = try #require(try Formats.drain(stream).first)
    #expect(record.outcome == .finished && record.attempts == 1)
    #expect(record.runTime.seconds == 1800 && record.waitTime.seconds == 60)
    #expect(!record.flags.contains(.cutOffAtEnd))
    #expect(stream.report.notes.texts.contains { $0.contains("there twice") })
  }

  /// Attempts of a requeued job: what each ran adds up, the rest of its life it waited; in any order of rows.
  @Test(arguments: [false, true])
  func whatAttemptsRanAddsUp(isReversed: Bool) throws {
    let rows = [
      "7|ann|2024-03-01T00:00:00|2024-03-01T00:10:00|2024-03-01T00:20:00|NODE_FAIL",
      "7|ann|2024-03-01T00:20:00|2024-03-01T05:00:00|2024-03-01T05:05:00|COMPLETED",
      // Slurm may keep the first submission.
      "8|ann|2024-03-01T00:00:00|2024-03-01T00:00:05|2024-03-01T00:01:05|PREEMPTED",
      "8|ann|2024-03-01T00:00:00|2024-03-01T00:06:00|2024-03-01T00:16:00|COMPLETED",
      // The last attempt runs still: nobody knows how long it will.
      "9|ann|2024-03-01T00:00:00|2024-03-01T00:10:00|2024-03-01T00:20:00|NODE_FAIL",
      "9|ann|2024-03-01T00:20:00|2024-03-01T05:00:00|Unknown|RUNNING",
    ]
    // The state of the last row counts: only the running job depends on the order.
    let listed = isReversed ? Array(rows.prefix(4).reversed()) : rows
    let (trace, folder) = try open([
      "jobs.txt": (["JobID|User|Submit|Start|End|State"] + listed).joined(separator: "\n") + "\n"
    ])
    defer { withExtendedLifetime(folder) {} }
    let records = try Formats.drain(trace.records(ReadOptions())).sorted { $0.id.job < $1.id.job }
    #expect(records.map(\.attempts).prefix(2) == [2, 2])
    #expect(records.map(\.runTime.seconds).prefix(2) == [900, 660])
    #expect(records.map(\.waitTime.seconds).prefix(2) == [17_400, 300])
    for record in records.prefix(2) {
      #expect(record.submit + record.waitTime + record.runTime == record.end)
    }
    guard !isReversed else { return }
    #expect(records[2].outcome == .running && records[2].attempts == 2)
    #expect(records[2].flags.contains(.runTimeUnknown))
  }

  /// Logs that overlap, as exports of two weeks do: what both have is one attempt, and is told.
  @Test(arguments: [1, 2, 3])
  func whatLogsHaveTogetherIsCountedOnce(copies: Int) throws {
    func records(_ files: [String: String]) throws -> (records: [TaskRecord], notes: [String]) {
      let (trace, folder) = try open(files)
      defer { withExtendedLifetime(folder) {} }
      let stream = try trace.records(ReadOptions())
      return (try Formats.drain(stream), stream.report.notes.texts)
    }
    let once = try records(["jobs.txt": Self.sacct])
    let lines = Self.sacct.split(separator: "\n")
    // Each further log has the header and what begins a line later.
    var files = ["jobs0.txt": Self.sacct]
    for copy in 1...copies {
      files["jobs\(copy).txt"] = ([lines[0]] + lines.dropFirst(copy)).joined(separator: "\n") + "\n"
    }
    let several = try records(files)
    #expect(several.records == once.records)
    #expect(once.notes.contains { $0.contains("there twice") } == false)
    #expect(
      several.notes.contains { $0.contains("there twice: an attempt that another row has too") })
  }

  /// Any of the fields that count a job's nodes says whether it spans machines.
  @Test(arguments: [
    ("NNodes", "2", true), ("NNodes", "1", false), ("AllocTRES", "billing=8,cpu=8,node=2", true),
    ("ReqTRES", "cpu=8,mem=1G,node=12,gres/gpu=1", true), ("ReqTRES", "cpu=8,node=1", false),
    ("NodeList", "cn[001-008]", true), ("NodeList", "cn1,gn1", true), ("NodeList", "cn001", false),
    ("Account", "a,b", false),
  ])
  func whatTellsThatAJobSpansMachines(field: String, value: String, spans: Bool) throws {
    let (trace, folder) = try open([
      "jobs.txt": """
      JobID|User|Submit|Start|End|ReqCPUS|State|\(field)
      1|ann|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|8|COMPLETED|\(value)

      """
    ])
    defer { withExtendedLifetime(folder) {} }
    let records = try Formats.drain(trace.records(ReadOptions()))
    #expect(records.map { $0.flags.contains(.spansMachines) } == [spans])
  }

  @Test func `sacct --json`() throws {
    func job(_ id: Int, _ start: Int, _ end: Int, _ state: String, _ task: String) -> String {
      #"{"job_id":\#(id),"user":"ann","partition":"gpu","allocation_nodes":1,"#
        + #""array":{"job_id":\#(task.isEmpty ? 0 : 90),"task_id":\#(task.isEmpty ? #"{"set":false}"# : #"{"set":true,"number":\#(task)}"#)},"#
        + #""het":{"job_id":0,"job_offset":{"set":false}},"state":{"current":["\#(state)"]},"#
        + #""time":{"submission":1000,"start":\#(start),"end":\#(end),"limit":{"set":true,"number":60}},"#
        + #""tres":{"requested":[{"type":"cpu","name":"","count":4},{"type":"mem","name":"","count":2048},{"type":"gres","name":"gpu","count":2}],"allocated":[]},"#
        + #""steps":[{"step":{"id":"x"},"time":{"start":5}}]}"#
    }
    let text =
      #"{"meta":{"slurm":{"version":[{"a":1}]}},"jobs":["#
      + [
        job(91, 1010, 1100, "COMPLETED", ""), job(92, 1020, 1030, "CANCELLED", "7"),
        job(93, 0, 1500, "CANCELLED", ""), job(94, 1040, 0, "RUNNING", ""),
      ].joined(separator: ",\n") + #"],"errors":[]}"#
    let (trace, folder) = try open(["jobs.json": text])
    defer { withExtendedLifetime(folder) {} }
    #expect(trace.format == "slurm-json")
    let records = try Formats.drain(try trace.records(ReadOptions()))
    #expect(records.map(\.id.job) == [90, 91, 93, 94] && records[0].id.index == 7)
    #expect(records.map(\.runTime.seconds) == [10, 90, 0, 0])
    #expect(records.map(\.attempts) == [1, 1, 0, 1])
    #expect(records.allSatisfy { $0.request.milliGPU == 2000 && $0.request.cpu == Cores(4) })
    #expect(records[0].request.memory.rawValue == 2 << 30 && records[0].estimate.seconds == 3600)
    #expect(records[3].flags.contains(.cutOffAtEnd))
  }

  /// A limit of PBS that is a number alone is in seconds.
  @Test(arguments: [("3600", 3600.0), ("01:30:00", 5400), ("90", 90)])
  func limitsWithoutAUnit(limit: String, seconds: Double) throws {
    let (trace, folder) = try open([
      "20240301": """
      03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=1709287200 qtime=1709287200 start=1709287260 Resource_List.ncpus=16 Resource_List.walltime=\(limit) end=1709290800

      """
    ])
    defer { withExtendedLifetime(folder) {} }
    let records = try Formats.drain(trace.records(ReadOptions()))
    #expect(records.map(\.estimate.seconds) == [seconds])
  }

  /// Torque has no ncpus where nodes and processors of each are asked for.
  @Test func slotsOfTorqueAreCores() throws {
    let (trace, folder) = try open([
      "20240301": """
      03/01/2024 11:00:00;E;12.server;user=ann queue=batch ctime=1709287200 qtime=1709287200 start=1709287260 Resource_List.nodes=2:ppn=8 Resource_List.walltime=01:00:00 total_execution_slots=16 unique_node_count=2 end=1709290800

      """
    ])
    defer { withExtendedLifetime(folder) {} }
    #expect(try Formats.drain(trace.records(ReadOptions())).map(\.request.cpu) == [Cores(16)])
  }

  @Test func `PBS accounting log`() throws {
    let (trace, folder) = try open([
      "20240301": """
      03/01/2024 10:00:00;Q;12.server;queue=batch
      03/01/2024 11:00:00;E;12.server;user=ann group=g jobname=x queue=batch ctime=1709287200 qtime=1709287200 etime=1709287200 start=1709287260 Resource_List.mem=8gb Resource_List.ncpus=16 Resource_List.ngpus=1 Resource_List.nodect=2 Resource_List.walltime=02:00:00 session=1 end=1709290800 Exit_status=0 resources_used.walltime=00:59:00
      03/01/2024 12:00:00;E;13[4].server;user=bob group=g queue=long ctime=1709287300 start=1709287400 Resource_List.ncpus=1 Resource_List.walltime=00:10:00 end=1709287500 Exit_status=271

      """
    ])
    defer { withExtendedLifetime(folder) {} }
    #expect(trace.format == "pbs")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.map(\.id.job) == [12, 13] && records[1].id.index == 4)
    #expect(
      records.map(\.submit.seconds) == [0, 100] && records.map(\.waitTime.seconds) == [60, 100])
    #expect(records.map(\.runTime.seconds) == [3540, 100])
    #expect(records[0].request.memory.rawValue == 8 << 30 && records[0].request.milliGPU == 1000)
    #expect(records[0].flags.contains(.spansMachines) && records[0].estimate.seconds == 7200)
    #expect(records.map(\.outcome) == [.finished, .killed])
    #expect(records.map { stream.symbols[$0.user] } == ["ann", "bob"])
  }

  @Test func `pods and nodes of Kubernetes`() throws {
    let pods = #"""
      {"apiVersion":"v1","kind":"List","items":[
      {"kind":"Pod","metadata":{"name":"a-1","namespace":"lab","uid":"u1","creationTimestamp":"2024-03-01T10:00:00Z","ownerReferences":[{"kind":"Job","name":"a","uid":"j1"}]},
       "spec":{"nodeName":"n1","priority":5,"priorityClassName":"high","containers":[{"name":"x","resources":{"requests":{"cpu":"500m","memory":"1Gi","nvidia.com/gpu":"2"}}},{"name":"y","resources":{"requests":{"cpu":"2","memory":"500M"}}}]},
       "status":{"phase":"Succeeded","startTime":"2024-03-01T10:00:05Z","containerStatuses":[{"state":{"terminated":{"finishedAt":"2024-03-01T10:01:00Z"}}},{"state":{"terminated":{"finishedAt":"2024-03-01T10:02:00Z"}}}]}},
      {"kind":"Pod","metadata":{"name":"b","namespace":"web","uid":"u2","creationTimestamp":"2024-03-01T10:00:10Z"},
       "spec":{"containers":[{"name":"x","resources":{}}]},"status":{"phase":"Pending"}}
      ]}
      """#
    let nodes = #"""
      {"apiVersion":"v1","kind":"List","items":[
      {"kind":"Node","metadata":{"name":"n1","labels":{"node.kubernetes.io/instance-type":"big"}},"status":{"allocatable":{"cpu":"63800m","memory":"263840000Ki","nvidia.com/gpu":"8"}}}
      ]}
      """#
    let (trace, folder) = try open(["pods.json": pods, "nodes.json": nodes])
    defer { withExtendedLifetime(folder) {} }
    #expect(trace.format == "kubernetes-pods")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.count == 2)
    #expect(records[0].request.cpu == Cores(2.5) && records[0].request.milliGPU == 2000)
    #expect(records[0].request.memory.rawValue == (1 << 30) + 500_000_000)
    #expect(records.map(\.waitTime.seconds) == [5, 0] && records[0].runTime.seconds == 115)
    #expect(records.map(\.outcome) == [.finished, .pending])
    #expect(records[1].flags.contains(.cpuUnknown))
    let machines = try #require(try trace.machineEvents(ReadOptions()))
    #expect(machines.events[0].capacity.cpu == Cores(63.8))
    #expect(machines.events[0].capacity.milliGPU == 8000)
    #expect(machines.events[0].machine == records[0].machine)
    #expect(machines.symbols.strings.contains("big"))
  }

  @Test func `formats of which only made rows are here`() throws {
    let cases: [(String, String, String, Double)] = [
      (
        "frontier", "f.swf",
        "; Computer: x\n1 10 5 100 589824 -1 -1 589824 200 -1 1 7 -1 -1 1 -1 -1 -1 40 -1 frontier:excl:5x112\n",
        560
      ),
      (
        "lanl-mustang", "m.csv",
        "user_ID,group_ID,submit_time,start_time,end_time,wallclock_limit,job_status,node_count,tasks_requested\n"
          + "1,2,2016-02-02 06:53:00-07:00,2016-02-02 06:54:00-07:00,2016-02-02 06:55:40-07:00,0 days 16:00:00,COMPLETED,2,48\n",
        48
      ),
      (
        "two-sigma", "t.csv",
        "job-uuid,submit-time,start-time,end-time,status,cpu,memory,user,simset,instance\n"
          + "j,Tue Feb 02 06:53:00 PST 2016,Tue Feb 02 06:53:10 PST 2016,Tue Feb 02 06:54:50 PST 2016,:instance.status/success,4,2000,u,s,i\n",
        4
      ),
      (
        "huawei-east", "h.csv", "vmid,cpu,memory,time,type\n1,2,4,10,0\n1,2,4,110,1\n", 2
      ),
      (
        "lassen", "l.csv",
        "primary_job_id,job_submit_time,begin_time,end_time,num_nodes,exit_status,hashed_user_id\n"
          + "1,2019-01-01 00:00:00.5,2019-01-01 00:01:00,2019-01-01 00:02:40.000000,3,0,u\n", 132
      ),
      (
        "batsim", "b.json",
        #"{"nb_res":4,"jobs":[{"id":"a","subtime":1.5,"res":2,"walltime":200,"profile":"p"}],"profiles":{"p":{"type":"delay","delay":100}}}"#,
        2
      ),
      (
        "burstgpt-3", "b.csv",
        "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
          + "5,,100,ChatGPT,1,2,3,API log\n", 0
      ),
    ]
    for (name, file, text, cores) in cases {
      let folder = try ScratchFolder()
      let path = try folder.write(file, text)
      let trace = try TraceOpener(formats: [StandardWorkloadFormat()] + MappedTableFormat.presets)
        .open(path)
      #expect(trace.format == name)
      let records = try Formats.drain(try trace.records(ReadOptions()))
      #expect(records.count == 1 && records.first?.runTime.seconds == 100, "\(name)")
      #expect(records.first?.request.cpu == Cores(cores), "\(name)")
      #expect(records.first?.outcome == .finished, "\(name)")
    }
  }
}
