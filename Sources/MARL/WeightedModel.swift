import Simulation

/// A policy that weighs named inputs of every candidate: its parameters are a matrix of rows × inputs.
///
/// What the weighted sums of the rows mean is the policy's own.
public protocol WeightedModel: Hashable, Sendable {
  /// What its files say of themselves.
  static var identity: PolicyIdentity { get }
  /// The name of the weights' tensor in a file.
  static var tensor: String { get }
  /// What the rows of weights are for, in order.
  static var rows: [String] { get }
  /// What is known of a candidate, in order; at most 16.
  static var inputs: [String] { get }

  /// Weights, row by row.
  var parameters: [Double] { get set }

  /// A model of these weights, as many as rows × inputs.
  init(parameters: [Double])
}

extension WeightedModel {
  /// A candidate's inputs, or a row of weights.
  public typealias Row = SIMD16<Float>

  /// How many weights there are.
  public static var parameterCount: Int { rows.count * inputs.count }

  /// The weights of a row; zero beyond the inputs.
  func weights(_ row: Int) -> Row {
    var weights = Row.zero
    let count = Self.inputs.count
    for place in 0..<count { weights[place] = Float(parameters[row * count + place]) }
    return weights
  }

  /// The model as one tensor, rows × inputs.
  public var tensors: SafeTensors {
    var file = SafeTensors()
    Self.identity.write(to: &file)
    file.tensors[Self.tensor] = .init(
      shape: [Self.rows.count, Self.inputs.count], values: parameters.map { Float($0) })
    return file
  }

  /// The model of a file.
  ///
  /// - Throws: ``CheckpointError`` where it is for another decision, observation or kind of cluster, of other rows or
  ///   inputs, or the tensor is missing, of another shape or not finite.
  public init(_ file: SafeTensors) throws {
    try Self.identity.check(file)
    let weight = try file.tensor(Self.tensor)
    guard weight.shape == [Self.rows.count, Self.inputs.count] else {
      throw CheckpointError.unsuitable(
        what: "the shape of \(Self.tensor)", found: "\(weight.shape)",
        expected: "[\(Self.rows.count), \(Self.inputs.count)]")
    }
    guard weight.values.allSatisfy(\.isFinite) else {
      throw CheckpointError.damaged("it has parameters that are not finite")
    }
    self.init(parameters: weight.values.map { Double($0) })
  }
}
