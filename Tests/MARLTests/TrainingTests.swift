import Simulation
import Testing
import Workload

@testable import MARL

@Suite struct TrainingTests {
  @Test(arguments: [LearnerSettings.Algorithm.ppo, .a2c], [Credit.Scheme.marginal, .discounted])
  func anyNumberOfWorkersGivesTheSameBits(
    _ algorithm: LearnerSettings.Algorithm, _ scheme: Credit.Scheme
  ) throws {
    var settings = quickSettings()
    settings.learner.algorithm = algorithm
    settings.credit.scheme = scheme
    if scheme == .discounted { settings.learner.gamma = 0.9 }
    var one = try Trainer(studyScenario(), settings)
    var three = one
    for _ in 0..<2 {
      let (a, b) = (try one.step(workers: 1), try three.step(workers: 3))
      #expect(a == b)
    }
    #expect(one.learner == three.learner)
    #expect(one.best == three.best)
    let untrained = try Trainer(studyScenario(), settings).learner.model
    #expect(one.learner.model != untrained)
  }

  @Test func resumedTrainingTakesTheIdenticalTrajectory() throws {
    var settings = quickSettings()
    settings.networks = 3
    var whole = try Trainer(studyScenario(), settings)
    var first = whole
    while !whole.isDone { _ = try whole.step() }
    for _ in 0..<3 { _ = try first.step() }
    let file = try SafeTensors(first.checkpoint.data())
    var second = try Trainer([studyScenario()], settings, resuming: file)
    #expect(second.iteration == 3)
    while !second.isDone { _ = try second.step() }
    #expect(second.learner == whole.learner)
    #expect(second.best == whole.best && second.bestReward == whole.bestReward)
    #expect(second.history == whole.history)
    #expect(second.checkpoint.data() == whole.checkpoint.data())
    // A checkpoint of other settings is refused.
    settings.credit.harm = 5
    #expect(throws: CheckpointError.self) {
      try Trainer([studyScenario()], settings, resuming: file)
    }
  }

  @Test func polishIsDeterministicAndResumes() throws {
    let settings = quickPolish(generations: 4)
    let model = PolicyModel.initialised(.candidates, candidates: CandidateRule(4), seed: 2)
    var whole = EvolutionStrategy([studyScenario()], settings, from: model)
    var parallel = whole
    for _ in 0..<4 {
      let (a, b) = (try whole.step(), try parallel.step(workers: 3))
      #expect(a.reward == b.reward && a.validation == b.validation)
    }
    #expect(whole.model == parallel.model && whole.model != model)
    var first = EvolutionStrategy([studyScenario()], settings, from: model)
    for _ in 0..<2 { _ = try first.step() }
    var second = try EvolutionStrategy(
      [studyScenario()], settings, resuming: SafeTensors(first.checkpoint.data()))
    while !second.isDone { _ = try second.step() }
    #expect(second.model == whole.model && second.bestReward == whole.bestReward)
  }

  /// What a network does not decide, it does not learn from.
  @Test func polishMovesTheNetworksThatDecide() throws {
    let settings = quickPolish(generations: 1)
    let part = PolicyModel.initialised(.candidates, candidates: CandidateRule(4), seed: 2)
    // Nothing ever comes at fifty times what the machines can do.
    let model = try PolicyModel.gated([part, part], loads: [50])
    var polish = EvolutionStrategy([studyScenario()], settings, from: model)
    _ = try polish.step()
    #expect(polish.model.networks[0] != model.networks[0])
    #expect(polish.model.networks[1] == model.networks[1])
  }

  @Test func polishDoesNotMakeWorse() throws {
    var settings = quickPolish(generations: 1)
    // So far that nothing is left of what it was.
    settings.learningRate = 100
    settings.finalLearningRate = 100
    let model = PolicyModel.initialised(.candidates, candidates: CandidateRule(4), seed: 2)
    var polish = EvolutionStrategy([studyScenario()], settings, from: model)
    let validated = try #require(try polish.step().validation)[0]
    let before = try polish.validate(model)[0]
    #expect(polish.bestReward == max(before, validated))
    #expect(polish.best == (before >= validated ? model : polish.model))
  }

  @Test func studyNetworkAndSeparateNetworksTrain() throws {
    var settings = quickSettings()
    settings.architecture = .study
    settings.tasks = 200
    settings.iterations = 1
    var study = try Trainer(studyScenario(machines: 100), settings)
    _ = try study.step()
    #expect(study.best != nil)
    #expect(throws: TrainingError.self) { try Trainer(studyScenario(machines: 20), settings) }
    settings.architecture = .candidates
    settings.networks = 20
    settings.centralCritic = true
    var separate = try Trainer(studyScenario(), settings)
    _ = try separate.step()
    #expect(Set(separate.learner.model.networks.map { $0.parameters[0] }).count == 20)
  }

  @Test func nothingFeasibleIsSaidBeforeTraining() throws {
    let layout = try ClusterLayout(machines: [machine(0, cores: 2)])
    let scenario = Scenario(
      name: "too-large", cluster: { _ in layout },
      source: { _, _, _ in ListedTasks((0..<9).map { task($0, at: 0, run: 1, cores: 4) }) })
    let error = #expect(throws: TrainingError.self) {
      _ = try Trainer(scenario, quickSettings())
    }
    let text =
      "scenario 'too-large': no machine can take any of its tasks, not even empty; there is "
      + "nothing to decide"
    #expect(error.map { "\($0)" } == text)
  }

  @Test func divergenceStopsTrainingAndKeepsTheBest() throws {
    var settings = quickSettings()
    settings.learner.learningRate = 1e30
    settings.learner.finalLearningRate = 1e30
    settings.validationEvery = 1
    var trainer = try Trainer(studyScenario(), settings)
    #expect(throws: TrainingError.self) {
      while !trainer.isDone { _ = try trainer.step() }
    }
    if let best = trainer.best {
      #expect(best.networks[0].parameters.allSatisfy { $0.isFinite })
    }
    // NaN experience, too.
    var learner = Learner(.initialised(.candidates, seed: 1), seed: 1)
    var experience = Bandit(arms: 2).experience(learner.model, decisions: 64, seed: 1) { _ in 1 }
    experience.reward[3] = .nan
    #expect(throws: TrainingError.self) {
      try learner.update(experience, LearnerSettings(), rate: 1e-3, seed: 1)
    }
  }

  @Test func settingsOutOfRangeAreAllNamed() {
    var settings = quickSettings()
    settings.tasks = 0
    settings.learner.clip = -1
    settings.loads = []
    let error = #expect(throws: TrainingError.self) {
      _ = try Trainer(studyScenario(), settings)
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("tasks is 0") && text.contains("learner.clip") && text.contains("loads"))
  }

  @Test func gradientsOfThePolicyLossAgreeWithFiniteDifferences() throws {
    for architecture in PolicyModel.Architecture.allCases {
      var settings = LearnerSettings()
      settings.entropy = 0.1
      var model = PolicyModel.initialised(architecture, hidden: 6, seed: 3)
      var rng = RandomStream(seed: 8, name: "loss")
      for index in model.networks[0].parameters.indices {
        model.networks[0].parameters[index] += Float(rng.normal() * 0.2)
      }
      let experience = Bandit(arms: 4).experience(model, decisions: 12, seed: 5) { Float($0) - 1.5 }
      let targets = Advantages(
        experience, values: Array(repeating: 0, count: 12), settings)
      let loss = PolicyLoss(settings: settings, returnMean: 0.2, returnDeviation: 1.3)
      func value(_ network: Network) -> Double {
        var gradient = [Float](repeating: 0, count: network.parameters.count)
        var sums = Learner.Sums()
        return loss.add(
          network, architecture, experience, Array(0..<12)[...], targets, &gradient, &sums)
      }
      let network = model.networks[0]
      var gradient = [Float](repeating: 0, count: network.parameters.count)
      var sums = Learner.Sums()
      let here = loss.add(
        network, architecture, experience, Array(0..<12)[...], targets, &gradient, &sums)
      let step = Float(1) / 256
      var checked = 0
      // Every group of parameters; of the larger ones every seventh.
      for index in stride(from: 0, to: network.parameters.count, by: architecture == .study ? 7 : 1)
      {
        var (up, down) = (network, network)
        up.parameters[index] += step
        down.parameters[index] -= step
        let right = (value(up) - here) / Double(step)
        let left = (here - value(down)) / Double(step)
        let slack = 3e-3 + 0.03 * abs(right)
        let slope = Double(gradient[index])
        #expect(slope > min(left, right) - slack && slope < max(left, right) + slack, "\(index)")
        checked += abs(slope) > 1e-2 ? 1 : 0
      }
      #expect(checked > 5)
    }
  }
}
