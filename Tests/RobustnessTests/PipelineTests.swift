import Configuration
import Diagnostics
import Experiments
import Fitting
import Foundation
import Generation
import Simulation
import Tables
import TestSupport
import Testing
import TraceInput
import TraceParsing
import Workload

/// Mutated values of every kind of input, through readers, writers and the engine: an error in one
/// line, or results whose audit passes. A trap would end the test.
///
/// TRACEMILL_SLOW=1 tries many more.
@Suite struct PipelineTests {
  private static let slow = ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1"
  private static let rounds = slow ? 2000 : 10
  let folder = TemporaryFolder()
  private let opener = TraceOpener(formats: [
    RecordFileFormat(), Google2019Format(), Google2011Format(), Google2010Format(),
    StandardWorkloadFormat(), Alibaba2017Format.format, Alibaba2018Format.format,
    AlibabaGPU2023Format.format,
    MappedTableFormat.openDC,
  ])

  // MARK: - What is done with an input

  /// Reads records; nil where the input is refused.
  private func records(_ path: String, lenient: Bool) throws -> [TaskRecord]? {
    var options = ReadOptions()
    options.threads = 1
    if lenient { options.rejects = try RejectLog { _ in } }
    do throws(TraceError) {
      let stream = try opener.open(path).records(options)
      var records: [TaskRecord] = []
      while let record = try stream.next() { records.append(record) }
      return records
    } catch {
      #expect(!error.description.contains("\n"))
      return nil
    }
  }

  /// To every layout; what was written as records is read.
  private func convert(_ path: String) throws {
    var written: [String] = []
    for layout in ["csv", "parquet", "swf", "google-2011"] {
      let output = folder("out.\(layout)")
      try? FileManager.default.removeItem(atPath: output)
      var options = ReadOptions()
      options.threads = 1
      options.rejects = try RejectLog { _ in }
      do throws(TraceError) {
        let stream = try opener.open(path).records(options)
        switch layout {
        case "swf":
          let writer = try StandardWorkloadWriter(path: output, stream: stream, format: "records")
          while let record = try stream.next() { try writer.write(record) }
          try writer.finish()
        case "google-2011":
          let writer = try Google2011TraceWriter(
            path: output, traceEnd: stream.report.lastTime, shift: Microseconds(600_000_000),
            options: options)
          while let record = try stream.next() { try writer.write(record) }
          try writer.finish(symbols: stream.symbols, machines: nil, rowsPerPart: .max)
        default:
          let writer = try TableFileKind(path: output).writer(
            path: output, columns: RecordColumn.table, symbols: { stream.symbols.strings })
          while let record = try stream.next() { try writer.write(record) }
          try writer.finish()
          written.append(output)
        }
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
    for output in written { #expect(try records(output, lenient: false) != nil, "\(output)") }
  }

  /// In both modes, audited, under what asks most of the engine.
  private func simulate(_ records: [TaskRecord], on layout: ClusterLayout) throws {
    for (mode, policy, backfilling) in [
      (SimulationOptions.Mode.central, "first-fit", SimulationOptions.Backfilling.easy),
      (.central, "best-fit", .conservative), (.dispatch, "round-robin", .none),
      (.dispatch, "least-loaded", .none),
    ] {
      guard let policy = PolicyCatalog.make(policy) else {
        Issue.record("no policy")
        continue
      }
      var options = SimulationOptions()
      (options.mode, options.backfilling, options.audit) = (mode, backfilling, true)
      options.gangs = backfilling == .conservative
      options.estimates = .exact
      options.preemption = .production
      options.maximumInFlight = 3000
      options.maximumFailures = 2000
      if mode == .dispatch {
        options.failures = .init(
          shape: 0.7, scale: Microseconds(1 << 40), meanRepair: Microseconds(3_600_000_000))
        options.heartbeat = Microseconds(5_000_000)
        options.gateways = true
      }
      do throws(SimulationError) {
        let report = try Simulator(cluster: layout, policy: policy, options: options, seed: 1)
          .run(TaskTable(records).source())
        for check in report.audit?.checks ?? [] where !check.holds {
          Issue.record("\(check) of \(mode), \(backfilling)")
        }
        #expect(report.audit?.violations == 0)
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
  }

  private func pass(_ path: String, on layout: ClusterLayout) throws -> Bool {
    let strict = try records(path, lenient: false)
    guard let read = try records(path, lenient: true) else { return false }
    for record in read where record.rangeIssue != nil { Issue.record("\(record)") }
    try convert(path)
    try simulate(read, on: layout)
    return strict != nil
  }

  private func cluster() throws -> ClusterLayout {
    try ClusterLayout([
      MachineEvent(
        time: .zero, machine: 1, kind: .add,
        capacity: Resources(cpu: Cores(32), memory: Bytes(gibibytes: 128), milliGPU: 4000)),
      MachineEvent(
        time: .zero, machine: 2, kind: .add,
        capacity: Resources(
          cpu: Cores(nano: Ranges.amount.upperBound), memory: Bytes(Ranges.amount.upperBound))),
      MachineEvent(
        time: Microseconds(700_000_000), machine: 1, kind: .update,
        capacity: Resources(cpu: Cores(nano: 1), memory: Bytes(1))),
      MachineEvent(time: Microseconds(900_000_000), machine: 2, kind: .remove, capacity: .zero),
      MachineEvent(
        time: Microseconds(950_000_000), machine: 2, kind: .add,
        capacity: Resources(cpu: Cores(8), memory: Bytes(gibibytes: 64))),
    ])
  }

  // MARK: - Kinds of input

  private static let recordText = """
    job_id,task_index,user,priority,priority_class,scheduling_class,submit_us,first_schedule_us,\
    last_schedule_us,end_us,wait_us,run_us,deadline_us,estimate_us,attempts,outcome,instances,\
    cpu_cores,memory_bytes,disk_bytes,gpu_milli,spans_machines
    1,0,1,2,batch,1,600000000,600000100,600000100,700000000,100,99999900,800000000,99000000,1,finished,1,1.5,1073741824,5,0,0
    2,0,1,9,production,3,600000000,600000100,690000100,700000000,100,99999900,800000000,,3,failed,40,0.5,1073741824,5,100,0
    3,1,2,0,best-effort,0,650000000,,,,,5000000,,7000000,0,pending,1,16,99,,0,1
    4,0,2,0,unknown,0,660000000,660000000,660000000,,,9000000,,,1,running,2,3,99,,0,0

    """

  @Test func recordFiles() throws {
    var mutator = ValueMutator(random: TestRandom(1))
    var clean = 0
    for round in 0..<Self.rounds * 2 {
      let text = round == 0 ? Self.recordText : mutator.mutate(Self.recordText)
      clean += try pass(try folder.write(text, to: "records.csv"), on: try cluster()) ? 1 : 0
    }
    #expect(clean > 0 && clean < Self.rounds * 2)
  }

  @Test func recordFilesOfParquet() throws {
    var mutator = ValueMutator(random: TestRandom(2))
    let path = try folder.write(Self.recordText, to: "records.csv")
    let original = try #require(try records(path, lenient: false))
    var clean = 0
    for _ in 0..<Self.rounds {
      let output = folder("records.parquet")
      let writer = try TableFileKind(path: output).writer(
        path: output, columns: RecordColumn.table, symbols: { ["", "a", "b"] })
      for record in original {
        var record = record
        func change(_ value: inout Int64) { value = mutator.integer(value) }
        switch Int.random(in: 0...12, using: &mutator.random) {
        case 0: change(&record.submit.rawValue)
        case 1: change(&record.runTime.rawValue)
        case 2: change(&record.waitTime.rawValue)
        case 3: change(&record.end.rawValue)
        case 4: change(&record.lastSchedule.rawValue)
        case 5: change(&record.request.cpu.nano)
        case 6: change(&record.request.memory.rawValue)
        case 7: change(&record.maxRequest.disk.rawValue)
        case 8: change(&record.request.milliGPU)
        case 9: record.instances = Int32(truncatingIfNeeded: mutator.integer(3))
        case 10: record.attempts = Int32(truncatingIfNeeded: mutator.integer(3))
        case 11: change(&record.deadline.rawValue)
        default: change(&record.estimate.rawValue)
        }
        try writer.write(record)
      }
      try writer.finish()
      clean += try pass(output, on: try cluster()) ? 1 : 0
    }
    #expect(clean < Self.rounds)
  }

  private static func lines(_ count: Int, _ line: (Int) -> String) -> String {
    (1...count).map { line($0) + "\n" }.joined()
  }

  @Test func tracesOfEveryFormat() throws {
    var mutator = ValueMutator(random: TestRandom(3))
    let originals: [(name: String, text: String)] = [
      (
        "task_events.csv",
        Self.lines(30) {
          "\(600_000_000 + $0 * 1000),,\($0 / 3),\($0 % 3),\($0 % 5),\($0 % 9),u,\($0 % 4),\($0 % 12),0.01,0.02,1e-05,0"
        }
      ),
      (
        "log.swf",
        Self.lines(20) {
          "\($0) \($0 * 7) 5 90 \($0 % 8 + 1) 80 2000 4 100 4000 1 3 1 -1 1 -1 \($0 - 1) 10"
        }
      ),
      (
        "v1/batch_task.csv",
        Self.lines(20) { "\($0),\($0 * 3),\($0 / 4),\($0 % 4),\($0 % 9 + 1),Terminated,50,0.0079" }
      ),
      (
        "v2/batch_task.csv",
        Self.lines(20) {
          "R\($0 % 5 + 1)_\($0 % 2 + 1),\($0 % 9 + 1),j_\($0 / 5),1,Terminated,\($0 * 10),\($0 * 20),100,0.5"
        }
      ),
      (
        "pods.csv",
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
          + Self.lines(20) {
            "openb-pod-\($0),4000,1638,\($0 % 2),500,,LS,Running,\($0),\($0 * 90),\($0 * 2)"
          }
      ),
      (
        "google-2010.csv",
        "Time ParentID TaskID JobType NrmlTaskCores NrmlTaskMem\n"
          + Self.lines(20) { "\(90000 + $0 / 4 * 300) \($0 % 3) \($0 % 5) \($0 % 4) 0.03125 0.01" }
      ),
      (
        "instance_events.json",
        Self.lines(20) {
          "{\"time\":\"\(600_000_000 + $0)\",\"type\":\"\($0 % 10)\",\"collection_id\":\"\($0 / 4)\",\"scheduling_class\":\"2\",\"collection_type\":\"0\",\"priority\":\"200\",\"instance_index\":\"\($0 % 3)\",\"machine_id\":\"5\",\"resource_request\":{\"cpus\":0.01,\"memory\":0.02}}"
        }
      ),
      (
        "opendc.csv",
        "id,submission_time,duration,cpu_count,mem_capacity\n"
          + Self.lines(20) { "\($0),\($0 * 1000),\($0 * 500),2,4096" }
      ),
    ]
    for (name, text) in originals {
      var clean = 0
      for round in 0..<max(8, Self.rounds / 3) {
        let path = try folder.write(round == 0 ? text : mutator.mutate(text), to: name)
        clean += try pass(path, on: try cluster()) ? 1 : 0
        if round == 0 { #expect(clean == 1, "\(name) is read as it is") }
      }
    }
  }

  @Test func machines() throws {
    var mutator = ValueMutator(random: TestRandom(4))
    let tasks = try #require(
      try records(try folder.write(Self.recordText, to: "records.csv"), lenient: false))
    let events = """
      0,1,0,p,0.5,0.5
      0,2,0,p,1,1
      610000000,1,2,p,0.0001,0.5
      620000000,1,1,p,,
      630000000,1,0,p,0.25,0.25
      640000000,3,0,p,1,1

      """
    var made = 0
    for _ in 0..<Self.rounds * 2 {
      let path = try folder.write(mutator.mutate(events), to: "machine_events.csv")
      do {
        var options = ReadOptions()
        options.rejects = try RejectLog { _ in }
        guard let list = try opener.open(path).machineEvents(options) else { continue }
        try simulate(tasks, on: try ClusterLayout(list.events))
        made += 1
      } catch let error as TraceError {
        #expect(!error.description.contains("\n"))
      } catch is ClusterError {}
    }
    #expect(made > 0)
    let spec = """
      groups:
        - {name: a, count: 3, cores: [2, 8], memoryGiB: 16, speed: 1.5, idleWatts: 20, sleepAfterSeconds: 60, wakeSeconds: 2}
        - {name: b, count: 2, cores: 4, memoryGiB: [8, 9], diskGiB: 10, gpus: 1, dynamicWatts: 30, powerCurve: [0, 0.4, 1]}
      """
    for _ in 0..<Self.rounds * 2 {
      do {
        let file = ConfigurationFile(text: mutator.mutate(spec), name: "c.yaml")
        let spec = try file.read(ClusterSpec.init)
        guard spec.groups.reduce(0, { $0 + $1.count }) < 2000 else { continue }
        try simulate(tasks, on: try ClusterLayout(spec, seed: 1))
      } catch is ConfigurationError {
      } catch is ClusterError {}
    }
  }

  @Test func scenarios() throws {
    var mutator = ValueMutator(random: TestRandom(5))
    let text = """
      arrivals: {rate: 0.5, process: mmpp, mmpp: {busyRate: 3, quietRate: 0.5, leavingBusy: 0.1, leavingQuiet: 0.2}, daily: {amplitude: 0.5, peakHour: 14}}
      tasks: 300
      estimates: {factor: {family: uniform, lower: 1, upper: 5}, roundedTo: [60, 3600]}
      graph: {shape: layered, width: 3, density: 0.5, data: 1}
      details: {users: 10, machines: 5, differentMachines: 0.1}
      scale: {runTime: 2, requests: 0.5}
      classes:
        - {name: a, share: 0.25, runTime: {family: pareto, shape: 1.5, scale: 10}, cpu: 1, memory: {family: empirical, atoms: {1: 5, 2: 1}}, jobSize: {family: empirical, values: [1, 2, 5]}}
        - {name: b, share: 0.75, priority: 9, runTime: {family: lognormal, mu: 3, sigma: 1}, cpu: {family: weibull, shape: 2, scale: 1}, memory: 2, disk: 1, wait: 30, attempts: {family: uniform, lower: 1, upper: 4}, unstarted: 0.1, deadlineFactor: 3, outcomes: {finished: 0.8, killed: 0.2}, earlierEnds: {evicted: 1}}
      """
    var drawn = 0
    for round in 0..<Self.rounds * 4 {
      do {
        let file = ConfigurationFile(
          text: round == 0 ? text : mutator.mutate(text), name: "s.yaml")
        let scenario = try WorkloadScenario(file) { WorkloadModel.preset($0) }
        var source = try SyntheticWorkload(scenario.model, .tasks(300), seed: UInt64(round))
        _ = try source.dependencies()
        var records: [TaskRecord] = []
        while let record = source.next() {
          if record.rangeIssue != nil { Issue.record("\(record)") }
          records.append(record)
          // As many as a writer of attempts takes.
          if record.attempts < 1000 { _ = source.attempts(of: record) }
        }
        if round % 8 == 0 { try simulate(records, on: try cluster()) }
        drawn += 1
      } catch is ConfigurationError {
      } catch is WorkloadModelError {}
    }
    #expect(drawn > Self.rounds / 4)
  }

  @Test func experiments() throws {
    var mutator = ValueMutator(random: TestRandom(6))
    let text = """
      name: e
      seeds: {from: 3, count: 4}
      warmUp: 60
      level: 0.9
      precision: 0.1
      lastSeeds: 2
      engine: {depth: 10, step: 5, heartbeat: 5, networkDelay: 1, overcommitCpu: 1.5, retries: 2, until: 100000}
      workloads: [{name: w, source: study, from: 0, to: 3600, sample: 0.5, tasks: 100, scaleArrivals: 2, scaleRunTimes: 0.5}]
      clusters: [{name: c, seed: 7, groups: [{count: 3, cores: [2, 8], memoryGiB: 16}]}]
      schedulers: [first-fit, {policy: random, engine: {accountTail: 10}}]
      """
    var made = 0
    for round in 0..<Self.rounds * 8 {
      let file = ConfigurationFile(text: round == 0 ? text : mutator.mutate(text), name: "e.yaml")
      do throws(ConfigurationError) {
        let definition = try ExperimentDefinition(file)
        let issues = definition.issues()
        #expect(issues.isEmpty, "a file is checked as strictly as a stored definition")
        var options = SimulationOptions()
        definition.engine.apply(to: &options)
        made += 1
      } catch {}
    }
    #expect(made > 0)
  }

  /// Numbers of any size, as `fit` is given them.
  @Test func fits() throws {
    var random = TestRandom(7)
    let odd = [0, 1e-310, 1e-9, 0.5, 1, 2, 3, 1e9, 1e15, 9e15, 1e18, 1e30, 1e200, 1e308]
    var fitted = 0
    for _ in 0..<Self.rounds {
      let values = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        Bool.random(using: &random)
          ? odd[Int.random(in: 0..<odd.count, using: &random)]
          : Double.random(in: 0...100, using: &random)
      }
      guard let sample = try? Sample(values) else { continue }
      for family in Family.usual(counts: true) where (try? sample.fit(family)) != nil {
        fitted += 1
      }
    }
    #expect(fitted > 0)
  }
}
