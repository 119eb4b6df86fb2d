import Fitting
import Testing
import Workload

@testable import Generation

/// The model of Lublin and Feitelson against what its authors' program made.
@Suite struct LublinTests {
  /// The 10,000 jobs of 256 nodes that the archive has of it (lublin_256): quantiles of run times and of gaps, mean nodes,
  /// share of serial jobs.
  @Test func agreesWithTheAuthorsJobs() throws {
    let model = try LublinFeitelson(nodes: 256).model()
    #expect(model.issues().isEmpty)
    let drawn = records(try SyntheticWorkload(model, .tasks(40_000), seed: 2))
    func near(_ values: [Double], _ quantiles: [(Double, Double)], _ what: String) {
      let sorted = values.sorted()
      for (p, expected) in quantiles {
        // Two standard errors of a share among the archive's jobs, and a tick.
        let share = Double(sorted.count { $0 <= expected + 1 }) / Double(sorted.count)
        let least = Double(sorted.count { $0 < expected - 1 }) / Double(sorted.count)
        #expect(least - 0.02 < p && p < share + 0.02, "\(what) \(expected): \(least) to \(share)")
      }
    }
    near(
      drawn.map(\.runTime.seconds),
      [(0.1, 7), (0.25, 21), (0.5, 137), (0.75, 8270), (0.9, 15578), (0.99, 36138)], "run time")
    let times = drawn.map(\.submit.seconds)
    near(
      zip(times.dropFirst(), times).map { $0 - $1 },
      [(0.1, 18), (0.25, 41), (0.5, 116), (0.75, 366), (0.9, 1267), (0.99, 11475)], "gap")
    let nodes = drawn.map(\.request.cpu.value)
    let (mean, serial) = (
      nodes.reduce(0, +) / Double(nodes.count), nodes.count(where: { $0 == 1 })
    )
    #expect(abs(mean / 22.1 - 1) < 0.05)
    #expect(abs(Double(serial) / Double(nodes.count) - 0.249) < 0.012)
    #expect(nodes.allSatisfy { $0 == $0.rounded() && $0 >= 1 && $0 <= 256 })
  }

  /// Independent gaps on any number of threads, and from any job on.
  @Test func sameJobsWhicheverWay() throws {
    let model = try #require(WorkloadModel.preset("lublin-feitelson"))
    let source = try SyntheticWorkload(model, .tasks(6000), seed: 9)
    let all = records(source)
    var parallel: [TaskRecord] = []
    source.forEachPart(threads: 3) { parallel += $0 }
    #expect(parallel == all)
    var jumped = source
    jumped.skip(toJob: 4000)
    #expect(jumped.next() == all[4000])
    var faster = model
    try faster.setLoad(2 * model.offeredCores / 128, onCores: 128)
    #expect(abs(faster.arrivals.rate / model.arrivals.rate - 2) < 1e-9)
  }
}
