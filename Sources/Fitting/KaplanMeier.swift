/// The product-limit estimate of a survival function from exact and right-censored observations
/// (Kaplan and Meier 1958).
public struct KaplanMeier: Sendable {
  /// A place where the estimate falls.
  public struct Step: Sendable, Equatable {
    /// An observed value.
    public let value: Double
    /// P(X > value).
    public let survival: Double
  }

  /// The steps, by ascending value.
  public let steps: [Step]
  /// The greatest observation, exact or censored; 0 without observations.
  public let end: Double

  /// The survival of the values. A value censored at an exact one's place counts as greater.
  /// O(n log n).
  public init(values: [Double], censored: [Double]) {
    self.init(events: values, others: censored, eventsFirst: true)
  }

  /// The survival of the censoring times: exact values are what hides them, and come first.
  public static func ofCensoring(values: [Double], censored: [Double]) -> KaplanMeier {
    KaplanMeier(events: censored, others: values, eventsFirst: false)
  }

  private init(events: [Double], others: [Double], eventsFirst: Bool) {
    let events = sortedAscending(events)
    let others = sortedAscending(others)
    var steps: [Step] = []
    var survival = 1.0
    var (index, gone) = (0, 0)
    while index < events.count {
      let value = events[index]
      var next = index + 1
      while next < events.count, events[next] == value { next += 1 }
      while gone < others.count, others[gone] < value || (!eventsFirst && others[gone] == value) {
        gone += 1
      }
      survival *= 1 - Double(next - index) / Double(events.count - index + others.count - gone)
      steps.append(Step(value: value, survival: survival))
      index = next
    }
    self.steps = steps
    end = max(events.last ?? 0, others.last ?? 0)
  }

  /// P(X > value). O(log n).
  public func survival(at value: Double) -> Double {
    let after = partitionPoint(steps) { $0.value > value }
    return after == 0 ? 1 : steps[after - 1].survival
  }

  /// The mean, up to ``end``: beyond the greatest observation nothing is known. O(n).
  public var mean: Double {
    var (sum, place, survival) = (0.0, 0.0, 1.0)
    for step in steps {
      sum += survival * (step.value - place)
      (place, survival) = (step.value, step.survival)
    }
    return sum + survival * (end - place)
  }

  /// The least step with P(X > step) ≤ `level`, in 0 ..< 1; infinity where the estimate stays above
  /// it. O(log n).
  public func quantile(survival level: Double) -> Double {
    let place = partitionPoint(steps) { $0.survival <= level }
    return place == steps.count ? .infinity : steps[place].value
  }
}
