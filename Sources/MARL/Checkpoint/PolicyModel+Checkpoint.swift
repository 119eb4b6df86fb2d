import Foundation

extension PolicyModel {
  /// Goes into every checkpoint.
  static let format = "tracemill-marl-1"

  /// The model as tensors `policy.N.weight.L` (inputs × outputs) and `policy.N.bias.L`.
  public var tensors: SafeTensors {
    var file = SafeTensors()
    file.metadata["format"] = Self.format
    file.metadata["architecture"] = architecture.rawValue
    file.metadata["observation"] = observation
    file.metadata["gate"] = CheckpointText.json(gate)
    file.metadata["choice"] = choice.rawValue
    file.metadata["networks"] = String(networks.count)
    file.metadata["candidates"] = CheckpointText.json(candidates)
    if let environment { file.metadata["environment"] = CheckpointText.json(environment) }
    for (index, network) in networks.enumerated() { file.add(network, as: "policy.\(index)") }
    return file
  }

  /// The model of a checkpoint.
  ///
  /// - Throws: ``CheckpointError`` where a tensor is missing, not of the architecture's shape or not
  ///   finite, or was trained on another version of the observation.
  public init(_ file: SafeTensors) throws {
    try LearnedDecision.placement.check(file)
    try file.expect("format", Self.format)
    guard let name = file.metadata["architecture"], let architecture = Architecture(rawValue: name)
    else {
      throw CheckpointError.unsuitable(
        what: "architecture", found: file.metadata["architecture"] ?? "missing",
        expected: Architecture.allCases.map(\.rawValue).joined(separator: " or "))
    }
    guard let count = file.metadata["networks"].flatMap(Int.init), (1...1_000_000).contains(count)
    else {
      throw CheckpointError.unsuitable(
        what: "the number of networks", found: file.metadata["networks"] ?? "missing",
        expected: "1 to 1000000")
    }
    let candidates: CandidateRule = try CheckpointText.value(
      file.metadata["candidates"], "candidates")
    let ends = Self.layers(architecture)
    let networks = try (0..<count).map { index in
      try file.network(
        "policy.\(index)", inputs: ends[0], outputs: ends[2], depth: 2, activation: .relu)
    }
    guard networks.allSatisfy({ $0.layers == networks[0].layers }) else {
      throw CheckpointError.damaged("its networks are not of one shape")
    }
    self.init(
      architecture, networks: networks,
      candidates: CandidateRule(
        idle: min(candidates.idle, 100_000), busy: min(candidates.busy, 100_000),
        pivot: candidates.pivot > 0 ? candidates.pivot : 1, weighting: candidates.weighting))
    try file.expect("observation", observation)
    guard let choice = file.metadata["choice"].flatMap(Choice.init) else {
      throw CheckpointError.unsuitable(
        what: "choice", found: file.metadata["choice"] ?? "missing",
        expected: Choice.allCases.map(\.rawValue).joined(separator: " or "))
    }
    self.choice = choice
    if let text = file.metadata["environment"] {
      let environment: TrainingEnvironment = try CheckpointText.value(text, "environment")
      guard environment.isValid else {
        throw CheckpointError.damaged("its environment is out of range")
      }
      self.environment = environment
    }
    guard let gate: Gate = try? CheckpointText.value(file.metadata["gate"], "gate") else {
      throw CheckpointError.unsuitable(
        what: "gate", found: file.metadata["gate"] ?? "missing",
        expected: CheckpointText.json(Gate()))
    }
    self.gate = gate
    guard gate.isValid, gate.count == 1 || gate.count == networks.count
    else { throw CheckpointError.damaged("its gate does not go with its networks") }
  }

  /// Reads a checkpoint file.
  ///
  /// - Throws: ``CheckpointError``.
  public init(path: String) throws {
    try self.init(SafeTensors(path: path))
  }
}

extension SafeTensors {
  /// Reads a file.
  ///
  /// - Throws: ``CheckpointError``.
  public init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CheckpointError.file("it cannot be read")
    }
    try self.init(data)
  }

  /// Writes a file: whole or not at all.
  ///
  /// - Throws: ``CheckpointError/file(_:)``.
  public func write(path: String) throws {
    do {
      try data().write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CheckpointError.file("it cannot be written: \(error.localizedDescription)")
    }
  }

  func expect(_ key: String, _ expected: String) throws {
    let found = metadata[key] ?? "missing"
    guard found == expected else {
      throw CheckpointError.unsuitable(what: key, found: found, expected: expected)
    }
  }

  mutating func add(_ network: Network, as name: String) {
    var position = 0
    for layer in 0..<network.depth {
      let (n, m) = (network.layers[layer], network.layers[layer + 1])
      tensors["\(name).weight.\(layer)"] = Tensor(
        shape: [n, m], values: Array(network.parameters[position..<(position + n * m)]))
      position += n * m
      tensors["\(name).bias.\(layer)"] = Tensor(
        shape: [m], values: Array(network.parameters[position..<(position + m)]))
      position += m
    }
  }

  func network(
    _ name: String, inputs: Int, outputs: Int, depth: Int, activation: Network.Activation
  ) throws -> Network {
    var layers = [inputs]
    var parameters: [Float] = []
    for layer in 0..<depth {
      let weight = try tensor("\(name).weight.\(layer)")
      let units = layer == depth - 1 ? outputs : weight.shape.last ?? 0
      guard weight.shape == [layers[layer], units], (1...1024).contains(units) else {
        throw CheckpointError.unsuitable(
          what: "the shape of \(name).weight.\(layer)", found: "\(weight.shape)",
          expected: layer == depth - 1
            ? "\([layers[layer], outputs])" : "[\(layers[layer]), 1 to 1024]")
      }
      let bias = try tensor("\(name).bias.\(layer)")
      guard bias.shape == [units] else {
        throw CheckpointError.unsuitable(
          what: "the shape of \(name).bias.\(layer)", found: "\(bias.shape)",
          expected: "\([units])")
      }
      layers.append(units)
      parameters += weight.values + bias.values
    }
    guard parameters.allSatisfy(\.isFinite) else {
      throw CheckpointError.damaged("\(name) has parameters that are not finite")
    }
    var network = Network(layers: layers, activation: activation)
    network.parameters = parameters
    return network
  }

  func tensor(_ name: String) throws -> Tensor {
    guard let tensor = tensors[name] else {
      throw CheckpointError.unsuitable(
        what: "tensor \(name)", found: "missing", expected: "a tensor of that name")
    }
    return tensor
  }
}

/// Values as JSON text in metadata.
enum CheckpointText {
  static func json<Value: Encodable>(_ value: Value) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  static func value<Value: Decodable>(_ text: String?, _ name: String) throws -> Value {
    guard let text, let value = try? JSONDecoder().decode(Value.self, from: Data(text.utf8)) else {
      throw CheckpointError.damaged("its \(name) cannot be read")
    }
    return value
  }
}
