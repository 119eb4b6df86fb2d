import Foundation
import Runs
import Simulation
import TestSupport
import Testing

/// The library gives the program's figures, files included.
@Suite struct LibraryTests {
  @Test func agreesWithTheCommandLine() throws {
    let folder = TemporaryFolder()
    var job = try SimulationJob(workload: miniature)
    job.selection.priority = PrioritySelection("production")
    let summary = try job.run(seed: 1, files: ResultFiles(tasks: folder("ours.csv")))
    let result = try tracemill(
      "simulate", "--workload", miniature, "--priority", "production", "--json", "-q", "-o",
      folder("theirs.csv"))
    let total = summary.report.total
    let theirs = try object(result)
    #expect(theirs["submitted"] as? Int == total.submitted)
    #expect(theirs["makespan_s"] as? Double == summary.report.makespan.seconds)
    let outcomes = try #require(theirs["outcomes"] as? [String: Int])
    #expect(outcomes["finished"] == total[.finished])
    #expect(outcomes["unplaceable"] == total[.unplaceable])
    #expect(try contents(folder("ours.csv")) == contents(folder("theirs.csv")))
  }
}
