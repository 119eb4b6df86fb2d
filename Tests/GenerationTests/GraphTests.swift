import Testing
import Workload

@testable import Generation

@Suite struct AlibabaGraphTests {
  /// Jobs of cluster-trace-v2018 by number of tasks, 1 to 20, from the same source as the graphs.
  private static let jobs = [
    1_095_436, 583_168, 364_851, 199_181, 153_656, 94_588, 100_832, 49_794, 40_083, 29_566, 24_657,
    22_814, 16_023, 11_699, 11_408, 11_559, 7830, 6752, 4432, 3422,
  ]

  @Test func `graphs have the published levels, and no task waits for a later one`() throws {
    var rng = RandomStream(seed: 4, name: "graphs")
    // The published counts of jobs of 5 tasks by the length of their critical path.
    let expected = [1080.0, 12_682, 45_083, 68_027, 26_784].map { $0 / 153_656 }
    var lengths = [Double](repeating: 0, count: 5)
    let n = 20_000
    for _ in 0..<n {
      let edges = AlibabaGraph.edges(size: 5, using: &rng)
      var level = [Int](repeating: 1, count: 5)
      for edge in edges { level[edge.task] = max(level[edge.task], level[edge.predecessor] + 1) }
      #expect(
        edges.allSatisfy { $0.predecessor < $0.task && level[$0.task] == level[$0.predecessor] + 1 }
      )
      lengths[(level.max() ?? 1) - 1] += 1
    }
    for (found, share) in zip(lengths, expected) {
      let deviation = (share * (1 - share) / Double(n)).squareRoot()
      #expect(abs(found / Double(n) - share) < 5 * deviation)
    }
    for size in [1, 2, 19, 36, 60, 500] {
      let edges = AlibabaGraph.edges(size: size, using: &rng)
      #expect(
        edges.allSatisfy { 0 <= $0.predecessor && $0.predecessor < $0.task && $0.task < size })
    }
  }

  @Test func `roots are as frequent as in the trace`() throws {
    // What the counts imply, worked out apart from this code: 0.2956 for these jobs, 0.2823 for those
    // of all sizes, where the trace's own tasks on level 1 are 2,404,272 of 8,510,422, 0.2825.
    var rng = RandomStream(seed: 5, name: "graphs")
    var (tasks, roots) = (0.0, 0.0)
    var degrees = [Double](repeating: 0, count: 6)
    for (place, count) in Self.jobs.enumerated().dropFirst() {
      for _ in 0..<count / 300 {
        let size = place + 1
        let edges = AlibabaGraph.edges(size: size, using: &rng)
        if edges.isEmpty { continue }
        var degree = [Int](repeating: 0, count: size)
        for edge in edges { degree[edge.task] += 1 }
        tasks += Double(size)
        roots += Double(degree.count { $0 == 0 })
        for value in degree { degrees[min(value, 5)] += 1 }
      }
    }
    #expect(abs(roots / tasks - 0.2956) < 0.01, "\(roots / tasks)")
    #expect(degrees[1] > 0.5 * tasks && degrees[2] > 0.08 * tasks && degrees[5] > 0)
  }
}
