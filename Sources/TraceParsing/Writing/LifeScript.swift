import TraceInput
import Workload

/// Events that tell a record's life in the vocabulary of Google's 2011 format: read back, they make
/// the same record.
///
/// A record keeps totals, not events, so the script is one of many lives with these totals: the
/// earliest possible waits, evictions between attempts, attempts of no length where only their
/// number is known. An irregular life gets one impossible update at its end, since that is the only
/// way in which the layout can say so. What a Google trace cannot have (a start without a SUBMIT
/// that is no cut) becomes what is nearest.
struct LifeScript {
  private(set) var events: [LifecycleEvent] = []
  private let record: TaskRecord
  /// Where the last stretch ends: the record's end, or the trace's.
  private let end: Microseconds
  private let wantsWait: Bool
  private var isOpen: Bool { !record.outcome.hasEnded }

  /// - Parameters:
  ///   - traceEnd: the last time of the trace, to which open tasks wait or run.
  ///   - marksTraceEnd: whether an update at that time is added, so that a reader sees it too.
  init(
    _ original: TaskRecord, scale: MachineScale, traceEnd: Microseconds, marksTraceEnd: Bool
  ) {
    var record = original
    record.submit = max(.zero, record.submit)
    if record.attempts > 0 {
      if !record.firstSchedule.isKnown { record.firstSchedule = record.submit + record.waitTime }
      record.firstSchedule = max(record.firstSchedule, record.submit)
      if !record.lastSchedule.isKnown || record.attempts == 1 {
        record.lastSchedule = record.firstSchedule
      }
      record.lastSchedule = max(record.lastSchedule, record.firstSchedule)
    }
    let latest = record.attempts > 0 ? record.lastSchedule : record.submit
    let stated = record.outcome.hasEnded ? record.end : traceEnd
    end = max(latest, stated.isKnown ? stated : record.submit + record.waitTime + record.runTime)
    self.record = record
    wantsWait = !record.flags.contains(.waitTimeUnknown)
    if record.attempts == 0 { writeUnscheduled() } else { writeScheduled() }
    if marksTraceEnd && isOpen { add(legalUpdate, traceEnd) }
    if record.flags.contains(.irregular) { addIrregularity() }
    fillIn(scale)
  }

  private mutating func add(_ kind: LifeEvent, _ time: Microseconds) {
    events.append(LifecycleEvent(id: record.id, kind: kind, time: time))
  }

  private mutating func addEnd() {
    guard !isOpen else { return }
    let kinds: [Outcome: LifeEvent] = [
      .finished: .finish, .failed: .fail, .killed: .kill, .evicted: .evict,
    ]
    add(kinds[record.outcome] ?? .lost, end)
  }

  /// Whether something before the first event hides the beginning, and a SUBMIT there would not.
  private var beginsWithUpdate: Bool {
    record.flags.contains(.cutOffAtStart) && record.submit > .zero
  }

  private mutating func writeUnscheduled() {
    let (submit, waited) = (record.submit, record.waitTime)
    if record.outcome == .running {
      add(.updateRunning, submit)
      return
    }
    // A SUBMIT before an end that only a running task can have would be irregular.
    let isHidden = record.flags.contains(.cutOffAtStart) && !isOpen && !wantsWait
    add(beginsWithUpdate || isHidden ? .updatePending : .submit, submit)
    if wantsWait {
      let again = end - waited
      if beginsWithUpdate {
        add(.submit, again)
      } else if submit == .zero {
        // Time before the trace does not count: a new life begins within it.
        add(.kill, again)
        add(.submit, again)
      } else if waited != end - submit {
        add(.kill, submit)
        add(.submit, again)
      }
    }
    addEnd()
  }

  private mutating func writeScheduled() {
    let (first, last) = (record.firstSchedule, record.lastSchedule)
    var waited = record.waitTime
    waited -= writeBeginning()
    add(.schedule, first)

    let space = end - last
    let ranAtEnd = last > .zero ? min(record.runTime, space) : .zero
    let endsPending =
      isOpen
      ? record.outcome == .pending
      : last > .zero ? ranAtEnd < space : wantsWait
    var waitedAtEnd = Microseconds.zero
    if endsPending && wantsWait {
      waitedAtEnd = min(waited, last > .zero ? space - ranAtEnd : end - Microseconds(1))
      waitedAtEnd = max(.zero, waitedAtEnd)
    }
    if record.attempts > 1 {
      writeMiddle(ran: record.runTime - ranAtEnd, waited: waited - waitedAtEnd)
    }

    if endsPending {
      // A wait that is not told and yet goes on began before the trace.
      let again = wantsWait ? end - waitedAtEnd : last + ranAtEnd
      add(.evict, last > .zero ? last + ranAtEnd : again)
      if wantsWait || isOpen { add(.submit, again) }
    }
    addEnd()
  }

  /// What comes before the first SCHEDULE; returns the wait that it tells.
  private mutating func writeBeginning() -> Microseconds {
    let (submit, first) = (record.submit, record.firstSchedule)
    add(beginsWithUpdate ? .updatePending : .submit, submit)
    guard wantsWait, first > .zero else { return .zero }
    let space = submit > .zero ? first - submit : first - Microseconds(1)
    let waited = min(record.waitTime, space)
    if beginsWithUpdate {
      add(.submit, first - waited)
    } else if submit == .zero {
      add(.kill, first - waited)
      add(.submit, first - waited)
    } else if waited != space {
      add(.kill, submit)
      add(.submit, first - waited)
    }
    return waited
  }

  /// What lies between the first SCHEDULE and the last one, which it ends with.
  private mutating func writeMiddle(ran: Microseconds, waited: Microseconds) {
    let (first, last) = (record.firstSchedule, record.lastSchedule)
    var extra = Int(record.attempts) - 2
    guard wantsWait else { return writeMiddleWithoutWaits(ran: ran, extra: extra) }
    var stop = first + ran
    if first == .zero {
      // A run that began before the trace does not count; the next attempt does the running.
      stop = max(.zero, last - waited - (extra > 0 ? ran : .zero))
      if extra > 0 {
        add(.evict, stop)
        add(.submit, stop)
        add(.schedule, stop)
        stop += ran
        extra -= 1
      }
    }
    add(.evict, stop)
    for _ in 0..<max(0, extra) {
      add(.submit, stop)
      add(.schedule, stop)
      add(.evict, stop)
    }
    add(.submit, max(stop, last - waited))
    add(.schedule, last)
  }

  /// Waits that began before the trace are not told. Others must not be: after a real time attempts
  /// follow each other without SUBMIT, as in the original, which was irregular.
  private mutating func writeMiddleWithoutWaits(ran: Microseconds, extra: Int) {
    let (first, last) = (record.firstSchedule, record.lastSchedule)
    guard first == .zero else {
      for _ in 0..<extra { add(.schedule, first) }
      if ran != last - first { add(.evict, first + ran) }
      add(.schedule, last)
      return
    }
    let runs = extra > 0 && ran > .zero
    for _ in 0..<(runs ? extra - 1 : extra) {
      add(.evict, .zero)
      add(.submit, .zero)
      add(.schedule, .zero)
    }
    add(.evict, .zero)
    add(.submit, .zero)
    if runs { add(.schedule, last - ran) }
    add(.schedule, last)
  }

  /// The update that the present state allows.
  private var legalUpdate: LifeEvent {
    switch events.last(where: { $0.kind.next != nil })?.kind.next {
    case .running: .updateRunning
    case nil where record.outcome == .running: .updateRunning
    default: .updatePending
    }
  }

  private mutating func addIrregularity() {
    guard let last = events.last,
      let state = events.last(where: { $0.kind.next != nil })?.kind.next
    else { return }
    add(state == .pending ? .updateRunning : .updatePending, last.time)
  }

  /// Puts on the events what they say besides kind and time.
  private mutating func fillIn(_ scale: MachineScale) {
    var normalised = scale.normalised(record.request)
    var largest = scale.normalised(record.maxRequest)
    if record.flags.contains(.requestAssumed) {
      normalised = SIMD4(repeating: .nan)
      largest = normalised
    }
    for (flag, lane) in [
      (TaskRecord.Flags.cpuUnknown, 0), (.memoryUnknown, 1), (.diskUnknown, 2),
    ] where record.flags.contains(flag) {
      normalised[lane] = .nan
      largest[lane] = .nan
    }
    let start = events.firstIndex { $0.kind == .schedule }
    if start == nil, record.request != record.maxRequest, let last = events.last, isOpen {
      add(legalUpdate, last.time)
    }
    for index in events.indices {
      events[index].request = NormalisedRequest(index == (start ?? 0) ? largest : normalised)
      if let start, index > start { events[index].request = .unknown }
      if index >= start ?? (events.count - 1) { events[index].machine = record.machine }
      events[index].user = record.user
      events[index].priority = record.priority
      events[index].priorityClass = record.priorityClass
      events[index].schedulingClass = record.schedulingClass
      events[index].flags.formUnion(record.flags.intersection(.differentMachines))
    }
    // An unscheduled life of one event has one request.
    if start == nil, events.count == 1 { events[0].request = NormalisedRequest(normalised) }
    if record.flags.contains(.missingInfo) { events[0].flags.insert(.missingInfo) }
  }
}

extension MachineScale {
  /// Amounts as fractions of the largest machine's.
  func normalised(_ amount: Resources) -> SIMD4<Double> {
    SIMD4(
      amount.cpu.value / cores, Double(amount.memory.rawValue) / Double(memory.rawValue),
      Double(amount.disk.rawValue) / Double(disk.rawValue), .nan)
  }
}
