import Foundation
import TestSupport
import Testing

/// `sweep`, and what one line can ask.
@Suite struct SweepTests {
  let folder = TemporaryFolder()

  private func details(_ result: ProgramResult) throws -> [String: Any] {
    try #require(try object(result)["tracemill"] as? [String: Any])
  }

  @Test func aKeyIsAColumnAndAnAxis() throws {
    let made = try tracemill(
      "sweep", "--workload", "study:tasks=80", "--cluster", "study:10", "--scheduler", "random",
      "--scheduler", "best-fit", "--vary", "load=0.5:0.9:0.2", "--seeds", "3", "--metric",
      "wait_p99_s", "-o", folder("r"), "--quiet", "--json")
    try #require(made.status == 0, "\(made.error)")
    let scenarios = try #require(try details(made)["scenarios"] as? [[String: Any]])
    #expect(scenarios.map { $0["workload"] as? String } == ["load 0.5", "load 0.7", "load 0.9"])
    let rows = String(decoding: try contents(folder("r/cells.csv")), as: UTF8.self)
      .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let load = try #require(rows[0].firstIndex(of: "load"))
    #expect(Set(rows.dropFirst().map { String($0[load]) }) == ["0.5", "0.7", "0.9"])
    let page = String(decoding: try contents(folder("r/report.html")), as: UTF8.self)
    #expect(page.contains("99th percentile of wait against load"))
    #expect(folder.files.contains("r/figures/across-wait-p99-s-1.pdf"))
    // Each value is what the workload alone comes to.
    let alone = try tracemill(
      "compare", "--workload", "study:tasks=80,load=0.7", "--cluster", "study:10", "--scheduler",
      "random", "--seeds", "3", "-o", folder("alone"), "--quiet", "--json")
    func mean(_ scenario: Any?) -> Double? {
      let schedulers = (scenario as? [String: Any])?["schedulers"] as? [[String: Any]]
      let metrics = schedulers?.first?["metrics"] as? [String: [String: Any]]
      return metrics?["wait_mean_s"]?["mean"] as? Double
    }
    let lone = try #require(try details(alone)["scenarios"] as? [[String: Any]])
    #expect(mean(scenarios[1]) == mean(lone[0]) && mean(lone[0]) != nil)
  }

  @Test(arguments: [
    ("machines=4,8", ["machines 4", "machines 8"]),
    ("cluster.speed=1,2", ["speed 1", "speed 2"]),
  ])
  func machinesAndTheirKeysVary(vary: String, names: [String]) throws {
    let cluster = try folder.write(
      """
      groups:
        - { name: a, count: 3, cores: 8, memoryGiB: 32 }
        - { name: b, count: 1, cores: 16, memoryGiB: 64 }
      """, to: "c.yaml")
    let made = try tracemill(
      "sweep", "--workload", "study:tasks=60,rate=0.5", "--cluster", cluster, "--scheduler",
      "first-fit", "--vary", vary, "--seeds", "2", "-o", folder("r"), "--quiet", "--json")
    try #require(made.status == 0, "\(made.error)")
    let scenarios = try #require(try details(made)["scenarios"] as? [[String: Any]])
    #expect(scenarios.map { $0["cluster"] as? String } == names)
  }

  /// What a scheduler does makes schedulers of one; where it runs, scenarios.
  @Test func schedulersAndEngineVary() throws {
    for (vary, part, names) in [
      (
        "scheduler.d=2,4", "scheduler",
        ["sampled:best-fit,d=2, d 2", "sampled:best-fit,d=2, d 4"]
      ),
      (
        "engine.queue=fifo,edf", "scheduler",
        ["sampled:best-fit,d=2, queue fifo", "sampled:best-fit,d=2, queue edf"]
      ),
      ("engine.heartbeat=0,30", "cluster", ["heartbeat 0", "heartbeat 30"]),
    ] {
      let made = try tracemill(
        "sweep", "--workload", "study:tasks=60,load=0.5", "--cluster", "study:10", "--scheduler",
        "sampled:best-fit,d=2", "--vary", vary, "--seeds", "2", "-o", folder(vary), "--quiet",
        "--json")
      try #require(made.status == 0, "\(made.error)")
      let scenarios = try #require(try details(made)["scenarios"] as? [[String: Any]])
      let schedulers = try #require(scenarios[0]["schedulers"] as? [[String: Any]])
      #expect((part == "cluster" ? scenarios : schedulers).map { $0[part] as? String } == names)
    }
  }

  /// M/M/1: the mean wait is 100 ρ / (1 - ρ), so 400 s is reached at a load of 0.8.
  @Test func waitsAreToldApartAsInCompare() throws {
    func make(_ arguments: String...) throws -> ProgramResult {
      try run(
        tracemill,
        arguments + [
          "--cluster", "study:10", "--scheduler", "random", "--seeds", "2", "--by", "size",
          "--quiet",
        ], input: nil, interruptAfter: nil)
    }
    let compared = try make("compare", "--workload", "study:tasks=80,load=0.7", "-o", folder("c"))
    let swept = try make(
      "sweep", "--workload", "study:tasks=80", "--vary", "load=0.7,0.9", "-o", folder("s"))
    #expect(compared.status == 0 && swept.status == 0, "\(compared.error)\(swept.error)")
    /// Waits by size of a workload, without its name.
    func rows(_ path: String, of workload: String) throws -> [Substring] {
      String(decoding: try contents(folder(path)), as: UTF8.self).split(separator: "\n")
        .filter { $0.contains(",size,") && $0.hasPrefix(workload) }
        .map { $0.dropFirst(workload.count) }
    }
    let alone = try rows("c/waits.csv", of: "\"study:tasks=80,load=0.7\"")
    #expect(try alone == rows("s/waits.csv", of: "load 0.7"))
    #expect(try !alone.isEmpty && alone != rows("s/waits.csv", of: "load 0.9"))
    let refused = try make(
      "sweep", "--workload", "study:tasks=80", "--vary", "load=0.5:0.9:0.1", "--find",
      "load where wait_p99_s < 60")
    #expect(refused.status != 0 && refused.error.contains("it takes no --by"))
  }

  /// What says nothing without something else is told, wherever it is said.
  @Test func aPredictionsUseWithoutAPredictionIsRefused() throws {
    let said = try tracemill(
      "simulate", "--workload", "study:tasks=20", "--cluster", "study:3", "--predict-for",
      "backfilling")
    #expect(said.status == 2 && said.error.contains("--predict-for means nothing without"))
    for (engine, own, isRead) in [
      ("{ predictFor: order }", "{}", false),
      ("{ predictFor: order }", "{ prediction: last-two }", true),
      ("{ prediction: last-two }", "{ predictFor: order }", true),
      ("{}", "{ predictFor: order }", false),
      ("{ prediction: last-two }", "{ prediction: none, predictFor: order }", false),
    ] {
      let file = try folder.write(
        """
        name: p
        workloads: [{ name: w, source: "study:tasks=20" }]
        clusters: ["study:3"]
        schedulers: [{ name: s, policy: first-fit, engine: \(own) }]
        engine: \(engine)
        seeds: 1
        outputs: [json]
        """, to: "p.yaml")
      let made = try tracemill(
        "compare", "--experiment", file, "-o", folder("p\(engine)\(own)"), "-q")
      #expect((made.status == 0) == isRead, "\(engine) \(own) \(made.error)")
      #expect(isRead || made.error.contains("predictFor"), "\(made.error)")
    }
  }

  @Test func findBracketsTheTruth() throws {
    let made = try tracemill(
      "sweep", "--workload", "mmc:c=1,run=100,tasks=4000", "--cluster", "mmc:c=1", "--scheduler",
      "first-fit", "--vary", "load=0.3:0.97", "--find", "load where wait_mean_s < 400", "--seeds",
      "8", "--quiet", "--json")
    try #require(made.status == 0, "\(made.error)")
    let found = try #require((try object(made)["found"] as? [[String: Any]])?.first)
    let holds = try #require(found["holds"] as? Double)
    let fails = try #require(found["fails"] as? Double)
    #expect(holds < 0.8 && 0.8 < fails, "\(holds) to \(fails)")
    #expect(holds > 0.5 && fails < 0.97)
  }

  @Test(arguments: [
    (["--vary", "laod=0.5"], "did you mean 'load'?"),
    (["--vary", "load=0.5:0.9"], "without a step is for --find"),
    (["--vary", "load=0.5", "--metric", "wait"], "no metric 'wait'"),
    (["--vary", "engine.queue=1"], "engine.queue: is 1; expected one of fifo"),
    (["--vary", "cluster.coers=3"], "did you mean 'cores'?"),
    (["--vary", "load=0.5:0.9", "--find", "machines where wait_p99_s < 60"], "expected the same"),
  ])
  func whatIsWrongIsSaid(arguments: [String], message: String) throws {
    let result = try run(
      tracemill,
      ["sweep", "--workload", "study:tasks=10", "--cluster", "study:5", "--scheduler", "random"]
        + arguments + ["-o", folder("r"), "--quiet"])
    #expect(result.status != 0 && result.error.contains(message), "\(result.error)")
    #expect(!folder.files.contains("r/results.sqlite"))
  }

  /// Parameters stand after a file's name as after a preset's.
  /// A log without MaxMemory tells nothing of its machine's memory: that is not 0 GiB.
  @Test func whatIsNotKnownOfMachinesIsNotZero() throws {
    let log = try folder.write(
      "; MaxProcs: 8\n; MaxNodes: 8\n1 0 5 100 2 -1 -1 2 200 -1 1 3 1 -1 -1 -1 -1 -1\n", to: "l.swf"
    )
    let cluster = try tracemill("cluster", log, "--quiet")
    #expect(cluster.output.contains("not known, so not modelled: memory, disk, GPUs"))
    let kinds = try #require(
      try object(try tracemill("cluster", log, "--json", "--quiet"))["kinds"] as? [[String: Any]])
    #expect(kinds.count == 1 && kinds[0]["memory_gib"] is NSNull && kinds[0]["cores"] as? Int == 8)
    let text = try tracemill("inspect", log, "--quiet", "--html", folder("l.html"))
    #expect(text.output.contains("8 cores  memory not known") && !text.output.contains("0 GiB"))
    let machines = try #require(
      try object(try tracemill("inspect", log, "--json", "--quiet"))["machines"] as? [String: Any])
    let mix = try #require(machines["mix_at_start"] as? [[String: Any]])
    #expect(mix.count == 1 && mix[0]["memory_bytes"] is NSNull && mix[0]["cpu_cores"] as? Int == 8)
  }

  @Test func scenarioFilesTakeParameters() throws {
    let file = try folder.write(
      """
      base: study
      tasks: 500
      """, to: "mine.yaml")
    let runs = try ["study:load=0.5,tasks=40", "\(file):load=0.5,tasks=40"].map {
      try object(
        try tracemill("simulate", "--workload", $0, "--cluster", "study:5", "--json", "--quiet"))
    }
    #expect(runs[0]["submitted"] as? Int == 40)
    #expect(runs[0]["makespan_s"] as? Double == runs[1]["makespan_s"] as? Double)
  }
}

/// Queueing theory beside a simulation.
@Suite struct TheoryLineTests {
  private func theory(_ arguments: String...) throws -> [String: (
    theory: Double, simulated: Double?
  )] {
    let made = try run(tracemill, ["simulate", "--quiet", "--json"] + arguments)
    try #require(made.status == 0, "\(made.error)")
    let lines = try #require(try object(made)["theory"] as? [[String: Any]])
    var values: [String: (Double, Double?)] = [:]
    for line in lines {
      let name = try #require(line["name"] as? String)
      values[name] = (try #require(line["theory"] as? Double), line["simulated"] as? Double)
    }
    return values
  }

  /// Values by hand: M/M/1 at 0.8 waits 400 s; M/M/4, 74.55 s; M/D/1, half of M/M/1's; shortest first 188.2
  /// (Phipps's integral by SciPy's quad).
  @Test func formulasAreRight() throws {
    for (name, queue, expected, tolerance) in [
      ("mmc:c=1,load=0.8,run=100,tasks=20000", "fifo", 400, 1e-9),
      ("mmc:c=4,load=0.8,run=100,tasks=20000", "fifo", 74.5546, 1e-5),
      ("mmc:c=1,load=0.8,run=100,law=constant,tasks=20000", "fifo", 200, 1e-9),
      ("mmc:c=1,load=0.8,run=100,law=lognormal,cv=2,tasks=20000", "fifo", 1000, 1e-6),
      ("mmc:c=1,load=0.8,run=100,tasks=20000", "sjf", 188.2, 1e-3),
    ] as [(String, String, Double, Double)] {
      let wait = try #require(
        try theory("--workload", name, "--queue", queue)["mean wait, s"])
      #expect(abs(wait.theory - expected) <= tolerance * expected, "\(name): \(wait.theory)")
      // 20,000 tasks are few for heavy traffic.
      let simulated = try #require(wait.simulated)
      #expect(abs(simulated - expected) <= 0.25 * expected, "\(name): \(simulated)")
    }
  }

  @Test func poissonSaysThatRunTimesAreConstant() throws {
    let plain = try tracemill(
      "simulate", "--workload", "poisson:rate=0.01,run=50,tasks=100", "--cluster", "mmc:c=1")
    #expect(plain.error.contains("every task runs for 50 s; law=exponential draws run times"))
    let drawn = try tracemill(
      "simulate", "--workload", "poisson:rate=0.01,run=50,law=exponential,tasks=100", "--cluster",
      "mmc:c=1")
    #expect(drawn.status == 0 && !drawn.error.contains("every task runs for"))
    for (bad, message) in [
      ("mmc:c=0.5", "c is a whole number"), ("mmc:load=1.2", "no stationary state"),
      ("mmc:laod=1", "is none of"), ("mmc:law=normal", "no law 'normal'"),
      ("poisson:cv=2", "cv= needs law="),
    ] {
      let result = try tracemill("simulate", "--workload", bad, "--cluster", "study:5", "--quiet")
      #expect(result.status == 1 && result.error.contains(message), "\(bad): \(result.error)")
    }
  }
}
