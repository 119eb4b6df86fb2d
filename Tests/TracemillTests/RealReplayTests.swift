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

  /// Rows of a result file by job.
  private func results(_ path: String) throws -> [Int: [String: String]] {
    let rows = String(decoding: try contents(path), as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    return Dictionary(
      uniqueKeysWithValues: rows.dropFirst().map { row in
        (Int(row[0]) ?? -1, Dictionary(uniqueKeysWithValues: zip(rows[0], row)))
      })
  }

  @Test func podsWaitAsTheirLogSays() throws {
    let folder = TemporaryFolder()
    _ = try replay(
      "alibaba-gpu-2023", "--scheduler", "recorded", "--decision-times", "-o", folder("t.csv"))
    let results = try self.results(folder("t.csv"))
    let rows = String(
      decoding: try contents(RealTraces.folder + "/alibaba-gpu-2023/openb_pod_list_default.csv"),
      as: UTF8.self
    ).split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    var compared = 0
    for row in rows {
      guard let created = Int(row[8]), let scheduled = Int(row[10]), let deleted = Int(row[9])
      else { continue }
      let pod = try #require(Int(row[0].split(separator: "-").last ?? ""))
      let result = try #require(results[pod])
      #expect(result["outcome"] == "finished")
      #expect(result["wait_us"] == "\((scheduled - created) * 1_000_000)")
      #expect(result["start_us"] == "\(scheduled * 1_000_000)")
      #expect(result["finish_us"] == "\(deleted * 1_000_000)")
      compared += 1
    }
    #expect(compared == 7255 && results.count == 7255)
  }

  /// NASA's log has starts and no waits. Two of its jobs start while the nodes are taken, by a count of
  /// nodes that knows nothing of the simulator.
  @Test func jobsStartAsTheirLogSays() throws {
    let folder = TemporaryFolder()
    let cluster = try folder.write("groups: [{ count: 128, cores: 1 }]\n", to: "ipsc.yaml")
    let report = try replay(
      "swf/NASA-iPSC-1993-3.1-cln.swf.gz", "--cluster", cluster, "--scheduler", "recorded", "-o",
      folder("t.csv"))
    #expect((report["outcomes"] as? [String: Int])?["refused"] == 2)
    let remarks = try #require(report["remarks"] as? [String])
    #expect(remarks.contains { $0.hasPrefix("2 of 18,239 tasks do not fit") })
    #expect(remarks.contains { $0.hasPrefix("18,239 of 18,239 tasks have no recorded wait") })
    let results = try self.results(folder("t.csv"))
    var jobs: [(job: Int, start: Int, run: Int, nodes: Int)] = []
    let unpacked = try TestSupport.run(
      "/usr/bin/env",
      ["gzip", "-dc", RealTraces.folder + "/swf/NASA-iPSC-1993-3.1-cln.swf.gz"])
    for line in unpacked.output.split(separator: "\n") where !line.hasPrefix(";") {
      let fields = line.split(separator: " ").compactMap { Int($0) }
      guard fields.count == 18 else { continue }
      jobs.append((fields[0], fields[1], fields[3], fields[4]))
    }
    #expect(jobs.count == 18_239)
    var running: [(end: Int, nodes: Int)] = []
    var refused: [Int] = []
    for job in jobs.sorted(by: {
      ($0.start, min($0.run, 1), $0.job) < ($1.start, min($1.run, 1), $1.job)
    }) {
      running.removeAll { $0.end <= job.start }
      let free = 128 - running.reduce(0) { $0 + $1.nodes }
      let result = try #require(results[job.job])
      guard job.nodes <= free else {
        refused.append(job.job)
        #expect(result["outcome"] == "refused")
        continue
      }
      running.append((job.start + job.run, job.nodes))
      #expect(result["start_us"] == "\(job.start * 1_000_000)" && result["wait_us"] == "0")
      #expect(result["finish_us"] == "\((job.start + job.run) * 1_000_000)")
    }
    #expect(refused == [15_858, 15_860])
  }
}
