import CNeural
import PortableMath

/// Adam: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
public struct Adam: Hashable, Sendable {
  /// Decay of the first moment.
  public var beta1: Float = 0.9
  /// Decay of the second moment.
  public var beta2: Float = 0.999
  /// Keeps the quotient finite.
  public var epsilon: Float = 1e-8
  /// Steps taken.
  public internal(set) var step = 0
  /// First moments, by parameter.
  public internal(set) var first: [Float]
  /// Second moments, by parameter.
  public internal(set) var second: [Float]

  /// An optimiser of `count` parameters.
  public init(count: Int) {
    first = Array(repeating: 0, count: count)
    second = first
  }

  /// Moves the parameters one step of learning rate `rate` against the gradient, which is first shrunk
  /// to a norm of at most `clip`. Returns the norm before that.
  @discardableResult
  public mutating func update(
    _ parameters: inout [Float], gradient: [Float], rate: Float, clip: Float = .infinity
  ) -> Float {
    precondition(parameters.count == first.count && gradient.count == first.count)
    var squares = 0.0
    for value in gradient { squares += Double(value) * Double(value) }
    let norm = Float(squares.squareRoot())
    let scale: Float = norm > clip ? clip / norm : 1
    step += 1
    let (c1, c2) = (1 - powf(beta1, Float(step)), 1 - powf(beta2, Float(step)))
    cnn_adam(
      &parameters, gradient, &first, &second, first.count, scale, rate, beta1, beta2, epsilon, c1,
      c2)
    return norm
  }
}
