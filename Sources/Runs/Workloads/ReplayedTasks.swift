import Diagnostics
import Experiments
import TraceInput
import TraceParsing
import Workload

/// The tasks of a workload that can be run again: those that ran, and for how long is known.
///
/// # The rules of replay
/// Where the workload is a trace (anything but a generated one):
/// 1. A task that never ran is left out (``neverRan``). A record made by hand, which tells of no
///    past, is run.
/// 2. A task that was submitted before the trace began is submitted at the trace's first time.
/// 3. A task whose run time is unknown because the trace's beginning or end cuts it off is replayed for
///    as long as it ran in sight of the trace; with `EngineSettings.AtStart.skip` those that ran already when it
///    began are left out. Where neither cuts it off nothing tells its run time, and it is left out
///    (``unknown``).
/// 4. A task that still ran when the trace ended is replayed as far as the trace goes
///    (``cutOffAtEnd``).
///
/// Counts what it leaves out. A reference, so that the counts can be read after the run.
public final class ReplayedTasks: WorkloadSource {
  public typealias Failure = TraceError

  /// Tasks that never ran in the trace.
  public private(set) var neverRan = 0
  /// Tasks whose run time the trace does not tell.
  public private(set) var unknown = 0
  /// Tasks that were running when the trace began, replayed from its beginning.
  public private(set) var observed = 0
  /// Tasks still running when the trace ended, replayed as far as it goes.
  public private(set) var cutOffAtEnd = 0
  /// Tasks with a stated default for a request.
  public private(set) var assumed = 0

  /// Tasks that are replayed.
  public private(set) var replayed = 0
  /// Tasks that are left out, whatever the reason.
  public var leftOut: Int { neverRan + unknown }
  /// Files of the workload's trace that were not read.
  public var passedOver: [PassedOverFile] { workload.passedOver }

  private let workload: NamedWorkload
  private let atStart: EngineSettings.AtStart

  /// The tasks of `workload`.
  public init(_ workload: NamedWorkload, atStart: EngineSettings.AtStart = .observed) {
    self.workload = workload
    self.atStart = atStart
  }

  /// Whether the workload's source is.
  public var isUsedUp: Bool { workload.source.isUsedUp }

  /// The next task to run; nil after the last.
  public func next() throws(TraceError) -> TaskRecord? {
    while var record = try workload.source.next() {
      guard workload.stream != nil else {
        replayed += 1
        return record
      }
      // Whatever else is missing: what has a run time has run.
      let hasRun =
        record.attempts > 0 || record.runTime > .zero || record.outcome == .running
        || !record.hasHistory
      guard hasRun else {
        // What finished has run, for how long nobody saw.
        if record.outcome == .finished { unknown += 1 } else { neverRan += 1 }
        continue
      }
      // Time 0 stands for "before the trace", which begins with its first real time.
      let start = workload.stream?.report.firstTime ?? .never
      if record.submit == .zero, record.flags.contains(.cutOffAtStart), start.isKnown {
        record.submit = start
      }
      if record.flags.contains(.runTimeUnknown) {
        guard let span = observedSpan(of: record) else {
          unknown += 1
          continue
        }
        record.runTime = span
        record.flags.remove(.runTimeUnknown)
        if record.flags.contains(.cutOffAtStart) {
          observed += 1
          // It ran already when the trace began.
          if !record.firstSchedule.isKnown { record.firstSchedule = record.submit }
        }
      }
      if record.flags.contains(.cutOffAtEnd) { cutOffAtEnd += 1 }
      if record.flags.contains(.requestAssumed) { assumed += 1 }
      replayed += 1
      return record
    }
    return nil
  }

  /// How long a task ran in sight of the trace, whose beginning or end cuts it off; nil where neither
  /// does: then nothing tells how long it ran.
  private func observedSpan(of record: TaskRecord) -> Microseconds? {
    let isCutAtStart = record.flags.contains(.cutOffAtStart)
    let isCutAtEnd = record.outcome == .running || record.flags.contains(.cutOffAtEnd)
    guard isCutAtStart || isCutAtEnd, !isCutAtStart || atStart == .observed else { return nil }
    let start = !isCutAtStart && record.lastSchedule.isKnown ? record.lastSchedule : record.submit
    let last = isCutAtEnd ? workload.stream?.report.lastTime ?? .never : .never
    let end = record.end.isKnown ? record.end : last
    return end.isKnown && end >= start ? end - start : nil
  }
}

extension ReplayedTasks {
  /// What was left out or assumed, and what reading told; complete once all tasks are read.
  public var notes: [Note] { counts + untold + workload.told }

  /// ``notes`` without those that were told when the workload was found.
  var untold: [Note] {
    (workload.stream?.report.notes ?? []).filter {
      $0.kind != .resumed && !workload.told.contains($0)
    }
  }

  /// How many tasks were left out, or replayed as something was assumed.
  var counts: [Note] {
    let all: [(Int, Note.Kind, String, String)] = [
      (neverRan, .leftOut, "never_ran", "never ran in the trace: left out"),
      (unknown, .leftOut, "unknown_run_time", "with unknown run time: left out"),
      (
        observed, .assumed, "from_start",
        "running when the trace began: replayed from its beginning"
      ),
      (
        cutOffAtEnd, .assumed, "to_end",
        "still running when the trace ended: replayed as far as it goes"
      ),
      (assumed, .assumed, "request", "with an assumed request"),
    ]
    return all.filter { $0.0 > 0 }.map { count, kind, figure, what in
      Note(kind, "workload", [figure: Double(count)], "\(counted(count, "task")) \(what)")
    }
  }

  /// What to say first where more than a tenth of the workload is left out; nil otherwise.
  public var warning: String? {
    let all = replayed + leftOut
    guard leftOut * 10 > all else { return nil }
    return "\(grouped(leftOut)) of \(grouped(all)) tasks left out (\(grouped(neverRan)) never ran, "
      + "\(grouped(unknown)) without run time)"
  }

  /// - Throws: ``RunError`` where there are tasks and none of them can be run again.
  func requireSome(of workload: String) throws {
    guard replayed == 0, leftOut > 0 else { return }
    throw RunError(
      message:
        "\(workload): nothing to simulate: none of its \(grouped(leftOut)) tasks has a run time "
        + "(\(grouped(neverRan)) never ran, \(grouped(unknown)) without run time)")
  }
}

extension TaskRecord {
  /// Whether it tells of a past: a record made by hand has only what is to be run, and flags for
  /// what it leaves unsaid. A task that a trace shows pending to its end is cut off there.
  fileprivate var hasHistory: Bool {
    attempts > 0 || outcome != .pending || end.isKnown
      || !flags.isDisjoint(with: [.cutOffAtStart, .cutOffAtEnd, .missingInfo, .irregular])
  }
}
