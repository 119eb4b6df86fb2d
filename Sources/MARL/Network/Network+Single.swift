import CNeural

// Few rows, by our own kernels: faster than a call of BLAS for them.
extension Network {
  /// The single outputs of a few rows. The network has one hidden layer.
  func score(_ rows: UnsafePointer<Float>, rows count: Int, to scores: UnsafeMutablePointer<Float>)
  {
    let (inputs, hidden) = (layers[0], layers[1])
    parameters.withUnsafeBufferPointer { parameters in
      let w = parameters.baseAddress!
      let b = w + inputs * hidden
      let v = b + hidden
      if hidden % 32 == 0 {
        cnn_score(rows, w, b, v, v + hidden, scores, count, inputs, hidden)
      } else {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count * hidden) { units in
          cnn_dense(rows, w, b, units.baseAddress!, count, inputs, hidden, 1)
          cnn_dense(units.baseAddress!, v, v + hidden, scores, count, hidden, 1, 0)
        }
      }
    }
  }

  /// The outputs of one row. The network has one hidden layer, for which `units` has room.
  func evaluate(
    _ row: UnsafePointer<Float>, hidden units: UnsafeMutablePointer<Float>,
    to outputs: UnsafeMutablePointer<Float>
  ) {
    let (inputs, hidden) = (layers[0], layers[1])
    parameters.withUnsafeBufferPointer { parameters in
      let w = parameters.baseAddress!
      let b = w + inputs * hidden
      let v = b + hidden
      cnn_dense(row, w, b, units, 1, inputs, hidden, 1)
      cnn_dense(units, v, v + hidden * self.outputs, outputs, 1, hidden, self.outputs, 0)
    }
  }
}
