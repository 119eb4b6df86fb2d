import CNeural

/// Room for passes of batches through networks of one shape, forward and backward.
///
/// The order of all sums is fixed: the same batch gives the same bits, on any processor. For one thread at
/// a time.
final class BatchPass {
  private let layers: [Int]
  private var capacity = 0
  /// Outputs of each layer; the inputs are the caller's.
  private var activations: [UnsafeMutablePointer<Float>] = []
  private var gradients: [UnsafeMutablePointer<Float>] = []
  private var input: UnsafePointer<Float>?
  /// One layer's weights, transposed.
  private let turned: UnsafeMutablePointer<Float>

  init(_ network: Network) {
    layers = network.layers
    turned = .allocate(capacity: zip(layers, layers.dropFirst()).map(*).max() ?? 1)
  }

  deinit {
    release()
    turned.deallocate()
  }

  private func release() {
    for pointer in activations + gradients { pointer.deallocate() }
    activations = []
    gradients = []
  }

  private func reserve(_ rows: Int) {
    guard rows > capacity else { return }
    release()
    capacity = rows
    for units in layers.dropFirst() {
      activations.append(.allocate(capacity: rows * units))
      gradients.append(.allocate(capacity: rows * units))
    }
  }

  /// The outputs of `rows` rows, valid until the next pass. `input` must stay until the backward pass.
  func forward(
    _ network: borrowing Network, _ input: UnsafePointer<Float>, rows: Int
  ) -> UnsafeMutablePointer<Float> {
    reserve(rows)
    self.input = input
    network.parameters.withUnsafeBufferPointer { parameters in
      var weights = parameters.baseAddress!
      var x = input
      for layer in 1..<layers.count {
        let (n, m) = (layers[layer - 1], layers[layer])
        let y = activations[layer - 1]
        cnn_product(x, weights, y, rows, n, m)
        let isLast = layer == layers.count - 1
        cnn_bias(y, weights + n * m, rows, m, isLast ? 0 : network.activation.code)
        weights += (n + 1) * m
        x = UnsafePointer(y)
      }
    }
    return activations[activations.count - 1]
  }

  /// Where the gradient of the last pass's outputs goes before ``backward(_:rows:into:)``.
  var outputGradient: UnsafeMutablePointer<Float> { gradients[gradients.count - 1] }

  /// Adds the gradient of the loss by the parameters to `gradient`.
  func backward(_ network: borrowing Network, rows: Int, into gradient: inout [Float]) {
    network.parameters.withUnsafeBufferPointer { parameters in
      gradient.withUnsafeMutableBufferPointer { gradient in
        var end = parameters.count
        for layer in (1..<layers.count).reversed() {
          let (n, m) = (layers[layer - 1], layers[layer])
          let start = end - (n + 1) * m
          let delta = gradients[layer - 1]
          let x = layer == 1 ? input! : UnsafePointer(activations[layer - 2])
          cnn_column_sums(delta, gradient.baseAddress! + start + n * m, rows, m)
          cnn_weight_gradient(x, delta, gradient.baseAddress! + start, rows, n, m)
          if layer > 1 {
            cnn_input_gradient(
              delta, parameters.baseAddress! + start, turned, gradients[layer - 2], rows, n, m)
            cnn_unactivate(gradients[layer - 2], x, rows * n, network.activation.code)
          }
          end = start
        }
      }
    }
  }
}
