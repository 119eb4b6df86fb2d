import Foundation
import TestSupport
import Testing

/// `sweep --find` in shards: the answer of one process, whoever ran what.
@Suite struct SearchShardTests {
  let folder = TemporaryFolder()
  private let search = [
    "sweep", "--workload", "study:tasks=200", "--cluster", "study:10", "--scheduler", "first-fit",
    "--scheduler", "random", "--vary", "load=0.2:1.8", "--find", "load where wait_mean_s < 3",
    "--seeds", "3", "-q",
  ]

  private func ran(_ arguments: [String]) throws -> String {
    let result = try run(tracemill, arguments)
    #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.error)")
    return result.output
  }

  private func told(_ arguments: [String]) throws -> String {
    let result = try run(tracemill, arguments)
    #expect(result.status == 1 && !result.wasSignalled, "\(result.output) \(result.error)")
    return result.error
  }

  /// A shard of a round; nil where none of the round's runs is left.
  private func shard(_ number: Int, of count: Int, round: Int) throws -> [String: Any] {
    let known = (1..<round).flatMap { ["--known", folder("\($0)")] }
    let output = try ran(
      search + known + [
        "--shard", "\(number)/\(count)", "--json", "-o", folder("\(round)/\(number).points"),
      ])
    return try #require(
      try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
  }

  @Test func shardsFindWhatOneProcessFinds() throws {
    let alone = try ran(search + ["--json"])
    // As many shards as they like in each round; one of the second was killed.
    var (rounds, runs, left) = (0, 0, 1)
    while left > 0 {
      rounds += 1
      try #require(rounds < 14)
      let count = 2 + rounds % 2
      for number in (1...count).reversed() where (rounds, number) != (2, 1) {
        let summary = try shard(number, of: count, round: rounds)
        runs += summary["runs"] as? Int ?? 0
        left = try #require(summary["runs_of_round"] as? Int)
        // Of two schedulers, two values of three seeds each.
        #expect(left <= 12)
        if left == 0 { break }
      }
    }
    #expect(rounds > 3 && runs > 20)
    let all = (1...rounds).map { folder("\($0)") }
    let found = try ran(search + ["--json"] + all.flatMap { ["--known", $0] })
    #expect(found == alone)

    // A merge has the same bytes in any grouping, and stands for all of them.
    _ = try ran(["merge"] + all + ["-o", folder("a.points"), "-q"])
    _ = try ran(["merge"] + all.dropFirst(2) + ["-o", folder("b.points"), "-q"])
    let text = try ran(
      ["merge", folder("b.points"), all[1], folder("b.points"), all[0], "-o", folder("c.points")])
    #expect(text.contains("merged   \(runs) runs of the search for load from 0.2 to 1.8 where"))
    #expect(try contents(folder("a.points")) == contents(folder("c.points")))
    #expect(try ran(search + ["--json", "--known", folder("c.points")]) == alone)
  }

  @Test func whatDoesNotFitIsToldWithTheFile() throws {
    _ = try shard(1, of: 1, round: 1)
    let file = folder("1/1.points")
    let bytes = try contents(file)
    let text = String(decoding: bytes, as: UTF8.self)
    // Cut, and changed.
    let cut = try folder.write(String(text.dropLast(9)), to: "cut.points")
    #expect(try told(search + ["--known", cut]).contains("cut.points: is truncated or damaged"))
    let digit = try #require(text.range(of: #""result":[0-9]+"#, options: .regularExpression))
    let changed = try folder.write(
      text.replacingCharacters(in: digit, with: #""result":7"#), to: "changed.points")
    #expect(
      try told(["merge", file, changed, "-o", folder("x.points")]).contains("changed.points"))
    // Of another limit, of other seeds.
    for (place, value) in [(12, "load where wait_mean_s < 4"), (14, "4")] {
      var other = search
      other[place] = value
      let error = try told(other + ["--known", file])
      #expect(error.contains("1/1.points: is of another search"), "\(error)")
    }
    #expect(try told(search + ["--known", folder("no.points")]).contains("no such file"))
    #expect(!FileManager.default.fileExists(atPath: folder("x.points")))
    #expect(try contents(file) == bytes)
    for (words, message) in [
      (["--shard", "1/2"], "-o FILE.points"), (["--shard", "3/2", "-o", "x.points"], "3/2"),
    ] {
      let result = try run(tracemill, search + words)
      #expect(result.status == 2 && result.error.contains(message), "\(result.error)")
    }
    let plain = Array(search.prefix(9)) + ["--vary", "load=0.3,0.5", "--known", file]
    #expect(try run(tracemill, plain).error.contains("--shard and --known are for --find"))
  }

  /// Two runs of one place that came to something else are told, with both files.
  @Test func twoFilesThatDisagreeAreTold() throws {
    // A figure that is not the same from process to process does not exist here, so one file is of what was edited
    // and sealed anew: its checksum holds.
    _ = try shard(1, of: 2, round: 1)
    let path = folder("1/1.points")
    var object = try #require(
      try JSONSerialization.jsonObject(with: Data(contents(path))) as? [String: Any])
    var runs = try #require(object["pieces"] as? [[String: Any]])
    runs[0]["result"] = 123.5
    object["pieces"] = runs
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    let sealed = try folder.write(
      String(
        decoding: JSONSerialization.data(withJSONObject: runs, options: options), as: UTF8.self),
      to: "runs.json")
    let sum = try run("/usr/bin/env", ["sha256sum", sealed]).output.prefix(64)
    object["sha256"] = String(sum)
    let other = try folder.write(
      String(
        decoding: JSONSerialization.data(withJSONObject: object, options: options), as: UTF8.self),
      to: "other.points")
    let error = try told(["merge", path, other, "-o", folder("x.points")])
    #expect(error.contains("other.points: came to something else for"), "\(error)")
    #expect(error.contains("1/1.points"))
  }

  /// The scripts of a plan, killed at random until they come to their end.
  @Test func aPlanOfASearchSurvivesKills() throws {
    let alone = try ran(search)
    _ = try ran(
      ["plan", "--shards", "2", "-o", folder("plan"), "-q", "--"] + search + ["-o", folder("f o")])
    var random = TestRandom(5)
    var kills = 0
    while true {
      let limit = Double.random(in: 0.1...1, using: &random) * (1 + Double(kills) / 5)
      let result = try run(
        "/usr/bin/env", ["timeout", "-s", "KILL", "\(limit)", "bash", folder("plan/plain.sh")],
        environment: ["TRACEMILL": tracemill])
      if result.status == 0, !result.wasSignalled {
        #expect(result.output.hasSuffix(alone), "\(result.output)")
        break
      }
      kills += 1
      try #require(kills < 100, "\(result.error)")
    }
    #expect(kills > 0)
    for name in ["array.sbatch", "parallel.sh", "shard.sh", "merge.sh"] {
      let check = try run("/usr/bin/env", ["bash", "-n", folder("plan/" + name)])
      #expect(check.status == 0, "\(check.error)")
    }
    // make runs the same.
    let make = try run(
      "/usr/bin/env", ["make", "-C", folder("plan"), "-j2", "-k", "-s"],
      environment: ["TRACEMILL": tracemill])
    #expect(make.status == 0 && make.output.contains(alone), "\(make.output) \(make.error)")
    let plain = try run(
      tracemill,
      ["plan", "--shards", "2", "-o", folder("p"), "--", "sweep"] + search[1...8]
        + ["--vary", "load=0.5,0.7"])
    #expect(plain.status == 2 && plain.error.contains("is one with --find"), "\(plain.error)")
  }
}
