import Configuration
import Experiments
import Foundation
import Logging
import MARL
import Simulation
import Workload

/// A scenario file of `train`, `federate`, `tune` and `evaluate`.
public struct ScenarioFile {
  /// One, or the clusters of a federation.
  public var scenarios: [Scenario]
  /// Offered loads that are trained and evaluated at.
  public var loads: [Double]
  /// Tasks an episode.
  public var tasks: Int
  /// How is trained.
  public var training: TrainingSettings
  /// How the trained policy is refined by evolution; nil for not.
  public var polish: EvolutionSettings?
  /// Iterations that a cluster of a federation makes in a round.
  public var localIterations: Int
  /// FedProx's μ.
  public var proximal: Float
  /// How much of a federation's last step is added to its next.
  public var momentum: Float

  /// Tasks of an episode, at most: what it makes of each stays in memory to its end.
  public static let taskLimit = 10_000_000

  /// What was left out or assumed of the scenarios' tasks.
  public var notes: [Note] {
    scenarios.flatMap { scenario in
      scenario.notes.map {
        scenarios.count == 1
          ? $0 : Note($0.kind, scenario.name, $0.figures, "\(scenario.name): \($0)")
      }
    }
  }

  /// Reads it, and the traces that it names.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - logger: is told the ``notes``; nil for silence.
  /// - Throws: ``RunError`` with every mistake in the file.
  public init(path: String, logger: Logger? = nil) throws {
    do {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      let parts = try ConfigurationFile(path: path).read { ScenarioParts($0, folder: folder) }
      scenarios = try parts.places.map { try $0.scenario(options: parts.options) }
      loads = parts.loads
      tasks = parts.tasks
      training = parts.training
      polish = parts.polish
      localIterations = parts.localIterations
      proximal = parts.proximal
      momentum = parts.momentum
      for note in notes { logger?.notice("\(note)") }
    } catch let error as ConfigurationError {
      throw RunError(error)
    }
  }

  /// The only scenario, for commands that work on one.
  ///
  /// - Throws: where there are several clusters, saying so for `path`.
  public func scenario(of path: String) throws -> Scenario {
    guard scenarios.count == 1 else {
      throw RunError(
        message: "\(path): has \(scenarios.count) clusters; expected a scenario of one")
    }
    return scenarios[0]
  }

  /// Measures the random policy's energy and variance at each load: the units of the reward.
  public mutating func measureUnits(workers: Int) throws {
    for index in scenarios.indices {
      for load in loads {
        scenarios[index].units[load] = try scenarios[index].measuredUnits(
          load: load, tasks: tasks, seeds: EpisodeSeed.some(.tuning, 20) ?? [], workers: workers)
      }
    }
  }
}

/// What a scenario file says.
private struct ScenarioParts {
  var places: [ScenarioPlace] = []
  var options = Scenario.dispatchOptions
  var loads = [0.3, 0.5, 0.7, 0.9]
  var tasks = 2000
  var training = TrainingSettings()
  var polish: EvolutionSettings?
  var localIterations = 1
  var proximal: Float = 0
  var momentum: Float = 0

  init?(_ root: ConfigurationNode, folder: String) {
    let name = root.string("name", required: true) ?? ""
    if let decision = root.choice("decision", of: LearnedDecision.self), decision != .placement {
      root.problem(at: "decision", "is \(decision.rawValue), which `tracemill train` alone learns")
    }
    if let clusters = root.list("clusters") {
      places = clusters.map {
        ScenarioPlace($0, name: $0.string("name", required: true) ?? "", folder: folder)
      }
      if places.isEmpty { root.problem(at: "clusters", "is empty") }
    } else {
      places = [ScenarioPlace(root, name: name, folder: folder)]
    }
    if let node = root.object("engine") {
      let engine = EngineSettings(whole: node)
      for (key, isThere) in [
        ("atStart", engine.atStart != nil), ("ignoreConstraints", engine.ignoreConstraints != nil),
      ] where isThere {
        node.problem(
          at: key, "has no effect on episodes: they skip what ran already, and have no constraints")
      }
      if engine.devices != nil {
        node.problem(at: "devices", "is for decision: device; here GPUs are an amount")
      }
      options = SimulationOptions()
      engine.apply(to: &options)
    }
    if let seconds = root.seconds("heartbeat") {
      options.heartbeat = Microseconds(seconds: seconds)
    }
    if let seconds = root.seconds("networkDelay") {
      options.network = NetworkModel(constant: Microseconds(seconds: seconds))
    }
    loads = root.numbers("loads", in: .above(0, to: 100)) ?? loads
    tasks = root.integer("tasks", in: 1...ScenarioFile.taskLimit) ?? tasks
    if let node = root.object("training") { readTraining(node) }
    if let node = root.object("polish") { readPolish(node) }
    if let node = root.object("federated") {
      localIterations = node.integer("localIterations", in: 1...100_000) ?? 1
      proximal = Float(node.number("proximal", in: .from(0)) ?? 0)
      momentum = Float(node.number("momentum", in: .from(0, to: 0.99)) ?? 0)
    }
    training.loads = loads
    training.tasks = tasks
  }

  private mutating func readTraining(_ node: ConfigurationNode) {
    var t = training
    t.architecture = node.choice("architecture", of: PolicyModel.Architecture.self) ?? .candidates
    t.hidden = node.integer("hidden", in: 1...1024)
    t.networks = node.integer("networks", in: 1...100_000) ?? 1
    if let gate = node.object("gate") {
      t.gate = Gate(
        loads: gate.numbers("loads", in: .positive) ?? [],
        runTimes: gate.numbers("runTimes", in: .positive) ?? [])
    }
    let count = 1...100_000
    let busy = node.integer("candidates", in: count) ?? 10
    t.candidates = CandidateRule(
      idle: node.integer("idleCandidates", in: count) ?? busy, busy: busy,
      pivot: node.number("busyFrom", in: .above(0, to: 1)) ?? 1,
      weighting: node.choice("sampling", of: CandidateSampler.Weighting.self) ?? .uniform)
    t.choice = node.choice("choice", of: PolicyModel.Choice.self) ?? .greedy
    t.credit.scheme = node.choice("credit", of: Credit.Scheme.self) ?? .marginal
    t.credit.harm = node.number("harm", in: .from(0)) ?? t.credit.harm
    t.credit.lostDeadline = node.number("lostDeadline", in: .from(0)) ?? t.credit.lostDeadline
    t.credit.service = node.number("serviceWeight", in: .from(0)) ?? t.credit.service
    t.credit.completion = node.number("completionWeight", in: .from(0)) ?? t.credit.completion
    t.credit.energy = node.number("energyWeight", in: .from(0)) ?? t.credit.energy
    t.credit.imbalance = node.number("imbalanceWeight", in: .from(0)) ?? t.credit.imbalance
    t.learner.algorithm = node.choice("algorithm", of: LearnerSettings.Algorithm.self) ?? .ppo
    t.learner.clip = node.number("clip", in: .positive).map { Float($0) } ?? t.learner.clip
    t.learner.epochs = node.integer("epochs", in: 1...1000) ?? t.learner.epochs
    t.learner.minibatch = node.integer("minibatch", in: 1...10_000_000) ?? t.learner.minibatch
    t.learner.learningRate =
      node.number("learningRate", in: .positive).map { Float($0) } ?? t.learner.learningRate
    t.learner.finalLearningRate =
      node.number("finalLearningRate", in: .positive).map { Float($0) }
      ?? min(t.learner.finalLearningRate, t.learner.learningRate)
    t.learner.entropy = node.number("entropy", in: .from(0)).map { Float($0) } ?? t.learner.entropy
    t.learner.gamma =
      node.number("gamma", in: .from(0, to: 0.9999)).map { Float($0) }
      ?? (t.credit.scheme == .discounted ? 0.99 : 0)
    t.learner.lambda =
      node.number("lambda", in: .from(0, to: 1)).map { Float($0) } ?? t.learner.lambda
    t.learner.usesBaseline = node.flag("baseline") ?? true
    t.learner.withheld = (node.list("withhold") ?? []).flatMap { element in
      let names = CandidateFeatures.Group.allCases.map(\.rawValue)
      guard let name = element.string() else { return [Int]() }
      guard let group = CandidateFeatures.Group(rawValue: name) else {
        element.problem(
          "'\(name)' is none of \(names.joined(separator: ", "))"
            + suggestion(for: name, among: names))
        return []
      }
      return group.indices
    }
    t.centralCritic = node.flag("centralCritic") ?? false
    t.episodes = node.integer("episodes", in: 1...100_000) ?? t.episodes
    t.iterations = node.integer("iterations", in: 0...10_000_000) ?? t.iterations
    t.validationEvery = node.integer("validationEvery", in: 1...10_000_000) ?? t.validationEvery
    t.validationEpisodes = node.integer("validationEpisodes", in: 1...999) ?? t.validationEpisodes
    t.seed = node.integer("seed", in: 0...Int(UInt32.max)).map { UInt64($0) } ?? t.seed
    training = t
  }

  private mutating func readPolish(_ node: ConfigurationNode) {
    var p = EvolutionSettings()
    p.generations = node.integer("generations", in: 1...10_000_000) ?? p.generations
    p.pairs = node.integer("pairs", in: 1...100_000) ?? p.pairs
    p.deviation = node.number("deviation", in: .positive).map { Float($0) } ?? p.deviation
    p.learningRate = node.number("learningRate", in: .positive).map { Float($0) } ?? p.learningRate
    p.finalLearningRate =
      node.number("finalLearningRate", in: .positive).map { Float($0) } ?? p.learningRate / 5
    p.episodes = node.integer("episodes", in: 1...1000) ?? p.episodes
    p.validationEvery = node.integer("validationEvery", in: 1...10_000_000) ?? p.validationEvery
    p.validationEpisodes = node.integer("validationEpisodes", in: 1...999) ?? p.validationEpisodes
    p.seed = node.integer("seed", in: 0...Int(UInt32.max)).map { UInt64($0) } ?? p.seed
    p.loads = loads
    p.tasks = tasks
    polish = p
  }
}
