import Foundation
import TestSupport
import Testing

/// `recorded` wherever schedulers are named.
@Suite struct RecordedRunTests {
  let folder = TemporaryFolder()

  /// Four processors. By the log 1 runs 0-10 on 3, 2 waits until 30 on 4, 3 until 40 on 1, 4 for nothing.
  private func log(waits: [Int] = [0, 28, 36, 1]) throws -> (log: String, cluster: String) {
    let jobs = [(0, 10, 3), (2, 5, 4), (4, 3, 1), (60, 2, 2)]
    let rows = jobs.enumerated().map { index, job in
      "\(index + 1) \(job.0) \(waits[index]) \(job.1) \(job.2) -1 -1 \(job.2) \(job.1) -1 1 1 1 -1 -1 -1 -1 -1"
    }
    let log = try folder.write(
      "; MaxProcs: 4\n" + rows.joined(separator: "\n") + "\n", to: "jobs.swf")
    return (log, try folder.write("groups: [{ count: 4, cores: 1 }]\n", to: "four.yaml"))
  }

  private func table(_ path: String) throws -> [[String: String]] {
    let rows = String(decoding: try contents(path), as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    return rows.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(rows[0], $0)) }
  }

  @Test func whatHappenedStandsBesideWhatCouldHave() throws {
    let (log, cluster) = try self.log()
    let made = try tracemill(
      "compare", "--workload", log, "--cluster", cluster, "--scheduler", "recorded", "--scheduler",
      "first-fit", "--seeds", "1", "-o", folder("r"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let cells = try table(folder("r/cells.csv"))
    let waits = Dictionary(
      uniqueKeysWithValues: cells.map {
        ($0["scheduler"] ?? "", Double($0["wait_mean_s"] ?? "") ?? .nan)
      })
    // (0 + 28 + 36 + 1) / 4; first come, first served: 2 waits until 10 and 3 until 15.
    #expect(waits["recorded"] == 16.25)
    #expect(waits["first-fit"] == 4.75)
    #expect(cells.first { $0["scheduler"] == "recorded" }?["recorded_misfits"] == "0")
  }

  @Test func whatDoesNotFitIsSaidEverywhere() throws {
    // 2 asks for all four processors while 1 has three of them.
    let (log, cluster) = try self.log(waits: [0, 1, 36, 1])
    let words = "1 of 4 tasks do not fit into the cluster when their trace started them: left out"
    let alone = try tracemill(
      "simulate", "--workload", log, "--cluster", cluster, "--scheduler", "recorded", "--audit")
    #expect(alone.status == 0)
    #expect(alone.output.contains(words + ", job 2 task 0 at trace time 3 s first"))
    let made = try tracemill(
      "compare", "--workload", log, "--cluster", cluster, "--scheduler", "recorded", "--scheduler",
      "first-fit", "--seeds", "1", "-o", folder("r"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    for file in ["r/report.html", "r/tables.md", "r/results.json"] {
      #expect(
        String(decoding: try contents(folder(file)), as: UTF8.self).contains(
          "recorded: " + words), "\(file)")
    }
  }

  @Test func whatIsNotWhatHappenedIsRefused() throws {
    let (log, cluster) = try self.log()
    let scaled = try tracemill(
      "simulate", "--workload", log, "--cluster", cluster, "--scheduler", "recorded",
      "--scale-arrivals", "2")
    #expect(scaled.status == 1)
    #expect(scaled.error.contains("replays what happened"))
    let swept = try tracemill(
      "sweep", "--workload", log, "--cluster", cluster, "--scheduler", "recorded", "--vary",
      "workload.scaleArrivals=1,2", "--seeds", "1", "-o", folder("s"), "--quiet")
    #expect(swept.status == 1)
    #expect(swept.error.contains("replays what happened"))
    let drawn = try tracemill(
      "simulate", "--workload", "poisson:rate=1,run=5,tasks=10", "--cluster", "study:10",
      "--scheduler", "recorded")
    #expect(drawn.status == 1)
    #expect(drawn.error.contains("0 of 10 tasks have a recorded start"))
  }
}
