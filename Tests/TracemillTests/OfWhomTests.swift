import Experiments
import Foundation
import Runs
import Simulation
import TestSupport
import Testing
import Workload

/// What a figure is said of: tasks of the warm-up are in none, a gang is on all its machines, and where nothing is
/// known there is no figure.
@Suite struct OfWhomTests {
  let folder = TemporaryFolder()

  private func simulate(_ arguments: String...) throws -> ProgramResult {
    let result = try run(tracemill, ["simulate", "-q"] + arguments)
    try #require(result.status == 0, "\(result.error)")
    return result
  }

  private func rows(_ name: String) throws -> [[String: String]] {
    let lines = String(decoding: try contents(folder(name)), as: UTF8.self)
      .split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
    return lines.dropFirst().map {
      Dictionary(zip(lines[0], $0), uniquingKeysWith: { first, _ in first })
    }
  }

  private func gangs() throws -> [String] {
    let tasks = try folder.write(
      """
      job_id,task_index,submit_us,run_us,cpu_cores,memory_bytes,instances
      1,0,0,10000000,1,0,2
      2,0,1000000,10000000,1,0,4
      3,0,2000000,5000000,1,0,1
      4,0,3000000,5000000,9,0,1

      """, to: "gangs.csv")
    let cluster = try folder.write("groups: [{ count: 2, cores: 2 }]\n", to: "two.yaml")
    return ["--workload", tasks, "--cluster", cluster, "--gangs"]
  }

  /// Every wait that is told apart is of the same tasks as the wait of all.
  @Test func noGroupHasTasksOfTheWarmUp() throws {
    let made = try object(
      simulate(
        "--workload", "mmc:c=4,load=0.9,run=100,tasks=1500", "--warm-up", "9000s", "--by", "user",
        "--by", "size", "--json", "-o", folder("rows.csv")))
    let rows = try rows("rows.csv")
    let first = try #require(rows.compactMap { Int($0["submit_us"] ?? "") }.min())
    let measured = rows.filter { (Int($0["submit_us"] ?? "") ?? 0) >= first + 9_000_000_000 }
    #expect(measured.count < rows.count && measured.count > 500)
    let mean =
      measured.reduce(0.0) { $0 + (Double($1["wait_us"] ?? "") ?? .nan) } * 1e-6
      / Double(measured.count)
    #expect(rows.count { $0["measured"] == "1" } == measured.count)
    func check(_ count: Int?, _ value: Double?, _ place: String) {
      #expect(count == measured.count, "\(place)")
      #expect(abs((value ?? .nan) - mean) < 1e-9 * mean, "\(place)")
    }
    let all = try #require(made["wait_s"] as? [String: Any])
    check(all["count"] as? Int, all["mean"] as? Double, "all")
    for key in ["waits_by_user", "waits_by_size"] {
      let groups = try #require(made[key] as? [[String: Any]])
      check(groups.first?["count"] as? Int, groups.first?["mean"] as? Double, key)
    }
    let lengths = try #require(made["waits_by_run_time"] as? [[String: Any]])
    let counts = lengths.compactMap { $0["count"] as? Int }
    let means = lengths.compactMap { $0["mean_wait_s"] as? Double }
    check(
      counts.reduce(0, +),
      zip(counts, means).reduce(0) { $0 + Double($1.0) * $1.1 } / Double(counts.reduce(0, +)),
      "run time")
    #expect(made["submitted"] as? Int == measured.count)
  }

  /// A queue grows or does not: of runs of M/M/4 that differ by chance only, all or none are said to.
  @Test(arguments: [(1.0, false), (1.5, false), (1.95, true), (2.4, true)])
  func growthIsNotChance(longer: Double, grows: Bool) throws {
    var job = try SimulationJob(workload: "mmc:c=4,load=0.6,run=100,tasks=2000")
    job.scaleRunTimes = longer  // to loads of 0.6, 0.9, 1.17 and 1.44
    for seed in 1...20 {
      let report = try job.run(seed: UInt64(seed)).report
      #expect((report.growthNote != nil) == grows, "seed \(seed)")
    }
  }

  /// The load of placeable tasks by hand: cores × run time × instances up to the last submission.
  @Test func theLoadOfPlaceableTasksIsTheirs() throws {
    let made = try object(run(tracemill, ["simulate", "-q", "--json"] + gangs()))
    let metrics = try #require(made["metrics"] as? [String: Any])
    // 2 machines of 2 cores for 3 s; 65 core-seconds, and 45 more of the task that no machine can take.
    #expect(abs((metrics["load_placeable"] as? Double ?? .nan) - 65.0 / 12) < 1e-12)
    #expect(abs((metrics["load_offered"] as? Double ?? .nan) - 110.0 / 12) < 1e-12)
    let said = try simulate(
      "--workload", folder("gangs.csv"), "--cluster", folder("two.yaml"), "--gangs")
    #expect(said.output.contains("the others are unplaceable"))
  }

  /// Each instance has a bar and a decision of its own; what came to nothing is declined.
  @Test func aGangIsWhereItsInstancesAre() throws {
    let inputs = try gangs()
    _ = try run(
      tracemill,
      ["simulate", "-q", "--timeline", folder("t.html"), "--decisions", folder("d.csv")] + inputs)
    let page = String(decoding: try contents(folder("t.html")), as: UTF8.self)
    // 2 + 4 + 1 instances of three tasks.
    #expect(page.contains("\"bars\":7,") && page.contains("\"gangs\":2,"))
    #expect(page.contains("3 tasks (2 of several instances"))
    let decisions = try rows("d.csv")
    let placed = decisions.filter { $0["answer"] == "placed" }
    #expect(placed.count == 7)
    let ofTwo = placed.filter { $0["job_id"] == "2" }
    #expect(ofTwo.map { $0["instance"] } == ["0", "1", "2", "3"])
    #expect(Set(ofTwo.map { $0["machine_id"] }) == ["0", "1"])
    // Job 2 found room for two of its four instances at first.
    #expect(decisions.filter { $0["answer"] == "declined" }.map { $0["job_id"] } == ["2", "2"])
  }

  @Test func whatNoTaskHasIsNoFigure() throws {
    let made = try object(run(tracemill, ["simulate", "-q", "--json"] + gangs()))
    #expect(made["deadlines_met"] is NSNull)
    let classes = try #require(made["classes"] as? [String: [String: Any]])
    for (name, values) in classes {
      #expect(values["deadlines_met"] is NSNull && values["energy_kwh"] is NSNull, "\(name)")
    }
    let metered = try object(
      simulate("--workload", "study:tasks=50", "--cluster", "study:10", "--json"))
    let kinds = try #require(metered["classes"] as? [String: [String: Any]])
    let parts = kinds.values.compactMap { $0["energy_kwh"] as? Double }
    #expect(parts.count == kinds.count)
    let total = try #require((metered["energy_kwh"] as? [String: Any])?["dynamic"] as? Double)
    #expect(abs(parts.reduce(0, +) - total) < 1e-9 * total)
  }

  /// Theory speaks of a plain queue; beside a run of anything else it would be read as that run's.
  @Test(arguments: [
    ["--queue", "edf"], ["--queue", "priority"], ["--heartbeat", "5s"], ["--step", "5s"],
    ["--mode", "dispatch"], ["--scale-arrivals", "0.5"], ["--scale-run-times", "2"],
    ["--sample", "0.5"], ["--from", "100s"], ["--to", "5000s"], ["--until", "5000s"],
    ["--failures", "0.7,1000s,10s"], ["--network", "lognormal:0.01,1"],
    ["--overcommit-cpu", "2"], ["--backfilling", "easy", "--exact-estimates"],
    ["--scheduler", "recorded"], ["--scheduler", "min-min"], ["--cluster", "study:4"],
  ])
  func theoryStandsBesideWhatItDescribes(options: [String]) throws {
    let plain = ["simulate", "-q", "--workload", "mmc:c=4,load=0.7,run=10,tasks=300"]
    #expect(try run(tracemill, plain).output.contains("beside theory"))
    let other = try run(tracemill, plain + options)
    #expect(!other.output.contains("beside theory"), "\(options)")
  }

  /// Counts in what is said of several seeds are those of a seed.
  @Test func countsAreOfASeed() throws {
    let inputs = try gangs().filter { $0 != "--gangs" }
    let made = try run(
      tracemill,
      ["compare", "-q", "--seeds", "7", "--scheduler", "random", "-o", folder("c")] + inputs)
    #expect(made.status == 0, "\(made.error)")
    let said = made.output + String(decoding: try contents(folder("c/tables.md")), as: UTF8.self)
    #expect(said.contains("2 records have several instances"))
    #expect(!said.contains("14 records"))
  }

  /// Values that differ by the rounding of a sum are a tie, in Cliff's delta as in the test.
  @Test func ties() {
    var random = RandomStream(seed: 1, name: "bootstrap")
    let sum = 0.1 + 0.2
    let comparison = PairedComparison(
      Array(repeating: sum, count: 8), Array(repeating: 0.3, count: 8), using: &random)
    #expect(sum != 0.3 && comparison.cliffsDelta == 0)
    // Of 16 pairs the first is above in 3 and below in 10.
    let different = PairedComparison([1, 2, 3, 4], [2, 3, 4, 5], using: &random)
    #expect(different.cliffsDelta == -7.0 / 16)
  }
}
