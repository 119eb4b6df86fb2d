import Experiments
import Foundation
import TestSupport
import Testing

/// A line a cell of everything but times, to the last bit.
func figures(_ results: ExperimentResults) throws -> [String] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  return try results.cells.map { record in
    let metrics = record.outcome.metrics.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value.bitPattern)" }
    let curves = try encoder.encode(record.outcome.curves)
    return "\(record.cell) \(metrics) \(String(decoding: curves, as: UTF8.self))"
  }
}

@Suite struct CompareTests {
  let folder = TemporaryFolder()

  /// 200 cells, each long enough to be killed in.
  private func experiment(seeds: Int = 50, tasks: Int = 600) throws -> String {
    try folder.write(
      """
      name: two hundred
      workloads: ["study:tasks=\(tasks),load=0.9,cores=60"]
      clusters: ["study:5"]
      schedulers: [random, best-fit, least-loaded, first-fit]
      seeds: \(seeds)
      outputs: [json]
      """, to: "experiment.yaml")
  }

  private func begin(_ file: String, _ output: String) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tracemill)
    process.arguments = [
      "compare", "--experiment", file, "-o", folder(output), "--no-report", "--quiet", "--threads",
      "2",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  @Test func killedTwentyTimesTheResultsAreTheSame() throws {
    // Long enough that a process is still at work when it is killed.
    let file = try experiment(tasks: 4000)
    let whole = try begin(file, "whole")
    whole.waitUntilExit()
    #expect(whole.terminationStatus == 0)

    var random = TestRandom(20)
    var killed = 0
    while killed < 20 {
      let done = (try? ResultsStore(path: folder("killed/results.sqlite")).counts().done) ?? 0
      let process = try begin(file, "killed")
      // At a random moment after a random number of cells.
      let wanted = done + Int.random(in: 0...8, using: &random)
      let deadline = Date(timeIntervalSinceNow: 60)
      var counts = CellCounts()
      while process.isRunning, Date() < deadline {
        counts = (try? ResultsStore(path: folder("killed/results.sqlite")).counts()) ?? counts
        if counts.total == 200, counts.done >= wanted, counts.running > 0 { break }
      }
      usleep(UInt32.random(in: 0...15_000, using: &random))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      try #require(process.terminationReason == .uncaughtSignal, "it ended before it was killed")
      killed += 1
    }
    let before = try ResultsStore(path: folder("killed/results.sqlite")).counts()
    #expect(before.done > 0 && before.done < 200)
    let last = try begin(file, "killed")
    last.waitUntilExit()
    #expect(last.terminationStatus == 0)
    let results = try ResultsStore(path: folder("killed/results.sqlite")).results()
    #expect(results.counts == CellCounts(pending: 0, running: 0, done: 200, failed: 0))
    // At most the running cells, two a kill, were begun again.
    #expect(results.cells.reduce(0) { $0 + $1.claims - 1 } <= 40)
    let expected = try ResultsStore(path: folder("whole/results.sqlite")).results()
    let areTheSame = try figures(results) == figures(expected)
    #expect(areTheSame)
  }

  @Test func twoProcessesShareOneFile() throws {
    let file = try experiment()
    let processes = try [begin(file, "shared"), begin(file, "shared")]
    for process in processes {
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
    let results = try ResultsStore(path: folder("shared/results.sqlite")).results()
    #expect(results.counts.done == 200 && results.cells.count == 200)
    #expect(results.cells.allSatisfy { $0.claims == 1 })
    #expect(results.processes.count == 2)
    #expect(results.processes.reduce(0) { $0 + $1.cells } == 200)
  }

  @Test func aCellAloneIsTheCellInTheResults() throws {
    let file = try experiment(seeds: 2)
    let made = try tracemill("compare", "--experiment", file, "-o", folder("r"), "--quiet")
    #expect(made.status == 0)
    let cell = "study:tasks=600,load=0.9,cores=60/study:5/random/2"
    let alone = try tracemill(
      "simulate", "--cell", folder("r/results.sqlite") + "#" + cell)
    #expect(alone.status == 0 && alone.output.contains("the same as in"))
    let fromFile = try tracemill("simulate", "--cell", file + "#" + cell, "--json")
    let metrics = try #require(try object(fromFile)["metrics"] as? [String: Any])
    let store = try ResultsStore(path: folder("r/results.sqlite"))
    let id = try #require(CellID(cell))
    let record = try #require(try store.record(of: id))
    #expect(metrics["wait_mean_s"] as? Double == record.outcome.metrics["wait_mean_s"])
    let unknown = try tracemill("simulate", "--cell", file + "#a/b/c/1")
    #expect(unknown.status == 1 && unknown.error.contains("no workload 'a'"))
  }

  /// Names are the user's: what separates names in a cell's is coded there.
  @Test func namesMayHaveAnything() throws {
    let file = try folder.write(
      """
      name: odd names
      workloads: [{ name: "M/M/4 at 0.9 #1 (50 %2F)", source: "study:tasks=60,load=0.9,cores=60" }]
      clusters: [{ name: "a/b", source: "study:5" }]
      schedulers: [random]
      seeds: 1
      outputs: [json]
      """, to: "odd#1.yaml")
    let made = try tracemill("compare", "--experiment", file, "-o", folder("r#"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let cell = CellID(
      workload: "M/M/4 at 0.9 #1 (50 %2F)", cluster: "a/b", scheduler: "random", seed: 1)
    #expect(CellID(cell.description) == cell)
    let marked = CellID(workload: "/\u{301}#\u{200d}%2F", cluster: "%", scheduler: "25", seed: 3)
    #expect(CellID(marked.description) == marked)
    #expect(cell.description == "M%2FM%2F4 at 0.9 %231 (50 %252F)/a%2Fb/random/1")
    let alone = try tracemill("simulate", "--cell", folder("r#/results.sqlite") + "#\(cell)")
    #expect(alone.status == 0 && alone.output.contains("the same as in"), "\(alone.error)")
  }

  @Test func everythingWrongWithAFileIsToldAtOnce() throws {
    let file = try folder.write(
      """
      name: wrong
      workload: [study]
      workloads: [{source: "study:tasks=10"}]
      clusters: [{nam: a/b, source: "study:5"}]
      schedulers: [best-fti, {policy: random, engine: {queue: fiffo, step: -1}}]
      seeds: []
      metrics: [wait_men_s]
      """, to: "wrong.yaml")
    let result = try tracemill("compare", "--experiment", file, "-o", folder("r"))
    #expect(result.status == 1)
    for part in [
      "unknown scheduler 'best-fti'; did you mean 'best-fit'?", "did you mean 'workloads'?",
      "did you mean 'name'?", "did you mean 'fifo'?", "engine.step", "seeds: is empty",
      "did you mean 'wait_mean_s'?",
    ] {
      #expect(result.error.contains(part), "\(part)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder("r")))
  }

  @Test func unknownNamesComeWithTheNearest() throws {
    let scheduler = try tracemill(
      "compare", "--workload", "study:tasks=10", "--cluster", "study:5", "--scheduler", "rundom")
    #expect(scheduler.status == 2 && scheduler.error.contains("did you mean 'random'?"))
    try folder.write("x", to: "tasks.csv")
    let workload = try tracemill(
      "compare", "--workload", folder("task.csv"), "--cluster", "study:5", "--scheduler", "random",
      "-o", folder("r"))
    #expect(workload.status == 1 && workload.error.contains("did you mean 'tasks.csv'?"))
    let experiment = try tracemill("compare", "--experiment", "studdy")
    #expect(experiment.status == 1 && experiment.error.contains("did you mean 'study'?"))
    for (name, message) in [
      ("sampled:bset-fit,d=3", "no rule 'bset-fit'; did you mean 'best-fit'?"),
      ("sampled:best-fit,d=x", "expected sampled:best-fit,d=N"),
    ] {
      let sampled = try tracemill(
        "compare", "--workload", "study:tasks=10", "--cluster", "study:5", "--scheduler", name,
        "-o",
        folder("r"))
      #expect(sampled.status == 1 && sampled.error.contains(message), "\(sampled.error)")
    }
    let cluster = try tracemill(
      "compare", "--workload", "study:tasks=10", "--cluster", "stdy:5", "--scheduler", "random",
      "-o", folder("r"))
    #expect(cluster.status == 1)
    #expect(
      cluster.error.contains("unknown cluster 'stdy:5': no such file, nor one of study, tiers"))
    #expect(cluster.error.contains("did you mean 'study'?"))
  }

  /// Results of a shipped experiment in a folder of its name do not hide it.
  @Test func aShippedExperimentGoesOnInAFolderOfItsName() throws {
    for done in [8, 16] {
      let result = try run(
        "/bin/sh",
        [
          "-c",
          "cd \"$1\" && exec \"$2\" compare --experiment example -o example --seeds \"$3\" --no-report -q",
          "sh", folder.path, tracemill, String(done / 8),
        ])
      #expect(result.status == 0, "\(result.error)")
      #expect(try ResultsStore(path: folder("example/results.sqlite")).counts().done == done)
    }
    let none = try tracemill("compare", "--experiment", folder.path)
    #expect(none.status == 1 && none.error.contains("is a folder, nor an experiment"))
  }

  /// A trace and its machines, read once for all runs; and a trace that breaks off half-way.
  /// Learned and tuned schedulers come from files beside the experiment, whose digests are kept.
  @Test func schedulersInFilesRun() throws {
    let policies = packageRoot.appendingPathComponent("data/policies")
    for name in ["study-100.safetensors", "one-step-study-100.json"] {
      try FileManager.default.copyItem(
        atPath: policies.appendingPathComponent(name).path, toPath: folder(name))
    }
    let file = try folder.write(
      """
      name: learned
      workloads: ["study:tasks=60,load=0.5,cores=300"]
      clusters: ["tiers:20"]
      engine: {mode: dispatch, gateways: true, heartbeat: 5s, networkDelay: 50ms, exactEstimates: true}
      schedulers: [random, "marl:study-100.safetensors", "one-step:one-step-study-100.json"]
      seeds: 2
      outputs: [json]
      """, to: "experiment.yaml")
    let result = try tracemill("compare", "--experiment", file, "-o", folder("out"), "--quiet")
    #expect(result.status == 0, "\(result.error)")
    let results = try ResultsStore(path: folder("out/results.sqlite")).results()
    #expect(results.cells.count == 6 && results.inputs.count == 2)
    #expect(Set(results.cells.map(\.cell.scheduler)).contains("marl:study-100.safetensors"))
  }

  @Test func tracesAreReplayed() throws {
    let file = try folder.write(
      """
      name: traces
      workloads:
        - { name: day, source: \(miniature), from: 2h, to: 6h, scaleRunTimes: 5 }
        - { name: few, source: \(miniature), priority: production, sample: 0.5, tasks: 50 }
        - { name: broken, source: broken.csv }
      clusters: [{ name: cell, source: \(miniature) }]
      schedulers: [random, best-fit]
      seeds: 2
      outputs: [csv, markdown]
      """, to: "traces.yaml")
    try folder.write(
      "600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0\n600000001,,1,0,,1,u,3,9,abc,0.5,0.1,0\n",
      to: "broken.csv")
    let result = try tracemill(
      "compare", "--experiment", file, "-o", folder("r"), "--quiet", "--table", "task_events")
    #expect(result.status == 1)
    #expect(result.error.contains("4 cells failed; finished cells are kept in"))
    #expect(result.error.contains("and 3 more: "))
    #expect(result.error.contains("broken.csv:2:10: CPU request 'abc' is not a number"))
    let results = try ResultsStore(path: folder("r/results.sqlite")).results()
    #expect(results.counts == CellCounts(done: 8, failed: 4))
    #expect(results.inputs.count == 2 && results.inputs.allSatisfy { $0.sha256.count == 64 })
    // A sample differs from seed to seed, and not from scheduler to scheduler.
    let few = results.cells.filter { $0.cell.workload == "few" }
    for seed in [1, 2] as [UInt64] {
      let means = few.filter { $0.cell.seed == seed }.map { $0.outcome.metrics["tasks_submitted"] }
      #expect(means.count == 2 && means[0] == means[1])
    }
    // Every run of a trace as it is comes to the same where nothing else is drawn, and the report says so.
    let tables = String(decoding: try contents(folder("r/tables.md")), as: UTF8.self)
    #expect(
      tables.contains(
        "Seeds change nothing for best-fit: on day and cell every seed came to the same"))
    #expect(!tables.contains("nothing is drawn in few"))
    // Made of results alone, and of an experiment that is not finished.
    let report = try tracemill("report", folder("r/results.sqlite"), "-o", folder("again"))
    #expect(report.status == 0 && folder.files.contains("again/cells.csv"))
    #expect(
      try contents(folder("r/tables.md")) == (try contents(folder("again/tables.md"))))
  }

  @Test func theExampleFileRuns() throws {
    let example = try tracemill("compare", "--print-example")
    let file = try folder.write(example.outputBytes, to: "example.yaml")
    let result = try tracemill(
      "compare", "--experiment", file, "-o", folder("r"), "--seeds", "2", "--quiet", "--json")
    #expect(result.status == 0)
    let details = try #require(try object(result)["tracemill"] as? [String: Any])
    #expect((details["scenarios"] as? [Any])?.count == 2)
  }

  /// The study's own experiment has its four schedulers, and the network trained beside them; the program
  /// needs no file for any of it, wherever it lies.
  @Test func theStudysExperimentIsInTheProgram() throws {
    let moved = folder("elsewhere")
    try FileManager.default.copyItem(atPath: tracemill, toPath: moved)
    let result = try run(
      "/bin/sh",
      [
        "-c",
        "cd \"$1\" && exec ./elsewhere compare --experiment study --seeds 1 -o r --json --quiet",
        "sh",
        folder.path,
      ])
    try #require(result.status == 0, "\(result.error)")
    let results = try object(result)
    #expect(
      Set(results.keys) == [
        "Random", "WeightedRR", "PriorityMinMin", "MARL", "MARL trained", "tracemill",
      ])
    for name in ["Random", "WeightedRR", "PriorityMinMin", "MARL", "MARL trained"] {
      let row = try #require(results[name] as? [String: Any])
      #expect(row["avg_completed"] as? Double == 1000, "\(name)")
    }
    // How the trained one learned is in the report.
    #expect(
      try String(decoding: contents(folder("r/report.html")), as: UTF8.self).contains(
        "learning-curve"))
  }

  /// What `train` leaves behind is shown by an experiment with its policy.
  @Test func aTrainedPolicyBringsItsCurve() throws {
    let scenario = try folder.write(
      """
      name: small
      cluster: tiers:5
      loads: [0.5]
      tasks: 40
      training: { architecture: candidates, candidates: 3, iterations: 3, episodes: 2, validationEvery: 2, validationEpisodes: 1 }
      """, to: "scenario.yaml")
    let trained = try tracemill("train", scenario, "-o", folder("policy"), "--quiet", "--json")
    try #require(trained.status == 0, "\(trained.error)")
    #expect(try object(trained)["iterations"] as? Int == 3)
    try folder.write("decisions,reward\n1,-1\n2,-0.5\n", to: "own.csv")
    let file = try folder.write(
      """
      name: learned
      workloads: ["study:tasks=30,load=0.5,cores=60"]
      clusters: ["tiers:5"]
      engine: {mode: dispatch, gateways: true, heartbeat: 5s, networkDelay: 50ms, exactEstimates: true}
      schedulers:
        - random
        - { name: beside, policy: "marl:policy/policy.safetensors" }
        - { name: own, policy: "marl:policy/policy.safetensors", curve: own.csv }
      seeds: 2
      outputs: [json]
      """, to: "experiment.yaml")
    let result = try tracemill("compare", "--experiment", file, "-o", folder("out"), "--quiet")
    try #require(result.status == 0, "\(result.error)")
    let learning = try ResultsStore(path: folder("out/results.sqlite")).results().learning
    #expect(Set(learning.keys) == ["beside", "own"])
    #expect(learning["beside"]?.exploring.count == 3 && learning["own"]?.exploring.count == 2)
    #expect(learning["beside"]?.validation.isEmpty == false)
    try folder.write("decisions,reward\n1,x\n", to: "own.csv")
    let broken = try tracemill("compare", "--experiment", file, "-o", folder("out2"), "--quiet")
    #expect(broken.status == 1)
    #expect(broken.error.contains("own.csv:2: reward is 'x'; expected a number"))
  }
}
