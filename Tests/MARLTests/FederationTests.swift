import Simulation
import Testing
import Workload

@testable import MARL

/// Three clusters that differ in size.
private func clusters() -> [Scenario] {
  [8, 14, 20].map { machines in
    var scenario = studyScenario(machines: machines)
    scenario.name = "cluster-\(machines)"
    return scenario
  }
}

@Suite struct FederationTests {
  @Test func anyNumberOfWorkersGivesTheSameBits() throws {
    var one = try Federation(clusters(), quickSettings())
    var three = one
    for _ in 0..<2 {
      let (a, b) = (try one.step(workers: 1), try three.step(workers: 3))
      #expect(a == b)
    }
    #expect(one.checkpoint.data() == three.checkpoint.data())
    #expect(one.decisions == 2 * 3 * 4 * 60)
    let untrained = try Federation(clusters(), quickSettings()).model
    #expect(one.model != untrained)
    // Policies are common, critics are not.
    let critics = one.clusters.compactMap { $0.learner.critic?.parameters }
    #expect(critics.count == 3 && Set(critics).count == 3)
  }

  @Test func resumedFederationTakesTheIdenticalTrajectory() throws {
    var settings = quickSettings()
    settings.learner.proximal = 0.1
    var whole = try Federation(clusters(), settings, localIterations: 2, momentum: 0.5)
    #expect(whole.rounds == 2)
    _ = try whole.step()
    let file = try SafeTensors(whole.checkpoint.data())
    var second = try Federation(
      clusters(), settings, localIterations: 2, momentum: 0.5, resuming: file)
    _ = try whole.step()
    _ = try second.step()
    #expect(whole.isDone && second.isDone)
    #expect(second.checkpoint.data() == whole.checkpoint.data())
    #expect(second.best == whole.best && second.best != nil)
    #expect(throws: CheckpointError.self) {
      try Federation(clusters(), settings, localIterations: 1, momentum: 0.5, resuming: file)
    }
    #expect(throws: CheckpointError.self) {
      try Federation(clusters(), settings, localIterations: 2, resuming: file)
    }
    #expect(throws: CheckpointError.self) {
      try Federation(
        clusters().reversed(), settings, localIterations: 2, momentum: 0.5, resuming: file)
    }
    #expect(throws: CheckpointError.self) {
      try Federation(clusters(), settings, localIterations: 2, resuming: whole.model.tensors)
    }
  }

  /// A federation of one is that one's training by itself, to the bit.
  @Test func aFederationOfOneIsTraining() throws {
    let settings = quickSettings()
    var federation = try Federation([studyScenario()], settings)
    var trainer = try Trainer(studyScenario(), settings)
    while !federation.isDone {
      _ = try federation.step()
      _ = try trainer.step()
    }
    #expect(federation.model == trainer.learner.model)
  }

  /// With momentum the second step is what it would have been, and half of the first.
  @Test func momentumGoesOn() throws {
    var plain = try Federation(clusters(), quickSettings())
    var pushed = try Federation(clusters(), quickSettings(), momentum: 0.5)
    let start = plain.model.parameters
    _ = try plain.step()
    _ = try pushed.step()
    #expect(pushed.model.parameters.elementsEqual(plain.model.parameters) { abs($0 - $1) < 1e-6 })
    let first = zip(pushed.model.parameters, start).map { $0 - $1 }
    // The clusters make the same step from the same place.
    pushed.model = plain.model
    plain.clusters = pushed.clusters
    _ = try plain.step()
    _ = try pushed.step()
    for index in first.indices {
      let more = pushed.model.parameters[index] - plain.model.parameters[index]
      #expect(abs(more - first[index] / 2) < 1e-5)
    }
    for wrong: Float in [-0.1, 1, .nan] {
      #expect(throws: TrainingError.self) {
        try Federation(clusters(), quickSettings(), momentum: wrong)
      }
    }
  }

  @Test func policiesAreAveragedByTheirDecisions() {
    let parts = (1...3).map { PolicyModel.initialised(.candidates, seed: UInt64($0)) }
    let mean = PolicyModel.average(parts, weights: [1, 0, 3])
    for index in mean.networks[0].parameters.indices {
      let values = parts.map { $0.networks[0].parameters[index] }
      #expect(abs(mean.networks[0].parameters[index] - (values[0] + 3 * values[2]) / 4) < 1e-6)
    }
    #expect(PolicyModel.average([parts[0], parts[0]], weights: [2, 5]) == parts[0])
  }

  /// The proximal term's gradient is μ times the way from where the round began: a learner that has
  /// nothing else to follow goes back.
  @Test func fedProxHoldsPoliciesTogether() throws {
    func distance(_ proximal: Float) throws -> Float {
      var settings = quickSettings()
      settings.iterations = 3
      settings.learner.proximal = proximal
      let start = try Trainer(studyScenario(), settings)
      var trainer = start
      let anchor = start.learner.model
      while !trainer.isDone { _ = try trainer.step(anchor: anchor) }
      return zip(
        trainer.learner.model.networks[0].parameters, anchor.networks[0].parameters
      ).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    let (free, held) = (try distance(0), try distance(10))
    #expect(held < free / 2)
  }

  @Test func pooledTrainingMeetsAllClusters() throws {
    var settings = quickSettings()
    settings.episodes = 6
    settings.iterations = 1
    var pooled = try Trainer(clusters(), settings)
    _ = try pooled.step()
    #expect(pooled.decisions == 6 * 60)
    let alone = try clusters().map { scenario in
      try [scenario].validate(
        pooled.learner.model, loads: [0.5], tasks: 60, episodes: 1, workers: 1)[0]
    }
    let together = try pooled.validate(pooled.learner.model)[0]
    #expect(abs(together - alone.reduce(0, +) / 3) < 1e-12)
    // One cluster on which nothing can be decided stops it before training.
    let layout = try ClusterLayout(machines: [machine(0, cores: 2)])
    let hopeless = Scenario(
      name: "too-large", cluster: { _ in layout },
      source: { _, _, _ in ListedTasks((0..<9).map { task($0, at: 0, run: 1, cores: 4) }) })
    #expect(throws: TrainingError.self) { try Federation(clusters() + [hopeless], settings) }
    #expect(throws: TrainingError.self) { try Federation([], settings) }
  }
}
