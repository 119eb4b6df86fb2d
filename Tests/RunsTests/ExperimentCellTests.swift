import Configuration
import Experiments
import Foundation
import Runs
import Simulation
import TestSupport
import Testing
import Workload

/// A cell of an experiment comes to what the same simulation comes to by itself.
@Suite struct ExperimentCellTests {
  private let miniature = packageRoot.appendingPathComponent("data/google-2011-mini").path

  private func settings(_ text: String) throws -> EngineSettings {
    try ConfigurationFile(text: text, name: "engine.yaml").read { EngineSettings($0) }
  }

  private func compare(
    _ workload: String, _ cluster: String, priority: String? = nil, engine text: String,
    _ check: (SimulationReport) -> Void = { _ in }
  ) throws {
    let engine = try settings(text)
    var job = try SimulationJob(workload: workload, cluster: cluster, engine: engine)
    job.selection.priority = priority.flatMap(PrioritySelection.init)
    let alone = try job.run(seed: 3).report
    var definition = ExperimentDefinition(
      name: "x", workloads: [.init(name: "w", source: workload)],
      clusters: [.init(name: "c", source: cluster)],
      schedulers: [.init(name: "s", policy: "first-fit")], seeds: [3])
    definition.workloads[0].priority = priority
    definition.engine = engine
    let cell = CellID(workload: "w", cluster: "c", scheduler: "s", seed: 3)
    let report = try CellRunner(definition, inputs: ExperimentProvider(folder: "")).run(cell).report
    for (name, value) in alone.metricValues {
      let other = try #require(report.metricValues[name])
      #expect(value == other || value.isNaN && other.isNaN, "\(text): \(name)")
    }
    #expect(report.unplaceable.map(\.count) == alone.unplaceable.map(\.count))
    #expect(report.droppedDependencies == alone.droppedDependencies)
    check(report)
  }

  @Test func constraintsAreHonoured() throws {
    try compare(miniature, miniature, priority: "production", engine: "{}") {
      #expect($0.total[.finished] == 283)
      #expect($0.total[.unplaceable] == 1)
    }
    try compare(
      miniature, miniature, priority: "production", engine: "{ignoreConstraints: true}"
    ) { #expect($0.total[.finished] == 284) }
  }

  @Test(arguments: [
    "{gangs: true, mode: central}", "{failures: '0.7,2h,1h', retries: 3, until: 3d}",
    "{network: 2s, mode: dispatch}", "{network: {dispatch: 1s, siteLatency: 500ms, in: 2e6}}",
    "{slowdownBound: 60s, cutDrain: true, warmUp: 10m}", "{overcommitCpu: 2, queue: priority}",
  ])
  func everyKeyReachesTheEngine(_ text: String) throws {
    try compare(
      packageRoot.appendingPathComponent("data/alibaba-2018").path, "study:50", engine: text)
  }

  /// A predecessor that the workload leaves out keeps no task waiting.
  @Test func dependenciesOnAbsentTasksAreDropped() throws {
    let folder = TemporaryFolder()
    try folder.write(
      "job_id,task_index,submit_us,run_us,cpu_cores,memory_bytes\n1,0,0,1000000,1,0\n1,1,0,1000000,1,0\n",
      to: "w.csv")
    try folder.write(
      "job_id,task_index,predecessor_job_id,predecessor_index,think_us\n1,1,1,0,0\n1,0,7,0,0\n",
      to: "w.dependencies.csv")
    try compare(folder("w.csv"), "study:2", engine: "{}") {
      #expect($0.total[.finished] == 2)
      #expect($0.droppedDependencies == 1)
    }
  }

  @Test(arguments: [
    ("{depth: 0}", "depth"), ("{overcommitCpu: -1}", "overcommitCpu"),
    ("{network: {rackLatency: -1s}}", "network.rackLatency"),
    ("{network: {rack: 0}}", "network.rack"),
    ("{failures: {shape: 0, scale: 1d, repair: 1h}}", "failures.shape"),
    ("{failures: {shape: 1, scale: 1d}}", "failures.repair"), ("{network: fast}", "network"),
    ("{cutDrain: true, accountTail: 1h}", "cutDrain"), ("{until: -2}", "until"),
    ("{network: 1ms, networkDelay: 1ms}", "networkDelay"), ("{gang: true}", "gang"),
  ])
  func whatIsWrongHasItsPath(_ text: String, _ path: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try settings(text) }
    #expect(error?.issues.map(\.path) == [path])
  }

  /// What the command line writes and a file says are one value.
  @Test func textAndKeysAreOne() throws {
    let a = try settings("{network: 'dispatch=1s,rack=40,rack-latency=50us,site-bandwidth=1e6'}")
    let b = try settings(
      "{network: {dispatch: 1s, rack: 40, rackLatency: 50us, siteBandwidth: 1e6}}")
    #expect(a == b && a.options.network != nil)
    #expect(
      try settings("{failures: '0.7,30d,1h'}")
        == settings("{failures: {shape: 0.7, scale: 30d, repair: 3600}}"))
    let data = try JSONEncoder().encode(b)
    #expect(try JSONDecoder().decode(EngineSettings.self, from: data) == b)
  }

  /// What an experiment reads are its files; machines that it says itself are none, and not its folder.
  @Test func machinesInTheExperimentAreNoFile() throws {
    let folder = TemporaryFolder()
    try folder.write("submit_us,run_us\n1,2\n", to: "r.csv")
    let definition = try ExperimentDefinition(
      ConfigurationFile(
        text: """
          name: e
          workloads: [{ name: w, source: r.csv }]
          clusters: [{ name: c, groups: [{ count: 2, cores: 4 }] }]
          schedulers: [random]
          seeds: 1
          """, name: "e.yaml"))
    let inputs = try ExperimentProvider(folder: folder.path).inputFiles(definition)
    #expect(inputs.map(\.path) == ["r.csv"])
  }

  /// A whole experiment by one call: it comes to what its cells come to, and goes on where it was.
  @Test func aWholeExperiment() async throws {
    let folder = NSTemporaryDirectory() + "tracemill-experiment-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let definition = try ExperimentDefinition(
      workloads: [miniature], clusters: [miniature], schedulers: ["first-fit", "random"],
      seeds: [1, 2])
    #expect(definition.baseline == "first-fit")
    var job = ExperimentJob(definition, folder: "", output: folder + "/out")
    job.shard = Shard("1/2")
    let half = try await job.run()
    #expect(half.failure == nil)
    #expect(try half.shardText()?.contains("2 of its 2 cells") == true)
    let first = try half.summary().results.cells
    #expect(first.count == 2)

    job.shard = nil
    job.output = folder + "/whole"
    let whole = try await job.run()
    let cells = try whole.summary().results.cells
    #expect(try whole.shardText() == nil && cells.count == 4)
    for record in first {
      let other = try #require(cells.first { $0.cell == record.cell })
      let isSame = record.outcome.metrics.allSatisfy { name, value in
        let found = other.outcome.metrics[name]
        return found == value || value.isNaN && found?.isNaN == true
      }
      #expect(isSame, "\(record.cell)")
    }
    let again = try await job.run()
    // Not run anew: what the cells cost is what they cost at first.
    let costs = try again.summary().results.cells.map { [$0.outcome.wall, $0.outcome.cpu] }
    #expect(costs == cells.map { [$0.outcome.wall, $0.outcome.cpu] })
  }

  @Test func aNameTwiceAndAWorkloadThatIsNotThere() async throws {
    #expect(throws: RunError.self) {
      try ExperimentDefinition(
        workloads: ["a"], clusters: ["b"], schedulers: ["random", "random"], seeds: [1])
    }
    let folder = NSTemporaryDirectory() + "tracemill-experiment-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let definition = try ExperimentDefinition(
      workloads: ["no-such.csv"], clusters: ["study:3"], schedulers: ["random"], seeds: [1])
    let job = ExperimentJob(definition, folder: "", output: folder + "/out")
    await #expect(throws: RunError.self) { try await job.run() }
    #expect(!FileManager.default.fileExists(atPath: job.output))
  }
}
