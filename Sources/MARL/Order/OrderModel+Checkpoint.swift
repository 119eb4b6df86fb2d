import Foundation
import Simulation

/// What a policy decides, as its file says: a file of one kind is refused by the others.
public enum LearnedDecision: String, Hashable, Sendable, CaseIterable {
  /// Where an arriving task goes: `marl:FILE`.
  case placement
  /// Which task that waits is next: `order:FILE`.
  case order
  /// Which machine and which of its GPUs a task gets: `device:FILE`.
  case device
  /// Which stage of which job gets executors, and how many: `stage:FILE` in `tracemill stages`.
  case stage

  /// What goes before the file in a scheduler's name.
  public var prefix: String {
    switch self {
    case .placement: "marl:"
    case .order: "order:"
    case .device: "device:"
    case .stage: "stage:"
    }
  }

  /// Checks that a file is of a policy of this kind; one that does not say is of the first kind there was.
  func check(_ file: SafeTensors) throws {
    let found = file.metadata["decision"] ?? Self.placement.rawValue
    guard found != rawValue else { return }
    let other = Self(rawValue: found)
    throw CheckpointError.unsuitable(
      what: "its decision",
      found: found + (other.map { " (\($0.prefix)FILE runs it)" } ?? ""),
      expected: "\(rawValue), by \(prefix)FILE")
  }
}

extension OrderModel {
  /// Goes into every file.
  static let format = "tracemill-order-1"
  /// The clusters that its observation is of: cores in one pool, and one queue before them.
  static let cluster = "cores"

  /// The model as tensors `order.weight` (contexts × inputs) and `order.hidden` (units × inputs, contexts, share).
  public var tensors: SafeTensors {
    var file = SafeTensors()
    file.metadata["format"] = Self.format
    file.metadata["decision"] = LearnedDecision.order.rawValue
    file.metadata["observation"] = OrderObservation.version
    file.metadata["cluster"] = Self.cluster
    file.metadata["inputs"] = OrderObservation.inputs.joined(separator: "; ")
    file.metadata["context"] = OrderObservation.context.joined(separator: "; ")
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
  /// - Throws: ``CheckpointError`` where it is for another decision, observation or kind of cluster, or a tensor is
  ///   missing, of another shape or not finite.
  public init(_ file: SafeTensors) throws {
    try LearnedDecision.order.check(file)
    try file.expect("format", Self.format)
    try file.expect("observation", OrderObservation.version)
    try file.expect("cluster", Self.cluster)
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
