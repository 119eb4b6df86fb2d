import Foundation
import TestSupport
import Testing

/// What is asked for and changes nothing is said: an error where it can have no effect at all, a line in every
/// output where it had none in this run.
@Suite struct IdleSettingsTests {
  let folder = TemporaryFolder()

  private static let never = [
    ("gangs", "true", ["--gangs"]), ("preempt", "production", ["--preempt", "production"]),
    ("backfilling", "conservative", ["--backfilling", "conservative"]),
    ("prediction", "last-two", ["--prediction", "last-two"]),
  ]

  private func inputs() throws -> (tasks: String, cluster: String) {
    var text = "job_id,submit_us,run_us,cpu_cores,memory_bytes,instances,estimate_us\n"
    for job in 1...60 {
      text +=
        "\(job),\(job * 1_000_000),\(1 + job * 7 % 11)000000,1,0,\(1 + job % 2),\(20 - job % 13)000000\n"
    }
    return (
      try folder.write(text, to: "tasks.csv"),
      try folder.write("groups: [{ count: 3, cores: 2 }]\n", to: "c.yaml")
    )
  }

  private func experiment(_ engine: String, _ own: String, scheduler: String = "round-robin") throws
    -> String
  {
    let (tasks, cluster) = try inputs()
    return try folder.write(
      """
      name: e
      workloads: [{ name: w, source: "\(tasks)" }]
      clusters: [{ name: c, source: "\(cluster)" }]
      schedulers: [{ name: s, policy: \(scheduler), engine: { \(own) } }]
      engine: { \(engine) }
      seeds: 1
      """, to: "e.yaml")
  }

  @Test(arguments: never)
  func whatCanHaveNoEffectIsRefused(_ key: String, _ value: String, _ options: [String]) throws {
    let (tasks, cluster) = try inputs()
    let made = try TestSupport.run(
      tracemill,
      ["simulate", "--workload", tasks, "--cluster", cluster, "--mode", "dispatch"] + options)
    #expect(made.status == 2 && made.error.contains("\(options[0]) "), "\(made.error)")
    #expect(made.error.contains("mode central"))
    let compared = try tracemill(
      "compare", "--experiment", experiment("mode: dispatch", "\(key): \(value)"), "-o",
      folder("e"), "-q")
    #expect(compared.status != 0 && compared.error.contains("schedulers[0].engine.\(key)"))
    #expect(!FileManager.default.fileExists(atPath: folder("e")))
  }

  /// By every door: options of commands, an experiment, one of its schedulers, and a training scenario.
  @Test func everyDoorRefuses() throws {
    let (key, value, options) = Self.never[0]
    let (tasks, cluster) = try inputs()
    for (command, more) in [
      ("compare", ["-o", folder("o")]),
      ("sweep", ["--vary", "machines=2,3", "-o", folder("o")]),
    ] {
      let made = try TestSupport.run(
        tracemill,
        [
          command, "--workload", tasks, "--cluster", cluster, "--scheduler", "round-robin",
          "--mode", "dispatch",
        ] + more + options)
      #expect(made.status != 0, "\(command)")
      #expect(made.error.contains(options[0]) && made.error.contains("mode"), "\(made.error)")
    }
    for (engine, own) in [
      ("mode: dispatch, \(key): \(value)", ""), ("\(key): \(value)", "mode: dispatch"),
    ] {
      let made = try tracemill(
        "compare", "--experiment", experiment(engine, own), "-o", folder("e"), "-q")
      #expect(made.status != 0, "\(engine) / \(own)")
      #expect(made.error.contains("engine.\(key)"), "\(made.error)")
    }
    let scenario = try folder.write(
      """
      name: s
      workload: study
      cluster: study:5
      engine: { mode: dispatch, \(key): \(value) }
      """, to: "scenario.yaml")
    for command in ["train", "tune", "evaluate"] {
      let made = try TestSupport.run(
        tracemill,
        [command, scenario] + (command == "evaluate" ? ["random"] : ["-o", folder("t")]))
      #expect(made.status != 0 && made.error.contains("engine.\(key)"), "\(command): \(made.error)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder("o")))
    #expect(!FileManager.default.fileExists(atPath: folder("e")))
    #expect(!FileManager.default.fileExists(atPath: folder("t")))
  }

  /// What stands for all and means something to one of them is a remark of the others.
  @Test func aSettingForAllMayBeOfOne() throws {
    let (tasks, cluster) = try inputs()
    let file = try folder.write(
      """
      name: e
      workloads: [{ name: w, source: "\(tasks)" }]
      clusters: [{ name: c, source: "\(cluster)" }]
      schedulers:
        - { name: one queue, policy: first-fit }
        - { name: many, policy: round-robin, engine: { mode: dispatch } }
      engine: { gangs: true }
      seeds: 1
      """, to: "e.yaml")
    let made = try tracemill("compare", "--experiment", file, "-o", folder("e"), "-q")
    try #require(made.status == 0, "\(made.error)")
    try expectEverywhere("many: gangs means nothing with mode dispatch", in: "e", made)
    try expectEverywhere("many: 30 records have several instances", in: "e", made)
  }

  /// Rules of the one queue change nothing where tasks wait at their machines; where they do not, they do.
  @Test func theRunSaysWhereTheQueuesRulesHadNoEffect() throws {
    let (tasks, cluster) = try inputs()
    func simulate(_ scheduler: String, _ options: String...) throws -> (
      text: String, remarks: String, mean: Double
    ) {
      let arguments =
        [
          "simulate", "--workload", tasks, "--cluster", cluster, "--scheduler", scheduler, "-q",
        ] + options
      let text = try TestSupport.run(tracemill, arguments)
      let json = try object(TestSupport.run(tracemill, arguments + ["--json"]))
      let remarks = try #require(json["remarks"] as? [String]).joined(separator: "\n")
      let mean = (json["wait_s"] as? [String: Any])?["mean"] as? Double
      return (text.output, remarks, try #require(mean))
    }
    let plain = try simulate("round-robin", "--mode", "dispatch")
    let sorted = try simulate(
      "round-robin", "--mode", "dispatch", "--queue", "sjf", "--exact-estimates", "--backfilling",
      "easy", "--bind-head")
    #expect(plain.mean == sorted.mean && plain.mean > 0)
    #expect(!plain.remarks.contains("mean nothing"))
    let words = "first come, first served: there queue and backfilling and bindHead mean nothing"
    #expect(sorted.text.contains(words) && sorted.remarks.contains(words))
    // First fit leaves in the queue whom no machine has room for: there its rules hold.
    let fit = try simulate("first-fit", "--mode", "dispatch", "--queue", "sjf")
    #expect(!fit.remarks.contains("nothing"), "\(fit.remarks)")
    #expect(try fit.mean != simulate("first-fit", "--mode", "dispatch").mean)
    // A batch scheduler has no head that could be overtaken, or evict.
    let batch = try simulate(
      "min-min", "--backfilling", "easy", "--preempt", "production", "--exact-estimates")
    #expect(batch.text.contains("min-min chooses among all that wait"))
    #expect(batch.remarks.contains("to it backfilling and preempt mean nothing"))
    #expect(try batch.mean == simulate("min-min", "--exact-estimates").mean)
    // How far behind the head is looked is of nothing where nobody overtakes it.
    #expect(try simulate("first-fit", "--depth", "3").text.contains("depth means nothing here"))
    #expect(
      try !simulate("first-fit", "--depth", "3", "--backfilling", "easy").text.contains("depth"))
  }

  @Test func anExperimentSaysItEverywhere() throws {
    let made = try tracemill(
      "compare", "--experiment", experiment("mode: dispatch, queue: narrowest", ""), "-o",
      folder("e"), "-q")
    try #require(made.status == 0, "\(made.error)")
    try expectEverywhere("first come, first served: there queue means nothing", in: "e", made)
  }

  /// The line is in everything that an experiment writes and prints.
  private func expectEverywhere(_ words: String, in part: String, _ made: ProgramResult) throws {
    for file in ["report.html", "tables.md", "results.json"] {
      let text = String(decoding: try contents(folder("\(part)/\(file)")), as: UTF8.self)
      #expect(text.contains(words), "\(file)")
    }
    #expect((made.output + made.error).contains(words), "terminal: \(made.output)")
  }
}
