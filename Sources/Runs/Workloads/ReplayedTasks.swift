import TraceParsing
import Workload

/// The tasks of a workload that can be run again: those that ran, and for how long is known.
///
/// # The rules of replay
/// Where the workload is a trace (anything but a generated one):
/// 1. A task that never ran is left out (``neverRan``). A record made by hand, which tells of no
///    past, is run.
/// 2. A task that was submitted before the trace began is submitted at the trace's first time.
/// 3. A task whose run time is unknown, because it ran already when the trace began, is replayed from
///    its submission to its end, or to the trace's last time (``observed``), or is left out with
///    ``AtStart/skip`` (``unknown``).
/// 4. A task that still ran when the trace ended is replayed as far as the trace goes
///    (``cutOffAtEnd``).
///
/// Counts what it leaves out. A reference, so that the counts can be read after the run.
public final class ReplayedTasks: WorkloadSource {
  public typealias Failure = TraceError

  /// What to do with tasks that were running when the trace began.
  public enum AtStart: String, CaseIterable, Codable, Hashable, Sendable {
    /// Replay them from the trace's beginning to their end, or to the trace's.
    case observed
    /// Leave them out.
    case skip
  }

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

  private let workload: NamedWorkload
  private let atStart: AtStart

  /// The tasks of `workload`.
  public init(_ workload: NamedWorkload, atStart: AtStart = .observed) {
    self.workload = workload
    self.atStart = atStart
  }

  /// The next task to run; nil after the last.
  public func next() throws(TraceError) -> TaskRecord? {
    while var record = try workload.source.next() {
      guard workload.stream != nil else { return record }
      let hasRun = record.attempts > 0 || record.outcome == .running || !record.hasHistory
      guard hasRun else {
        neverRan += 1
        continue
      }
      // Time 0 stands for "before the trace", which begins with its first real time.
      let start = workload.stream?.report.firstTime ?? .never
      if record.submit == .zero, record.flags.contains(.cutOffAtStart), start.isKnown {
        record.submit = start
      }
      if record.flags.contains(.runTimeUnknown) {
        let end = record.end.isKnown ? record.end : workload.stream?.report.lastTime ?? .zero
        guard atStart == .observed, end >= record.submit else {
          unknown += 1
          continue
        }
        record.runTime = end - record.submit
        record.flags.remove(.runTimeUnknown)
        observed += 1
      }
      if record.flags.contains(.cutOffAtEnd) { cutOffAtEnd += 1 }
      if record.flags.contains(.requestAssumed) { assumed += 1 }
      return record
    }
    return nil
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
