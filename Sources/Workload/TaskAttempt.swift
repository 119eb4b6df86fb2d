/// One attempt of a task: from a submission to what ended it. A ``TaskRecord`` holds the totals of a
/// task's attempts.
public struct TaskAttempt: BitwiseCopyable, Hashable, Sendable {
  /// When the task was submitted, for the first time or again.
  public var submit: Microseconds
  /// When it was started; `never` if it ended before.
  public var start: Microseconds
  /// When it ended; `never` if it has not.
  public var end: Microseconds
  /// How it ended.
  public var outcome: Outcome
  /// The machine it ran on; -1 if none is known.
  public var machine: Int64

  /// An attempt of these times.
  public init(
    submit: Microseconds, start: Microseconds, end: Microseconds, outcome: Outcome,
    machine: Int64 = -1
  ) {
    self.submit = submit
    self.start = start
    self.end = end
    self.outcome = outcome
    self.machine = machine
  }
}
