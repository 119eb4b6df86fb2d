import PortableMath
import Simulation
import Workload

/// How training goes, apart from its scenario.
public struct TrainingSettings: Hashable, Sendable, Codable {
  /// The architecture.
  public var architecture = PolicyModel.Architecture.candidates
  /// Hidden units; the architecture's own number (32, 128) if nil.
  public var hidden: Int?
  /// Networks: 1 shared by all agents, or one an agent (as many as machines).
  public var networks = 1
  /// Between which shared networks agents turn; beside it, `networks` is 1.
  public var gate = Gate()
  /// Candidates scored.
  public var candidates = CandidateRule(10)
  /// How agents choose in use, and in validation.
  public var choice = PolicyModel.Choice.greedy
  /// How it learns.
  public var learner = LearnerSettings()
  /// What decisions are credited with.
  public var credit = Credit()
  /// Whether the critic sees the present of the whole cluster.
  public var centralCritic = false
  /// Loads of the episodes of an iteration, in turn.
  public var loads = [0.3, 0.5, 0.7, 0.9]
  /// Tasks an episode.
  public var tasks = 2000
  /// Episodes an iteration.
  public var episodes = 24
  /// Iterations; with none, what it begins with is polished as it is.
  public var iterations = 100
  /// Iterations between validations.
  public var validationEvery = 5
  /// Episodes of a validation at each load.
  public var validationEpisodes = 6
  /// What all chance comes from.
  public var seed: UInt64 = 1

  /// What was measured to work.
  public init() {}
}

/// What one iteration came to.
public struct IterationReport: Hashable, Sendable, Codable {
  /// Iterations so far.
  public var iteration: Int
  /// Decisions so far.
  public var decisions: Int
  /// Mean reward of the exploring agents.
  public var reward: Double
  /// Its terms.
  public var terms: Reward
  /// What the update did.
  public var update: UpdateStatistics
  /// Mean reward on the validation seeds, where there was a validation.
  public var validation: Double?
  /// The same by load, in the order of the settings' loads.
  public var validationByLoad: [Double]?
}

/// Trains a policy: episodes side by side, then an update, and so on.
///
/// A value: copying it is a checkpoint, and going on from a copy takes the identical trajectory, with
/// any number of workers.
public struct Trainer: Sendable {
  /// How it goes.
  public let settings: TrainingSettings
  /// Where: episodes take them in turn.
  public let scenarios: [Scenario]
  /// What has been learned.
  public internal(set) var learner: Learner
  /// Iterations so far.
  public internal(set) var iteration = 0
  /// Decisions so far.
  public internal(set) var decisions = 0
  /// The best policy on the validation seeds.
  public internal(set) var best: PolicyModel?
  /// Its mean reward there.
  public internal(set) var bestReward = -Double.infinity
  /// The iterations so far.
  public internal(set) var history: [IterationReport] = []
  /// Of the last iteration; kept for its memory, since new pages would cost a tenth of the time.
  private var experience = Experience()

  /// A trainer at its beginning, on one scenario or on the pooled experience of several; from `start` if
  /// there is one, whose shape must be the settings'.
  ///
  /// - Throws: ``TrainingError/nothingFeasible(_:)`` if no machine can take any task of the first
  ///   episodes, ``TrainingError/invalid(_:)`` for settings out of range, and what the scenario's closures
  ///   throw.
  public init(
    _ scenarios: [Scenario], _ settings: TrainingSettings, from start: PolicyModel? = nil
  ) throws {
    self.scenarios = scenarios
    self.settings = settings
    try settings.check()
    guard !scenarios.isEmpty else {
      throw TrainingError.invalid("there is no scenario to train on")
    }
    let networks = max(settings.networks, settings.gate.count)
    var model =
      start
      ?? PolicyModel.initialised(
        settings.architecture, agents: networks, hidden: settings.hidden,
        candidates: settings.candidates, seed: settings.seed)
    guard model.networks.count == networks else {
      throw TrainingError.invalid(
        "the policy to begin with has \(model.networks.count) networks; expected \(networks)")
    }
    if start != nil, let hidden = settings.hidden, let network = model.networks.first,
      network.layers[1] != hidden
    {
      throw TrainingError.invalid(
        "the policy to begin with has \(network.layers[1]) hidden units; expected \(hidden)")
    }
    // Bounds may be moved; networks may not change their places.
    guard model.architecture == settings.architecture,
      start == nil
        || model.gate.loads.count == settings.gate.loads.count
          && model.gate.runTimes.count == settings.gate.runTimes.count
    else {
      throw TrainingError.invalid(
        "the policy to begin with has another architecture or another kind of gate")
    }
    model.gate = settings.gate
    learner = Learner(model, seed: settings.seed)
    learner.model.candidates = settings.candidates
    learner.model.choice = settings.choice
    learner.model.environment = scenarios.environment
    for index in learner.model.networks.indices {
      learner.model.networks[index].withhold(settings.learner.withheld)
    }
    try checkFeasible()
  }

  /// A trainer on one scenario.
  ///
  /// - Throws: as the trainer of several.
  public init(
    _ scenario: Scenario, _ settings: TrainingSettings, from start: PolicyModel? = nil
  ) throws { try self.init([scenario], settings, from: start) }

  /// Whether all iterations are done.
  public var isDone: Bool { iteration >= settings.iterations }

  /// Makes one iteration. `anchor` is what the proximal term, where there is one, pulls towards.
  ///
  /// - Throws: ``TrainingError/diverged(iteration:what:)``, after which this trainer is of no use but for
  ///   ``best``; and what episodes throw.
  public mutating func step(
    workers: Int = 1, anchor: PolicyModel? = nil
  ) throws -> IterationReport {
    let first = iteration * settings.episodes
    let (scenarios, settings, model) = (scenarios, settings, learner.model)
    let rollouts = try Parallel.map(settings.episodes, workers: workers) { index in
      try scenarios[index % scenarios.count].rollout(
        Episode(
          seed: EpisodeSeed.training(settings.seed, first + index),
          load: settings.loads[index / scenarios.count % settings.loads.count],
          tasks: settings.tasks),
        model, credit: settings.credit, hasCentralCritic: settings.centralCritic)
    }
    experience.removeAll()
    for rollout in rollouts { experience.append(rollout.experience) }
    let done = Float(iteration) / Float(max(settings.iterations - 1, 1))
    let l = settings.learner
    let rate = l.learningRate * powf(l.finalLearningRate / l.learningRate, done)
    let update = try learner.update(
      experience, l, rate: rate, seed: settings.seed, anchor: anchor)
    iteration += 1
    decisions += experience.count
    let terms = Reward.mean(rollouts.map(\.reward))
    var report = IterationReport(
      iteration: iteration, decisions: decisions, reward: terms.total, terms: terms,
      update: update)
    if iteration % settings.validationEvery == 0 || isDone {
      let byLoad = try validate(learner.model, workers: workers)
      let mean = byLoad.reduce(0, +) / Double(byLoad.count)
      report.validation = mean
      report.validationByLoad = byLoad
      if mean > bestReward { (bestReward, best) = (mean, learner.model) }
    }
    history.append(report)
    return report
  }

  /// Mean reward of a policy, choosing as it does in use, on the validation seeds, load by load.
  public func validate(_ model: PolicyModel, workers: Int = 1) throws -> [Double] {
    try scenarios.validate(
      model, loads: Array(Set(settings.loads)).sorted(), tasks: settings.tasks,
      episodes: settings.validationEpisodes, workers: workers)
  }

  /// Looks whether there is anything to decide at all.
  private func checkFeasible() throws {
    let seed = EpisodeSeed.training(settings.seed, 0)
    for scenario in scenarios {
      let layout = try scenario.cluster(seed.value)
      if settings.architecture == .study, layout.machines.count != StudyObservation.machines {
        throw TrainingError.invalid(
          "the study's network chooses among \(StudyObservation.machines) machines; scenario "
            + "'\(scenario.name)' has \(layout.machines.count)")
      }
      let source = try scenario.source(seed, settings.loads[0], layout)
      guard try Self.anyFits(source, layout, limit: settings.tasks) else {
        throw TrainingError.nothingFeasible(scenario.name)
      }
    }
  }

  private static func anyFits(
    _ source: some WorkloadSource, _ layout: ClusterLayout, limit: Int
  ) throws -> Bool {
    var source = source
    for _ in 0..<limit {
      guard let task = try source.next() else { return false }
      if layout.machines.contains(where: { task.request.fits(in: $0.capacity) }) { return true }
    }
    return false
  }
}

extension TrainingSettings {
  /// - Throws: ``TrainingError/invalid(_:)`` with everything that is out of range.
  func check() throws {
    var wrong: [String] = []
    for (name, value) in [
      ("networks", networks), ("tasks", tasks), ("episodes", episodes),
      ("validationEvery", validationEvery), ("validationEpisodes", validationEpisodes),
      ("learner.epochs", learner.epochs), ("learner.minibatch", learner.minibatch),
      ("hidden", hidden ?? 1),
    ] where value < 1 { wrong.append("\(name) is \(value); expected at least 1") }
    if iterations < 0 { wrong.append("iterations is \(iterations); expected at least 0") }
    if gate.count > 1, networks > 1 {
      wrong.append("networks is \(networks); expected 1 beside a gate")
    }
    if !gate.isValid {
      wrong.append("gate has bounds out of order or range; expected ascending numbers above 0")
    }
    if let hidden, hidden > 1024 { wrong.append("hidden is \(hidden); expected at most 1024") }
    if loads.isEmpty { wrong.append("loads is empty") }
    for load in loads where !(load > 0 && load <= 100) {
      wrong.append("loads has \(load); expected more than 0, at most 100")
    }
    for (name, value) in [
      ("learner.clip", learner.clip), ("learner.learningRate", learner.learningRate),
      ("learner.finalLearningRate", learner.finalLearningRate),
      ("learner.gradientNorm", learner.gradientNorm),
      ("learner.advantageLimit", learner.advantageLimit),
    ] where !(value > 0 && value.isFinite) {
      wrong.append("\(name) is \(value); expected a positive number")
    }
    if !(learner.proximal >= 0 && learner.proximal.isFinite) {
      wrong.append("learner.proximal is \(learner.proximal); expected a number from 0")
    }
    if !(0..<1).contains(learner.gamma) {
      wrong.append("learner.gamma is \(learner.gamma); expected 0 to less than 1")
    }
    guard wrong.isEmpty else { throw TrainingError.invalid(wrong.joined(separator: "\n")) }
  }
}

extension Reward {
  /// The mean of each term.
  static func mean(_ rewards: [Reward]) -> Reward {
    var mean = Reward()
    let n = Double(max(rewards.count, 1))
    for reward in rewards {
      mean.service += reward.service / n
      mean.completion += reward.completion / n
      mean.energy += reward.energy / n
      mean.imbalance += reward.imbalance / n
      mean.completionSeconds += reward.completionSeconds / n
      mean.joules += reward.joules / n
      mean.variance += reward.variance / n
      mean.deadlinesMet += reward.deadlinesMet / n
      mean.tasks += reward.tasks
    }
    return mean
  }
}
