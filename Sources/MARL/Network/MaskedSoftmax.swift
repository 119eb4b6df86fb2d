import CNeural
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
    var greatest: Float = 0
    let sum = cnn_softmax(logits, mask, count, &greatest)
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
}
