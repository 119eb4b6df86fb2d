import PortableMath

/// How much oftener something comes to pass in one group than in another, and how soon: the excess over
/// what comes to pass anyway.
///
/// Of the first group an event happens for one of two reasons, whichever is earlier: by itself, as in the second
/// group, or for the reason that is looked for. If the two are independent, their survival functions multiply,
/// and that of the reason is S₁(t) / S₀(t), the relative survival (Ederer, Axtell and Cutler 1961). Both are
/// product-limit estimates, with Greenwood's variances.
public struct RelativeSurvival: Sendable, Equatable {
  /// One observation: the time of its event, or until which there was none (≥ 0).
  public struct Observation: Sendable, Equatable {
    public var time: Double
    public var isEvent: Bool
    /// How much it counts (> 0).
    public var weight: Double

    /// An observation of these figures.
    public init(time: Double, isEvent: Bool, weight: Double = 1) {
      (self.time, self.isEvent, self.weight) = (time, isEvent, weight)
    }
  }

  /// Share of the first group that has the event by the horizon.
  public let observedShare: Double
  /// The same of the second.
  public let expectedShare: Double
  /// 1 - S₁/S₀ at the horizon: the share for the reason that is looked for. Below 0 where there are fewer events
  /// than expected.
  public let share: Double
  /// Of ``share``, by Greenwood's formula and the delta method; weights count as fewer observations (Kish).
  public let standardError: Double
  /// Where the excess rises: times with the highest excess up to them, ascending both.
  private let rises: [(time: Double, excess: Double)]

  /// Compares two groups up to the time `horizon`. O(n log n); nil where a group is empty, or where hardly any of the
  /// second (one in twenty) is left without an event, so that nothing can be told.
  public init?(_ first: [Observation], beside second: [Observation], horizon: Double) {
    guard let a = Curve(first, horizon), let b = Curve(second, horizon) else { return nil }
    let (s1, s0) = (a.steps.last?.survival ?? 1, b.steps.last?.survival ?? 1)
    guard s0 >= 0.05 else { return nil }
    (observedShare, expectedShare) = (1 - s1, 1 - s0)
    share = 1 - s1 / s0
    // Where none is left, Greenwood's variance is none: that of one who might have been.
    let variance = a.steps.last?.variance ?? 0
    let least = 1 / a.size
    standardError =
      s1 > 0 ? s1 / s0 * (variance + (b.steps.last?.variance ?? 0)).squareRoot() : least
    var rises: [(time: Double, excess: Double)] = []
    var (place, expected, highest) = (0, 1.0, 0.0)
    for step in a.steps {
      while place < b.steps.count, b.steps[place].time <= step.time {
        expected = b.steps[place].survival
        place += 1
      }
      let excess = 1 - step.survival / expected
      guard excess > highest else { continue }
      highest = excess
      rises.append((step.time, excess))
    }
    self.rises = rises
  }

  /// The time by which a part `p` (0...1) of the events for the reason that is looked for has happened; nil where
  /// there are none.
  public func quantile(_ p: Double) -> Double? {
    guard let last = rises.last else { return nil }
    let level = p * min(last.excess, max(share, 0))
    return rises.first { $0.excess >= level }?.time ?? last.time
  }

  public static func == (a: RelativeSurvival, b: RelativeSurvival) -> Bool {
    (a.observedShare, a.expectedShare, a.share, a.standardError)
      == (b.observedShare, b.expectedShare, b.share, b.standardError)
      && a.rises.elementsEqual(b.rises, by: ==)
  }

  /// A weighted product-limit estimate.
  private struct Curve {
    struct Step {
      var time: Double
      var survival: Double
      /// Of the logarithm of ``survival``.
      var variance: Double
    }
    var steps: [Step] = []
    /// So many observations of equal weight would say as much.
    let size: Double

    init?(_ observations: [Observation], _ horizon: Double) {
      let (sum, squares) = observations.reduce((0.0, 0.0)) {
        ($0.0 + $1.weight, $0.1 + $1.weight * $1.weight)
      }
      guard sum > 0 else { return nil }
      size = sum * sum / squares
      let scale = size / sum
      // At one time events come before those who are seen no longer.
      let sorted = observations.sorted {
        ($0.time, $0.isEvent ? 0 : 1) < ($1.time, $1.isEvent ? 0 : 1)
      }
      var (left, survival, variance) = (size, 1.0, 0.0)
      var place = 0
      while place < sorted.count, sorted[place].time <= horizon {
        let time = sorted[place].time
        var (events, gone) = (0.0, 0.0)
        while place < sorted.count, sorted[place].time == time {
          gone += sorted[place].weight * scale
          if sorted[place].isEvent { events += sorted[place].weight * scale }
          place += 1
        }
        if events > 0 {
          let rest = max(0, left - events)
          survival *= left > 0 ? rest / left : 0
          // What rounding leaves of the last is none.
          if rest < 1e-9 * size { survival = 0 }
          variance += rest > 0 ? events / (left * rest) : 0
          steps.append(Step(time: time, survival: survival, variance: variance))
        }
        left -= gone
      }
    }
  }
}
