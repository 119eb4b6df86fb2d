import Simulation
import Workload

/// Trains one policy for several clusters that keep their experience to themselves.
///
/// Federated averaging: McMahan, Moore, Ramage, Hampson and Agüera y Arcas, "Communication-efficient
/// learning of deep networks from decentralized data", AISTATS 2017, algorithm 1; with
/// ``LearnerSettings/proximal`` above 0 FedProx (Li et al., MLSys 2020, algorithm 2). In a round every
/// cluster trains the common policy on its own episodes, and the results are averaged by the number of decisions
/// that each was made of. Nothing else travels: experience, moments of Adam, and the critic with the running
/// returns by which values are normalised stay with their cluster, whose returns are its own (layers that stay:
/// Arivazhagan, Aggarwal, Singh and Choudhary, "Federated learning with personalization layers",
/// arXiv:1912.00818). The way that the common policy goes may have momentum (Hsu, Qi and Brown, "Measuring the
/// effects of non-identical data distribution for federated visual classification", arXiv:1909.06335): what is
/// chance in the clusters' steps is gone from their mean, so that larger steps can be made along it.
///
/// A value: copying it is a checkpoint, and going on from a copy takes the identical trajectory, with
/// any number of workers.
public struct Federation: Sendable {
  /// What one round came to.
  public struct Round: Hashable, Sendable, Codable {
    /// Rounds so far.
    public var round: Int
    /// Decisions of all clusters so far.
    public var decisions: Int
    /// Mean reward of the exploring agents of each cluster, in its last local iteration.
    public var rewards: [Double]
    /// Mean reward of the common policy on the validation seeds, over the clusters, load by load, where
    /// there was a validation.
    public var validation: [Double]?
  }

  /// How each cluster trains; its iterations are all those of a cluster, over all rounds.
  public let settings: TrainingSettings
  /// Iterations that a cluster makes in a round.
  public let localIterations: Int
  /// How much of the common policy's last step is added to its next, from 0 to 0.99; 0 is FedAvg as published.
  public let momentum: Float
  /// The clusters, the one of index k on training seeds of the settings' seed plus k.
  public internal(set) var clusters: [Trainer]
  /// The common policy.
  public internal(set) var model: PolicyModel
  /// The common policy's last step, network after network; empty before the first.
  var lastStep: [Float] = []
  /// Rounds so far.
  public internal(set) var round = 0
  /// The best common policy on the validation seeds.
  public internal(set) var best: PolicyModel?
  /// Its mean reward there.
  public internal(set) var bestReward = -Double.infinity
  /// The rounds so far.
  public internal(set) var history: [Round] = []

  /// A federation at its beginning.
  ///
  /// - Parameters:
  ///   - scenarios: The clusters and their workloads, at least one.
  ///   - settings: How each trains.
  ///   - localIterations: Iterations of a cluster in a round (≥ 1).
  ///   - momentum: How much of the common policy's last step is added to its next, from 0 to 0.99.
  /// - Throws: what ``Trainer`` throws where it cannot begin.
  public init(
    _ scenarios: [Scenario], _ settings: TrainingSettings, localIterations: Int = 1,
    momentum: Float = 0
  ) throws {
    guard let first = scenarios.first else {
      throw TrainingError.invalid("a federation needs a cluster")
    }
    guard localIterations >= 1 else {
      throw TrainingError.invalid("localIterations is \(localIterations); expected at least 1")
    }
    guard (0...0.99).contains(momentum) else {
      throw TrainingError.invalid("momentum is \(momentum); expected 0 to 0.99")
    }
    self.settings = settings
    self.localIterations = localIterations
    self.momentum = momentum
    model = try Trainer(first, settings).learner.model
    model.environment = scenarios.environment
    clusters = try scenarios.enumerated().map { index, scenario in
      try Trainer(scenario, Self.local(settings, index))
    }
  }

  /// Settings of the cluster of an index: seeds of its own, and no validation before the end, as it is
  /// the common policy that is chosen.
  static func local(_ settings: TrainingSettings, _ index: Int) -> TrainingSettings {
    var local = settings
    local.seed = settings.seed + UInt64(index)
    local.validationEvery = max(settings.iterations, 1)
    local.validationEpisodes = 1
    return local
  }

  /// Rounds in all.
  public var rounds: Int { (settings.iterations + localIterations - 1) / localIterations }
  /// Whether all rounds are done.
  public var isDone: Bool { round >= rounds }
  /// Decisions of all clusters so far.
  public var decisions: Int { clusters.reduce(0) { $0 + $1.decisions } }

  /// Makes one round, clusters side by side.
  ///
  /// - Throws: as ``Trainer/step(workers:anchor:)``.
  public mutating func step(workers: Int = 1) throws -> Round {
    let (before, model, local) = (clusters, model, localIterations)
    clusters = try Parallel.map(before.count, workers: workers) { index in
      var cluster = before[index]
      cluster.learner.model = model
      for _ in 0..<local where !cluster.isDone { _ = try cluster.step(anchor: model) }
      return cluster
    }
    let made = zip(clusters, before).map { $0.decisions - $1.decisions }
    self.model = PolicyModel.average(clusters.map(\.learner.model), weights: made)
    if momentum > 0 { addMomentum(from: model) }
    guard self.model.parameters.allSatisfy(\.isFinite) else {
      throw TrainingError.diverged(iteration: round + 1, what: "the common policy")
    }
    round += 1
    var report = Round(
      round: round, decisions: decisions, rewards: clusters.map { $0.history.last?.reward ?? 0 })
    let every = max(settings.validationEvery / localIterations, 1)
    if round % every == 0 || isDone {
      let byLoad = try validate(self.model, workers: workers)
      let mean = byLoad.reduce(0, +) / Double(byLoad.count)
      report.validation = byLoad
      if mean > bestReward { (bestReward, best) = (mean, self.model) }
    }
    history.append(report)
    return report
  }

  /// Adds what is left of the last step to the one from `before` to the mean of the clusters.
  private mutating func addMomentum(from before: PolicyModel) {
    let (old, mean) = (before.parameters, model.parameters)
    var step = zip(mean, old).map { $0 - $1 }
    for index in lastStep.indices { step[index] += momentum * lastStep[index] }
    model.setParameters(zip(old, step).map { $0 + $1 })
    lastStep = step
  }

  /// Mean reward of a policy on the validation seeds over the clusters, load by load.
  public func validate(_ model: PolicyModel, workers: Int = 1) throws -> [Double] {
    try clusters.flatMap(\.scenarios).validate(
      model, loads: Array(Set(settings.loads)).sorted(), tasks: settings.tasks,
      episodes: settings.validationEpisodes, workers: workers)
  }
}

extension PolicyModel {
  /// The weighted mean of models of one shape, in the order given, so that it is the same to the bit; the
  /// plain mean where all weights are 0.
  static func average(_ models: [PolicyModel], weights: [Int]) -> PolicyModel {
    var mean = models[0]
    for index in mean.networks.indices {
      mean.networks[index] = Network.average(models.map { $0.networks[index] }, weights: weights)
    }
    return mean
  }
}

extension Network {
  /// As ``PolicyModel/average(_:weights:)``.
  static func average(_ networks: [Network], weights: [Int]) -> Network {
    var mean = networks[0]
    let total = Double(weights.reduce(0, +))
    let shares = weights.map { total > 0 ? Double($0) / total : 1 / Double(networks.count) }
    for index in mean.parameters.indices {
      mean.parameters[index] = Float(
        zip(networks, shares).reduce(0) { $0 + Double($1.0.parameters[index]) * $1.1 })
    }
    return mean
  }
}
