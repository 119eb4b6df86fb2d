import Configuration
import Experiments
import Foundation
import Runs
import TestSupport
import Testing

/// `axes:`, `zip:` and `exclude:` of an experiment, lists in its `engine:`, and `sweep --vary` of several keys.
@Suite struct AxesTests {
  let folder = TemporaryFolder()

  private func text(_ axes: String) -> String {
    """
    name: axes
    workloads: [{ name: w, source: "study:tasks=60,estimates=factor" }]
    clusters: [{ name: c, source: "study:10" }]
    schedulers: [first-fit, { name: bf, policy: best-fit }]
    seeds: 2
    baseline: bf
    metrics: [wait_mean_s]
    outputs: [json, csv, markdown]
    \(axes)
    """
  }

  private func definition(_ axes: String) throws -> ExperimentDefinition {
    try NamedExperiment.definition(ConfigurationFile(text: text(axes), name: "a.yaml"), in: "")
  }

  private func outcome(_ definition: ExperimentDefinition, _ cell: CellID) throws -> CellOutcome {
    try CellRunner(definition, inputs: ExperimentProvider(folder: "")).run(cell).outcome
  }

  private let grid = """
    engine: { queue: [fifo, sjf], heartbeat: [0, 5s], overcommitCpu: 1.5 }
    axes:
      load: 0.5:0.9:0.2
      machines: [10, 12, 14]
    zip: [load, machines]
    exclude:
      - { engine.queue: sjf, scheduler: bf }
      - { engine.heartbeat: 5s, load: [0.5, 0.7] }
    """

  /// Which cells there are, by hand.
  @Test func listsMakeTheProductButForWhatGoesTogetherAndWhatIsLeftOut() throws {
    let made = try definition(grid)
    #expect(made.issues().isEmpty)
    let points = [("0.5", 10, "0"), ("0.7", 12, "0"), ("0.9", 14, "0"), ("0.9", 14, "5s")]
    let schedulers = ["first-fit, queue fifo", "first-fit, queue sjf", "bf, queue fifo"]
    let expected = Set(
      points.flatMap { load, machines, heartbeat in
        schedulers.map {
          CellID(
            workload: "w, load \(load)", cluster: "c, heartbeat \(heartbeat), machines \(machines)",
            scheduler: $0, seed: 1)
        }
      })
    #expect(Set(made.cells.filter { $0.seed == 1 }) == expected)
    #expect(made.cells.count == 2 * expected.count)
    #expect(made.baselineName == "bf, queue fifo")
    #expect(made.schedulers.map(\.name) == schedulers)
    // A cell is what an experiment of its values alone comes to.
    let alone = try definition(
      "engine: { queue: sjf, heartbeat: 5s, overcommitCpu: 1.5 }"
    ).changing {
      $0.workloads[0].source += ",load=0.9"
      $0.clusters[0].source = "study:14"
    }
    let cell = CellID(
      workload: "w, load 0.9", cluster: "c, heartbeat 5s, machines 14",
      scheduler: "first-fit, queue sjf", seed: 2)
    let one = try outcome(made, cell)
    let other = try outcome(
      alone, CellID(workload: "w", cluster: "c", scheduler: "first-fit", seed: 2))
    #expect(one.metrics.count == other.metrics.count && one.curves == other.curves)
    for (name, value) in one.metrics {
      let same = other.metrics[name] ?? .infinity
      #expect(value == same || value.isNaN && same.isNaN, "\(name)")
    }
  }

  /// Every option of the engine is an axis, and comes to the engine that the option alone makes.
  @Test(arguments: [
    ("mode", "central", "dispatch"), ("queue", "fifo", "edf"), ("backfilling", "none", "easy"),
    ("bindHead", "false", "true"), ("eventsOneByOne", "false", "true"), ("depth", "1", "40"),
    ("preempt", "none", "production"), ("exactEstimates", "false", "true"),
    ("refuse", "false", "true"), ("retries", "1", "4"), ("maxInFlight", "5", "50"),
    ("prediction", "none", "last-two"), ("step", "0", "5s"), ("heartbeat", "0", "2s"),
    ("network", "1ms", "{rack: 4, rackLatency: 1ms}"), ("network", "none", "1ms"),
    ("networkDelay", "0", "50ms"), ("gangs", "false", "true"), ("onePiece", "false", "true"),
    ("failures", "none", "0.7,30d,1h"), ("failures", "none", "{shape: 1, scale: 1d, repair: 1m}"),
    ("overcommitCpu", "1", "1.5"), ("overcommitMemory", "1", "1.5"), ("warmUp", "0", "10s"),
    ("accountTail", "0", "10s"), ("accountFrom", "0", "10s"), ("until", "none", "1h"),
    ("alwaysOn", "false", "true"), ("slowdownBound", "1s", "10s"),
    ("ignoreConstraints", "false", "true"), ("atStart", "observed", "skip"),
    ("devices", "false", "true"), ("cutDrain", "false", "true"), ("audit", "false", "true"),
  ])
  func everyKnobIsAnAxis(key: String, one: String, other: String) throws {
    for file in [
      "engine: { \(key): [\(quoted(one)), \(quoted(other))] }",
      "axes: { engine.\(key): [\(quoted(one)), \(quoted(other))] }",
    ] {
      let made = try definition(file)
      #expect(made.issues().isEmpty)
      #expect(made.cells.count == 8)
      let engines = try [one, other].map {
        try definition(
          $0 == "none" && !["backfilling", "prediction"].contains(key)
            ? "engine: {}" : "engine: { \(key): \(quoted($0)) }"
        ).engine
      }
      let found = made.combinations.map {
        made.engine(of: made.schedulers[$0.scheduler], on: made.clusters[$0.cluster])
      }
      #expect(Set(found) == Set(engines), "\(file)")
    }
  }

  private func quoted(_ value: String) -> String {
    value.contains("{") ? value : "'\(value)'".unquotedNumber
  }

  /// What a key with parts says besides the one that is varied stays.
  @Test func partsOfAKeyAreAxes() throws {
    let made = try definition(
      """
      engine:
        network: { rack: 4, rackLatency: [1ms, 2ms] }
        failures: { shape: 1, scale: 3h, repair: 1m }
      axes: { engine.failures.scale: [1h, 2h] }
      """)
    let engines = made.clusters.map { made.engine(of: made.schedulers[0], on: $0) }
    #expect(engines.map { $0.network?.rackLatency } == [1e-3, 1e-3, 2e-3, 2e-3])
    #expect(engines.allSatisfy { $0.network?.rack == 4 && $0.failures?.repair == 60 })
    #expect(engines.map { $0.failures?.scale } == [3600, 7200, 3600, 7200])
  }

  /// Under one seed, tasks, machines and failures are the same along every other axis.
  @Test func randomNumbersAreCommonAcrossAxes() throws {
    let made = try definition(
      "engine: { slowdownBound: [1s, 100s], queue: [fifo, edf] }\naxes: { load: [3] }")
    let waits = try made.cells.filter { $0.seed == 1 && $0.scheduler.hasPrefix("bf") }.map {
      try outcome(made, $0).metrics
    }
    #expect(waits.count == 4)
    for metrics in waits {
      #expect(metrics["work_core_h"] == waits[0]["work_core_h"])
      #expect(metrics["load_offered"] == waits[0]["load_offered"])
    }
    #expect(waits[0]["wait_mean_s"] == waits[2]["wait_mean_s"])
    #expect(waits[0]["bounded_slowdown_mean"] != waits[2]["bounded_slowdown_mean"])
  }

  @Test(arguments: [
    ("axes: { load: [] }", "9:15: axes.load: is empty"),
    ("axes: {}", "9:7: axes: is empty"),
    ("axes: { load: [0.5, 0.50] }", "9:21: axes.load[1]: 0.5 is there twice"),
    ("axes: { load: 0:1:1e-9 }", "9:15: axes.load: is 0:1:1e-9; expected FROM:TO:STEP"),
    ("axes: { laod: [0.5] }", "9:15: axes.laod: no key 'laod'; did you mean 'load'?"),
    ("engine: { queue: [fifo, lifo] }", "9:25: engine.queue[1]: is 'lifo'; expected one of fifo"),
    ("engine: { depth: [5, 0] }", "9:22: engine.depth[1]: is 0; expected at least 1"),
    (
      "engine: { depth: 5 }\naxes: { engine.depth: [5, 6] }",
      "10:23: axes.engine.depth: is varied: the experiment says it, too"
    ),
    (
      "engine: { depth: [5] }\naxes: { engine.depth: [5, 6] }",
      "10:23: axes.engine.depth: is a list in engine"
    ),
    (
      "axes: { load: [1, 2], machines: [5] }\nzip: [load, machines]",
      "10:6: zip: needs as many values"
    ),
    ("axes: { load: [1, 2] }\nzip: [load]", "10:6: zip: pairs nothing"),
    (
      "axes: { load: [1, 1], machines: [5, 5] }\nzip: [[load, machines]]",
      "10:7: zip[0]: has the same values together"
    ),
    ("axes: { load: [1, 2] }\nzip: [load, machine]", "10:13: zip[1]: 'machine' is no axis"),
    ("axes: { load: [1, 2] }\nexclude: [{ load: [1, 2] }]", "10:11: exclude[0]: leaves no cell"),
    (
      "axes: { load: [1, 2] }\nexclude: [{ load: 3 }]",
      "10:19: exclude[0].load: 3 is no value of load: 1, 2"
    ),
    (
      "axes: { load: [1, 2] }\nexclude: [{ load: 1 }, { load: 1 }]",
      "10:24: exclude[1]: leaves nothing out"
    ),
    (
      "axes: { load: [1, 2] }\nexclude: [{ lode: 1 }]",
      "10:19: exclude[0].lode: 'lode' is no axis"
    ),
    ("exclude: [{ scheduler: bf }, { scheduler: first-fit }]", "9:30: exclude[1]: leaves no cell"),
    (
      "engine: { prediction: [none, last-two], mode: [central, dispatch] }",
      "9:23: engine.prediction: first-fit, prediction last-two, mode dispatch on c: prediction is of tasks in one queue"
    ),
    (
      "axes: { scheduler.d: [1] }",
      "9:23: axes.scheduler.d[0]: the scheduler 'first-fit' has no 'd='"
    ),
    // Axes that another one, or the part itself, overwrites.
    (
      "axes: { load: [0.5, 0.7], rate: [1, 2] }",
      "9:15: axes.load: changes nothing in workload 'w': rate, or something else in it, says the same"
    ),
    (
      "axes: { load: [0.5, 0.7], workload.load: [0.2, 0.3] }",
      "9:15: axes.load: changes nothing in workload 'w': workload.load, or something else in it"
    ),
    (
      "axes: { arrivals.rate: [1, 2], load: [0.2, 0.3] }",
      "9:24: axes.arrivals.rate: changes nothing in workload 'w': load, or something else in it"
    ),
    (
      "axes: { load: [0.5, 0.7], rate: [1, 2] }\nzip: [load, rate]",
      "9:15: axes.load: changes nothing in workload 'w': rate, or something else in it"
    ),
    (
      "axes: { machines: [5, 10], cluster.count: [1, 2] }",
      "9:19: axes.machines: changes nothing in cluster 'c': cluster.count, or something else in it"
    ),
    (
      "axes: { machines: [5, 6] }\nexclude: [{ workload: [w, v], machines: 5 }]",
      "10:27: exclude[0].workload[1]: is 'v'; expected one of w"
    ),
    (
      "axes: { machines: [5, 6] }\nexclude: [{ scheduler: best-fit }]",
      "10:24: exclude[0].scheduler: is 'best-fit'; expected one of first-fit, bf"
    ),
    (
      "axes: { tasks: 1:9000:1, load: 0.1:0.9:0.0001 }",
      "9:7: axes: ask for more than 10000000 cells"
    ),
  ])
  func whatIsWrongHasItsPlace(axes: String, message: String) {
    #expect {
      try definition(axes)
    } throws: { error in
      "\(error)".contains("a.yaml:\(message)") || "\(error)" == "a.yaml:\(message)"
    }
  }

  /// A name that looks like a number is a name, as it is written; an axis goes before what the name says.
  @Test func namesOfDigitsAndParametersThatAxesReplace() throws {
    let file = text("axes: { rate: [1, 2] }\nexclude: [{ workload: 0201, rate: 1 }]")
      .replacing("name: w, ", with: "name: \"0201\", ")
      .replacing("tasks=60", with: "tasks=60,load=0.5")
    let made = try NamedExperiment.definition(ConfigurationFile(text: file, name: "a.yaml"), in: "")
    #expect(made.workloads.map(\.name) == ["0201, rate 2"])
    #expect(made.workloads.map(\.source) == ["study:tasks=60,estimates=factor,rate=2"])
    for both in ["study:load=0.5,rate=1", "study:rate=1,rate=2"] {
      let refused = try tracemill("simulate", "--workload", both, "--cluster", "study:5", "-q")
      #expect(refused.status == 1)
      #expect(
        refused.error.contains("both say how often tasks come")
          || refused.error.contains("rate= is there twice"))
    }
  }

  /// Files, shards, single cells and the command line's form.
  @Test func filesShardsAndCellsKnowTheAxes() throws {
    let file = try folder.write(text(grid), to: "a.yaml")
    func ran(_ arguments: String...) throws -> ProgramResult {
      let result = try run(tracemill, arguments + ["-q"])
      try #require(result.status == 0, "\(arguments.joined(separator: " ")): \(result.error)")
      return result
    }
    _ = try ran("compare", "--experiment", file, "-o", folder("one"))
    for number in 1...3 {
      _ = try ran(
        "compare", "--experiment", file, "--shard", "\(number)/3", "-o", folder("s\(number)"))
    }
    let shards = (1...3).map { folder("s\($0)/results.sqlite") }
    let merged = try run(
      tracemill, ["merge"] + shards + ["-o", folder("all/results.sqlite"), "-q"])
    try #require(merged.status == 0, "\(merged.error)")
    _ = try ran("report", folder("all/results.sqlite"))
    #expect(try contents(folder("all/tables.md")) == contents(folder("one/tables.md")))
    let table = String(decoding: try contents(folder("one/tables.md")), as: UTF8.self)
    #expect(table.contains("- Axis engine.heartbeat: 0, 5"))
    #expect(table.contains("- Combinations: 12 of 36"))
    let details = try #require(
      try JSONSerialization.jsonObject(with: Data(contents(folder("one/results.json"))))
        as? [String: Any])
    let own = try #require(details["tracemill"] as? [String: Any])
    #expect((own["axes"] as? [String: [String]])?["engine.queue"] == ["fifo", "sjf"])
    let scenarios = try #require(own["scenarios"] as? [[String: Any]])
    #expect(
      scenarios.last?["settings"] as? [String: String]
        == ["engine.heartbeat": "5", "load": "0.9", "machines": "14"])
    let head = String(decoding: try contents(folder("one/cells.csv")), as: UTF8.self)
      .split(separator: "\n")[0].split(separator: ",").map(String.init)
    for key in ["engine.heartbeat", "engine.queue", "load", "machines"] {
      #expect(head.count { $0 == key } == 1, "\(key)")
    }
    let cell = try definition(grid).cells[7]
    let replayed = try tracemill("simulate", "--cell", folder("one/results.sqlite#\(cell)"))
    #expect(replayed.output.contains("the same as in"), "\(replayed.error)")

    // The same axes, named on the command line.
    let plain = try folder.write(
      text("engine: { overcommitCpu: 1.5 }"), to: "plain.yaml")
    _ = try ran(
      "sweep", "--experiment", plain, "--vary", "engine.heartbeat=0,5s", "--vary", "load=0.5,0.7",
      "--vary", "engine.failures=none;0.7,30d,1h", "--seeds", "2", "-o", folder("swept"))
    _ = try ran(
      "compare", "--experiment",
      try folder.write(
        text(
          """
          engine: { overcommitCpu: 1.5 }
          axes: { engine.heartbeat: [0, 5s], load: [0.5, 0.7], engine.failures: [none, "0.7,30d,1h"] }
          """), to: "same.yaml"), "-o", folder("same"))
    #expect(try contents(folder("swept/tables.md")) == contents(folder("same/tables.md")))
    let twice = try tracemill(
      "sweep", "--experiment", plain, "--vary", "load=0.5", "--vary", "load=0.7", "-o", folder("x"))
    #expect(twice.status != 0 && twice.error.contains("--vary load is given twice"))
  }
}

extension ExperimentDefinition {
  fileprivate func changing(_ change: (inout Self) -> Void) -> Self {
    var changed = self
    change(&changed)
    return changed
  }
}

extension String {
  /// Numbers and flags without the quotes that would make texts of them.
  fileprivate var unquotedNumber: String {
    let plain = String(dropFirst().dropLast())
    return Double(plain) != nil || ["true", "false"].contains(plain) ? plain : self
  }
}
