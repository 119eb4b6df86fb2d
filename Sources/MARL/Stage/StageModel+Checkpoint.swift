import Simulation

extension StageModel {
  /// Goes into every file.
  static let format = "tracemill-stage-1"
  /// The clusters that its inputs are of: executors that jobs of stages share.
  static let cluster = "executors"

  /// The model as a tensor `stage.weight` (outputs × inputs).
  public var tensors: SafeTensors {
    var file = SafeTensors()
    file.metadata["format"] = Self.format
    file.metadata["decision"] = LearnedDecision.stage.rawValue
    file.metadata["observation"] = Self.version
    file.metadata["cluster"] = Self.cluster
    file.metadata["inputs"] = Self.inputs.joined(separator: "; ")
    file.metadata["outputs"] = Self.outputs.joined(separator: "; ")
    file.tensors["stage.weight"] = .init(
      shape: [Self.outputs.count, Self.inputs.count], values: parameters.map { Float($0) })
    return file
  }

  /// The model of a file.
  ///
  /// - Throws: ``CheckpointError`` where it is for another decision, observation or kind of cluster, or the tensor
  ///   is missing, of another shape or not finite.
  public init(_ file: SafeTensors) throws {
    try LearnedDecision.stage.check(file)
    try file.expect("format", Self.format)
    try file.expect("observation", Self.version)
    try file.expect("cluster", Self.cluster)
    let weight = try file.tensor("stage.weight")
    guard weight.shape == [Self.outputs.count, Self.inputs.count] else {
      throw CheckpointError.unsuitable(
        what: "the shape of stage.weight", found: "\(weight.shape)",
        expected: "[\(Self.outputs.count), \(Self.inputs.count)]")
    }
    guard weight.values.allSatisfy(\.isFinite) else {
      throw CheckpointError.damaged("it has parameters that are not finite")
    }
    self.init(parameters: weight.values.map { Double($0) })
  }
}
