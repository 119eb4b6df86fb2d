extension TaskRecord {
  /// When its trace says that it started; `never` where it does not.
  ///
  /// A task that was started several times is one run where it is replayed. It starts after the sum of
  /// its waits, so that its wait is the trace's and, where it was always waiting or running, its end too.
  public var recordedStart: Microseconds {
    guard firstSchedule.isKnown else { return .never }
    let start = max(firstSchedule, submit)
    guard attempts > 1, !flags.contains(.waitTimeUnknown) else { return start }
    return max(start, submit + waitTime)
  }

  /// Whether that is the time of its submission for want of a wait: its trace has one time for both, or
  /// does not tell the wait.
  public var hasUntoldWait: Bool {
    flags.contains(.waitTimeUnknown) && !flags.contains(.cutOffAtStart) && firstSchedule <= submit
  }
}
