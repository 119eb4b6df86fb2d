import Foundation
import TestSupport
import Testing

/// What new users were told wrongly (issue 16, W1 to W16), each on its reproduction, with the right value
/// from an independent calculation. Of the others: W3, W13 and W16 are in VerdictTests and ReportPageTests,
/// W6 in TheoryLineTests (M/M/1 by Phipps's integral) and StatedFaultTests, W7 and W8 in StatedFaultTests.
@Suite struct JourneyTests {
  let folder = TemporaryFolder()

  /// Run times of the miniature's tasks that ran, in seconds, and whether each was cut off.
  private func runTimes() throws -> [(value: Double, isCutOff: Bool)] {
    let made = try tracemill("convert", miniature, "-o", folder("m.csv"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let lines = String(decoding: try contents(folder("m.csv")), as: UTF8.self).split(
      separator: "\n")
    let names = lines[0].split(separator: ",").map(String.init)
    let run = try #require(names.firstIndex(of: "run_us"))
    let cut = try #require(names.firstIndex(of: "cut_off_at_end"))
    return lines.dropFirst().compactMap { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard let value = Double(cells[run]), value > 0 else { return nil }
      return (value / 1e6, cells[cut] == "1")
    }
  }

  /// The cells of a CSV file; names with commas are in quotes.
  private func table(_ path: String) throws -> [[String]] {
    String(decoding: try contents(path), as: UTF8.self).split(separator: "\n").map { line in
      var (cells, isQuoted) = ([""], false)
      for letter in line {
        if letter == "\"" {
          isQuoted.toggle()
        } else if letter == ",", !isQuoted {
          cells.append("")
        } else {
          cells[cells.count - 1].append(letter)
        }
      }
      return cells
    }
  }

  /// Each value, shortest first, and P(X > value) by Kaplan and Meier's product, straight from its definition.
  private func survivalCurve(
    _ times: [(value: Double, isCutOff: Bool)]
  ) -> [(value: Double, beyond: Double)] {
    var (product, atRisk) = (1.0, times.count)
    // All of one value are at risk together.
    return Dictionary(grouping: times, by: \.value).sorted { $0.key < $1.key }.map { value, same in
      product *= 1 - Double(same.count { !$0.isCutOff }) / Double(atRisk)
      atRisk -= same.count
      return (value, product)
    }
  }

  /// P(X ≥ x).
  private func survival(_ x: Double, _ times: [(value: Double, isCutOff: Bool)]) -> Double {
    survivalCurve(times).last { $0.value < x }?.beyond ?? 1
  }

  @Test func w1PlotsCountWhatIsCutOff() throws {
    let made = try tracemill(
      "fit", miniature, "--column", "run-time", "--no-tail", "--plots", folder("p"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let blocks = String(decoding: try contents(folder("p/run-time-ccdf.dat")), as: UTF8.self)
      .components(separatedBy: "\n\n\n").map { block in
        block.split(separator: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }
      }
    let times = try runTimes()
    let points = try #require(blocks.first)
    let beyond = try #require(points.first { $0[0] >= 10_000 })
    #expect(abs(beyond[1] - survival(beyond[0], times)) < 1e-9)
    // By lifelines, too, 0.0464 of the tasks run for 10,000 s or longer; 0.0088 of those that ended.
    #expect(abs(survival(10_000, times) - 0.0464) < 1e-4)
    // The gap between points and the first law, as drawn, is the D that the table has.
    let lines = made.output.split(separator: "\n").drop { !$0.contains("KS D") }.dropFirst()
    let told = lines.first?.split(separator: " ").dropLast().last.flatMap { Double($0) }
    let law = try #require(blocks.dropFirst().first)
    func drawn(_ x: Double) -> Double {
      let next = law.firstIndex { $0[0] >= x } ?? law.count - 1
      guard next > 0 else { return law[0][1] }
      let (a, b) = (law[next - 1], law[next])
      let share = (log(x) - log(a[0])) / (log(b[0]) - log(a[0]))
      return exp(log(a[1]) + share * (log(b[1]) - log(a[1])))
    }
    let gap = points.filter { $0[0] <= law[law.count - 1][0] }.map { abs($0[1] - drawn($0[0])) }
      .max()
    let legend = try #require(told)
    #expect(abs((gap ?? 0) - legend) < 0.002, "\(legend)")
  }

  @Test func w2SharesArePooledOverSeeds() throws {
    let made = try tracemill(
      "compare", "--workload", "study:tasks=300,load=1.1,cores=40", "--cluster", "study:4",
      "--scheduler",
      "first-fit", "--scheduler", "best-fit", "--seeds", "3", "-o", folder("r"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    var waits: [Double] = []
    for seed in 1...3 {
      let cell =
        folder("r/results.sqlite") + "#study:tasks=300,load=1.1,cores=40/study:4/first-fit/\(seed)"
      let alone = try tracemill("simulate", "--cell", cell, "-o", folder("\(seed).csv"), "--quiet")
      try #require(alone.status == 0, "\(alone.error)")
      let lines = String(decoding: try contents(folder("\(seed).csv")), as: UTF8.self)
        .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      let column = try #require(lines[0].firstIndex(of: "wait_us"))
      waits += lines.dropFirst().compactMap { Double($0[column]) }.map { $0 * 1e-6 }
    }
    #expect(waits.contains { $0 > 0 })
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder("r/figures"))
        .first { $0.hasPrefix("ccdf-wait") && $0.hasSuffix(".dat") })
    let block = String(decoding: try contents(folder("r/figures/" + name)), as: UTF8.self)
      .components(separatedBy: "\n\n\n")[0]
    let points = block.split(separator: "\n").map {
      $0.split(separator: " ").compactMap { Double($0) }
    }
    #expect(points.count > 5)
    for point in points {
      let share = Double(waits.count { $0 > point[0] * (1 + 1e-9) }) / Double(waits.count)
      let near = Double(waits.count { $0 > point[0] * (1 - 1e-2) }) / Double(waits.count)
      // A value within the histogram's 1/256 of an edge may be on either side of it.
      #expect(point[1] >= share - 1e-9 && point[1] <= near + 1e-9, "\(point)")
    }
  }

  @Test func w4OneSeedOfAReplayIsExact() throws {
    // First come first served: 10, then 100 behind it. Shortest first, both at once: the 1 s task before.
    let jobs = try folder.write(
      "job_id,submit_us,run_us,estimate_us,cpu_cores\n1,0,10000000,10000000,1\n"
        + "2,1000000,100000000,100000000,1\n3,2000000,1000000,1000000,1\n", to: "j.csv")
    try folder.write("groups: [ {count: 1, cores: 1, memoryGiB: 4} ]\n", to: "c.yaml")
    let file = try folder.write(
      """
      name: exact
      workloads: [ { name: jobs, source: \(jobs) } ]
      clusters: [ { name: one, source: c.yaml } ]
      schedulers:
        - { name: fifo, policy: first-fit }
        - { name: shortest, policy: first-fit, engine: { queue: sjf } }
      seeds: 1
      metrics: [wait_mean_s]
      """, to: "e.yaml")
    let made = try tracemill("compare", "--experiment", file, "-o", folder("r"), "--quiet")
    // Waits are 0, 9 and 108 s, or 0, 10 and 8 s: 39 and 6 s on average.
    #expect(made.output.contains("shortest has the least mean wait: 6.00 s, where fifo has 39.0 s"))
    #expect(made.output.contains("exact"), "\(made.output)")
  }

  /// On two cores: 1 runs on one of them until 10 s, 2 wants both, 3 wants one for 20 s. Backfilled
  /// greedily, 3 goes at once and 2 at 22 s; EASY keeps 10 s for 2, and 3 goes at 15 s.
  @Test func w5EASYIsGreedyWithoutEstimatesAndSaysSo() throws {
    let jobs = try folder.write(
      "job_id,submit_us,run_us,cpu_cores\n1,0,10000000,1\n2,1000000,5000000,2\n"
        + "3,2000000,20000000,1\n", to: "j.csv")
    let cluster = try folder.write(
      "groups: [ {count: 1, cores: 2, memoryGiB: 4} ]\n", to: "c.yaml")
    func waits(_ arguments: String...) throws -> (mean: Double, note: Bool) {
      let made = try run(
        tracemill,
        ["simulate", "--workload", jobs, "--cluster", cluster, "--quiet", "--json"] + arguments)
      let all = try object(made)
      let metrics = try #require(all["metrics"] as? [String: Any])
      let remarks = try #require(all["remarks"] as? [String])
      return (
        try #require(metrics["wait_mean_s"] as? Double),
        remarks.contains { $0.contains("0 of 3 tasks have estimates: EASY is greedy here") }
      )
    }
    let greedy = try waits("--backfilling", "greedy")
    let blind = try waits("--backfilling", "easy")
    let exact = try waits("--backfilling", "easy", "--exact-estimates")
    #expect(greedy == ((0 + 21 + 0) / 3.0, false))
    #expect(blind == (greedy.mean, true))
    #expect(exact == ((0 + 9 + 13) / 3.0, false))
  }

  /// Two machines: 1 takes both until 100 s, 2 one of them until 110 s, 3 needs both again: 0, 99 and 108 s.
  @Test func w10CompareRunsGangsAsSimulateDoes() throws {
    let jobs = try folder.write(
      "job_id,submit_us,run_us,cpu_cores,instances\n1,0,100000000,4,2\n2,1000000,10000000,4,1\n"
        + "3,2000000,10000000,4,2\n", to: "j.csv")
    let cluster = try folder.write(
      "groups: [ {count: 2, cores: 4, memoryGiB: 4} ]\n", to: "c.yaml")
    let alone = try object(
      try tracemill(
        "simulate", "--workload", jobs, "--cluster", cluster, "--gangs", "--quiet", "--json"))
    let metrics = try #require(alone["metrics"] as? [String: Any])
    #expect(metrics["wait_mean_s"] as? Double == 69)
    #expect(metrics["tasks_submitted"] as? Double == 3)
    let file = try folder.write(
      """
      name: gangs
      workloads: [ { name: jobs, source: j.csv } ]
      clusters: [ { name: two, source: c.yaml } ]
      schedulers: [ first-fit ]
      seeds: 1
      engine: { gangs: true }
      """, to: "e.yaml")
    let made = try tracemill("compare", "--experiment", file, "-o", folder("r"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let cells = try table(folder("r/cells.csv"))
    let column = try #require(cells[0].firstIndex(of: "wait_mean_s"))
    #expect(cells[1][column] == "69")
  }

  @Test func w9OneMeanRunTime() throws {
    let times = try runTimes()
    let law = try object(
      try tracemill(
        "fit", miniature, "--quiet", "--json", "--families", "lognormal", "--no-tail"))
    let all = try #require(law["all"] as? [String: Any])
    let fitted = try #require(
      (all["runTime"] as? [String: Any])?["kaplanMeier"] as? [String: Any])
    let seen = try object(try tracemill("inspect", miniature, "--quiet", "--json"))
    let margin = try #require((seen["margins"] as? [String: Any])?["run time"] as? [String: Any])
    let inspected = try #require(margin["kaplan_meier"] as? [String: Any])
    let median = try #require(fitted["median"] as? Double)
    #expect(survival(median, times) > 0.5 && survival(median.nextUp, times) <= 0.5)
    let mean = try #require(fitted["mean"] as? Double)
    // The area under the product, up to the longest seen.
    var (area, left, share) = (0.0, 0.0, 1.0)
    for (value, beyond) in survivalCurve(times) {
      area += share * (value - left)
      (left, share) = (value, beyond)
    }
    #expect(abs(mean / area - 1) < 1e-9)
    #expect(abs((inspected["mean"] as? Double ?? 0) / mean - 1) < 0.005)
    #expect(abs((inspected["p50"] as? Double ?? 0) / median - 1) < 0.005)
  }

  @Test func w11AWaitForWakingIsWait() throws {
    let jobs = try folder.write(
      "job_id,submit_us,run_us,cpu_cores\n1,0,10000000,1\n2,1000000000,10000000,1\n", to: "j.csv")
    let cluster = try folder.write(
      "groups: [ {count: 1, cores: 1, memoryGiB: 4, idleWatts: 10, sleepAfterSeconds: 60, wakeSeconds: 30} ]",
      to: "c.yaml")
    let run = try object(
      try tracemill("simulate", "--workload", jobs, "--cluster", cluster, "--quiet", "--json"))
    let metrics = try #require(run["metrics"] as? [String: Any])
    #expect(metrics["wait_max_s"] as? Double == 30)
    #expect(metrics["completion_max_s"] as? Double == 40)
  }

  @Test func w12ALoadThatIsNotReachedIsTold() throws {
    let cluster = try folder.write(
      "groups: [ {count: 20, cores: 32, memoryGiB: 128} ]\n", to: "c.yaml")
    // Run times of up to 29 days do not come to their load in a day.
    let asked = "google-2011-tasks:load=0.8,duration=1d"
    let run = try tracemill("simulate", "--workload", asked, "--cluster", cluster, "--quiet")
    #expect(run.output.contains("NOTE: load 0.80 was asked for"), "\(run.output)")
    let made = try tracemill(
      "compare", "--workload", asked, "--cluster", cluster, "--scheduler", "first-fit",
      "--scheduler", "best-fit", "--seeds", "2", "-o", folder("r"), "--quiet")
    #expect(made.output.contains("oad 0.80 was asked for"), "\(made.output)")
    let page = String(decoding: try contents(folder("r/report.html")), as: UTF8.self)
    #expect(page.contains("oad 0.80 was asked for"))
    let csv = String(decoding: try contents(folder("r/cells.csv")), as: UTF8.self)
      .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    for name in ["load", "load_asked", "load_offered", "cpu_utilisation"] {
      #expect(csv[0].contains(Substring(name)), "\(name)")
    }
    // Where it is reached nothing is said, and utilisation is the load without the drain: M/M/4.
    let station = try tracemill("simulate", "--workload", "mmc:c=4,load=0.8,run=100", "--quiet")
    #expect(!station.output.contains("was asked for"))
    let batch = try object(
      try tracemill(
        "simulate", "--workload", "poisson:rate=1,run=1000,tasks=1000", "--cluster", cluster,
        "--quiet",
        "--json"))
    // 1,000 tasks of 1,000 s in some 1,000 s on 640 cores: at time t about t cores are held, and so 320 of
    // 640 on the way there where none waits; all of 1,000,000 core-seconds in twice the time.
    let (until, with) = (
      batch["cpu_utilisation"] as? Double ?? 0, batch["cpu_utilisation_with_drain"] as? Double ?? 0
    )
    #expect(until > 0.5 && until < 0.9 && with < until + 0.3, "\(until) \(with)")
  }

  @Test func w14NotesCountTasks() throws {
    let rows = (1...500).map { "\($0),\($0)000000,1000000,1" }.joined(separator: "\n")
    let jobs = try folder.write("job_id,submit_us,run_us,cpu_cores\n\(rows)\n", to: "j.csv")
    let run = try tracemill("simulate", "--workload", jobs, "--cluster", "study:5")
    #expect(run.error.contains("500 tasks in") && !run.error.contains("1,00"), "\(run.error)")
    let numbers = try folder.write("1\n2\n3\n4\n", to: "four.txt")
    #expect(try tracemill("fit", numbers).error.contains("4 numbers in"))
  }

  @Test func w15ConstantsAreNotDrawn() throws {
    let rows = (1...60).map { "\($0),\($0)000000,\($0 % 7 + 1)000000,1" }.joined(separator: "\n")
    let jobs = try folder.write("job_id,submit_us,run_us,cpu_cores\n\(rows)\n", to: "j.csv")
    let cluster = try folder.write(
      "groups: [ {count: 2, cores: 1, memoryGiB: 4} ]\n", to: "c.yaml")
    let made = try tracemill(
      "compare", "--workload", jobs, "--cluster", cluster, "--scheduler", "first-fit",
      "--scheduler", "random", "--seeds", "2", "-o", folder("r"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    // No machine has watts, no task a deadline.
    for name in try FileManager.default.contentsOfDirectory(atPath: folder("r/figures")) {
      #expect(!name.contains("energy") && !name.contains("deadline"), "\(name)")
    }
    #expect(!made.output.contains("energy, kWh") && !made.output.contains("deadlines met"))
  }

  @Test func resultsHaveTheScenariosClasses() throws {
    let scenario = try folder.write(
      """
      tasks: 400
      arrivals: {rate: 0.2}
      classes:
        - { name: short, share: 0.75, priorityClass: batch, runTime: 10, cpu: 1, memory: 1 }
        - { name: long, share: 0.25, priorityClass: batch, runTime: 40, cpu: 1, memory: 1 }
      """, to: "s.yaml")
    let cluster = try folder.write(
      "groups: [ {count: 4, cores: 1, memoryGiB: 4} ]\n", to: "c.yaml")
    let run = try object(
      try tracemill("simulate", "--workload", scenario, "--cluster", cluster, "--quiet", "--json"))
    let classes = try #require(run["classes"] as? [String: [String: Any]])
    #expect(Set(classes.keys) == ["short", "long"])
    let counts = classes.mapValues { $0["submitted"] as? Int ?? 0 }
    #expect(counts.values.reduce(0, +) == 400)
    // A quarter of 400 draws, to four standard deviations of the binomial law (8.66).
    #expect(abs((counts["long"] ?? 0) - 100) < 35)
    let metrics = try #require(run["metrics"] as? [String: Any])
    let completion = metrics["completion_mean_s.short"] as? Double ?? 0
    let wait = metrics["wait_mean_s.short"] as? Double ?? 0
    #expect(abs(completion - wait - 10) < 1e-6)
    #expect(metrics["tasks_submitted.batch"] as? Double == 400)
    func experiment(_ metric: String) throws -> ProgramResult {
      let file = try folder.write(
        """
        name: classes
        workloads: [ { name: mine, source: s.yaml } ]
        clusters: [ { name: four, source: c.yaml } ]
        schedulers: [ first-fit, random ]
        seeds: 2
        metrics: [ \(metric) ]
        """, to: "e.yaml")
      return try tracemill("compare", "--experiment", file, "-o", folder(metric), "--quiet")
    }
    let made = try experiment("wait_mean_s.long")
    #expect(made.status == 0 && made.output.contains("mean wait, long"), "\(made.error)")
    let page = String(decoding: try contents(folder("wait_mean_s.long/report.html")), as: UTF8.self)
    #expect(page.contains("\"short\",\"long\""))
    #expect(try experiment("wait_mean_s.lon").error.contains("did you mean 'long'?"))
  }

  @Test func anyKeyVaries() throws {
    try folder.write(
      """
      tasks: 200
      arrivals: {rate: 0.05}
      classes:
        - { name: short, share: 0.5, runTime: 10, cpu: 1, memory: 1 }
        - { name: long, share: 0.5, runTime: 40, cpu: 1, memory: 1 }
      """, to: "s.yaml")
    try folder.write("groups: [ {count: 9, cores: 1, memoryGiB: 4} ]\n", to: "c.yaml")
    func sweep(_ vary: String, _ workload: String, _ cluster: String) throws -> [[String]] {
      let made = try tracemill(
        "sweep", "--workload", workload, "--cluster", cluster, "--scheduler", "first-fit", "--vary",
        vary,
        "--seeds", "2", "-o", folder(vary), "--quiet")
      try #require(made.status == 0, "\(made.error)")
      return try table(folder(vary + "/cells.csv"))
    }
    let rows = try sweep("classes.long.runTime=40,90", folder("s.yaml"), folder("c.yaml"))
    let key = try #require(rows[0].firstIndex(of: "classes.long.runTime"))
    let value = try #require(rows[0].firstIndex(of: "completion_mean_s.long"))
    for row in rows.dropFirst() {
      // Nine servers at a load of a quarter or less: hardly anybody waits.
      #expect(abs((Double(row[value]) ?? 0) - (Double(row[key]) ?? -1)) < 1, "\(row)")
    }
    #expect(Set(rows.dropFirst().map { $0[key] }) == ["40", "90"])
    let queues = try sweep(
      "engine.queue=fifo,sjf", "mmc:c=1,load=0.9,run=10,tasks=3000", "mmc:c=1")
    let word = try #require(queues[0].firstIndex(of: "engine.queue"))
    let wait = try #require(queues[0].firstIndex(of: "wait_mean_s"))
    func mean(_ name: String) -> Double {
      queues.dropFirst().filter { $0[word] == name }.compactMap { Double($0[wait]) }.reduce(0, +)
    }
    #expect(mean("sjf") > 0 && mean("sjf") < 0.6 * mean("fifo"))
    let laws = try sweep(
      "law=constant,exponential", "mmc:c=1,load=0.8,run=10,tasks=20000", "mmc:c=1")
    let column = try #require(laws[0].firstIndex(of: "wait_mean_s"))
    let law = try #require(laws[0].firstIndex(of: "law"))
    // Pollaczek and Khinchine: constant run times wait half as long as exponential ones.
    func mean(law name: String) -> Double {
      laws.dropFirst().filter { $0[law] == name }.compactMap { Double($0[column]) }.reduce(0, +)
    }
    #expect(abs(mean(law: "constant") / mean(law: "exponential") - 0.5) < 0.12)
    let wrong = try tracemill(
      "sweep", "--workload", folder("s.yaml"), "--cluster", folder("c.yaml"), "--scheduler",
      "first-fit", "--vary", "classes.medium.runTime=1,2", "-o", folder("x"), "--quiet")
    #expect(wrong.status != 0 && wrong.error.contains("classes.medium.runTime"), "\(wrong.error)")
  }
}
