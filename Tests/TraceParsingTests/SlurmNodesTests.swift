import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// Slurm's lists of nodes in all their forms: the same machines, each once.
@Suite struct SlurmNodesTests {
  private static let lines = """
    NodeName=n01 Arch=x86_64 CoresPerSocket=16 CPUAlloc=0 CPUEfctv=64 CPUTot=64 CPULoad=0.01 Gres=gpu:a100:4(S:0-1) NodeAddr=n01 RealMemory=512000 State=IDLE Partitions=gpu,all Reason=bad CPUTot=9 [root@2024]
    NodeName=n02 Arch=x86_64 CPUTot=32 Gres=(null) RealMemory=256000 TmpDisk=0 State=DOWN* Partitions=all
    NodeName=n03 Arch=x86_64 CPUTot=32 Gres=(null) RealMemory=256000 TmpDisk=0 State=IDLE Partitions=all

    """

  private static let blocks = """
    NodeName=n01 Arch=x86_64 CoresPerSocket=16
       CPUAlloc=0 CPUEfctv=64 CPUTot=64 CPULoad=0.01
       AvailableFeatures=(null)
       ActiveFeatures=(null)
       Gres=gpu:a100:4(S:0-1)
       NodeAddr=n01 NodeHostName=n01 Version=23.02.4
       OS=Linux 5.14.0 #1 SMP PREEMPT_DYNAMIC
       RealMemory=512000 AllocMem=0 FreeMem=500000 Sockets=2 Boards=1
       State=IDLE ThreadsPerCore=2 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A
       Partitions=gpu,all
       CfgTRES=cpu=64,mem=500G,billing=64,gres/gpu=4
       Reason=bad CPUTot=9 [root@2024]

    NodeName=n02 Arch=x86_64 CoresPerSocket=16
       CPUAlloc=0 CPUTot=32 CPULoad=N/A
       Gres=(null)
       RealMemory=256000 AllocMem=0
       State=DOWN*
       Partitions=all

    NodeName=n03 Arch=x86_64 CPUTot=32
       RealMemory=256000 State=IDLE
       Partitions=all


    """

  private static let long = """
    Thu Mar 07 10:00:00 2024
    NODELIST   NODES PARTITION       STATE CPUS    S:C:T MEMORY TMP_DISK WEIGHT AVAIL_FE REASON
    n01            1      all*        idle 64     2:16:2 512000        0      1   (null) none
    n01            1       gpu        idle 64     2:16:2 512000        0      1   (null) none
    n02            1      all*       down* 32     2:16:1 256000        0      1   (null) Not responding
    n03            1      all*        idle 32     2:16:1 256000        0      1   (null) none

    """

  private static let grouped = """
    NODELIST CPUS MEMORY GRES PARTITION STATE
    n01 64 512000 gpu:a100:4(S:0-1) all* idle
    n01 64 512000 gpu:a100:4(S:0-1) gpu idle
    n02 32 256000 (null) all* down*
    n[03] 32 256000 (null) all* idle

    """

  private static let piped = """
    HOSTNAMES|CPUS|MEMORY|GRES|PARTITION|STATE
    n01|64|512000|gpu:a100:4(S:0-1)|all*|idle
    n01|64|512000|gpu:a100:4(S:0-1)|gpu|idle
    n02|32|256000||all*|down*
    n03|32|256000||all*|idle

    """

  private static let nodesJSON = """
    {"meta": {"command": ["scontrol", "show", "node", "--json"]}, "nodes": [
    {"name": "n01", "cpus": 64, "real_memory": 512000, "gres": "gpu:a100:4(S:0-1)", "partitions": ["gpu", "all"], "state": ["IDLE"], "temporary_disk": 0},
    {"name": "n02", "cpus": 32, "real_memory": 256000, "gres": "", "partitions": ["all"], "state": ["DOWN", "NOT_RESPONDING"]},
    {"name": "n03", "cpus": 32, "real_memory": 256000, "gres": "", "partitions": ["all"], "state": ["IDLE"]}
    ]}
    """

  private static let sinfoJSON = """
    {"sinfo": [
    {"node": {"state": ["IDLE"]}, "nodes": {"total": 1, "nodes": ["n01"]}, "cpus": {"minimum": 64, "maximum": 64, "total": 64}, "memory": {"minimum": 512000, "maximum": 512000}, "gres": {"total": "gpu:a100:4(S:0-1)"}, "partition": {"name": "all"}},
    {"node": {"state": ["IDLE"]}, "nodes": {"total": 1, "nodes": ["n01"]}, "cpus": {"minimum": 64, "maximum": 64, "total": 64}, "memory": {"minimum": 512000, "maximum": 512000}, "gres": {"total": "gpu:a100:4(S:0-1)"}, "partition": {"name": "gpu"}},
    {"node": {"state": ["MIXED"]}, "nodes": {"total": 2, "nodes": ["n02", "n03"]}, "cpus": {"minimum": 32, "maximum": 32, "total": 64}, "memory": {"minimum": 256000, "maximum": 256000}, "gres": {"total": ""}, "partition": {"name": "all"}}
    ], "meta": {}}
    """

  private func read(_ text: String) throws -> MachineEventList {
    let folder = try ScratchFolder()
    let path = try folder.write("nodes.txt", text)
    let trace = try TraceOpener(formats: PresetTests.formats).open(path)
    #expect(["slurm", "slurm-json"].contains(trace.format) && !trace.canMakeRecords(from: nil))
    return try #require(try trace.machineEvents(ReadOptions()))
  }

  @Test(arguments: [lines, blocks, long, grouped, piped, nodesJSON, sinfoJSON])
  func `all forms tell the same machines`(_ text: String) throws {
    let list = try read(text)
    #expect(list.events.map(\.capacity.cpu) == [Cores(64), Cores(32), Cores(32)])
    #expect(
      list.events.map(\.capacity.memory.rawValue) == [512_000, 256_000, 256_000].map { $0 << 20 })
    // sinfo -l shows no generic resources.
    let showsGPUs = text.contains("gpu:")
    #expect(list.events.map(\.capacity.milliGPU) == [showsGPUs ? 4000 : 0, 0, 0])
    #expect(list.symbols[list.events[0].platform] == (showsGPUs ? "a100" : ""))
    let numbers = list.events.map(\.machine)
    #expect(Set(numbers).count == 3)
    #expect(list.partitions == ["all": Set(numbers), "gpu": [numbers[0]]])
    #expect(list.survey?.beforeStart == 3)
  }

  @Test(arguments: [
    "HOSTNAMES CPUS(A/I/O/T) MEMORY\nn1 1/7/0/8 64000\nn2 0/0/8/8 64000\n",
    "HOSTNAMES|CPUS(A/I/O/T)|MEMORY\nn1|1/7/0/8|64000\nn2|0/0/8/8|64000\n",
    "NodeName=n[1-2] CPUs=8 RealMemory=64000 State=UNKNOWN\nPartitionName=all Nodes=ALL Default=YES\n",
  ])
  func `totals of CPUs, and nodes of slurm dot conf`(_ text: String) throws {
    let list = try read(text)
    #expect(list.events.map(\.capacity.cpu) == [Cores(8), Cores(8)])
    #expect(list.events.map(\.capacity.memory.rawValue) == [64_000 << 20, 64_000 << 20])
  }

  @Test func `lists of hosts are expanded`() throws {
    let list = try read(
      "NODELIST NODES CPUS MEMORY GRES\nr[1-2]n[08-10,12],login,10.0.0.[1-2] 11 8 1000 gpu:2,gpu:v100:1(S:0,1)\n"
    )
    #expect(list.events.count == 11)
    #expect(list.events.allSatisfy { $0.capacity.milliGPU == 3000 })
    #expect(list.symbols[list.events[0].platform] == "v100")
  }

  @Test func `a folder with accounting and nodes has both`() throws {
    let sacct =
      "JobID|User|Submit|Start|End|State|ReqCPUS\n1|u|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T11:00:30|COMPLETED|8\n"
    for nodes in [Self.blocks, Self.long, Self.sinfoJSON] {
      let folder = try ScratchFolder()
      try folder.write("jobs.txt", sacct)
      try folder.write("nodes.txt", nodes)
      let trace = try TraceOpener(formats: PresetTests.formats).open(folder.path)
      #expect(trace.format == "slurm" && trace.passedOver.isEmpty)
      #expect(try Formats.drain(trace.records(ReadOptions())).count == 1)
      #expect(try trace.machineEvents(ReadOptions())?.events.count == 3)
      #expect(try trace.survey("machines", ReadOptions()).beforeStart == 3)
    }
  }

  @Test(arguments: [
    (
      "NodeName=n1 CPUTot=4 RealMemory=1\nNodeName=n2 CPUTot=four\n",
      "nodes.txt:2: CPUTot 'four' is not a number"
    ),
    (
      "NodeName=n1 RealMemory=1\n\nNodeName=n2 CPUTot=4\n",
      "nodes.txt:3: node n1 has no CPUs"
    ),
    (
      "NodeName=n1 CPUTot=4\nNodeName=n2\n   RealMemory=5\n",
      "nodes.txt: node n2 has no CPUs"
    ),
    (
      "NodeName=n1 CPUTot=4\nNodeName=n1 CPUTot=8\nNodeName=n2 CPUTot=8\n",
      "nodes.txt:3: node n1 is there twice, with other amounts"
    ),
    (
      "NodeName=n1 CPUTot=4 RealMemory=6400 State=IDLE\nNodeName=n2 CPUTot=4 RealMemory=64",
      "nodes.txt: node n2 has no State, as those before it have: it ends in the middle"
    ),
    (
      "NodeName=n1 CPUTot=4\n  State=IDLE\nNodeName=n2 CPUTot=4\nNodeName=n3 CPUTot=4\n  State=IDLE\n",
      "nodes.txt:4: node n2 has no State, as those before it have: it ends in the middle"
    ),
    (
      #"{"nodes": [{"name": "a", "cpus": 4, "real_memory": 1}, {"name": "", "cpus": 4, "real_memory": 1}]}"#,
      "nodes.txt:1: a node has no name"
    ),
    (
      #"{"nodes": [{"name": "a", "cpus": 4, "real_memory": 1}, {"cpus": 4, "real_memory": 1}]}"#,
      "nodes.txt:1: a node has no name"
    ),
    (
      "NodeName=n1 CPUTot=4 Gres=gpu:a100:many\nNodeName=n2 CPUTot=8\n",
      "nodes.txt:2: generic resource 'gpu:a100:many' has no number of GPUs"
    ),
    (
      "NodeName=n[1-9999999] CPUTot=4\n",
      "nodes.txt:1: the list of nodes 'n[1-9999999]' has more than 1000000 names"
    ),
    (
      "NODELIST CPUS MEMORY\nn[1-4 8 1000\n",
      "nodes.txt:2: the list of nodes 'n[1-4' is broken off: a wider column shows all of it"
    ),
    (
      "NODELIST CPUS MEMORY\nn1 8+ 1000\n",
      "nodes.txt:2: CPUS '8+' is not a number but the least of several nodes: sinfo -N has each"
    ),
    (
      "NODELIST NODES CPUS\nn[1-4] 5 8\n",
      "nodes.txt:2: NODES is 5, and 4 are named"
    ),
    ("NODELIST CPUS MEMORY\nn1 8\n", "nodes.txt:2: sinfo has 3 columns; this row has 2"),
    (
      "PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\nall* up infinite 1 idle n1\n",
      "nodes.txt:2: sinfo shows no CPUS: sinfo -N -o '%N %c %m %G %P %T' does"
    ),
    (
      #"{"sinfo": [{"nodes": {"total": 2, "nodes": ["a"]}, "cpus": {"minimum": 4, "maximum": 4}, "partition": {"name": "x"}}]}"#,
      "nodes.txt:1: nodes.total is 2, and 1 are named"
    ),
    (
      #"{"sinfo": [{"nodes": {"total": 2, "nodes": ["a", "b"]}, "cpus": {"minimum": 4, "maximum": 8}, "partition": {"name": "x"}}]}"#,
      "nodes.txt:1: nodes of 4 to 8 in cpus.minimum are one entry: scontrol show node --json has each"
    ),
    (
      #"{"nodes": [{"name": "a", "cpus": 4, "real_memory": "lots"}]}"#,
      "nodes.txt:1: real_memory 'lots' is not a number"
    ),
  ])
  func `what is wrong is told in one line`(_ text: String, _ message: String) throws {
    let folder = try ScratchFolder()
    let path = try folder.write("nodes.txt", text)
    var told = "no error"
    do {
      let trace = try TraceOpener(formats: PresetTests.formats).open(path)
      _ = try trace.machineEvents(ReadOptions())
    } catch { told = "\(error)".replacing(folder.path + "/", with: "") }
    #expect(told == message)
  }

  /// The states of scontrol and sinfo, with the signs and flags behind them.
  @Test(
    arguments: [
      ("IDLE", nil), ("idle~", nil), ("ALLOCATED", nil), ("mix", nil), ("MIXED+PLANNED", nil),
      ("alloc#", nil),
      ("IDLE+CLOUD+POWERED_DOWN", nil), ("UNKNOWN", nil), ("resv", nil), ("comp", nil),
      ("idle@", nil), ("", nil),
      ("DOWN", "down"), ("down*", "down"), ("DOWN+NOT_RESPONDING", "down"),
      ("IDLE+DRAIN", "drained"),
      ("drain", "drained"), ("drained*", "drained"), ("drng", "draining"),
      ("MIXED+DRAIN", "draining"),
      ("ALLOCATED+COMPLETING+DRAIN", "draining"), ("fail", "failed"), ("failg", "failed"),
      ("idle*", "not responding"),
      ("IDLE+NOT_RESPONDING", "not responding"), ("maint", "in maintenance"),
      ("idle$", "in maintenance"),
      ("IDLE+MAINTENANCE", "in maintenance"), ("inval", "invalid"), ("IDLE+INVALID_REG", "invalid"),
      ("FUTURE", "future"), ("futr", "future"), ("block", "blocked"), ("ERROR", "invalid"),
    ] as [(String, String?)])
  func statesThatTakeNoWork(_ state: String, _ why: String?) throws {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "nodes.txt",
      "NODELIST|CPUS|MEMORY|PARTITION|STATE\nn1|4|1000|all|idle\nn2|4|1000|all|\(state)\nn2|4|1000|gpu|\(state)\n"
    )
    let trace = try TraceOpener(formats: MappedTableFormat.presets).open(path)
    let list = try #require(try trace.machineEvents(ReadOptions()))
    #expect(list.events.count == (why == "future" ? 1 : 2))
    let expected: [String] =
      switch why {
      case "future": ["nodes that do not exist yet (FUTURE) are no machines: 1"]
      case let why?:
        ["took no work when they were listed, and count as machines: 1 \(why), of 2 nodes"]
      case nil:
        state.isEmpty
          ? ["the list does not say whether nodes are up (1 of 2): they count as machines"] : []
      }
    #expect(list.notes.map(\.text) == expected)
  }
}
