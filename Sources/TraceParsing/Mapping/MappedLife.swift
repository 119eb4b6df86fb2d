import Diagnostics
import Tables
import TraceInput
import Workload

/// The times of a mapped task as far as its rows tell, in µs; nil is not told.
struct MappedTimes: Hashable {
  var submit: Int64?
  var first: Int64?
  var last: Int64?
  var end: Int64?
  var wait: Int64?
  var run: Int64?
  var outcome: Outcome?
  var attempts: Int32?
  /// Submitted or started before the trace, ended after it.
  var beganBefore = false
  var startedBefore = false
  var endsAfter = false
}

/// What follows from the times that a mapping names: the others, the outcome, the attempts.
///
/// Run time is end less first schedule, submission is end less run time, wait is first schedule less
/// submission, each where the mapping does not name it.
struct MappedLife {
  private let has: Mapped

  /// Which columns of times a mapping has.
  private struct Mapped {
    let submit, first, wait, run, end: Bool

    init(_ names: Set<String>) {
      submit = names.contains("submit_us")
      first = names.contains("first_schedule_us")
      wait = names.contains("wait_us")
      run = names.contains("run_us")
      end = names.contains("end_us")
    }
  }

  init(_ mapped: Set<String>) { has = Mapped(mapped) }

  /// What is worked out, for the user to know.
  var notes: [Note] {
    var notes: [Note] = []
    if !has.run, has.end {
      let start =
        has.first
        ? "first_schedule_us" : has.wait ? "submit_us - wait_us" : "submit_us"
      notes.append(Note(.assumed, "run_us", "run_us is end_us - \(start)"))
    }
    if !has.submit {
      let source =
        has.first
        ? has.wait ? "first_schedule_us - wait_us" : "first_schedule_us" : "end_us - run_us"
      notes.append(Note(.assumed, "submit_us", "submit_us is \(source)"))
    }
    return notes
  }

  /// Whether submissions can be worked out from the columns there are.
  static func canSubmit(_ has: Set<String>) -> Bool {
    has.contains("submit_us") || has.contains("first_schedule_us")
      || (has.contains("end_us") && has.contains("run_us"))
  }

  /// Of a task whose attempts ran so long in all: that, and that it waited for the rest of its life.
  func sum(_ ran: Int64, in times: inout MappedTimes) {
    guard !has.run, !times.beganBefore, !times.startedBefore, let submit = times.submit,
      let end = times.end
    else { return }
    times.run = ran
    if !has.wait, end - submit >= ran { times.wait = end - submit - ran }
  }

  /// Puts the times into `record`; the error is about a task that cannot be placed in time.
  func complete(
    _ record: inout TaskRecord, _ known: MappedTimes, _ context: MappedContext
  ) throws(RowError) {
    var times = known
    record.flags.subtract([.runTimeUnknown, .waitTimeUnknown])
    if times.outcome == .running {
      if times.end != nil {
        context.count("still running, as is said: the end is taken as not known")
        times.end = nil
      }
      times.endsAfter = true
    }
    if !has.submit {
      deriveSubmission(&times)
      if let submit = times.submit, submit < 0 { times.beganBefore = true }
    }
    if times.beganBefore { times.submit = 0 }
    guard let submit = times.submit else {
      throw RowError(column: nil, message: "no time of submission", reason: "no submission")
    }
    record.submit = Microseconds(submit)
    if times.beganBefore { record.flags.insert(.cutOffAtStart) }

    if times.endsAfter { record.flags.insert(.cutOffAtEnd) }
    if times.startedBefore {
      record.flags.formUnion([.cutOffAtStart, .runTimeUnknown, .waitTimeUnknown])
      times.first = 0
      (times.run, times.wait) = (nil, nil)
    }
    let hasStarted = hasStarted(times)
    if hasStarted { try deriveRun(&times, submit, &record, context) }
    setWait(&times, submit, hasStarted, &record, context)

    if times.first == nil, hasStarted {
      // As in Standard Workload Format: the earliest start; the flag says that the wait is not known.
      times.first = adding(submit, times.wait ?? 0)
    }
    if times.end == nil, !times.endsAfter, !has.end, let first = times.first {
      times.end = times.run.map { adding(first, $0) }
    }
    record.firstSchedule = times.first.map { Microseconds($0) } ?? .never
    record.lastSchedule = (times.last ?? times.first).map { Microseconds($0) } ?? .never
    record.end = times.endsAfter ? .never : times.end.map { Microseconds($0) } ?? .never
    record.runTime = Microseconds(times.run ?? 0)
    if times.run == nil, hasStarted || has.run {
      record.flags.insert(.runTimeUnknown)
    }
    record.waitTime = Microseconds(times.wait ?? 0)
    if times.wait == nil { record.flags.insert(.waitTimeUnknown) }
    record.attempts = times.attempts ?? (hasStarted ? 1 : 0)
    record.outcome = times.outcome ?? outcome(times, hasStarted)
    // Who waits when the trace ends has a past and did not run. Where only a run time is missing, nobody knows.
    if record.outcome == .pending, !hasStarted,
      times.outcome == .pending || !record.flags.contains(.runTimeUnknown)
    {
      record.flags.insert(.cutOffAtEnd)
    }
  }

  private func adding(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max - 1 : sum
  }

  private func deriveSubmission(_ times: inout MappedTimes) {
    if let first = times.first {
      times.submit = first - (times.wait ?? 0)
    } else if let end = times.end, let run = times.run {
      times.submit = end - run - (times.wait ?? 0)
    }
  }

  /// Whether it ran at all, as far as can be told.
  private func hasStarted(_ times: MappedTimes) -> Bool {
    if times.first != nil || times.startedBefore { return true }
    if has.first { return false }
    if let attempts = times.attempts { return attempts > 0 }
    let hasTimes = has.run || has.end
    guard hasTimes else { return false }
    switch times.outcome {
    case .pending: return false
    // A job that failed or was cancelled without a moment's running never started.
    case .failed, .killed: return times.run.map { $0 > 0 } ?? (times.end != nil)
    default: return times.run != nil || times.end != nil || times.endsAfter
    }
  }

  private func deriveRun(
    _ times: inout MappedTimes, _ submit: Int64, _ record: inout TaskRecord,
    _ context: MappedContext
  ) throws(RowError) {
    if let run = times.run, run < 0 {
      context.count("run_us is negative: taken as not known")
      record.flags.insert(.irregular)
      times.run = nil
      return
    }
    guard !has.run, times.run == nil, !times.startedBefore, let end = times.end else { return }
    let start: Int64
    if let first = times.first {
      start = first
    } else if times.beganBefore {
      times.first = 0
      return  // what it ran before the trace is not known
    } else {
      start = adding(submit, times.wait ?? 0)
    }
    let (run, overflow) = end.subtractingReportingOverflow(start)
    guard run >= 0, !overflow else {
      context.count("ended before it started: its run time is taken as not known")
      record.flags.insert(.irregular)
      return
    }
    times.run = run
  }

  private func setWait(
    _ times: inout MappedTimes, _ submit: Int64, _ hasStarted: Bool, _ record: inout TaskRecord,
    _ context: MappedContext
  ) {
    if let wait = times.wait {
      guard wait < 0 else { return }
      context.count("wait_us is negative: taken as not known")
      record.flags.insert(.irregular)
      times.wait = nil
      return
    }
    guard !has.wait, !times.beganBefore, !times.startedBefore else { return }
    guard has.submit, let until = times.first ?? (hasStarted ? nil : times.end)
    else {
      // Submission is where the run began: nothing is known of a wait before.
      return
    }
    guard until >= submit else {
      context.count("started before it was submitted: its wait is taken as not known")
      record.flags.insert(.irregular)
      return
    }
    times.wait = until - submit
  }

  private func outcome(_ times: MappedTimes, _ hasStarted: Bool) -> Outcome {
    guard hasStarted else { return times.end == nil ? .pending : .killed }
    if times.endsAfter { return .running }
    // A run time alone is a whole life; an end that is named and not there is to come.
    return times.end == nil && has.end ? .running : .finished
  }
}
