extension Federation {
  private struct State: Codable {
    var round: Int
    var localIterations: Int
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
        round: round, localIterations: localIterations,
        bestReward: best == nil ? nil : bestReward, history: history))
    for (index, cluster) in clusters.enumerated() {
      file.add(cluster.checkpoint, under: "cluster.\(index).")
    }
    if let critic { file.add(critic, as: "critic") }
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
    resuming file: SafeTensors
  ) throws {
    try file.expect("scenario", scenarios.label)
    try file.expect("settings", CheckpointText.json(settings))
    let state: State = try CheckpointText.value(file.metadata["federation"], "federation")
    guard state.localIterations == localIterations else {
      throw CheckpointError.unsuitable(
        what: "the number of local iterations", found: "\(state.localIterations)",
        expected: "\(localIterations)")
    }
    self.settings = settings
    self.localIterations = localIterations
    model = try PolicyModel(file)
    clusters = try scenarios.enumerated().map { index, scenario in
      try Trainer(
        [scenario], Self.local(settings, index), resuming: file.part(under: "cluster.\(index)."))
    }
    critic = try clusters.first?.learner.critic.map {
      try file.network(
        "critic", inputs: $0.inputs, outputs: 1, depth: 2, activation: $0.activation)
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
