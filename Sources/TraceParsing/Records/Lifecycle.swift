import TraceInput
import Workload

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
  // Only this type and its packed form touch what follows. What most events need comes first: 128
  // bytes, two cache lines of the three that a life takes.
  var id: TaskID
  var state: LifeState = .unsubmitted
  /// The first transition, whose origin only the stretch before knows.
  var first: LifeEvent = .submit
  var lastEnd: LifeEvent = .lost
  var hasTransition = false
  var since = Microseconds.never
  var seen = Microseconds.never
  var submit = Microseconds.never
  var firstSchedule = Microseconds.never
  var lastSchedule = Microseconds.never
  var waited = Microseconds.zero
  var ran = Microseconds.zero
  var machine: Int64 = -1
  /// The largest request.
  var requestMaximum = NormalisedRequest.unknown
  var user = UserID.unknown
  var attempts: Int32 = 0
  var priority: Int16 = -1
  var flags: TaskRecord.Flags = []
  var priorityClass = PriorityClass.unknown
  var schedulingClass: Int8 = -1
  /// Whether a wait, and a run, began and ended within the stretch.
  var hasWaited = false
  var hasRun = false

  var firstTime = Microseconds.never
  /// The last request before the first SCHEDULE.
  var requestBefore = NormalisedRequest.unknown
  /// The first request at all.
  var requestFirst = NormalisedRequest.unknown
  /// Updates before the first transition.
  var leadingPendingUpdates: Int32 = 0
  var leadingRunningUpdates: Int32 = 0
  /// So that every life in an array begins at a cache line.
  private var padding: UInt64 = 0

  /// The stretch that consists of `event`. Its transition is not counted yet: it waits for
  /// `append` or `record`.
  init(_ event: LifecycleEvent) {
    id = event.id
    machine = event.machine
    user = event.user
    priority = event.priority
    priorityClass = event.priorityClass
    schedulingClass = event.schedulingClass
    flags.formUnion(event.flags)
    requestFirst = event.request
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
    hasWaited = hasWaited || later.hasWaited
    hasRun = hasRun || later.hasRun
    attempts += later.attempts
    if later.machine >= 0 { machine = later.machine }
    if later.user != .unknown { user = later.user }
    if later.priority >= 0 { (priority, priorityClass) = (later.priority, later.priorityClass) }
    if later.schedulingClass >= 0 { schedulingClass = later.schedulingClass }
    flags.formUnion(later.flags)
  }

  /// Adds the event that follows: what `append(Lifecycle(event))` does, without making a stretch
  /// of the event. O(1).
  @inline(__always)
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
    let request = event.request
    if attempts == 0 && event.kind != .schedule { requestBefore = request.or(requestBefore) }
    if event.kind == .schedule && event.time.isKnown {
      if attempts == 0 { firstSchedule = event.time }
      lastSchedule = event.time
      attempts += 1
    }
    // Equal to the largest, it is known where that is and changes neither.
    if !request.isSame(as: requestMaximum) {
      requestFirst = requestFirst.or(request)
      requestMaximum = requestMaximum.maximum(request)
    }
    if event.machine >= 0 { machine = event.machine }
    if event.user != .unknown { user = event.user }
    if event.priority >= 0 { (priority, priorityClass) = (event.priority, event.priorityClass) }
    if event.schedulingClass >= 0 { schedulingClass = event.schedulingClass }
    flags.formUnion(event.flags)
  }

  @inline(__always)
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

  @inline(__always)
  private mutating func addInterval(to time: Microseconds) {
    guard since > .zero, since.isKnown, time > .zero, time.isKnown else { return }
    switch state {
    case .pending, .queued:
      waited += time - since
      hasWaited = true
    case .running:
      ran += time - since
      hasRun = true
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
    if !hasWaited { record.flags.insert(.waitTimeUnknown) }
    let wasScheduled =
      attempts > 0 || isRunning || record.outcome == .finished || record.outcome == .evicted
    if !hasRun && wasScheduled { record.flags.insert(.runTimeUnknown) }
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
