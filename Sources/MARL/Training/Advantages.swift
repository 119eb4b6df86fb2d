/// Advantages and returns of decisions.
struct Advantages {
  /// Normalised to mean 0 and deviation 1, and clipped.
  var advantages: [Float]
  /// What values should have been.
  var returns: [Float]

  /// Generalised advantage estimation over each episode: Schulman et al., ICLR 2016, equation 16. With
  /// γ 0 the reward less the value.
  init(_ experience: Experience, values: [Float], _ settings: LearnerSettings) {
    let rewards = experience.reward
    advantages = Array(repeating: 0, count: rewards.count)
    returns = advantages
    let ends = experience.episodes.dropFirst() + [rewards.count]
    for (start, end) in zip(experience.episodes, ends) {
      var ahead: Float = 0
      for index in (start..<end).reversed() {
        let next = index + 1 < end ? values[index + 1] : 0
        let surprise = rewards[index] + settings.gamma * next - values[index]
        ahead = surprise + settings.gamma * settings.lambda * ahead
        advantages[index] = ahead
        returns[index] = ahead + values[index]
      }
    }
    normalise(limit: settings.advantageLimit)
  }

  private mutating func normalise(limit: Float) {
    let (mean, variance) = Self.moments(advantages)
    let inverse = 1 / (variance.squareRoot() + 1e-8)
    for index in advantages.indices {
      advantages[index] = min(max((advantages[index] - mean) * inverse, -limit), limit)
    }
  }

  static func moments(_ values: [Float]) -> (mean: Float, variance: Float) {
    guard !values.isEmpty else { return (0, 1) }
    var sum = 0.0
    var squares = 0.0
    for value in values { sum += Double(value) }
    let mean = sum / Double(values.count)
    for value in values {
      let d = Double(value) - mean
      squares += d * d
    }
    return (Float(mean), Float(squares / Double(values.count)))
  }
}
