import Foundation

extension Trainer {
  /// All that training needs to go on, and the policy as it is: also a policy's checkpoint.
  private struct State: Codable {
    var iteration: Int
    var decisions: Int
    var updates: Int
    var returnMean: Float
    var returnVariance: Float
    var bestReward: Double?
    var steps: [Int]
    var criticSteps: Int?
    var history: [IterationReport]
  }

  /// The checkpoint.
  public var checkpoint: SafeTensors {
    var file = learner.model.tensors
    file.metadata["scenario"] = scenarios.label
    file.metadata["settings"] = CheckpointText.json(settings)
    let state = State(
      iteration: iteration, decisions: decisions, updates: learner.updates,
      returnMean: learner.returnMean, returnVariance: learner.returnVariance,
      bestReward: best == nil ? nil : bestReward, steps: learner.optimisers.map(\.step),
      criticSteps: learner.criticOptimiser?.step, history: history)
    file.metadata["state"] = CheckpointText.json(state)
    for (index, optimiser) in learner.optimisers.enumerated() {
      file.add(optimiser, as: "optimiser.\(index)")
    }
    if let critic = learner.critic { file.add(critic, as: "critic") }
    if let optimiser = learner.criticOptimiser { file.add(optimiser, as: "optimiser.critic") }
    if let best {
      for (index, network) in best.networks.enumerated() { file.add(network, as: "best.\(index)") }
    }
    return file
  }

  /// Goes on from a checkpoint, on the trajectory that was left.
  ///
  /// - Throws: ``CheckpointError`` where it is not a checkpoint of this training: `settings` must be
  ///   those it was made with.
  public init(
    _ scenarios: [Scenario], _ settings: TrainingSettings, resuming file: SafeTensors
  ) throws {
    try file.expect("scenario", scenarios.label)
    try file.expect("settings", CheckpointText.json(settings))
    try self.init(scenarios, settings, from: PolicyModel(file))
    let state: State = try CheckpointText.value(file.metadata["state"], "state")
    guard state.steps.count == learner.optimisers.count else {
      throw CheckpointError.damaged("it has \(state.steps.count) optimisers")
    }
    for index in learner.optimisers.indices {
      try file.read(
        &learner.optimisers[index], "optimiser.\(index)", step: state.steps[index])
    }
    if let critic = learner.critic, var optimiser = learner.criticOptimiser {
      learner.critic = try file.network(
        "critic", inputs: critic.inputs, outputs: 1, depth: 2, activation: critic.activation)
      try file.read(&optimiser, "optimiser.critic", step: state.criticSteps ?? 0)
      learner.criticOptimiser = optimiser
    }
    learner.updates = state.updates
    learner.returnMean = state.returnMean
    learner.returnVariance = state.returnVariance
    iteration = state.iteration
    decisions = state.decisions
    history = state.history
    guard let reward = state.bestReward else { return }
    bestReward = reward
    best = try learner.model.withNetworks(of: file, "best")
  }
}

extension Collection where Element == Scenario {
  /// What checkpoints know them by.
  var label: String { map(\.name).joined(separator: "+") }
}

extension SafeTensors {
  mutating func add(_ optimiser: Adam, as name: String) {
    let shape = [optimiser.first.count]
    tensors["\(name).first"] = Tensor(shape: shape, values: optimiser.first)
    tensors["\(name).second"] = Tensor(shape: shape, values: optimiser.second)
  }

  func read(_ optimiser: inout Adam, _ name: String, step: Int) throws {
    let (first, second) = (try tensor("\(name).first"), try tensor("\(name).second"))
    guard first.values.count == optimiser.first.count, second.shape == first.shape, step >= 0,
      first.values.allSatisfy(\.isFinite), second.values.allSatisfy({ $0.isFinite && $0 >= 0 })
    else {
      throw CheckpointError.unsuitable(
        what: "the shape of \(name)", found: "\(first.shape) and \(second.shape)",
        expected: "\([optimiser.first.count]), finite")
    }
    optimiser.first = first.values
    optimiser.second = second.values
    optimiser.step = step
  }
}
