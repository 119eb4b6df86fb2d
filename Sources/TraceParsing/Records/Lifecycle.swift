import Workload

/// What a trace says happened to a task, in the vocabulary of Google's 2011 format (event codes
/// 0-8; its document, "Google cluster-usage traces: format + schema", figure 1), and the two events
/// that the 2019 format adds.
public enum LifeEvent: UInt8, BitwiseCopyable, CaseIterable, Sendable {
  case submit, schedule, evict, fail, finish, kill, lost, updatePending, updateRunning
  /// 2019: a scheduler's queue holds it back.
  case queue
  /// 2019: it may be scheduled from now on.
  case enable

  /// The events of the 2011 format, in the order of its codes.
  static let google2011 = allCases.filter { $0.rawValue <= updateRunning.rawValue }

  /// The trace's own name.
  public var name: String {
    switch self {
    case .submit: "SUBMIT"
    case .schedule: "SCHEDULE"
    case .evict: "EVICT"
    case .fail: "FAIL"
    case .finish: "FINISH"
    case .kill: "KILL"
    case .lost: "LOST"
    case .updatePending: "UPDATE_PENDING"
    case .updateRunning: "UPDATE_RUNNING"
    case .queue: "QUEUE"
    case .enable: "ENABLE"
    }
  }

  /// The state that follows; nil for the updates, which keep the state.
  var next: LifeState? {
    switch self {
    case .submit, .enable: .pending
    case .queue: .queued
    case .schedule: .running
    case .evict, .fail, .finish, .kill, .lost: .dead
    case .updatePending, .updateRunning: nil
    }
  }

  /// The outcome that an end event stands for.
  var outcome: Outcome? {
    switch self {
    case .evict: .evicted
    case .fail: .failed
    case .finish: .finished
    case .kill: .killed
    case .lost: .lost
    default: nil
    }
  }
}

/// Where a task is in its life.
public enum LifeState: UInt8, BitwiseCopyable, CaseIterable, Sendable {
  case unsubmitted, pending, running, dead
  /// Waiting too, but held back by a scheduler's queue (2019).
  case queued

  /// Whether the format allows `event` here.
  public func allows(_ event: LifeEvent) -> Bool { allowed >> event.rawValue & 1 == 1 }

  /// The allowed events, a bit for each by its code.
  private var allowed: UInt16 {
    switch self {
    case .unsubmitted, .dead: 0b000_0000_0001
    case .pending: 0b110_1110_1010
    case .queued: 0b100_1110_1000
    case .running: 0b001_0111_1100
    }
  }

  /// The name used in reports.
  public var name: String { "\(self)" }
}

/// How often each event met a task in each state.
public struct TransitionCounts: Equatable, Sendable {
  private var counts = [Int](repeating: 0, count: 5 * 11)

  public init() {}

  /// All counts, by state and event.
  var raw: [Int] { counts }

  /// From what `raw` gave; nil if it is not that many.
  init?(raw: [Int]) {
    guard raw.count == counts.count else { return nil }
    counts = raw
  }

  /// How often `event` met a task in state `from`.
  public subscript(from: LifeState, event: LifeEvent) -> Int {
    get { counts[Int(from.rawValue) * 11 + Int(event.rawValue)] }
    set { counts[Int(from.rawValue) * 11 + Int(event.rawValue)] = newValue }
  }

  /// The impossible transitions that occurred, by state and event.
  public var impossible: [(from: LifeState, event: LifeEvent, count: Int)] {
    LifeState.allCases.flatMap { from in
      LifeEvent.allCases.compactMap { event in
        let count = self[from, event]
        return count > 0 && !from.allows(event) ? (from, event, count) : nil
      }
    }
  }

  public static func += (a: inout TransitionCounts, b: TransitionCounts) {
    for index in a.counts.indices { a.counts[index] += b.counts[index] }
  }
}

/// One event in the life of a task, as a reader hands it over.
struct LifecycleEvent: BitwiseCopyable {
  var id: TaskID
  var kind: LifeEvent
  /// Trace time: 0 is before the trace, `never` after its end.
  var time: Microseconds
  /// CPU, memory, disk as the trace has them (normalised); NaN where it says nothing.
  var request = SIMD4<Double>(repeating: .nan)
  /// -1 where the trace says nothing.
  var machine: Int64 = -1
  var user = UserID.unknown
  var priority: Int16 = -1
  var priorityClass = PriorityClass.unknown
  var schedulingClass: Int8 = -1
  var missingInfo = false
  var differentMachines = false
  /// Flags that the record gets as they are.
  var flags: TaskRecord.Flags = []
}

/// A stretch of one task's life: everything that its record will need, and nothing that grows with
/// the number of events.
///
/// Stretches that follow each other combine, and combining is associative: wherever a life is cut,
/// in memory, at a spill or between parts, the record that comes out is the same. That works
/// because the state after an event depends on the event alone, so only the first transition of a
/// stretch has to wait for the one before it.
///
/// An interval counts towards waiting or running time only if it begins and ends at real times:
/// 0 and `never` are none. An event after the end of the trace changes no state.
struct Lifecycle: BitwiseCopyable {
  // Only this type and its packed form touch what follows.
  var id: TaskID
  var state: LifeState = .unsubmitted
  /// The first transition, whose origin only the stretch before knows.
  var first: LifeEvent = .submit
  var lastEnd: LifeEvent = .lost
  var hasTransition = false
  var since = Microseconds.never
  var firstTime = Microseconds.never
  var seen = Microseconds.never
  var submit = Microseconds.never
  var firstSchedule = Microseconds.never
  var lastSchedule = Microseconds.never
  var waited = Microseconds.zero
  var ran = Microseconds.zero

  /// The last request before the first SCHEDULE, the first request at all, the largest one.
  var requestBefore = NormalisedRequest.unknown
  var requestFirst = NormalisedRequest.unknown
  var requestMaximum = NormalisedRequest.unknown

  var machine: Int64 = -1
  var user = UserID.unknown
  var attempts: Int32 = 0
  var waits: Int32 = 0
  var runs: Int32 = 0
  /// Updates before the first transition.
  var leadingPendingUpdates: Int32 = 0
  var leadingRunningUpdates: Int32 = 0
  var priority: Int16 = -1
  var flags: TaskRecord.Flags = []
  var priorityClass = PriorityClass.unknown
  var schedulingClass: Int8 = -1

  /// The stretch that consists of `event`. Its transition is not counted yet: it waits for
  /// `append` or `record`.
  init(_ event: LifecycleEvent) {
    id = event.id
    machine = event.machine
    user = event.user
    priority = event.priority
    priorityClass = event.priorityClass
    schedulingClass = event.schedulingClass
    if event.missingInfo { flags.insert(.missingInfo) }
    if event.differentMachines { flags.insert(.differentMachines) }
    flags.formUnion(event.flags)
    requestFirst = NormalisedRequest(event.request)
    requestMaximum = requestFirst
    if event.kind != .schedule { requestBefore = requestFirst }
    guard event.time.isKnown else {
      flags.insert(.cutOffAtEnd)
      return
    }
    seen = event.time
    guard let next = event.kind.next else {
      if event.kind == .updatePending {
        leadingPendingUpdates = 1
      } else {
        leadingRunningUpdates = 1
      }
      return
    }
    (state, since) = (next, event.time)
    (first, firstTime, hasTransition) = (event.kind, event.time, true)
    switch next {
    case .pending, .queued: submit = event.time
    case .running:
      (firstSchedule, lastSchedule, attempts) = (event.time, event.time, 1)
    case .dead: lastEnd = event.kind
    case .unsubmitted: break
    }
  }

  /// Adds the stretch that follows this one. O(1).
  mutating func append(_ later: Lifecycle, counting counts: inout TransitionCounts) {
    if hasTransition {
      later.countBeginning(in: state, into: &counts)
      if !later.beginsRegularly(in: state) { flags.insert(.irregular) }
    } else {
      leadingPendingUpdates += later.leadingPendingUpdates
      leadingRunningUpdates += later.leadingRunningUpdates
    }
    if later.hasTransition {
      addInterval(to: later.firstTime)
      (state, since) = (later.state, later.since)
      if !hasTransition { (first, firstTime, hasTransition) = (later.first, later.firstTime, true) }
      if later.state == .dead { lastEnd = later.lastEnd }
    }
    if attempts == 0 {
      requestBefore = later.requestBefore.or(requestBefore)
    }
    requestFirst = requestFirst.or(later.requestFirst)
    requestMaximum = requestMaximum.maximum(later.requestMaximum)

    if !seen.isKnown { seen = later.seen }
    if !submit.isKnown { submit = later.submit }
    if attempts == 0 { firstSchedule = later.firstSchedule }
    if later.attempts > 0 { lastSchedule = later.lastSchedule }
    waited += later.waited
    ran += later.ran
    waits += later.waits
    runs += later.runs
    attempts += later.attempts
    if later.machine >= 0 { machine = later.machine }
    if later.user != .unknown { user = later.user }
    if later.priority >= 0 { (priority, priorityClass) = (later.priority, later.priorityClass) }
    if later.schedulingClass >= 0 { schedulingClass = later.schedulingClass }
    flags.formUnion(later.flags)
  }

  /// Adds the event that follows: what `append(Lifecycle(event))` does, without making a stretch
  /// of the event. O(1).
  mutating func append(_ event: LifecycleEvent, counting counts: inout TransitionCounts) {
    if event.time.isKnown {
      if !seen.isKnown { seen = event.time }
      if let next = event.kind.next {
        transition(event.kind, to: next, at: event.time, counting: &counts)
      } else if hasTransition {
        counts[state, event.kind] += 1
        if !state.allows(event.kind) { flags.insert(.irregular) }
      } else if event.kind == .updatePending {
        leadingPendingUpdates += 1
      } else {
        leadingRunningUpdates += 1
      }
    } else {
      flags.insert(.cutOffAtEnd)
    }
    let request = NormalisedRequest(event.request)
    if attempts == 0 && event.kind != .schedule { requestBefore = request.or(requestBefore) }
    if event.kind == .schedule && event.time.isKnown {
      if attempts == 0 { firstSchedule = event.time }
      lastSchedule = event.time
      attempts += 1
    }
    requestFirst = requestFirst.or(request)
    requestMaximum = requestMaximum.maximum(request)
    if event.machine >= 0 { machine = event.machine }
    if event.user != .unknown { user = event.user }
    if event.priority >= 0 { (priority, priorityClass) = (event.priority, event.priorityClass) }
    if event.schedulingClass >= 0 { schedulingClass = event.schedulingClass }
    if event.missingInfo { flags.insert(.missingInfo) }
    if event.differentMachines { flags.insert(.differentMachines) }
    flags.formUnion(event.flags)
  }

  private mutating func transition(
    _ event: LifeEvent, to next: LifeState, at time: Microseconds,
    counting counts: inout TransitionCounts
  ) {
    if hasTransition {
      counts[state, event] += 1
      if !state.allows(event) { flags.insert(.irregular) }
    } else {
      (first, firstTime, hasTransition) = (event, time, true)
    }
    addInterval(to: time)
    (state, since) = (next, time)
    if next == .dead { lastEnd = event }
    if (next == .pending || next == .queued) && !submit.isKnown { submit = time }
  }

  private func countBeginning(in state: LifeState, into counts: inout TransitionCounts) {
    counts[state, .updatePending] += Int(leadingPendingUpdates)
    counts[state, .updateRunning] += Int(leadingRunningUpdates)
    if hasTransition { counts[state, first] += 1 }
  }

  private func beginsRegularly(in state: LifeState) -> Bool {
    (leadingPendingUpdates == 0 || state.allows(.updatePending))
      && (leadingRunningUpdates == 0 || state.allows(.updateRunning))
      && (!hasTransition || state.allows(first))
  }

  private mutating func addInterval(to time: Microseconds) {
    guard since > .zero, since.isKnown, time > .zero, time.isKnown else { return }
    switch state {
    case .pending, .queued:
      waited += time - since
      waits += 1
    case .running:
      ran += time - since
      runs += 1
    case .unsubmitted, .dead: break
    }
  }

  /// The task's record; nil for a task that the trace shows only after its end.
  ///
  /// - Parameters:
  ///   - end: the last real time in the table; what goes on then is cut off there.
  ///   - scale: what the trace's normalised requests stand for.
  ///   - assumed: the normalised request of a task whose table has none.
  func record(
    end: Microseconds, scale: MachineScale, assumed: SIMD4<Double>? = nil,
    counting counts: inout TransitionCounts
  ) -> TaskRecord? {
    record(
      end: end, requests: ResolvedRequests(requests, scale: scale, assumed: assumed),
      counting: &counts)
  }

  /// The same with requests that were made amounts already.
  @inline(__always)
  func record(
    end: Microseconds, requests: ResolvedRequests, counting counts: inout TransitionCounts
  ) -> TaskRecord? {
    guard seen.isKnown else { return nil }
    countBeginning(in: .unsubmitted, into: &counts)
    var life = self
    let isOpen = !hasTransition || state != .dead
    if isOpen {
      life.addInterval(to: end)
      life.flags.insert(.cutOffAtEnd)
    } else {
      life.flags.remove(.cutOffAtEnd)
    }
    return life.finished(isOpen: isOpen, requests)
  }

  /// What it asked for.
  var requests: RequestSet {
    get { RequestSet(before: requestBefore, first: requestFirst, maximum: requestMaximum) }
    set {
      (requestBefore, requestFirst, requestMaximum) =
        (newValue.before, newValue.first, newValue.maximum)
    }
  }

  @inline(__always)
  private func finished(isOpen: Bool, _ resolved: ResolvedRequests) -> TaskRecord {
    var record = TaskRecord(
      id: id, submit: min(submit, seen), runTime: ran, request: .zero)
    record.flags = flags
    let beginsWithUpdate = leadingPendingUpdates > 0 || leadingRunningUpdates > 0
    if !hasTransition || first != .submit || firstTime == .zero || beginsWithUpdate {
      record.flags.insert(.cutOffAtStart)
    }
    let isRunning = hasTransition ? state == .running : leadingRunningUpdates > 0
    record.outcome = isOpen ? (isRunning ? .running : .pending) : lastEnd.outcome ?? .lost
    record.firstSchedule = firstSchedule
    record.lastSchedule = lastSchedule
    record.end = isOpen ? .never : since
    record.waitTime = waited
    if waits == 0 { record.flags.insert(.waitTimeUnknown) }
    let hasRun =
      attempts > 0 || isRunning || record.outcome == .finished || record.outcome == .evicted
    if runs == 0 && hasRun { record.flags.insert(.runTimeUnknown) }
    record.attempts = attempts
    record.machine = machine
    record.user = user
    record.priority = priority
    record.priorityClass = priorityClass
    record.schedulingClass = schedulingClass

    record.flags.formUnion(resolved.flags)
    record.request = resolved.request
    record.maxRequest = resolved.maximum
    return record
  }
}
