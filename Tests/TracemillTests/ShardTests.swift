import Foundation
import TestSupport
import Testing

/// Work in shards, as the command line does it: the bytes are those of one process.
@Suite struct ShardTests {
  private func ran(_ arguments: String...) throws -> ProgramResult {
    let result = try run(tracemill, arguments + ["-q"])
    #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.error)")
    return result
  }

  private func told(_ arguments: String...) throws -> String {
    let result = try run(tracemill, arguments)
    #expect(result.status == 1 && !result.wasSignalled, "\(result.error)")
    #expect(result.error.split(separator: "\n").count { $0.hasPrefix("tracemill:") } == 1)
    return result.error
  }

  /// Parts that are small and many.
  private func trace(_ folder: TemporaryFolder, parts: Int = 9) throws -> String {
    let result = try run(
      tracemill,
      [
        "generate", "google-2011-tasks", "--to-format", "google-2011", "--parts", "\(parts)",
        "--rows-per-part", "400", "--warm-up", "2h", "-q", "-o", folder("t"),
      ])
    #expect(result.status == 0, "\(result.error)")
    return folder("t/task_events")
  }

  @Test func mergedFilesHaveTheBytesOfOneProcess() throws {
    let folder = TemporaryFolder()
    let input = try trace(folder)
    // Some rows that cannot be read.
    let part = try parts(input)[4]
    try Data(contents(part) + ArchiveMaker.compress(Array("oops\n".utf8), .gzip))
      .write(to: URL(fileURLWithPath: part))
    _ = try ran("convert", input, "--lenient", "-o", folder("one.parquet"))
    _ = try ran("convert", input, "--lenient", "--from", "1h", "-o", folder("one.csv"))
    for number in 1...4 {
      _ = try ran(
        "convert", input, "--lenient", "--shard", "\(number)/4", "-o", folder("\(number).parts"))
    }
    _ = try ran("merge", folder("3.parts"), folder("1.parts"), "-o", folder("a.parts"))
    let shards = [folder("4.parts"), folder("a.parts"), folder("2.parts")]
    let merge = try run(
      tracemill, ["merge"] + shards + ["-o", folder("merged.parquet"), "--json", "-q"])
    let whole = try object(
      run(
        tracemill,
        ["convert", input, "--lenient", "-o", folder("one.parquet"), "--json", "-q"]))
    var summary = try object(merge)
    for key in ["output", "rejects_file"] {
      #expect((summary[key] as? String)?.contains("/merged.") == true)
      summary[key] = whole[key]
    }
    #expect(NSDictionary(dictionary: summary) == NSDictionary(dictionary: whole))
    #expect(try contents(folder("merged.parquet")) == contents(folder("one.parquet")))
    #expect(try contents(folder("merged.rejects.csv")) == contents(folder("one.rejects.csv")))
    _ = try run(
      tracemill, ["merge"] + shards + ["--from", "1h", "-o", folder("merged.csv"), "-q"])
    #expect(try contents(folder("merged.csv")) == contents(folder("one.csv")))

    // A merge of all is a trace to inspect and fit.
    let all = try run(tracemill, ["merge"] + shards + ["-o", folder("all.parts"), "-q"])
    #expect(all.status == 0)
    func inspected(_ path: String) throws -> [String: Any] {
      var seen = try object(tracemill("inspect", path, "--lenient", "--json", "-q"))
      for key in ["path", "passed_over", "notes"] { seen[key] = nil }
      return seen
    }
    #expect(
      try NSDictionary(dictionary: inspected(folder("all.parts")))
        == NSDictionary(dictionary: inspected(input)))

    // What is missing, twice or cut is named, and what is there stays.
    #expect(
      try told("merge", folder("4.parts"), folder("a.parts"), "-o", folder("x.parquet"))
        .contains("missing: shard 2/4"))
    #expect(
      try told("merge", folder("2.parts"), folder("2.parts"), "-o", folder("x.parquet"))
        .contains("shard 2/4 is in"))
    let cut = try contents(folder("2.parts")).dropLast(9)
    try Data(cut).write(to: URL(fileURLWithPath: folder("cut.parts")))
    #expect(
      try told("merge", folder("cut.parts"), folder("a.parts"), "-o", folder("x.parquet"))
        .contains("cut.parts: is truncated"))
    #expect(!FileManager.default.fileExists(atPath: folder("x.parquet")))
    #expect(try contents(folder("cut.parts")) == Array(cut))
  }

  @Test func tablesOfAComparisonInShardsAreThoseOfOneProcess() throws {
    let folder = TemporaryFolder()
    let experiment = [
      "compare", "--workload", "study:tasks=300", "--cluster", "study:20", "--scheduler",
      "first-fit", "--scheduler", "best-fit", "--scheduler", "random", "--seeds", "3", "-q",
    ]
    #expect(try run(tracemill, experiment + ["-o", folder("one")]).status == 0)
    for number in 1...4 {
      let shard = ["--shard", "\(number)/4", "--keep-tasks", "-o", folder("s\(number)")]
      let result = try run(tracemill, experiment + shard)
      #expect(result.status == 0, "\(result.error)")
    }
    let files = (1...4).map { folder("s\($0)/results.sqlite") }
    try FileManager.default.createDirectory(
      atPath: folder("all"), withIntermediateDirectories: true)
    let results = folder("all/results.sqlite")
    #expect(
      try run(tracemill, ["merge", files[0], files[3], "-o", results, "-q"]).error
        .contains("missing: shards 2/4, 3/4"))
    // A merge is merged again, with a cell that two have.
    let merged = try run(
      tracemill, ["merge", results, files[1], files[2], files[3], "-o", results, "--json", "-q"])
    let summary = try object(merged)
    #expect(summary["done"] as? Int == 9 && summary["repeated"] as? Int == 2)
    #expect(try run(tracemill, ["report", results, "-q"]).status == 0)
    #expect(try contents(folder("all/tables.md")) == contents(folder("one/tables.md")))

    // What became of tasks is what simulate says.
    let kept = folder(
      "s1/tasks/workload=study%3Atasks%3D300/cluster=study%3A20/scheduler=first-fit/seed=1/tasks.parquet"
    )
    let cell = "study:tasks=300/study:20/first-fit/1"
    let simulated = try run(
      tracemill, ["simulate", "--cell", results + "#" + cell, "-o", folder("t.parquet"), "-q"])
    #expect(simulated.status == 0, "\(simulated.error)")
    #expect(try contents(kept) == contents(folder("t.parquet")))

    // Results of another experiment are refused.
    #expect(
      try run(
        tracemill,
        [
          "compare", "--workload", "study:tasks=200", "--cluster", "study:20", "--scheduler",
          "first-fit", "--seeds", "2", "-q", "-o", folder("other"),
        ]
      ).status == 0)
    #expect(
      try told("merge", files[0], folder("other/results.sqlite"), "-o", folder("x.sqlite"))
        .contains("other/results.sqlite: holds another experiment"))
    #expect(!FileManager.default.fileExists(atPath: folder("x.sqlite")))
  }

  /// The plain script is killed at random, with all that it runs, until it comes to its end.
  @Test func aPlanSurvivesKills() throws {
    let folder = TemporaryFolder()
    let input = try trace(folder)
    let plan = try run(
      tracemill,
      [
        "plan", "--shards", "6", "-o", folder("it's a plan"), "--", "convert", input, "--from",
        "1h", "-q", "-o", folder("$(touch x) 'y'.parquet"),
      ])
    #expect(plan.status == 0, "\(plan.error)")
    var random = TestRandom(4)
    var kills = 0
    while true {
      let limit = Double.random(in: 0.02...0.4, using: &random) * (1 + Double(kills) / 10)
      let result = try run(
        "/usr/bin/env",
        [
          "timeout", "-s", "KILL", "\(limit)", "bash", folder("it's a plan/plain.sh"),
        ], environment: ["TRACEMILL": tracemill])
      if result.status == 0, !result.wasSignalled { break }
      kills += 1
      #expect(kills < 200, "\(result.error)")
      if kills >= 200 { return }
    }
    #expect(kills > 0)
    _ = try ran("convert", input, "--from", "1h", "-o", folder("one.parquet"))
    #expect(
      try contents(folder("$(touch x) 'y'.parquet")) == contents(folder("one.parquet")))
    #expect(!FileManager.default.fileExists(atPath: "x"))
    for name in ["array.sbatch", "parallel.sh", "Makefile", "shard.sh", "merge.sh"] {
      if name != "Makefile" {
        let check = try run("/usr/bin/env", ["bash", "-n", folder("it's a plan/" + name)])
        #expect(check.status == 0, "\(check.error)")
      }
    }
  }

  @Test func aFullDiskIsToldAndNothingIsHalfWritten() throws {
    let folder = TemporaryFolder()
    let input = try trace(folder, parts: 3)
    let result = try run(
      "/usr/bin/env",
      [
        "bash", "-c", "ulimit -f 1; exec \"$0\" \"$@\"", tracemill, "convert", input, "--shard",
        "1/1", "-o", folder("a.parts"), "-q",
      ])
    #expect(result.status == 1 && result.error.contains("a.parts"), "\(result.error)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["t"])
  }
}
