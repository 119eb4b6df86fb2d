import Foundation
import TestSupport
import Testing

/// Real traces through the simulator, every account audited.
@Suite(.enabled(if: RealTraces.areThere, "\(RealTraces.reason)")) struct RealReplayTests {
  private func replay(_ trace: String, _ options: String...) throws -> [String: Any] {
    let result = try TestSupport.run(
      tracemill,
      ["simulate", "--workload", RealTraces.folder + "/" + trace, "--json", "--audit", "-q"]
        + options)
    #expect(result.status == 0, "\(result.error)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(report["audit_passed"] as? Bool == true)
    let outcomes = try #require(report["outcomes"] as? [String: Int])
    #expect(outcomes.values.reduce(0, +) == report["submitted"] as? Int)
    return report
  }

  @Test func jobsOn2011sMachinesWithTheirRemovals() throws {
    // Run times 30 times as long, so that machines go while they are in use.
    let report = try replay("google-2011", "--table", "job_events", "--scale-run-times", "30")
    #expect(report["machines"] as? Int == 12_583)
    #expect(report["submitted"] as? Int == 54_041)
    #expect((report["outcomes"] as? [String: Int])?["finished"] == 54_041)
    #expect((report["evictions"] as? Int ?? 0) > 0)
  }

  @Test func nasasParallelJobsOnItsHypercube() throws {
    // The iPSC/860 had 128 nodes; every job fits on it, over several of them.
    let folder = TemporaryFolder()
    let cluster = try folder.write(
      "groups:\n  - { count: 128, cores: 1, memoryGiB: 1 }\n", to: "ipsc.yaml")
    let all = try replay(
      "swf/NASA-iPSC-1993-3.1-cln.swf.gz", "--cluster", cluster, "--exact-estimates")
    #expect(all["submitted"] as? Int == 18_239)
    #expect((all["outcomes"] as? [String: Int])?["finished"] == 18_239)
    var waits: [Double] = []
    for backfilling in ["none", "easy"] {
      let report = try replay(
        "swf/NASA-iPSC-1993-3.1-cln.swf.gz", "--cluster", cluster, "--exact-estimates", "--to",
        "20d", "--scale-arrivals", "1.7", "--backfilling", backfilling)
      #expect((report["outcomes"] as? [String: Int])?["finished"] == 3865)
      waits.append(try #require((report["wait_s"] as? [String: Any])?["mean"] as? Double))
    }
    #expect(waits[1] < waits[0])
    let study = try replay("swf/NASA-iPSC-1993-3.1-cln.swf.gz", "--cluster", "study:100")
    #expect((study["outcomes"] as? [String: Int])?["finished"] == 18_239)
  }

  @Test func podsOnAlibabasGPUNodes() throws {
    for load in ["1", "1000"] {
      let report = try replay(
        "alibaba-gpu-2023", "--scale-arrivals", load, "--scheduler", "best-fit")
      #expect(report["machines"] as? Int == 1523)
      #expect(report["submitted"] as? Int == 7255)
      #expect((report["outcomes"] as? [String: Int])?["finished"] == 7255)
      let fragmentation = try #require(report["fragmentation"] as? [String: Any])
      let share = try #require(fragmentation["gpu"] as? Double)
      #expect(share > 0 && share < 1)
    }
  }

  @Test func instancesOf2019() throws {
    let report = try replay(
      "google-2019", "--cluster", "study:1000", "--queue", "priority", "--preempt", "production")
    #expect(report["submitted"] as? Int == 2884)
    #expect((report["outcomes"] as? [String: Int])?["finished"] == 2884)
  }

  @Test func instancesOfAlibaba2017AreIndependent() throws {
    let report = try replay("alibaba-2017", "--cluster", "study:500", "--sample", "0.01")
    let outcomes = try #require(report["outcomes"] as? [String: Int])
    // A hundredth of 80,318 records, each of many instances.
    #expect((outcomes["finished"] ?? 0) > 50_000)
    #expect(outcomes["finished"] == report["submitted"] as? Int)
  }
}
