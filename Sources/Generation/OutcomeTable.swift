import Workload

/// How tasks end, to be looked up by a uniform number.
struct OutcomeTable: Sendable {
  private var ends: [(upTo: Double, outcome: Outcome)] = []

  /// The shares, in their order.
  ///
  /// - Parameters:
  ///   - shares: of all outcomes.
  ///   - failing: the share that fails instead, the others in proportion; nil for the one that is given.
  init(_ shares: [OutcomeShare], failing: Double? = nil) {
    let failed = shares.first { $0.outcome == .failed }?.share ?? 0
    var upTo = 0.0
    for share in shares {
      switch failing {
      case let failing? where failed > 0 && failed < 1:
        upTo +=
          share.outcome == .failed ? failing : share.share * (1 - failing) / (1 - failed)
      default: upTo += share.share
      }
      ends.append((upTo, share.outcome))
    }
  }

  /// The outcome of `u` in (0, 1); pending where there are no shares.
  func outcome(_ u: Double) -> Outcome {
    guard !ends.isEmpty else { return .pending }
    var place = 0
    while place + 1 < ends.count, u >= ends[place].upTo { place += 1 }
    return ends[place].outcome
  }
}
