import Simulation

/// What can be said of a scheduler beside the baseline by one metric. Bold figures, stars, sentences,
/// charts and files all tell this one verdict.
public enum Verdict: String, Hashable, Sendable, CaseIterable {
  /// It is better, by the test or exactly.
  case better
  /// It is worse, by the test or exactly.
  case worse
  /// It has less of what is neither good nor bad.
  case less
  /// It has more of what is neither good nor bad.
  case more
  /// Both come to the same under every seed.
  case equal
  /// The test tells nothing apart, or mean and most seeds point in opposite ways.
  case undecided
  /// The figure favours the one that did less work, so it says nothing of who is better.
  case lessWork = "less work"

  /// Whether the two are told apart.
  public var isTold: Bool {
    switch self {
    case .better, .worse, .less, .more: true
    case .equal, .undecided, .lessWork: false
    }
  }
}

extension ExperimentSummary {
  /// A scheduler against the baseline by one metric, on the seeds that both have.
  public struct Comparison: Sendable {
    /// The scheduler.
    public let scheduler: String
    /// The metric's name.
    public let metric: String
    /// Its values against the baseline's.
    public let paired: PairedComparison
    /// The p-value of the signed-rank test after Holm's correction over all comparisons by this
    /// metric in the experiment; nil where both come to the same under every seed, so that the
    /// difference is a fact of this workload and not an estimate.
    public let adjustedP: Double?
    /// The shifts that the same test at the same corrected level does not reject (Hodges-Lehmann): it
    /// leaves out 0 exactly where ``adjustedP`` is at most 1 - level. Nil where there is nothing to
    /// estimate, or too few seeds to reject anything.
    public let interval: ConfidenceInterval?
    /// What follows.
    public let verdict: Verdict
    /// Whether ``adjustedP`` is at most 1 - level.
    public let isSignificant: Bool

    /// Whether the difference is a fact, not an estimate.
    public var isExact: Bool { adjustedP == nil }

    /// A comparison and its verdict.
    ///
    /// - Parameters:
    ///   - adjustedP: nil for an exact difference.
    ///   - favoursLessWork: whether the better mean is of the one that did less work.
    init(
      scheduler: String, metric: Metric, paired: PairedComparison, adjustedP: Double?,
      level: Double, favoursLessWork: Bool
    ) {
      self.scheduler = scheduler
      self.metric = metric.name
      self.paired = paired
      self.adjustedP = adjustedP
      let alpha = 1 - level
      let isSignificant = adjustedP.map { $0 <= alpha + 1e-12 } ?? false
      self.isSignificant = isSignificant
      interval = adjustedP.flatMap {
        Self.interval(paired, adjustedP: $0, alpha: alpha, isSignificant: isSignificant)
      }
      let difference = paired.meanDifference
      // Ranks and mean may disagree where few seeds differ much: then neither is believed.
      let agrees = difference * paired.test.rankBiserial > 0
      if paired.count == 0 || !difference.isFinite {
        verdict = .undecided
      } else if adjustedP == nil ? difference == 0 : paired.test.count == 0 {
        verdict = .equal
      } else if adjustedP != nil, !(isSignificant && agrees) {
        verdict = .undecided
      } else if metric.better == .none {
        verdict = difference < 0 ? .less : .more
      } else if favoursLessWork {
        verdict = .lessWork
      } else {
        verdict = (difference < 0) == (metric.better == .lower) ? .better : .worse
      }
    }

    /// The interval at the level that Holm's correction left this test: p is compared with
    /// (1 - level) · p / adjusted p.
    private static func interval(
      _ paired: PairedComparison, adjustedP: Double, alpha: Double, isSignificant: Bool
    ) -> ConfidenceInterval? {
      let p = paired.test.pValue
      guard paired.test.count > 0, adjustedP > 0, p > 0 else { return nil }
      guard
        var interval = SignedRankShift(paired.differences)
          .interval(level: 1 - alpha * min(1, p / adjustedP))
      else { return nil }
      // Zeros and ties, which the test leaves out or ranks alike, may move an end across 0.
      if isSignificant {
        if paired.test.rankBiserial > 0 {
          interval.lower = max(interval.lower, 0)
        } else {
          interval.upper = min(interval.upper, 0)
        }
      } else {
        interval.lower = min(interval.lower, 0)
        interval.upper = max(interval.upper, 0)
      }
      return interval
    }
  }
}
