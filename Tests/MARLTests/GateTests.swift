import Simulation
import Testing
import Workload

@testable import MARL

@Suite struct GateTests {
  /// A model whose one network always prefers the machine with the greatest feature of an index.
  private func preferring(_ feature: Int, sign: Float = 1) -> PolicyModel {
    var network = Network(layers: [CandidateFeatures.count, 32, 1])
    network.parameters[feature * 32] = sign
    // One hidden unit passes the feature on, lifted so that it is never cut off.
    network.parameters[CandidateFeatures.count * 32] = 8
    network.parameters[CandidateFeatures.count * 32 + 32] = 1
    return PolicyModel(.candidates, networks: [network], candidates: CandidateRule(10))
  }

  @Test func shortAndLongTasksHaveTheirOwnNetworks() throws {
    // Where tasks are short, to the fastest machine, where they are long, to the one of most cores.
    let model = try PolicyModel.gated([preferring(8), preferring(9)], runTimes: [60])
    let layout = try ClusterLayout(machines: [
      machine(0, cores: 8), machine(1, cores: 64), machine(2, cores: 8, speed: 3),
    ])
    let tasks = (0..<40).map {
      task($0, at: Double($0) * 1000, run: $0 % 2 == 0 ? 30 : 90, cores: 1)
    }
    var sink = CollectedResults()
    _ = try Simulator(
      cluster: layout, policy: MARLScheduler(model), options: Scenario.dispatchOptions, seed: 1
    ).run(ListedTasks(tasks), results: &sink)
    #expect(sink.results.count == 40)
    // What is known is what came before; before the first, nothing.
    for result in sink.results {
      #expect(result.machine == (result.id.job == 0 || result.id.job % 2 == 1 ? 2 : 1))
    }
  }

  @Test func aClusterThatFillsUpIsKnownByWhatIsOffered() throws {
    // To the fastest machine in a quiet cluster, to the one of most cores in a busy one.
    let model = try PolicyModel.gated([preferring(8), preferring(9)], loads: [0.4])
    let layout = try ClusterLayout(machines: [
      machine(0, cores: 100), machine(1, cores: 200), machine(2, cores: 100, speed: 3),
    ])
    // 1 core for 60 s every 0.1 s is 600 of 600 cores; after 5 s a twelfth of them is claimed.
    let tasks = (0..<100).map { task($0, at: Double($0) / 10, run: 60, cores: 1) }
    var sink = CollectedResults()
    _ = try Simulator(
      cluster: layout, policy: MARLScheduler(model), options: Scenario.dispatchOptions, seed: 1
    ).run(ListedTasks(tasks), results: &sink)
    #expect(sink.results.count == 100)
    for result in sink.results { #expect(result.machine == (result.id.job < 50 ? 2 : 1)) }
  }

  @Test func gatesMayBeCombined() throws {
    let parts = [8, 9, 10, 12].map { preferring($0) }
    let byLoad = try [
      PolicyModel.gated([parts[0], parts[1]], loads: [0.4]),
      PolicyModel.gated([parts[2], parts[3]], loads: [0.4]),
    ]
    let whole = try PolicyModel.gated(byLoad, runTimes: [60])
    #expect(whole.gate == Gate(loads: [0.4], runTimes: [60]) && whole.gate.count == 4)
    // The quietest cluster first, by run time.
    #expect(whole.networks == [0, 2, 1, 3].map { parts[$0].networks[0] })
    let other = try PolicyModel.gated(
      [
        PolicyModel.gated([parts[0], parts[2]], runTimes: [60]),
        PolicyModel.gated([parts[1], parts[3]], runTimes: [60]),
      ], loads: [0.4])
    #expect(other == whole)
    #expect(try PolicyModel(SafeTensors(whole.tensors.data())) == whole)
  }

  @Test func partsMayHaveOtherBounds() throws {
    let parts = [8, 9, 10, 12, 16].map { preferring($0) }
    let three = try PolicyModel.gated([parts[0], parts[1], parts[2]], loads: [0.1, 0.6])
    let two = try PolicyModel.gated([parts[3], parts[4]], loads: [0.4])
    let whole = try PolicyModel.gated([three, two], runTimes: [60])
    #expect(whole.gate == Gate(loads: [0.1, 0.4, 0.6], runTimes: [60]))
    // By load, then by run time.
    #expect(whole.networks == [0, 3, 1, 3, 1, 4, 2, 4].map { parts[$0].networks[0] })
    let long = try PolicyModel.gated([parts[3], parts[4]], runTimes: [60])
    let other = try PolicyModel.gated([parts[0], long], loads: [0.4])
    #expect(other.networks == [0, 0, 3, 4].map { parts[$0].networks[0] })
  }

  @Test func partsThatDoNotGoTogetherAreRefused() throws {
    var different = preferring(9)
    different.candidates = CandidateRule(3)
    for parts in [[], [preferring(8)], [preferring(8), different]] {
      #expect(throws: TrainingError.self) { try PolicyModel.gated(parts, loads: [0.4]) }
    }
    let two = [preferring(8), preferring(9)]
    #expect(throws: TrainingError.self) { try PolicyModel.gated(two) }
    #expect(throws: TrainingError.self) { try PolicyModel.gated([], runTimes: [60]) }
    #expect(throws: TrainingError.self) {
      try PolicyModel.gated(two, loads: [0.4], runTimes: [60])
    }
    for bound in [0.0, .infinity, .nan] {
      #expect(throws: TrainingError.self) { try PolicyModel.gated(two, loads: [bound]) }
    }
    let gated = try PolicyModel.gated(two, loads: [0.4])
    #expect(throws: TrainingError.self) { try PolicyModel.gated([gated, gated], loads: [0.6]) }
    var file = gated.tensors
    file.metadata["gate"] = CheckpointText.json(Gate(loads: [0.4, 0.5]))
    #expect(throws: CheckpointError.self) { try PolicyModel(file) }
    // A gate of another kind: what was expected is said.
    file.metadata["gate"] = #"{"shares":[0.4]}"#
    do {
      _ = try PolicyModel(file)
      Issue.record("a gate of another kind was taken")
    } catch { #expect("\(error)".contains("loads") && "\(error)".contains("shares"), "\(error)") }
  }

  @Test func trainingGoesOnFromAPolicyOfTheSameGateOnly() throws {
    var settings = quickSettings()
    settings.gate = Gate(loads: [0.2])
    let gated = try PolicyModel.gated([preferring(8), preferring(9)], loads: [0.2])
    var trainer = try Trainer(studyScenario(), settings, from: gated)
    #expect(trainer.learner.model.networks == gated.networks)
    // Each network learns from its own decisions.
    _ = try trainer.step()
    #expect(zip(trainer.learner.model.networks, gated.networks).allSatisfy { $0 != $1 })
    #expect(throws: TrainingError.self) {
      try Trainer(studyScenario(), settings, from: preferring(8))
    }
    settings.networks = 2
    #expect(throws: TrainingError.self) { try Trainer(studyScenario(), settings) }
    settings.networks = 1
    settings.gate = Gate(loads: [0.5, 0.2])
    #expect(throws: TrainingError.self) { try Trainer(studyScenario(), settings) }
  }
}
