import Diagnostics
import TraceParsing
import Workload

/// Which of a trace's tasks are wanted.
public struct TaskSelection: Sendable {
  /// Tasks submitted from this trace time on; nil for all.
  public var from: Microseconds?
  /// Tasks submitted before this trace time; nil for all.
  public var to: Microseconds?
  /// Their priorities; nil for all.
  public var priority: PrioritySelection?
  /// Share of the jobs to keep, 0 to 1, whole jobs; nil for all.
  public var sample: Double?
  /// What the sample is drawn from.
  public var sampleSeed: UInt64 = 1

  /// All tasks.
  public init() {}

  /// The wanted tasks of `source`.
  public func apply(_ source: RecordStream) -> AnyWorkloadSource<TraceError> {
    if from == nil && to == nil && priority == nil && sample == nil {
      return AnyWorkloadSource(source)
    }
    let selection = priority
    let sampler = sample.map { JobSampler(fraction: $0, seed: sampleSeed) }
    return AnyWorkloadSource(
      source.window(from: from ?? .zero, to: to ?? .never)
        .filter { selection?.contains($0) ?? true }
        .filter { sampler?.includes(job: $0.id.job) ?? true })
  }
}

/// A choice of priorities: numbers, ranges and classes, such as `0-1,9` or `production,batch`.
public struct PrioritySelection: Sendable {
  private var ranges: [ClosedRange<Int16>] = []
  private var classes: [PriorityClass] = []

  /// The choice that `text` names; nil if it is none.
  public init?(_ text: String) {
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      if let name = PriorityClass.allCases.first(where: { $0.name == item }) {
        classes.append(name)
        continue
      }
      let ends = item.split(separator: "-", omittingEmptySubsequences: false).map { Int16($0) }
      guard (1...2).contains(ends.count), let low = ends[0], let high = ends[ends.count - 1],
        low <= high
      else { return nil }
      ranges.append(low...high)
    }
    if ranges.isEmpty && classes.isEmpty { return nil }
  }

  /// Whether the task's priority or class is chosen.
  public func contains(_ record: TaskRecord) -> Bool {
    classes.contains(record.priorityClass) || ranges.contains { $0.contains(record.priority) }
  }
}
