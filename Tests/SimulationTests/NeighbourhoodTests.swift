import Testing
import Workload

@testable import Simulation

@Suite struct NeighbourhoodTests {
  @Test(arguments: [1, 2, 7, 100, 1000])
  func everyRoundDealsEachMachineItsShare(_ count: Int) {
    let weights = (0..<count).map { Double(1 + $0 % 5 * $0 % 7) }
    let dealt = Neighbourhoods(weights: weights)
    var times = Array(repeating: 0, count: count)
    for agent in 0..<count {
      let neighbours = Array(dealt[agent])
      #expect(neighbours.count <= Neighbourhoods.rounds)
      #expect(!neighbours.contains(Int32(agent)) && Set(neighbours).count == neighbours.count)
      for machine in neighbours { times[Int(machine)] += 1 }
    }
    // A round has floor or ceiling of the share; pairs that came twice, and oneself, are left out.
    let total = weights.reduce(0, +)
    for machine in 0..<count {
      let share = weights[machine] / total * Double(count)
      #expect(times[machine] <= Neighbourhoods.rounds * Int(share.rounded(.up)))
      if count >= 100 {
        #expect(times[machine] >= Neighbourhoods.rounds * Int(share.rounded(.down)) * 3 / 4)
      }
    }
  }

  @Test func machinesOfNoWeightAreNobodysNeighbours() {
    let dealt = Neighbourhoods(weights: [1, 0, 1, 0, 1])
    for agent in 0..<5 { #expect(!dealt[agent].contains(1) && !dealt[agent].contains(3)) }
    let none = Neighbourhoods(weights: [0, 0])
    #expect(none[0].isEmpty && none[1].isEmpty)
  }

  @Test func halfOfTheCandidatesAreTheAgentsOwn() throws {
    let sizes = (0..<50).map { $0 % 3 == 0 ? 1.0 : 8.0 }
    let log = DrawLog()
    let records = (0..<400).map { task($0, at: Double($0), runs: 1, cores: 2) }
    _ = try run(records, on: machines(sizes.map { ($0, 0) }), Drawing(log: log), seed: 3) {
      $0.mode = .dispatch
      $0.gateways = true
    }
    let dealt = Neighbourhoods(weights: sizes)
    #expect(log.draws.count == 400)
    for (gateway, drawn, near) in log.draws {
      #expect(drawn.count == 10 && Set(drawn).count == 10)
      // Machines of one core can take no task of two.
      #expect(drawn.allSatisfy { $0 % 3 != 0 })
      let own = ([gateway] + dealt[Int(gateway)]).filter { $0 % 3 != 0 }
      #expect(near == min(own.count, 5))
      #expect(Array(drawn[..<near]) == Array(own.prefix(5)))
    }
  }
}

private final class DrawLog: Sendable {
  nonisolated(unsafe) var draws: [(gateway: Int32, drawn: [Int32], near: Int)] = []
}

/// Draws ten candidates, keeps what came, and takes the first.
private struct Drawing: PlacementPolicy {
  let name = "drawing"
  let log: DrawLog
  private var sampler = CandidateSampler(.neighbours)

  init(log: DrawLog) { self.log = log }

  mutating func runBegan(on cluster: borrowing Cluster) { sampler.prepare(cluster) }

  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    sampler.draw(10, for: task, on: cluster, using: &rng)
    log.draws.append((task.gateway, sampler.drawn, sampler.near))
    return .machine(Int(sampler.drawn[0]))
  }
}
