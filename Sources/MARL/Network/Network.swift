import PortableMath
import Workload

/// A multilayer perceptron of float32 parameters.
///
/// All parameters are one flat array, layer by layer: the weights, inputs × outputs by rows, then
/// the biases. Hidden layers have the activation; the output is linear.
public struct Network: Hashable, Sendable {
  /// What hidden units apply to their sums.
  public enum Activation: String, Hashable, Sendable, Codable {
    /// max(0, x).
    case relu
    /// The hyperbolic tangent.
    case tanh

    var code: Int32 { self == .relu ? 1 : 2 }
  }

  /// Units of each layer, inputs first and outputs last (at least two layers, each at least 1).
  public let layers: [Int]
  /// What hidden units apply.
  public let activation: Activation
  /// The parameters.
  public var parameters: [Float]

  /// A network whose parameters are all zero.
  public init(layers: [Int], activation: Activation = .relu) {
    precondition(layers.count >= 2 && layers.allSatisfy { $0 > 0 }, "a network needs two layers")
    self.layers = layers
    self.activation = activation
    parameters = Array(repeating: 0, count: Self.parameterCount(layers))
  }

  /// How many parameters a network of these layers has.
  public static func parameterCount(_ layers: [Int]) -> Int {
    zip(layers, layers.dropFirst()).map { ($0 + 1) * $1 }.reduce(0, +)
  }

  /// Inputs of the network.
  public var inputs: Int { layers[0] }
  /// Outputs of the network.
  public var outputs: Int { layers[layers.count - 1] }
  /// Number of weight matrices.
  public var depth: Int { layers.count - 1 }

  /// Where the weights of matrix `index` (0 ..< depth) begin; the biases follow them.
  public func offset(of index: Int) -> Int { Self.parameterCount(Array(layers[...index])) }

  /// A network of normal weights of variance 2 / inputs under relu, 1 / inputs under tanh, and zero
  /// biases; the last layer's weights times `outputScale`. He, Zhang, Ren and Sun, "Delving deep into
  /// rectifiers", ICCV 2015, equation 10; LeCun et al., "Efficient BackProp", 1998.
  public static func initialised(
    layers: [Int], activation: Activation = .relu, outputScale: Float = 1,
    using rng: inout RandomStream
  ) -> Network {
    var network = Network(layers: layers, activation: activation)
    var position = 0
    for index in 0..<network.depth {
      let (inputs, outputs) = (layers[index], layers[index + 1])
      let gain: Double = activation == .relu ? 2 : 1
      let deviation =
        (gain / Double(inputs)).squareRoot()
        * (index == network.depth - 1 ? Double(outputScale) : 1)
      for _ in 0..<(inputs * outputs) {
        network.parameters[position] = Float(rng.normal() * deviation)
        position += 1
      }
      position += outputs
    }
    return network
  }

  /// Sets the weights of these inputs to zero; those that do not exist are passed over.
  mutating func withhold(_ withheld: [Int]) {
    for input in withheld where (0..<inputs).contains(input) {
      for unit in 0..<layers[1] { parameters[input * layers[1] + unit] = 0 }
    }
  }

  /// The outputs for one row of inputs.
  public func callAsFunction(_ input: [Float]) -> [Float] {
    precondition(input.count == inputs, "a row has as many values as the network has inputs")
    let pass = BatchPass(self)
    return input.withUnsafeBufferPointer { input in
      let output = pass.forward(self, input.baseAddress!, rows: 1)
      return Array(UnsafeBufferPointer(start: output, count: outputs))
    }
  }
}

extension RandomStream {
  /// Standard normal (Box and Muller, "A note on the generation of random normal deviates", 1958).
  mutating func normal() -> Double {
    (-2 * log(openUniform())).squareRoot() * sin(2 * .pi * uniform() + 0.5 * .pi)
  }

  /// Gumbel: -log(-log u).
  mutating func gumbel() -> Double { -log(-log(openUniform())) }
}
