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
  /// Columns with the values that are wanted; a task meets all of them.
  public var columns: [ColumnSelection] = []

  /// Whether a column is wanted that record files have only if somebody added it.
  public var needsAttributes: Bool {
    columns.contains { !RecordGrouping.names.contains($0.name) }
  }

  /// All tasks.
  public init() {}

  /// The wanted tasks of `source`. A column that it does not have is an error of the first record.
  public func apply(_ source: RecordStream) -> AnyWorkloadSource<TraceError> {
    if from == nil && to == nil && priority == nil && sample == nil && columns.isEmpty {
      return AnyWorkloadSource(source)
    }
    let selection = priority
    var groupings: [(RecordGrouping, ColumnSelection)] = []
    for column in columns {
      do throws(RunError) {
        groupings.append((try RecordGrouping(column.name, of: source, option: "--select"), column))
      } catch {
        return AnyWorkloadSource(Failing(error: TraceError(.missing, error.message)))
      }
    }
    let sampler = sample.map { JobSampler(fraction: $0, seed: sampleSeed) }
    let windowed = AnyWorkloadSource(
      source.window(from: from ?? .zero, to: to ?? .never)
        .filter { selection?.contains($0) ?? true }
        .filter { sampler?.includes(job: $0.id.job) ?? true })
    if groupings.isEmpty { return windowed }
    return AnyWorkloadSource(Chosen(base: windowed, stream: source, groupings: groupings))
  }

  /// The tasks with the values that are wanted.
  private struct Chosen: WorkloadSource {
    var base: AnyWorkloadSource<TraceError>
    /// Where users' names are, which become more while it is read.
    let stream: RecordStream
    let groupings: [(RecordGrouping, ColumnSelection)]
    var isUsedUp: Bool { base.isUsedUp }

    mutating func next() throws(TraceError) -> TaskRecord? {
      while let task = try base.next() {
        if groupings.allSatisfy({ $1.contains($0.group(of: task, users: stream.symbols)) }) {
          return task
        }
      }
      return nil
    }
  }

  /// No tasks, but the reason.
  private struct Failing: WorkloadSource {
    let error: TraceError
    mutating func next() throws(TraceError) -> TaskRecord? { throw error }
  }
}

/// The values of a column that are wanted, such as `qos=LS,BE` or `gpu_milli=500`: as record files have them;
/// `unknown` where a task has none.
public struct ColumnSelection: Hashable, Sendable {
  /// The column of record files, or the attribute of the trace.
  public let name: String
  /// Its values.
  public let values: [String]
  /// As it is written.
  public var text: String { "\(name)=\(values.joined(separator: ","))" }

  /// The choice that `text` says; nil if it says none.
  public init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    name = parts[0]
    values = parts[1].split(separator: ",").map(String.init)
  }

  /// Whether a value is wanted; numbers are compared as numbers.
  func contains(_ value: String) -> Bool {
    if values.contains(value) { return true }
    guard let number = DecimalText.number(value) else { return false }
    return values.contains { DecimalText.number($0) == number }
  }
}

/// A choice of priorities: numbers, ranges and classes, such as `0-1,9` or `production,batch`.
public struct PrioritySelection: Sendable {
  private var ranges: [ClosedRange<Int16>] = []
  private var classes: [PriorityClass] = []
  /// What names it.
  public let text: String

  /// The choice that `text` names; nil if it is none.
  public init?(_ text: String) {
    self.text = text
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
