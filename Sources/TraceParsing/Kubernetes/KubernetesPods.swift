import Diagnostics
import KubeObjects
import TraceInput
import Workload

/// The pods of a cluster's lists as records: a pod is one task, of the last listing that it is in.
///
/// Its wait ends when it was scheduled: at its event Scheduled, else since when its condition PodScheduled holds,
/// else at status.startTime. Pods are kept in memory until all lists are read: some 500 bytes each.
struct KubernetesPods {
  private var pods: [KubernetesPod] = []
  private var places: [String: Int] = [:]
  private var repeated = 0

  /// Takes a pod; what is said of one later goes before.
  mutating func add(_ pod: KubernetesPod) {
    if let place = places[pod.identity] {
      pods[place] = pod
      repeated += 1
    } else {
      places[pod.identity] = pods.count
      pods.append(pod)
    }
  }

  /// How often each source told when a pod was scheduled.
  private struct Sources {
    var (events, conditions, starts) = (0, 0, 0)
    var unlisted = 0
  }

  /// Hands on every pod's record, in the order in which they came first, and tells `context` of what is odd.
  ///
  /// - Returns: what was assumed.
  func forEach(
    _ scheduled: [String: Int64], _ context: MappedContext,
    _ body: (TaskRecord, UInt32, KubernetesPod) throws(TraceError) -> Void
  ) throws(TraceError) -> [Note] {
    let life = MappedLife(["submit_us", "first_schedule_us", "end_us"])
    var sources = Sources()
    var known = 0
    for pod in pods {
      let event = scheduled[pod.identity] ?? scheduled[pod.key]
      if event != nil {
        sources.events += 1
        known += 1
      } else if pod.scheduled != nil {
        sources.conditions += 1
      } else if pod.started != nil {
        sources.starts += 1
      }
      var times = MappedTimes()
      times.submit = pod.created
      times.first = event ?? pod.scheduled ?? pod.started
      times.end = pod.ended
      times.outcome = pod.outcome
      let job = Array(pod.job.utf8).withUnsafeBytes { context.job($0) }
      var record = TaskRecord(
        id: TaskID(job: job, index: context.nextNumber(in: job)), submit: .zero, runTime: .zero,
        request: pod.request)
      record.flags = pod.flags
      if let machine = Array(pod.node.utf8).withUnsafeBytes({ KubernetesNode.number($0) }) {
        record.machine = machine
      }
      do throws(RowError) { try life.complete(&record, times, context) } catch {
        throw TraceError(error.code, "pod \(pod.key.prefix(100)): \(error.message)")
      }
      try body(record, context.jobCheck, pod)
    }
    return notes(sources, unlisted: scheduled.count - known)
  }

  private static func pods(_ count: Int) -> String { count == 1 ? "1 pod" : "\(count) pods" }

  private func notes(_ sources: Sources, unlisted: Int) -> [Note] {
    var notes: [Note] = []
    let told = [
      ("the event Scheduled", sources.events), ("the condition PodScheduled", sources.conditions),
      ("status.startTime", sources.starts),
    ].filter { $0.1 > 0 }
    if !told.isEmpty {
      let words = told.map { "\($0.0) of \(Self.pods($0.1))" }.joined(separator: ", ")
      notes.append(Note(.assumed, "first_schedule_us", "first_schedule_us is \(words)"))
    }
    if unlisted > 0 {
      notes.append(
        Note(
          .leftOut, "events", ["pods": Double(unlisted)],
          "\(Self.pods(unlisted)) scheduled by events in no list of pods: no records are made of them"
        ))
    }
    if repeated > 0 {
      notes.append(
        Note(
          .odd, "pods", ["pods": Double(repeated)],
          "\(Self.pods(repeated)) listed again: what is said last counts"))
    }
    let minding = pods.count { $0.mindsPods }
    if minding > 0 {
      notes.append(
        Note(
          .notModelled, "affinity", ["pods": Double(minding)],
          "affinity to other pods and spread, of \(Self.pods(minding)): kept beside the records, not modelled"
        ))
    }
    var others: [String: Int] = [:]
    for name in pods.flatMap(\.others) { others[name, default: 0] += 1 }
    if !others.isEmpty {
      let sorted = others.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      let shown = sorted.prefix(10).map { "\($0.key) of \(Self.pods($0.value))" }.joined(
        separator: ", ")
      let more = sorted.count > 10 ? " and \(sorted.count - 10) others" : ""
      notes.append(
        Note(
          .leftOut, "resources",
          "resources that records have no column for: \(shown)\(more)"))
    }
    return notes
  }
}
