import PortableMath

/// The softmax over the choices that are allowed; the others have probability 0, and no gradient.
///
/// The mask goes in before the softmax, so that what is left is a distribution again (Huang and
/// Ontañón, "A closer look at invalid action masking in policy gradient algorithms", 2022).
enum MaskedSoftmax {
  /// Turns `count` logits into probabilities in place; `mask` nil allows all. At least one choice must
  /// be allowed. Returns the logarithm of the sum of exponentials.
  @discardableResult
  static func apply(
    _ logits: UnsafeMutablePointer<Float>, _ count: Int, mask: UnsafePointer<Bool>?
  ) -> Float {
    var greatest = -Float.infinity
    for i in 0..<count where mask?[i] ?? true { greatest = max(greatest, logits[i]) }
    var sum: Float = 0
    for i in 0..<count {
      let value = mask?[i] ?? true ? expf(logits[i] - greatest) : 0
      logits[i] = value
      sum += value
    }
    let inverse = 1 / sum
    for i in 0..<count { logits[i] *= inverse }
    return greatest + logf(sum)
  }

  /// The index at which the running sum of probabilities passes `u` in 0..<1.
  static func choice(_ probabilities: UnsafePointer<Float>, _ count: Int, _ u: Float) -> Int {
    var sum: Float = 0
    var last = 0
    for i in 0..<count where probabilities[i] > 0 {
      sum += probabilities[i]
      last = i
      if u < sum { return i }
    }
    return last
  }

  /// Entropy in nats.
  static func entropy(_ probabilities: UnsafePointer<Float>, _ count: Int) -> Float {
    var sum: Float = 0
    for i in 0..<count where probabilities[i] > 0 {
      sum -= probabilities[i] * logf(probabilities[i])
    }
    return sum
  }
}
