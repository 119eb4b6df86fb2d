import Diagnostics
import TraceInput
import Workload

/// What tasks used, of `task_usage`: the mean CPU rate and the canonical memory of each window (of five minutes at
/// most), as amounts.
struct Google2011Usage: Sendable {
  let group: TraceInput.Group
  let layout: ColumnLayout

  /// Calls `body` with every sample; its `offset` is the time at which it begins.
  func forEach(
    _ options: ReadOptions, _ body: (UsageSample) throws(TraceError) -> Void
  ) throws(TraceError) -> [Note] {
    var reader = Google2011TableReader(group, layout: layout, options: options)
    var failure: TraceError?
    try reader.forEachRow { row throws(RowError) in
      guard failure == nil else { return }
      let (start, end) = (
        try row.time(TaskUsageColumn.start.rawValue), try row.time(TaskUsageColumn.end.rawValue)
      )
      guard start.isKnown, end >= start else {
        throw RowError(
          column: TaskUsageColumn.end.rawValue,
          message: "end time \(end.rawValue) is before start time \(start.rawValue)",
          reason: "end before start")
      }
      let task = try row.task(
        TaskUsageColumn.jobID.rawValue, TaskUsageColumn.taskIndex.rawValue)
      let sample = UsageSample(
        task: task, offset: start.rawValue, duration: end.isKnown ? (end - start).rawValue : -1,
        cores: try row.amount(TaskUsageColumn.cpuRate.rawValue) * options.scale.cores,
        memory: try row.amount(TaskUsageColumn.canonicalMemory.rawValue)
          * Double(options.scale.memory.rawValue))
      do throws(TraceError) { try body(sample) } catch { failure = error }
    }
    if let failure { throw failure }
    return []
  }
}
