import Diagnostics
import Workload

extension Google2011TraceWriter {
  /// Adds a task with an event for everything that happened to it, each with all that the row of a
  /// real table says.
  ///
  /// What happened before the trace began (``begin``) is left out, but for the state that the task
  /// was in then, which events at time 0 tell; a task that had ended by then is left out whole.
  ///
  /// - Parameters:
  ///   - record: the task.
  ///   - attempts: its attempts, in order of time; at least one.
  public func write(_ record: TaskRecord, attempts: [TaskAttempt]) throws(TraceError) {
    guard let last = attempts.last, !last.end.isKnown || last.end >= begin else { return }
    try check(record, attempts: attempts.count)
    count(record)
    var event = LifecycleEvent(id: record.id, kind: .submit, time: .zero)
    event.id.job += firstJob
    event.request = NormalisedRequest(scale.normalised(record.request))
    event.user = record.user
    event.priority = record.priority
    event.priorityClass = record.priorityClass
    event.schedulingClass = record.schedulingClass
    event.flags.formUnion(record.flags.intersection(.differentMachines))
    for attempt in attempts where !attempt.end.isKnown || attempt.end >= begin {
      event.machine = -1
      try add(event, .submit, attempt.submit)
      if attempt.start.isKnown {
        event.machine = attempt.machine
        try add(event, .schedule, attempt.start)
      }
      if attempt.end.isKnown, let kind = LifeEvent(endingAs: attempt.outcome) {
        try add(event, kind, attempt.end)
      }
    }
  }

  private func add(
    _ event: LifecycleEvent, _ kind: LifeEvent, _ time: Microseconds
  ) throws(TraceError) {
    var event = event
    event.kind = kind
    event.time = time < begin ? .zero : time - begin + shift
    try add(event)
  }

  /// Rows so far that are earlier than `time`, which must not be less than in the call before: rows
  /// that records submitted from then on cannot come before.
  public func rows(before time: Microseconds) -> Int { settled.rows(before: time - begin + shift) }
}

extension LifeEvent {
  /// The event that ends an attempt; nil if it has not ended.
  init?(endingAs outcome: Outcome) {
    switch outcome {
    case .finished: self = .finish
    case .failed: self = .fail
    case .killed: self = .kill
    case .evicted: self = .evict
    case .lost: self = .lost
    case .running, .pending: return nil
    }
  }
}

/// Counts rows by minute.
struct RowClock {
  private var minutes: [Int] = []
  private var before = 0
  private var minute = 0
  /// Minutes that are told apart: those of 60 days.
  private static let limit = 86_400

  mutating func add(_ time: Microseconds) {
    let place = min(Int(time.rawValue / 60_000_000), Self.limit)
    if place < minute { return before += 1 }
    while minutes.count <= place { minutes.append(0) }
    minutes[place] += 1
  }

  /// Rows of whole minutes before `time`.
  mutating func rows(before time: Microseconds) -> Int {
    while minute < min(Int(time.rawValue / 60_000_000), minutes.count) {
      before += minutes[minute]
      minute += 1
    }
    return before
  }
}
