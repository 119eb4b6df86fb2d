import TraceInput
import Workload

/// What was counted while a trace was read.
public struct ReadReport: Equatable, Sendable {
  /// Rows read, rejected ones included, by table.
  public var rows: [String: Int] = [:]
  /// Comment lines passed over.
  public var comments = 0
  /// What was counted in each table that was read.
  public var surveys: [String: TableSurvey] = [:]
  /// How often each event met a task in each state.
  public var transitions = TransitionCounts()
  /// Task records made.
  public var records = 0
  /// Tasks that the trace shows only after its end: no record is made of them.
  public var afterEnd = 0
  /// Rejected rows by reason.
  public var rejects: [String: Int] = [:]
  /// Things the user should know: missing parts, ignored files.
  public var notes: [Note] = []
  /// The first real time in the table, `never` if it is not known: where the trace begins.
  public var firstTime = Microseconds.never
  /// The last real time in the table.
  public var lastTime = Microseconds.zero

  public init() {}
}
