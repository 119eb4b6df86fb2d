import Generation
import Simulation
import Testing
import Workload

@testable import MARL

/// The scheduler of the study's published code.
@Suite struct StudyMARLTests {
  private let layers = PolicyModel.layers(.study)

  /// Keeps where tasks were sent.
  private struct Placements: ResultSink {
    var machines: [Int64] = []
    var refused = 0
    mutating func record(_ result: TaskResult) {
      if result.machine >= 0 { machines.append(result.machine) } else { refused += 1 }
    }
  }

  private func run(
    _ policy: StudyMARL, _ layout: ClusterLayout, _ tasks: [TaskRecord], seed: UInt64 = 1
  ) throws -> Placements {
    var options = SimulationOptions()
    options.refusesAtOnce = true
    options.estimates = .exact
    var placements = Placements()
    _ = try Simulator(cluster: layout, policy: policy, options: options, seed: seed)
      .run(ListedTasks(tasks), results: &placements)
    return placements
  }

  @Test func agentsHaveTheStudysNumberOfParameters() {
    #expect(Network.parameterCount(layers) == 19_557)
    #expect(StudyMARL.agents == 100)
  }

  /// Networks of zeros give every node 1/100, and the score made by hand decides alone: worked out
  /// here for machines and tasks of every size, one task at a time on empty machines.
  @Test func withoutNetworksTheFormulaDecides() throws {
    let zeros = Array(repeating: Network(layers: layers), count: StudyMARL.agents)
    for seed in 1...5 as ClosedRange<UInt64> {
      let layout = try ClusterLayout(.studyTiers(machines: 100), seed: seed)
      let tasks = (0..<40).map { index in
        task(Int64(index), at: Double(index) * 100, run: 10, cores: 0.5 + Double(index) * 0.4)
      }
      let placed = try run(StudyMARL(networks: zeros), layout, tasks).machines
      let expected = tasks.map { task -> Int64 in
        let wanted = task.request.cpu.value
        let fitting = layout.machines.indices.filter {
          layout.machines[$0].capacity.cpu.value >= wanted
        }
        let best = fitting.min { a, b in
          abs(wanted / layout.machines[a].capacity.cpu.value - 0.5)
            < abs(wanted / layout.machines[b].capacity.cpu.value - 0.5)
        }
        return Int64(best ?? -1)
      }
      #expect(placed == expected)
    }
  }

  /// A node whose agent is sure of it wins a tie of the rest of the score: 0.25 πᵢ(i).
  @Test func aNodesOwnAgentSpeaksForIt() throws {
    var networks = Array(repeating: Network(layers: layers), count: StudyMARL.agents)
    // The bias of output 2 of agent 2, and of output 2 of agent 1, which nobody asks.
    let bias = networks[0].offset(of: 1) + layers[1] * layers[2]
    networks[2].parameters[bias + 2] = 20
    networks[1].parameters[bias + 2] = 20
    let layout = try ClusterLayout(machines: (0..<4).map { machine($0, cores: 8) })
    let placed = try run(StudyMARL(networks: networks), layout, [task(1, at: 0, run: 5, cores: 4)])
    #expect(placed.machines == [2])
  }

  @Test func whatFitsNowhereIsRefused() throws {
    let layout = try ClusterLayout(machines: [machine(0, cores: 4)])
    let tasks = [task(1, at: 0, run: 50, cores: 3), task(2, at: 1, run: 5, cores: 3)]
    let placements = try run(StudyMARL(), layout, tasks)
    #expect(placements.machines == [0] && placements.refused == 1)
  }

  /// Untrained agents are drawn anew for every seed, and the same for the same one.
  @Test func aSeedGivesTheSameAgents() throws {
    let layout = try ClusterLayout(.studyTiers(machines: 100), seed: 1)
    let tasks = (0..<60).map { task(Int64($0), at: Double($0), run: 30, cores: 2) }
    let policy = StudyMARL()
    let first = try run(policy, layout, tasks).machines
    #expect(try run(policy, layout, tasks).machines == first)
    #expect(try run(policy, layout, tasks, seed: 2).machines != first)
  }

  /// Everything that comes with the program can be read.
  @Test func shippedPoliciesAreWhole() throws {
    for name in ShippedPolicies.names {
      let data = try #require(ShippedPolicies.checkpoint(name))
      let model = try PolicyModel(SafeTensors(data))
      #expect(model.networks.allSatisfy { $0.parameters.contains { $0 != 0 } })
    }
    let study = try PolicyModel(
      SafeTensors(try #require(ShippedPolicies.checkpoint("study-setting"))))
    #expect(study.networks.map(\.parameters.count) == [19_557])
    for name in ShippedPolicies.ruleNames { #expect(ShippedPolicies.rule(name) != nil) }
    #expect(ShippedPolicies.checkpoint("no such") == nil && ShippedPolicies.rule("no such") == nil)
  }
}
