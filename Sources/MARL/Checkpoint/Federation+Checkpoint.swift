extension Federation {
  private struct State: Codable {
    var round: Int
    var localIterations: Int
    var momentum: Float
    var bestReward: Double?
    var history: [Round]
  }

  /// All that is needed to go on, the clusters' checkpoints included, and the common policy: also a
  /// policy's checkpoint.
  public var checkpoint: SafeTensors {
    var file = model.tensors
    file.metadata["scenario"] = clusters.flatMap(\.scenarios).label
    file.metadata["settings"] = CheckpointText.json(settings)
    file.metadata["federation"] = CheckpointText.json(
      State(
        round: round, localIterations: localIterations, momentum: momentum,
        bestReward: best == nil ? nil : bestReward, history: history))
    for (index, cluster) in clusters.enumerated() {
      file.add(cluster.checkpoint, under: "cluster.\(index).")
    }
    if !lastStep.isEmpty { file.tensors["step"] = .init(shape: [lastStep.count], values: lastStep) }
    for (index, network) in (best?.networks ?? []).enumerated() {
      file.add(network, as: "best.\(index)")
    }
    return file
  }

  /// Goes on from a checkpoint, on the trajectory that was left.
  ///
  /// - Throws: ``CheckpointError`` where it is not a checkpoint of this federation with these settings.
  public init(
    _ scenarios: [Scenario], _ settings: TrainingSettings, localIterations: Int = 1,
    momentum: Float = 0, resuming file: SafeTensors
  ) throws {
    try file.expect("scenario", scenarios.label)
    try file.expect("settings", CheckpointText.json(settings))
    let state: State = try CheckpointText.value(file.metadata["federation"], "federation")
    guard state.localIterations == localIterations else {
      throw CheckpointError.unsuitable(
        what: "the number of local iterations", found: "\(state.localIterations)",
        expected: "\(localIterations)")
    }
    guard state.momentum == momentum else {
      throw CheckpointError.unsuitable(
        what: "the momentum", found: "\(state.momentum)", expected: "\(momentum)")
    }
    self.settings = settings
    self.localIterations = localIterations
    self.momentum = momentum
    model = try PolicyModel(file)
    clusters = try scenarios.enumerated().map { index, scenario in
      try Trainer(
        [scenario], Self.local(settings, index), resuming: file.part(under: "cluster.\(index)."))
    }
    if momentum > 0, state.round > 0 {
      let step = try file.tensor("step")
      guard step.values.count == model.parameters.count, step.values.allSatisfy(\.isFinite) else {
        throw CheckpointError.unsuitable(
          what: "the shape of step", found: "\(step.shape)",
          expected: "[\(model.parameters.count)], finite")
      }
      lastStep = step.values
    }
    round = state.round
    history = state.history
    guard let reward = state.bestReward else { return }
    bestReward = reward
    best = try model.withNetworks(of: file, "best")
  }
}

extension SafeTensors {
  /// Takes in another file's content, its names behind `prefix`.
  mutating func add(_ other: SafeTensors, under prefix: String) {
    for (name, tensor) in other.tensors { tensors[prefix + name] = tensor }
    for (name, text) in other.metadata { metadata[prefix + name] = text }
  }

  /// The content whose names are behind `prefix`.
  func part(under prefix: String) -> SafeTensors {
    var part = SafeTensors()
    for (name, tensor) in tensors where name.hasPrefix(prefix) {
      part.tensors[String(name.dropFirst(prefix.count))] = tensor
    }
    for (name, text) in metadata where name.hasPrefix(prefix) {
      part.metadata[String(name.dropFirst(prefix.count))] = text
    }
    return part
  }
}
