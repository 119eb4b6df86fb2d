extension TaskRecord {
  /// Whether it says how long the task ran, or is to run: a task that never ran has a run time of 0, which
  /// says nothing.
  public var tellsRunTime: Bool {
    !flags.contains(.runTimeUnknown) && (attempts > 0 || runTime > .zero)
  }
}
