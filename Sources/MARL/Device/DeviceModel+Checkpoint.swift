import Simulation

extension DeviceModel {
  /// Goes into every file.
  static let format = "tracemill-device-1"
  /// The clusters that its inputs are of: machines with devices.
  static let cluster = "devices"

  /// The model as a tensor `device.weight` (kinds × inputs).
  public var tensors: SafeTensors {
    var file = SafeTensors()
    file.metadata["format"] = Self.format
    file.metadata["decision"] = LearnedDecision.device.rawValue
    file.metadata["observation"] = Self.version
    file.metadata["cluster"] = Self.cluster
    file.metadata["inputs"] = Self.inputs.joined(separator: "; ")
    file.metadata["kinds"] = Self.kinds.joined(separator: "; ")
    file.tensors["device.weight"] = .init(
      shape: [Self.kinds.count, Self.inputs.count], values: parameters.map { Float($0) })
    return file
  }

  /// The model of a file.
  ///
  /// - Throws: ``CheckpointError`` where it is for another decision, observation or kind of cluster, or the tensor
  ///   is missing, of another shape or not finite.
  public init(_ file: SafeTensors) throws {
    try LearnedDecision.device.check(file)
    try file.expect("format", Self.format)
    try file.expect("observation", Self.version)
    try file.expect("cluster", Self.cluster)
    let weight = try file.tensor("device.weight")
    guard weight.shape == [Self.kinds.count, Self.inputs.count] else {
      throw CheckpointError.unsuitable(
        what: "the shape of device.weight", found: "\(weight.shape)",
        expected: "[\(Self.kinds.count), \(Self.inputs.count)]")
    }
    guard weight.values.allSatisfy(\.isFinite) else {
      throw CheckpointError.damaged("it has parameters that are not finite")
    }
    self.init(parameters: weight.values.map { Double($0) })
  }
}
