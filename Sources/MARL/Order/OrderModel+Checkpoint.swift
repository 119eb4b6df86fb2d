import Simulation

extension OrderModel {
  /// What its files say of themselves.
  static let identity = PolicyIdentity(
    decision: .order, format: "tracemill-order-1", observation: OrderObservation.version,
    cluster: "cores",
    names: ["inputs": OrderObservation.inputs, "context": OrderObservation.context])

  /// The model as tensors `order.weight` (contexts × inputs) and `order.hidden` (units × inputs, contexts, share).
  public var tensors: SafeTensors {
    var file = SafeTensors()
    Self.identity.write(to: &file)
    if let environment { file.metadata["environment"] = CheckpointText.json(environment) }
    let linear = Self.inputCount * contexts
    let values = parameters.map { Float($0) }
    file.tensors["order.weight"] = .init(
      shape: [contexts, Self.inputCount], values: Array(values[..<linear]))
    file.tensors["order.hidden"] = .init(
      shape: [hidden, Self.inputCount + Self.contextCount + 1], values: Array(values[linear...]))
    return file
  }

  /// The model of a file.
  ///
  /// - Throws: ``CheckpointError`` where it is for another decision, observation or kind of cluster, of other inputs, or
  ///   a tensor is missing, of another shape or not finite.
  public init(_ file: SafeTensors) throws {
    try Self.identity.check(file)
    let weight = try file.tensor("order.weight")
    let units = try file.tensor("order.hidden")
    let each = Self.inputCount + Self.contextCount + 1
    guard weight.shape.count == 2, (1...Self.contextCount).contains(weight.shape[0]),
      weight.shape[1] == Self.inputCount
    else {
      throw CheckpointError.unsuitable(
        what: "the shape of order.weight", found: "\(weight.shape)",
        expected: "[1 to \(Self.contextCount), \(Self.inputCount)]")
    }
    guard units.shape.count == 2, (0...64).contains(units.shape[0]), units.shape[1] == each else {
      throw CheckpointError.unsuitable(
        what: "the shape of order.hidden", found: "\(units.shape)", expected: "[0 to 64, \(each)]")
    }
    let values = weight.values + units.values
    guard values.allSatisfy(\.isFinite) else {
      throw CheckpointError.damaged("it has parameters that are not finite")
    }
    self.init(
      contexts: weight.shape[0], hidden: units.shape[0], parameters: values.map { Double($0) })
    if let text = file.metadata["environment"] {
      let environment: TrainingEnvironment = try CheckpointText.value(text, "environment")
      guard environment.isValid else {
        throw CheckpointError.damaged("its environment is out of range")
      }
      self.environment = environment
    }
  }
}
