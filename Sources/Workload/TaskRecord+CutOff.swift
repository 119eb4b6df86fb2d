extension TaskRecord {
  /// Whether the task was submitted before `time`.
  public func isKnown(asOf time: Microseconds) -> Bool { submit < time }

  /// Makes of the record what a trace would hold of it that ended at `time`: a task that runs then has
  /// run for so long at least, one that waits then has not run.
  ///
  /// Of a task of several attempts only the last is told apart: the time before it counts as it is.
  public mutating func cutOff(at time: Microseconds) {
    let begin = lastSchedule.isKnown ? lastSchedule : submit
    let finish =
      end.isKnown
      ? end : runTime.isKnown && !flags.contains(.runTimeUnknown) ? begin + runTime : .never
    guard finish > time else { return }
    end = .never
    flags.insert(.cutOffAtEnd)
    if begin >= time, attempts <= 1 {
      outcome = .pending
      (attempts, runTime) = (0, .zero)
      (firstSchedule, lastSchedule) = (.never, .never)
      waitTime = time - submit
      return
    }
    outcome = .running
    // What is cut away is what the last attempt still had before it.
    if finish.isKnown { runTime = max(runTime - (finish - time), .zero) }
  }
}
