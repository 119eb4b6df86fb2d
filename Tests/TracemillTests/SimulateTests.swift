import Foundation
import TestSupport
import Testing

@Suite struct SimulateTests {
  @Test func theMiniatureRunsOnItsOwnMachines() throws {
    let folder = TemporaryFolder()
    for scheduler in ["random", "first-fit", "best-fit"] {
      let result = try tracemill(
        "simulate", "--workload", miniature, "--scheduler", scheduler, "--audit", "--json",
        "--quiet", "--ignore-constraints",
        "-o", folder(scheduler + ".csv"), "--series", folder("series.csv"))
      #expect(result.status == 0, "\(result.error)")
      let report = try object(result)
      #expect(report["submitted"] as? Int == 2612)
      #expect(report["placed"] as? Int == 2612)
      #expect(report["audit_passed"] as? Bool == true)
      #expect((report["evictions"] as? Int ?? 0) > 0)
      let lines = String(decoding: try contents(folder(scheduler + ".csv")), as: UTF8.self)
        .split(separator: "\n")
      #expect(lines.count == 2613)
    }
    #expect(try contents(folder("first-fit.csv")) != contents(folder("random.csv")))
    #expect(try contents(folder("first-fit.csv")) != contents(folder("best-fit.csv")))
  }

  @Test func aCutOffDrainIsSaid() throws {
    let line = "utilisation and energy until the last submission"
    let cut = try tracemill(
      "simulate", "--workload", miniature, "--scheduler", "first-fit", "--quiet", "--cut-drain")
    #expect(cut.output.contains(line))
    let whole = try tracemill(
      "simulate", "--workload", miniature, "--scheduler", "first-fit", "--quiet")
    #expect(whole.status == 0 && !whole.output.contains(line))
  }

  @Test func aConvertedFileReplaysLikeItsTrace() throws {
    let folder = TemporaryFolder()
    for kind in [".parquet", ".csv"] {
      _ = try tracemill("convert", miniature, "-o", folder("t" + kind), "--quiet")
    }
    // CSV has no footer; comment lines can say where the trace begins and ends.
    let seen = try object(tracemill("inspect", miniature, "--json", "-q"))
    let tables = try #require(seen["tables"] as? [[String: Any]])
    let table = try #require(tables.first { $0["name"] as? String == "task_events" })
    var comments = ""
    for key in ["first_time_us", "last_time_us"] {
      comments += "# tracemill.\(key)=\(try #require(table[key] as? Int))\n"
    }
    try folder.write(Array(comments.utf8) + contents(folder("t.csv")), to: "t.csv")
    var outputs: [[UInt8]] = []
    for workload in [miniature, folder("t.parquet"), folder("t.csv")] {
      let result = try tracemill(
        "simulate", "--workload", workload, "--cluster", miniature, "--scheduler", "random",
        "--seed", "5", "-o", folder("r.csv"), "--quiet")
      #expect(result.status == 0, "\(result.error)")
      outputs.append(try contents(folder("r.csv")))
    }
    #expect(outputs[0] == outputs[1])
    #expect(outputs[0] == outputs[2])
  }

  @Test func handMadeRecordsAreRun() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      "submit_us,run_us,cpu_cores\n0,1000000,1\n5,1000000,1\n", to: "hand.csv")
    let report = try object(
      tracemill("simulate", "--workload", path, "--cluster", "study:10", "--json", "-q"))
    #expect(report["placed"] as? Int == 2)
  }

  /// Time 0 is "before the trace": it enters no run time, and no start.
  @Test func lenientReplaysWhatCanBeRead() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      "submit_us,run_us,cpu_cores\n0,1000000,1\n5,oops,1\n10,1000000,1\n", to: "tasks.csv")
    let strict = try tracemill("simulate", "--workload", path, "--cluster", "study:10", "-q")
    #expect(strict.status == 1)
    let lenient = try tracemill(
      "simulate", "--workload", path, "--cluster", "study:10", "--json", "--lenient")
    let report = try object(lenient)
    #expect(report["submitted"] as? Int == 2)
    #expect(report["rejects"] as? [String: Int] == ["bad record": 1])
    #expect(lenient.error.contains("1 row that cannot be read left out: 1 bad record"))
    let fitted = try tracemill("fit", path, "--lenient")
    #expect(fitted.status == 0)
    #expect(fitted.error.contains("1 row that cannot be read left out"))
  }

  @Test func whatRanBeforeTheTraceIsReplayedFromItsBeginning() throws {
    let folder = TemporaryFolder()
    let rows = [
      "0,,1,0,,0,u,3,9,0.01,0.01,0,0", "0,,1,0,5,1,u,3,9,0.01,0.01,0,0",
      "0,,2,0,,0,u,3,9,0.01,0.01,0,0", "600000000,,2,0,5,1,u,3,9,0.01,0.01,0,0",
      "700000000,,1,0,5,4,u,3,9,0.01,0.01,0,0", "800000000,,2,0,5,4,u,3,9,0.01,0.01,0,0",
    ]
    try folder.write(rows.joined(separator: "\n"), to: "t/task_events/part-0-of-1.csv")
    _ = try tracemill("convert", folder("t"), "-o", folder("t.parquet"), "-q")
    for workload in [folder("t"), folder("t.parquet")] {
      let result = try tracemill(
        "simulate", "--workload", workload, "--cluster", "study:5", "-q", "-o", folder("r.csv"))
      #expect(result.status == 0, "\(result.error)")
      let lines = String(decoding: try contents(folder("r.csv")), as: UTF8.self)
        .split(separator: "\n").dropFirst()
        .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      let spans = lines.sorted { $0[0] < $1[0] }.map { [$0[3], $0[5], $0[6]] }
      #expect(
        spans == [
          ["600000000", "600000000", "700000000"], ["600000000", "600000000", "800000000"],
        ])
    }
  }

  @Test func theSameSeedGivesTheSameBytesWhateverTheHashSeed() throws {
    let folder = TemporaryFolder()
    var outputs: Set<[UInt8]> = []
    for run in 0..<3 {
      let result = try TestSupport.run(
        tracemill,
        [
          "simulate", "--workload", miniature, "--scheduler", "random", "-o", folder("r.parquet"),
          "-q",
        ],
        environment: run == 2 ? ["SWIFT_DETERMINISTIC_HASHING": "1"] : [:])
      #expect(result.status == 0)
      outputs.insert(try contents(folder("r.parquet")))
    }
    #expect(outputs.count == 1)
  }

  @Test func specificationsAndSyntheticWorkloads() throws {
    let folder = TemporaryFolder()
    let cluster = try folder.write(
      "groups:\n  - { name: small, count: 2, cores: 1, memoryGiB: 4 }\n", to: "cluster.yaml")
    // Two servers at load 0.9 with constant service: hardly a queue would be wrong.
    let result = try tracemill(
      "simulate", "--workload", "poisson:rate=0.09,run=20,cpu=1,memory=1,tasks=20000", "--cluster",
      cluster, "--json", "--audit", "-q")
    let report = try object(result)
    #expect(report["placed"] as? Int == 20_000)
    #expect(abs((report["cpu_utilisation"] as? Double ?? 0) - 0.9) < 0.02)
    let wait = try #require((report["wait_s"] as? [String: Any])?["mean"] as? Double)
    // M/D/2 at load 0.9 waits about half as long as M/M/2: 20 × 0.81 / 0.19 / 2 = 42.6 s.
    #expect((34...52).contains(wait))
    let huge = try object(
      tracemill(
        "simulate", "--workload", "poisson:cpu=2,tasks=10", "--cluster", cluster, "--json", "-q"))
    #expect((huge["outcomes"] as? [String: Int])?["unplaceable"] == 10)
  }

  @Test func badClustersSayWhatIsWrong() throws {
    let folder = TemporaryFolder()
    let cases = [
      ("groups:\n  - { count: -1, cores: 1, memoryGiB: 4 }\n", "groups[0].count: is -1"),
      ("groups:\n  - { count: 1, cores: lots, memoryGiB: 4 }\n", "groups[0].cores"),
      ("groups:\n  - { count: 1, memoryGiB: 4 }\n", "groups[0].cores: is missing"),
      ("machines: 3\n", "groups: is missing"), ("groups: [", "cluster.yaml"),
    ]
    for (text, message) in cases {
      let path = try folder.write(text, to: "cluster.yaml")
      let result = try tracemill(
        "simulate", "--workload", "poisson:tasks=1", "--cluster", path, "-q")
      #expect(result.status == 1)
      #expect(result.error.contains(message), "\(result.error)")
    }
    let table = try tracemill(
      "simulate", "--workload", "poisson:tasks=1", "--cluster", miniature + "/task_events", "-q")
    #expect(table.error.contains("no machine_events here"))
  }

  @Test func aTracesConstraintsAreHonouredOnItsOwnMachines() throws {
    let folder = TemporaryFolder()
    let tasks = [
      // Equal, not equal, less, greater; absent; unknown; nothing required.
      ("1", ["0,kernel,3.2"]), ("2", ["1,kernel,3.2", "1,kernel,"]), ("3", ["2,clock,5"]),
      ("4", ["3,clock,5"]), ("5", ["0,kernel,"]), ("6", ["0,colour,red"]), ("7", []),
      ("8", ["2,kernel,9"]),
    ]
    var events: [String] = []
    var constraints: [String] = []
    for (job, requirements) in tasks {
      events += [
        "600000000,,\(job),0,,0,u,3,9,0.01,0.01,0,0", "600000000,,\(job),0,5,1,u,3,9,0.01,0.01,0,0",
        "700000000,,\(job),0,5,4,u,3,9,0.01,0.01,0,0",
      ]
      for requirement in requirements { constraints.append("600000000,\(job),0,\(requirement)") }
    }
    events.sort { ($0.prefix(3), $0) < ($1.prefix(3), $1) }
    try folder.write(events.joined(separator: "\n"), to: "t/task_events/part-00000-of-00001.csv")
    try folder.write(
      constraints.joined(separator: "\n"), to: "t/task_constraints/part-00000-of-00001.csv")
    try folder.write(
      (1...3).map { "0,\($0),0,p,0.5,0.5" }.joined(separator: "\n"),
      to: "t/machine_events/part-00000-of-00001.csv")
    // Machine 1: kernel 3.2, clock 4. Machine 2: kernel 3.4, clock 6. Machine 3: neither.
    let attributes = ["0,1,kernel,3.2,0", "0,1,clock,4,0", "0,2,kernel,3.4,0", "0,2,clock,6,0"]
    try folder.write(
      attributes.joined(separator: "\n"), to: "t/machine_attributes/part-00000-of-00001.csv")
    func machines(_ options: String...) throws -> [String] {
      let result = try TestSupport.run(
        tracemill,
        ["simulate", "--workload", folder("t"), "-q", "--audit", "-o", folder("r.csv")] + options)
      #expect(result.status == 0, "\(result.error)")
      let rows = String(decoding: try contents(folder("r.csv")), as: UTF8.self)
        .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      let column = try #require(rows.first?.firstIndex(of: "machine_id"))
      return rows.dropFirst().sorted { $0[0] < $1[0] }.map { String($0[column]) }
    }
    // Kernel 3.2; another kernel that is there; a clock below and above 5; no kernel; a colour, which
    // no machine has; anything; a kernel that is a number below 9, which none is.
    #expect(try machines() == ["1", "2", "1", "2", "3", "", "1", ""])
    // An attribute without a value counts as absent, and so does one that is marked as deleted.
    try folder.write(
      (attributes + ["0,3,kernel,,0", "0,3,clock,4,1"]).joined(separator: "\n"),
      to: "t/machine_attributes/part-00000-of-00001.csv")
    #expect(try machines() == ["1", "2", "1", "2", "3", "", "1", ""])
    #expect(try machines("--ignore-constraints") == Array(repeating: "1", count: 8))
    let text = try tracemill("simulate", "--workload", folder("t"), "-q").output
    #expect(text.contains("7 tasks of the trace with constraints: honoured"))
    #expect(text.contains("1 constraint on attributes that no machine has"))
    try FileManager.default.removeItem(atPath: folder("t/machine_attributes"))
    #expect(
      try tracemill("simulate", "--workload", folder("t"), "-q").output
        .contains("ignored: it has no machine attributes"))
  }

  @Test func replicationsGiveIntervals() throws {
    let arguments = [
      "simulate", "--workload", "poisson:rate=0.8,run=2,cpu=1,tasks=2000", "--cluster", "study:2",
      "--scheduler", "random", "--json", "-q", "--audit", "--replications", "6",
    ]
    func measures(_ threads: String) throws -> [String: [String: Any]] {
      let report = try object(TestSupport.run(tracemill, arguments + ["--threads", threads]))
      #expect(report["replications"] as? Int == 6)
      #expect(report["audit_passed"] as? Bool == true)
      return try #require(report["measures"] as? [String: [String: Any]])
    }
    let (one, four) = (try measures("1"), try measures("4"))
    for (name, measure) in one {
      let values = try #require(measure["values"] as? [Double])
      #expect(values == four[name]?["values"] as? [Double], "\(name)")
      let (mean, ends) = (measure["mean"] as? Double ?? .nan, measure["ci95"] as? [Double] ?? [])
      #expect(values.count == 6 && ends.count == 2 && ends[0] <= mean && mean <= ends[1])
    }
    let refused = try TestSupport.run(tracemill, arguments + ["-o", "r.csv"])
    #expect(refused.status == 2)
  }

  @Test func theNetworkIsReachable() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      "submit_us,run_us,cpu_cores\n0,1000000,1\n0,1000000,1\n", to: "hand.csv")
    // 1 s to be dispatched; 2 MB at 1 MB/s and 0.5 s of latency in, 1 MB out: 1 + 2.5 + 1 + 1.5 s.
    let report = try object(
      tracemill(
        "simulate", "--workload", path, "--cluster", "study:2", "--json", "-q", "--audit",
        "--network", "dispatch=1s,site-latency=500ms,site-bandwidth=1e6,in=2e6,out=1e6"))
    #expect(report["makespan_s"] as? Double == 6)
    #expect(report["audit_passed"] as? Bool == true)
    let bad = try tracemill(
      "simulate", "--workload", path, "--cluster", "study:2", "--network", "rack=0")
    #expect(bad.status == 2)
  }
}
