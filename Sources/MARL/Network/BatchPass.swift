import CNeural
import COpenBLAS

/// Room for passes of batches through networks of one shape, forward and backward.
///
/// Matrix products are OpenBLAS's on one thread, so that the order of sums is fixed: the same batch
/// gives the same bits, whatever else runs. For one thread at a time.
final class BatchPass {
  private let layers: [Int]
  private var capacity = 0
  /// Outputs of each layer; the inputs are the caller's.
  private var activations: [UnsafeMutablePointer<Float>] = []
  private var gradients: [UnsafeMutablePointer<Float>] = []
  private var input: UnsafePointer<Float>?

  init(_ network: Network) {
    layers = network.layers
    oneThread
  }

  deinit { release() }

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
        cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(m), Int32(n), 1, x,
          Int32(n), weights, Int32(m), 0, y, Int32(m))
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
          cblas_sgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, Int32(n), Int32(m), Int32(rows), 1, x,
            Int32(n), delta, Int32(m), 1, gradient.baseAddress! + start, Int32(m))
          if layer > 1 {
            cblas_sgemm(
              CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(n), Int32(m), 1, delta,
              Int32(m), parameters.baseAddress! + start, Int32(m), 0, gradients[layer - 2],
              Int32(n))
            cnn_unactivate(gradients[layer - 2], x, rows * n, network.activation.code)
          }
          end = start
        }
      }
    }
  }
}

/// OpenBLAS would otherwise split sums by the number of its threads.
private let oneThread: Void = openblas_set_num_threads(1)
