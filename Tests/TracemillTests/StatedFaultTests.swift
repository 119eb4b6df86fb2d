import Foundation
import TestSupport
import Testing

/// What a user meets at the command line where a log, a cluster or an option leaves something unsaid.
@Suite struct StatedFaultTests {
  private let one = "groups: [ {count: 1, cores: 2, memoryGiB: 4} ]\n"

  /// A task that waits when its trace ends is no task of no length, from the log and from records of it.
  @Test func whoNeverRanIsLeftOut() throws {
    let folder = TemporaryFolder()
    let cluster = try folder.write(one, to: "one.yaml")
    let slurm = try folder.write(
      "JobID|User|Submit|Start|End|State|NCPUS|ReqMem\n"
        + "1|a|2026-03-01T08:00:00|2026-03-01T08:00:10|2026-03-01T08:30:10|COMPLETED|1|1G\n"
        + "2|b|2026-03-01T08:02:00|Unknown|Unknown|PENDING|1|1G\n", to: "sacct.txt")
    let times = try folder.write("id,came,began,ended\n1,0,5,9\n2,3,,\n", to: "times.csv")
    let mapping = try folder.write(
      "columns: { job_id: id, submit_us: { from: came, unit: s }, first_schedule_us: { from: began, unit: s },"
        + " end_us: { from: ended, unit: s }, cpu_cores: { value: 1 } }\n", to: "map.yaml")
    for (log, options) in [(slurm, []), (times, ["--columns", mapping])] {
      let records = folder("records.parquet")
      _ = try run(tracemill, ["convert", log, "-o", records, "-q"] + options)
      for arguments in [["--workload", log] + options, ["--workload", records]] {
        let seen = try object(
          run(tracemill, ["simulate", "--cluster", cluster, "-q", "--json"] + arguments))
        #expect(seen["submitted"] as? Int == 1, "\(arguments)")
        #expect((seen["left_out"] as? [String: Int])?["never_ran"] == 1, "\(arguments)")
      }
    }
  }

  @Test func whatHasARunTimeIsReplayedAndWhatHasNoneIsCounted() throws {
    let folder = TemporaryFolder()
    // Job 2's run time is not known (-1); it is no task that ran before the log began.
    let log = try folder.write(
      """
      ; MaxProcs: 4
      1 0 -1 10 1 -1 -1 1 10 -1 1 1 1 -1 -1 -1 -1 -1
      2 2 -1 -1 1 -1 -1 1 10 -1 1 1 1 -1 -1 -1 -1 -1
      3 50000 -1 10 1 -1 -1 1 10 -1 1 1 1 -1 -1 -1 -1 -1

      """, to: "log.swf")
    let seen = try object(tracemill("simulate", "--workload", log, "-q", "--json"))
    #expect((seen["left_out"] as? [String: Int])?["unknown_run_time"] == 1)
    #expect(seen["replayed_from_start"] as? Int == 0)
    #expect(seen["submitted"] as? Int == 2)
    // A table that says how tasks ended, and nothing of their attempts.
    let table = try folder.write(
      "job_id,submit_us,run_us,cpu_cores,outcome\n1,1000000,60000000,1,finished\n"
        + "2,1000000,60000000,1,killed\n", to: "t.csv")
    let cluster = try folder.write(one, to: "one.yaml")
    let replayed = try object(
      tracemill("simulate", "--workload", table, "--cluster", cluster, "-q", "--json"))
    #expect(replayed["submitted"] as? Int == 2)
    #expect((replayed["left_out"] as? [String: Int])?["never_ran"] == 0)
  }

  /// A table of machines by somebody else: memory that it does not say is no limit, cores are counted as none.
  @Test func whatAMappingDoesNotKnowOfMachinesIsTold() throws {
    let folder = TemporaryFolder()
    try folder.write("id,s,r,c,m\n1,0,10,4,30\n2,1,10,4,30\n", to: "t/jobs.csv")
    try folder.write("node,cores,mem\n1,4,\n2,4,-1\n3,,8\n", to: "t/nodes.csv")
    let columns =
      "columns: {job_id: id, submit_us: {from: s, unit: s}, run_us: {from: r, unit: s}, cpu_cores: c, "
      + "memory_bytes: {from: m, unit: GiB}}\nmachines: {file: nodes, columns: {machine_id: node, "
      + "cpu_cores: cores"
    // Of the third machine the second mapping says nothing at all: neither is known.
    for (end, memory, cores) in [
      (", memory_bytes: {from: mem, unit: GiB, missing: [\"-1\"]}", 2, 1), ("", 3, 1),
    ] {
      let map = try folder.write(columns + end + "}}\n", to: "map.yaml")
      let seen = try object(
        tracemill("simulate", "--workload", folder("t"), "--columns", map, "-q", "--json"))
      #expect(seen["placed"] as? Int == 2 && seen["machines_of_unknown_memory"] as? Int == memory)
      #expect(seen["machines_of_unknown_cpu"] as? Int == cores)
      let text = try tracemill("cluster", folder("t"), "--columns", map, "-q").output
      #expect(
        text.contains("not known, so counted as none: cores of 1 machine") == (cores > 0), "\(text)"
      )
    }
  }

  /// A trace whose times begin at 0 has its first task there; only what says so is of before the trace.
  @Test func theFirstTaskIsOfTheTrace() throws {
    let folder = TemporaryFolder()
    func table(of path: String, _ options: String...) throws -> [String: Any] {
      let seen = try object(
        TestSupport.run(tracemill, ["inspect", path, "-q", "--json"] + options))
      return try #require((seen["tables"] as? [[String: Any]])?.first)
    }
    let records = try folder.write(
      "job_id,submit_us,run_us,cpu_cores,cut_off_at_start\n1,0,5000000,1,0\n2,7000000,5000000,1,0\n",
      to: "records.csv")
    let parquet = folder("records.parquet")
    _ = try tracemill("convert", records, "-o", parquet, "-q")
    _ = try folder.write(try contents(records), to: "two/a.csv")
    _ = try folder.write(
      "job_id,submit_us,run_us,cpu_cores\n3,7000000,5000000,1\n", to: "two/b.csv")
    let swf = try folder.write(
      "; MaxProcs: 4\n"
        + [0, 7].map { "\($0 + 1) \($0) 0 5 1 -1 -1 1 -1 -1 1 1 1 -1 1 -1 -1 -1\n" }.joined(),
      to: "a.swf")
    let mapping = try folder.write(
      "columns: {submit_us: {from: s, unit: s}, run_us: {from: r, unit: s}}\n", to: "map.yaml")
    let mapped = try folder.write("s,r\n0,5\n7,5\n", to: "mapped/t.csv")
    for seen in [
      try table(of: records), try table(of: parquet), try table(of: folder("two")),
      try table(of: swf), try table(of: mapped, "--columns", mapping),
    ] {
      #expect(seen["first_time_us"] as? Int == 0 && seen["last_time_us"] as? Int == 7_000_000)
      #expect(seen["rows_before_start"] as? Int == 0, "\(seen)")
    }
    let before = try folder.write(
      "job_id,submit_us,run_us,cpu_cores,cut_off_at_start\n1,0,5000000,1,1\n2,7000000,5000000,1,0\n",
      to: "before.csv")
    let seen = try table(of: before)
    #expect(seen["first_time_us"] as? Int == 7_000_000 && seen["rows_before_start"] as? Int == 1)
  }

  /// What is found wrong with an experiment once its parts are looked at has a line too.
  @Test func mistakesInPartsOfAnExperimentHaveLines() throws {
    let folder = TemporaryFolder()
    let table = try folder.write("submit_us,run_us\n0,5\n", to: "t.csv")
    for (workload, cluster, scheduler, said) in [
      ("{name: w, source: no.csv}", "study:3", "first-fit", "e.yaml:2:"),
      ("{name: w, source: t.csv, priority: zz}", "study:3", "first-fit", "e.yaml:2:"),
      ("{name: w, source: \"study:tasks=x\"}", "study:3", "first-fit", "e.yaml:2:"),
      ("{name: w, source: t.csv}", "no.yaml", "first-fit", "e.yaml:3:"),
      ("{name: w, source: t.csv}", "study:3", "marl:no.safetensors", "e.yaml:4:"),
    ] {
      let path = try folder.write(
        "name: x\nworkloads: [\(workload)]\nclusters: [\"\(cluster)\"]\nschedulers: [\"\(scheduler)\"]\n"
          + "seeds: 1\n", to: "e.yaml")
      let result = try run(
        tracemill, ["compare", "--experiment", path, "-o", folder("out"), "-q"])
      #expect(result.status == 1 && result.error.contains(said), "\(result.error)")
    }
    withExtendedLifetime(table) {}
  }

  /// Records as JSON are called so, and not machines of another format.
  @Test func recordsInJSONAreCalledSo() throws {
    let folder = TemporaryFolder()
    let row =
      #"{"job_id":1,"submit_us":0,"run_us":5,"machine_id":7,"cpu_cores":1.0,"memory_bytes":5}"#
    for (name, text) in [("lines.json", row + "\n" + row + "\n"), ("list.json", "[\(row),\(row)]")]
    {
      let path = try folder.write(text, to: name)
      let result = try run(tracemill, ["inspect", path, "-q"])
      #expect(
        result.status == 1 && result.error.contains("looks like records in JSON"), "\(result.error)"
      )
    }
  }

  @Test func aRuleWithoutEstimatesIsTold() throws {
    let folder = TemporaryFolder()
    let jobs = try folder.write(
      "job_id,submit_us,run_us,cpu_cores\n1,0,5000000,2\n2,0,1000000,2\n", to: "j.csv")
    let cluster = try folder.write(one, to: "one.yaml")
    let easy = try tracemill(
      "simulate", "--workload", jobs, "--cluster", cluster, "--backfilling", "easy")
    #expect(easy.status == 0)
    #expect(easy.output.contains("0 of 2 tasks have estimates: EASY is greedy here"))
    let sjf = try tracemill(
      "simulate", "--workload", jobs, "--cluster", cluster, "--queue", "sjf", "-o", folder("o.csv"))
    #expect(sjf.status == 1)
    #expect(sjf.error.contains("0 of 2 tasks have estimates"))
    #expect(!FileManager.default.fileExists(atPath: folder("o.csv")))
    let exact = try tracemill(
      "simulate", "--workload", jobs, "--cluster", cluster, "--queue", "sjf", "--exact-estimates")
    #expect(exact.status == 0 && !exact.output.contains("NOTE"))
    let bare = try folder.write("job_id,submit_us,run_us\n1,0,5000000\n", to: "b.csv")
    let without = try tracemill("simulate", "--workload", bare, "--cluster", cluster)
    #expect(without.output.contains("1 of 1 tasks have no CPU request"))
  }

  @Test func wherePlaceIsNoneTheKeyIsNamed() throws {
    let folder = TemporaryFolder()
    let jobs = try folder.write(
      "job_id,submit_us,run_us,cpu_cores,memory_bytes\n1,0,5000000,16,1\n2,0,1000000,32,1\n",
      to: "j.csv")
    let cluster = try folder.write(one, to: "one.yaml")
    let result = try tracemill("simulate", "--workload", jobs, "--cluster", cluster)
    #expect(result.status == 1)
    #expect(result.error.contains("no task could be placed") && result.error.contains("(cores)"))
  }

  @Test func aCellWritesWhatBecameOfItsTasks() throws {
    let folder = TemporaryFolder()
    let experiment = try folder.write(
      """
      name: e
      workloads: [ { name: w, source: "poisson:rate=1,run=1,tasks=20" } ]
      clusters: [ { name: c, source: "study:5" } ]
      schedulers: [ { name: first-fit, policy: first-fit } ]
      seeds: [1]

      """, to: "e.yaml")
    let result = try tracemill(
      "simulate", "--cell", experiment + "#w/c/first-fit/1", "-q", "-o", folder("o.csv"))
    #expect(result.status == 0, "\(result.error)")
    #expect(
      String(decoding: try contents(folder("o.csv")), as: UTF8.self).split(separator: "\n").count
        == 21)
    let ignored = try tracemill(
      "simulate", "--cell", experiment + "#w/c/first-fit/1", "--scheduler", "best-fit", "--queue",
      "sjf")
    #expect(ignored.status != 0)
    #expect(ignored.error.contains("--scheduler") && ignored.error.contains("engine"))
  }

  @Test func quotedKeysAreKeys() throws {
    let folder = TemporaryFolder()
    let jobs = try folder.write("id,at,p\n1,0,0\n2,1,true\n", to: "j.csv")
    for keys in ["0: production, true: batch", "\"0\": production, 'true': batch"] {
      let columns = try folder.write(
        "columns: { job_id: id, submit_us: at, priority_class: { from: p, values: { \(keys) } } }\n",
        to: "c.yaml")
      let result = try tracemill("convert", jobs, "--columns", columns, "-o", folder("o.csv"), "-q")
      #expect(result.status == 0, "\(result.error)")
      let text = String(decoding: try contents(folder("o.csv")), as: UTF8.self)
      #expect(text.contains("production") && text.contains("batch"))
    }
    let twice = try folder.write(
      "columns: { job_id: id, submit_us: at, priority_class: { from: p, "
        + "values: { 0: production, \"0\": batch } } }\n", to: "c.yaml")
    let result = try tracemill("convert", jobs, "--columns", twice, "-o", folder("o.csv"), "-q")
    #expect(result.status == 1 && result.error.contains("is there twice"))
  }

  @Test func aPlainTablesColumnMayBeCalledMemory() throws {
    let folder = TemporaryFolder()
    let table = try folder.write(
      "memory,cpu\n" + (1...40).map { "\($0 * $0),\($0)\n" }.joined(), to: "n.csv")
    for column in ["memory", "cpu"] {
      let named = try tracemill("fit", table, "--column", column, "-q", "--no-tail")
      let placed = try tracemill(
        "fit", table, "--column", column == "memory" ? "1" : "2", "-q", "--no-tail")
      #expect(named.status == 0, "\(named.error)")
      #expect(named.output == placed.output)
    }
    #expect(try tracemill("fit", table, "--column", "run-time", "-q").status == 1)
  }

  @Test func mediansLieAmongTheValues() throws {
    let folder = TemporaryFolder()
    for (values, median) in [([1, 2, 3, 4], 2.0), ([1, 1, 1, 1], 1), ([1, 4, 6, 6, 6], 6)] {
      let rows = values.enumerated().map { "\($0.offset + 1),0,\($0.element)000000,1,finished\n" }
      let table = try folder.write(
        "job_id,submit_us,run_us,attempts,outcome\n" + rows.joined(), to: "t.csv")
      let result = try object(tracemill("fit", table, "-q", "--json", "--no-tail"))
      let all = try #require(result["all"] as? [String: Any])
      let runTime = try #require(all["runTime"] as? [String: Any])
      let quantiles = try #require(runTime["quantiles"] as? [[String: Double]])
      #expect(quantiles.first { $0["p"] == 0.5 }?["value"] == median)
      #expect(quantiles.allSatisfy { values.map(Double.init).contains($0["value"] ?? 0) })
    }
  }

  @Test func runTimesByMachineLieBesideTheRecords() throws {
    let folder = TemporaryFolder()
    let jobs = try folder.write(
      "job_id,submit_us,run_us,cpu_cores\n1,0,9000000,1\n2,0,9000000,1\n", to: "t.csv")
    try folder.write(
      "job_id,task_index,machine_id,run_us\n1,0,0,8000000\n1,0,1,1000000\n2,0,0,2000000\n"
        + "2,0,1,3000000\n", to: "t.run-times.csv")
    let cluster = try folder.write("groups: [ {count: 2, cores: 1, memoryGiB: 1} ]\n", to: "c.yaml")
    for (workload, name) in [(jobs, "a.csv"), (folder("copy.csv"), "b.csv")] {
      let result = try tracemill(
        "simulate", "--workload", workload, "--cluster", cluster, "--scheduler", "min-min", "-q",
        "-o", folder(name))
      #expect(result.status == 0, "\(result.error)")
      #expect(!result.output.contains("NOTE"))
      let rows = String(decoding: try contents(folder(name)), as: UTF8.self)
      #expect(rows.contains("1,0,unknown,0,0,0,1000000,"), "\(rows)")
      #expect(rows.contains("2,0,unknown,0,0,0,2000000,"), "\(rows)")
      // A converted file keeps them.
      if name == "a.csv" { _ = try tracemill("convert", jobs, "-o", folder("copy.csv"), "-q") }
    }
    try folder.write(
      "job_id,task_index,machine_id,run_us\n1,0,0,-8\n", to: "t.run-times.csv")
    let wrong = try tracemill("simulate", "--workload", jobs, "--cluster", cluster, "-q")
    #expect(wrong.status == 1)
    #expect(wrong.error.contains("t.run-times.csv"))
  }
}
