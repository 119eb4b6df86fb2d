extension EvolutionStrategy {
  private struct State: Codable {
    var generation: Int
    var decisions: Int
    var bestReward: Double?
    var step: Int
  }

  /// All that is needed to go on, and the policy at the centre: also a policy's checkpoint.
  public var checkpoint: SafeTensors {
    var file = model.tensors
    file.metadata["scenario"] = scenarios.label
    file.metadata["settings"] = CheckpointText.json(settings)
    file.metadata["state"] = CheckpointText.json(
      State(
        generation: generation, decisions: decisions,
        bestReward: bestReward.isFinite ? bestReward : nil, step: optimiser.step))
    file.add(optimiser, as: "optimiser")
    for (index, network) in best.networks.enumerated() { file.add(network, as: "best.\(index)") }
    return file
  }

  /// Goes on from a checkpoint, on the trajectory that was left.
  ///
  /// - Throws: ``CheckpointError`` where it is not a checkpoint of this polish with these settings.
  public init(
    _ scenarios: [Scenario], _ settings: EvolutionSettings, resuming file: SafeTensors
  ) throws {
    try file.expect("scenario", scenarios.label)
    try file.expect("settings", CheckpointText.json(settings))
    try self.init(scenarios, settings, from: PolicyModel(file))
    let state: State = try CheckpointText.value(file.metadata["state"], "state")
    try file.read(&optimiser, "optimiser", step: state.step)
    generation = state.generation
    decisions = state.decisions
    bestReward = state.bestReward ?? -.infinity
    best = try model.withNetworks(of: file, "best")
  }
}

extension PolicyModel {
  /// This model with other networks of its shape, from a checkpoint.
  func withNetworks(of file: SafeTensors, _ name: String) throws -> PolicyModel {
    var other = self
    for index in networks.indices {
      let shape = networks[index]
      other.networks[index] = try file.network(
        "\(name).\(index)", inputs: shape.inputs, outputs: shape.outputs, depth: shape.depth,
        activation: shape.activation)
    }
    return other
  }
}
