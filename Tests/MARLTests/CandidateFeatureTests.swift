import Simulation
import Testing
import Workload

@testable import MARL

@Suite struct CandidateFeatureTests {
  /// Keeps the rows that a policy decided on.
  private final class Rows: @unchecked Sendable {
    var decisions: [[[Float]]] = []
  }

  private struct Looking: PlacementPolicy {
    let name = "looking"
    let rows: Rows
    private var sampler = CandidateSampler(.neighbours)
    private var ledger = SentLedger()

    init(_ rows: Rows) { self.rows = rows }

    mutating func runBegan(on cluster: borrowing Cluster) {
      sampler.prepare(cluster)
      ledger.reset(cluster)
    }

    mutating func place(
      _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
    ) -> Placement {
      sampler.draw(12, for: task, on: cluster, using: &rng)
      let (count, width) = (sampler.drawn.count, CandidateFeatures.count)
      var values = [Float](repeating: .nan, count: count * width)
      values.withUnsafeMutableBufferPointer {
        CandidateFeatures(task, on: cluster, ledger).write(
          sampler.drawn, near: sampler.near, on: cluster, ledger, to: $0.baseAddress!)
      }
      rows.decisions.append(
        (0..<count).map { Array(values[($0 * width)..<(($0 + 1) * width)]) })
      ledger.note(task, to: Int(sampler.drawn[0]), on: cluster)
      return .machine(Int(sampler.drawn[0]))
    }
  }

  @Test func whatIsSaidOfTheOthersIsTrueOfThem() throws {
    let rows = Rows()
    let scenario = studyScenario()
    _ = try scenario.run(heldOut(5, load: 0.5, tasks: 400), Looking(rows))
    #expect(rows.decisions.count == 400)
    var neighbours = 0
    for decision in rows.decisions {
      for row in decision { #expect(row.count { !$0.isFinite } == 0) }
      let least = (decision.map { $0[14] }.min()!, decision.map { $0[11] }.min()!)
      let fitting = Float(decision.count { $0[0] == 1 }) / Float(decision.count)
      for row in decision {
        #expect(row[27] == row[14] - least.0 && row[28] == row[11] - least.1)
        #expect(row[29] == fitting && row[30] == min(row[3], row[4]))
      }
      // Neighbours come first, by rank; its own machine is none of them.
      let ranks = decision.map { $0[26] }.filter { $0 > 0 }
      #expect(ranks == (0..<ranks.count).map { 1 / Float(1 + $0) })
      #expect(decision.filter { $0[18] == 1 }.allSatisfy { $0[26] == 0 })
      neighbours += ranks.count
    }
    #expect(neighbours > 400)
  }
}
