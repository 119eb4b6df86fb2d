import Diagnostics
import TraceInput
import Workload

/// What a list says of an event: something that a part of Kubernetes noted of an object.
///
/// Source: core/v1 Event and events.k8s.io/v1 Event, which name the same fields differently.
struct KubernetesEvent: Sendable {
  let reason: String
  /// When it was first noted, in µs since 1970.
  let time: Int64?
  /// What tells the pod that it is about: its UID, else `namespace/name`; empty for other objects.
  let pod: String

  init(_ object: KubernetesObject) throws(RowError) {
    reason = try object.name(.eventReason)
    var time: Int64?
    for field in [KubernetesObject.Field.eventTime, .firstTimestamp, .deprecatedFirst, .created]
    where time == nil {
      time = try object.time(field)
    }
    self.time = time
    let isPod = [object.text(.involvedKind), object.text(.regardingKind)].contains("Pod")
    let uid = object[.involvedUID].isEmpty ? object.text(.regardingUID) : object.text(.involvedUID)
    pod = isPod ? uid : ""
  }

  /// Whether it says that the scheduler gave a pod its node.
  var isScheduling: Bool { reason == "Scheduled" && !pod.isEmpty && time != nil }
}

/// The events of a cluster: how many of which reason, and when pods were scheduled.
struct KubernetesEvents {
  private(set) var survey = TableSurvey()
  /// When pods were scheduled.
  private(set) var scheduled: [String: Int64] = [:]
  private var places: [String: Int] = [:]
  private var counts: [TableSurvey.EventCount] = []

  /// Reasons beyond so many are counted together.
  private static let limit = 100

  mutating func add(_ event: KubernetesEvent) {
    survey.rows += 1
    if let time = event.time { survey.add(time: Microseconds(time)) }
    let name = places[event.reason] != nil || counts.count < Self.limit ? event.reason : "others"
    if let place = places[name] {
      counts[place].count += 1
    } else {
      places[name] = counts.count
      counts.append(.init(name: name, count: 1))
    }
    guard event.isScheduling, let time = event.time else { return }
    scheduled[event.pod] = min(time, scheduled[event.pod] ?? time)
  }

  /// What was counted: the commonest reason first.
  var summary: TableSurvey {
    var survey = survey
    survey.events = counts.enumerated().sorted {
      $0.element.count != $1.element.count
        ? $0.element.count > $1.element.count : $0.offset < $1.offset
    }.map(\.element)
    return survey
  }

  /// `30 Scheduled, 12 Pulled, …`.
  var words: String {
    let events = summary.events
    let shown = events.prefix(5).map { "\($0.count) \($0.name.prefix(40))" }.joined(separator: ", ")
    return events.count > 5 ? "\(shown) and others" : shown
  }
}
