import Workload

/// When tasks were submitted, and how many a second. Those that were there before the trace did not arrive in
/// it; their time of submission is not known.
struct ArrivalSpan {
  /// How many arrived.
  private(set) var count = 0
  /// How many were there before.
  private(set) var before = 0
  private(set) var first = Microseconds.never
  private(set) var last = Microseconds.zero

  mutating func add(_ record: TaskRecord) {
    guard !record.flags.contains(.cutOffAtStart) else {
      before += 1
      return
    }
    count += 1
    if !first.isKnown || record.submit < first { first = record.submit }
    last = max(last, record.submit)
  }

  /// From the first submission to the last, in seconds.
  var seconds: Double { first.isKnown ? (last - first).seconds : 0 }

  /// Arrivals a second: the inverse of the mean time between two, as `fit` has it; nil where all are at one
  /// time.
  var rate: Double? { seconds > 0 ? Double(count - 1) / seconds : nil }

  /// The same for JSON.
  var object: [String: Any] {
    var object: [String: Any] = ["count": count, "before_the_trace": before]
    guard first.isKnown else { return object }
    object["first_us"] = first.rawValue
    object["last_us"] = last.rawValue
    object["rate_per_s"] = rate
    return object
  }
}
