import Foundation
import TestSupport
import Testing

/// One rule for simulate, compare and sweep: what one can run the others can, to the same figures, and what has to
/// be said of it is said in all.
@Suite struct SharedEngineTests {
  let folder = TemporaryFolder()

  private func inputs() throws -> [String] {
    let tasks = try folder.write(
      """
      job_id,task_index,submit_us,run_us,cpu_cores,memory_bytes,instances
      1,0,0,10000000,1,0,2
      2,0,1000000,10000000,1,0,4
      3,0,2000000,5000000,1,0,1

      """, to: "tasks.csv")
    let cluster = try folder.write("groups: [{ count: 2, cores: 2 }]\n", to: "c.yaml")
    return ["--workload", tasks, "--cluster", cluster, "--scheduler", "first-fit"]
  }

  private func run(_ arguments: [String]) throws -> ProgramResult {
    let result = try TestSupport.run(tracemill, arguments)
    try #require(result.status == 0, "\(result.error)")
    return result
  }

  private func waits(_ arguments: [String]) throws -> [Double] {
    let inputs = try inputs()
    let alone = try object(run(["simulate"] + inputs + ["--json", "-q"] + arguments))
    let mean = try #require((alone["wait_s"] as? [String: Any])?["mean"] as? Double)
    var found = [mean]
    for (command, more) in [("compare", [String]()), ("sweep", ["--vary", "machines=2"])] {
      let made = try object(
        run(
          [command] + inputs + more
            + ["--seeds", "1", "-o", folder(command + arguments.joined()), "-q", "--json"]
            + arguments))
      let details = try #require(made["tracemill"] as? [String: Any])
      let scenario = try #require((details["scenarios"] as? [[String: Any]])?.first)
      let scheduler = try #require((scenario["schedulers"] as? [[String: Any]])?.first)
      let metrics = try #require(scheduler["metrics"] as? [String: [String: Any]])
      found.append(try #require(metrics["wait_mean_s"]?["mean"] as? Double))
    }
    return found
  }

  @Test func gangsAreGangsInAllThree() throws {
    // By themselves: two of 2's instances wait 9 s, and so does 3 behind them. Together: 2 waits 9 s and 3, which it
    // blocks, 18 s, or with backfilling nothing.
    #expect(try waits([]) == Array(repeating: 27.0 / 7, count: 3))
    #expect(try waits(["--gangs"]) == Array(repeating: 9, count: 3))
    #expect(
      try waits(["--gangs", "--backfilling", "easy", "--exact-estimates"])
        == Array(repeating: 3, count: 3))
  }

  @Test func recordsOfInstancesAreToldOfInAllThree() throws {
    let words = "2 records have several instances, run as so many independent tasks"
    let inputs = try inputs()
    #expect(try run(["simulate"] + inputs).output.contains(words))
    #expect(try !run(["simulate", "--gangs"] + inputs).output.contains(words))
    let replicated = try run(["simulate", "--replications", "2"] + inputs)
    #expect(replicated.output.contains(words))
    for more in [[], ["--replications", "2"]] {
      let json = try object(run(["simulate", "--json"] + more + inputs))
      let remarks = try #require(json["remarks"] as? [String])
      #expect(remarks.contains { $0.contains(words) }, "\(more)")
    }
    let compared = try run(["compare"] + inputs + ["--seeds", "1", "-o", folder("c"), "-q"])
    let swept = try run(
      ["sweep"] + inputs + ["--vary", "machines=2,3", "--seeds", "1", "-o", folder("s"), "-q"])
    #expect(compared.output.contains(words) && swept.output.contains(words))
    for json in [
      try run(["compare"] + inputs + ["--seeds", "1", "-o", folder("j"), "-q", "--json"]),
      try run([
        "simulate", "--json", "--cell",
        folder("c/results.sqlite") + "#tasks.csv/c.yaml/first-fit/1",
      ]
      ),
    ] { #expect(json.output.contains(words), "\(json.output.prefix(300))") }
    for part in ["c", "s"] {
      for file in ["report.html", "tables.md", "results.json"] {
        #expect(
          String(decoding: try contents(folder("\(part)/\(file)")), as: UTF8.self).contains(words))
      }
    }
  }

  /// What reading left out, assumed or found odd is said wherever the trace's figures are.
  @Test func whatReadingTellsIsSaidInAll() throws {
    var rows = "job_id,submit_us,run_us,cpu_cores,attempts,outcome,end_us\n"
    for job in 0..<30 {
      let hasRun = job % 3 != 0
      rows += "\(job / 2 * 2),\(job)000000,\(hasRun ? "20000000" : ""),1,\(hasRun ? 1 : 0),"
      rows += "\(hasRun ? "finished" : "killed"),\(job + 21)000000\n"
    }
    let trace = try folder.write(rows, to: "left.csv")
    let twice = "15 tasks have more than one row"
    let left = "10 tasks never ran in the trace: left out"
    #expect(try run(["inspect", trace, "-q"]).output.contains(twice))
    #expect(
      try run(["inspect", trace, "-q", "--json", "--html", folder("t.html")]).output.contains(twice)
    )
    #expect(String(decoding: try contents(folder("t.html")), as: UTF8.self).contains(twice))
    #expect(try run(["fit", trace]).error.contains(twice))
    let inputs = ["--workload", trace, "--cluster", "study:4", "--scheduler", "first-fit"]
    for more in [[], ["--json"], ["--replications", "2"], ["--replications", "2", "--json"]] {
      let said = try run(["simulate", "-q"] + inputs + more).output
      #expect(said.contains(twice) && said.contains(left), "\(more)")
    }
    let compared = try run(["compare"] + inputs + ["--seeds", "2", "-o", folder("c"), "-q"])
    _ = try run(
      ["sweep"] + inputs
        + ["--vary", "workload.tasks=10,20", "--seeds", "2", "-o", folder("s"), "-q"])
    #expect(compared.output.contains(twice) && compared.output.contains(left))
    for file in ["c/report.html", "c/tables.md", "c/results.json", "s/tables.md", "s/report.html"] {
      let said = String(decoding: try contents(folder(file)), as: UTF8.self)
      #expect(said.contains(twice) && said.contains(left), "\(file)")
    }
    // Ten of the file were left out, before the first ten or twenty were taken.
    #expect(
      String(decoding: try contents(folder("s/tables.md")), as: UTF8.self)
        .contains("what was left out is counted over the whole of"))
    let cell = try run([
      "simulate", "-q", "--cell", folder("c/results.sqlite") + "#left.csv/study:4/first-fit/2",
    ])
    #expect(
      cell.output.contains(twice) && cell.output.contains("  the same as in"), "\(cell.output)")
  }

  /// So is it where a trace is replayed to learn, to judge or to be compared with.
  @Test func whatReadingTellsIsSaidByThoseThatLearn() throws {
    var rows =
      "job_id,submit_us,first_schedule_us,run_us,cpu_cores,attempts,outcome,end_us,wait_us\n"
    for job in 0..<150 {
      let (submit, wait, time) = (job * 3 + job % 4, job * 7 % 11, 5 + job * 13 % 40)
      rows += "\(job),\(submit)000000,"
      rows +=
        job % 5 == 0
        ? ",,1,0,killed,\(submit + wait)000000,\n"
        : "\(submit + wait)000000,\(time)000000,\(job % 7 == 0 ? 0 : 1),1,finished,"
          + "\(submit + wait + time)000000,\(wait)000000\n"
    }
    let trace = try folder.write(rows, to: "waits.csv")
    let left = "30 tasks never ran in the trace: left out"
    let scenario = try folder.write(
      "name: rep\ncluster: study:4\nworkload: file:waits.csv\nloads: [0.5]\ntasks: 20\n"
        + "training: { iterations: 1 }\n", to: "s.yaml")
    let judged = try run(["evaluate", scenario, "random", "--seeds", "2", "--json"])
    #expect(judged.error.contains(left) && judged.output.contains(left))
    #expect(judged.output.contains("17 tasks without run time or CPU request: left out"))
    let tuned = try run(["tune", scenario, "--draws", "1", "-o", folder("rule.json")])
    #expect(tuned.error.contains(left))
    for more in [[], ["--json"]] {
      let near = try run(
        ["calibrate", trace, "--cluster", "study:2", "-q", "--candidates", "1"] + more)
      #expect(near.output.contains(left), "\(near.output.prefix(300))")
    }
    _ = try run(["fit", trace, "-o", folder("p.json"), "--families", "lognormal", "-q"])
    let compared = try run(
      ["generate", folder("p.json"), "--tasks", "120", "--validate-against", trace, "-q"])
    #expect(compared.output.contains(left), "\(compared.output)")
  }

  /// Files of one name in several folders have names of their own, however they are asked for.
  @Test func filesOfOneNameAreToldApart() throws {
    let tasks = "job_id,submit_us,run_us,cpu_cores\n1,0,10000000,1\n"
    for part in ["a", "b"] { _ = try folder.write(tasks, to: "\(part)/tasks.csv") }
    let file = try folder.write(
      """
      name: two
      workloads: [a/tasks.csv, b/tasks.csv]
      clusters: ["study:2"]
      schedulers: [{ policy: first-fit }]
      seeds: 1
      """, to: "e.yaml")
    _ = try run(["compare", "--experiment", file, "-o", folder("e"), "-q"])
    let cells = String(decoding: try contents(folder("e/cells.csv")), as: UTF8.self)
    #expect(cells.contains("a-tasks.csv") && cells.contains("b-tasks.csv"), "\(cells)")
    let again = try folder.write(
      """
      name: two
      workloads: [a/tasks.csv, a/tasks.csv]
      clusters: ["study:2"]
      schedulers: [first-fit]
      seeds: 1
      """, to: "again.yaml")
    let refused = try TestSupport.run(
      tracemill, ["compare", "--experiment", again, "-o", folder("n"), "-q"])
    #expect(refused.status == 1 && refused.error.contains("has the name 'tasks' again"))
    let inputs = ["--workload", file, "--cluster", "study:2", "--vary", "machines=2"]
    let twice = try TestSupport.run(
      tracemill,
      ["sweep"] + inputs + ["--scheduler", "first-fit", "--scheduler", "first-fit"])
    #expect(twice.status != 0 && twice.error.contains("--scheduler first-fit is given twice"))
  }

  /// What is selected and how it is replayed comes to the same in all three.
  @Test(arguments: [
    ["--select", "user=ann"], ["--from", "3s"], ["--to", "9s"], ["--scale-arrivals", "4"],
    ["--scale-run-times", "3"], ["--priority", "production"],
  ])
  func whatIsSelectedIsSelectedInAllThree(_ options: [String]) throws {
    var rows = "job_id,task_index,submit_us,run_us,cpu_cores,memory_bytes,user,priority_class\n"
    for job in 1...12 {
      rows +=
        "\(job),0,\(job * 1_000_000),\(job % 5 + 3)000000,1,0,\(job % 3 == 0 ? "ann" : "bob"),"
      rows += "\(job % 2 == 0 ? "production" : "batch")\n"
    }
    let inputs = [
      "--workload", try folder.write(rows, to: "s.csv"), "--cluster",
      try folder.write("groups: [{ count: 1, cores: 2 }]\n", to: "c.yaml"), "--scheduler",
      "first-fit", "-q", "--json",
    ]
    let alone = try object(run(["simulate"] + inputs + options))
    let all = try object(run(["simulate"] + inputs))
    let wait = try #require(alone["wait_s"] as? [String: Any])
    let others = try #require(all["wait_s"] as? [String: Any])
    #expect("\(wait)" != "\(others)")
    for (command, more) in [("compare", [String]()), ("sweep", ["--vary", "machines=1"])] {
      let made = try object(
        run([command] + inputs + more + ["--seeds", "1", "-o", folder(command)] + options))
      let details = try #require(made["tracemill"] as? [String: Any])
      let scenario = try #require((details["scenarios"] as? [[String: Any]])?.first)
      let scheduler = try #require((scenario["schedulers"] as? [[String: Any]])?.first)
      let metrics = try #require(scheduler["metrics"] as? [String: [String: Any]])
      #expect(metrics["wait_mean_s"]?["mean"] as? Double == wait["mean"] as? Double)
      #expect(metrics["tasks_finished"]?["mean"] as? Double == wait["count"] as? Double)
    }
    let refused = try TestSupport.run(
      tracemill, ["compare", "--experiment", "example"] + options)
    #expect(refused.status != 0 && refused.error.contains("brings its own workloads"))
  }

  @Test func anExperimentHasItsOwnEngine() throws {
    let result = try tracemill("compare", "--experiment", "example", "--gangs")
    #expect(result.status != 0)
    #expect(result.error.contains("--experiment brings its own engine"))
  }

  @Test func aQueueThatGrowsIsToldOf() throws {
    let growing = try run([
      "simulate", "--workload", "poisson:rate=1,run=10,tasks=300", "--cluster", inputs()[3], "-q",
    ])
    #expect(growing.output.contains("the queue was still growing"))
    let steady = try run([
      "simulate", "--workload", "mmc:c=5,load=0.5,run=10,tasks=300", "-q",
    ])
    #expect(!steady.output.contains("still growing"))
  }

  @Test func aPolicyThatLearnedElsewhereIsAmongTheWarnings() throws {
    let made = try run([
      "compare", "--workload", "study:tasks=60", "--cluster", "study:100", "--scheduler",
      "marl:study-100", "--scheduler", "random", "--seeds", "2", "-o", folder("r"), "-q",
    ])
    #expect(made.output.contains("marl:study-100 learned in another engine"))
    for file in ["report.html", "tables.md", "results.json"] {
      #expect(
        String(decoding: try contents(folder("r/\(file)")), as: UTF8.self).contains(
          "learned in another engine"))
    }
  }
}
