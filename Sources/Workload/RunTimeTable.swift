/// Run times of tasks on single machines, where they do not follow from speeds: the matrix of expected
/// times to compute of unrelated machines.
///
/// Both what a task really takes there and what schedulers may know of it. Kept whole in memory,
/// O(entries).
public struct RunTimeTable: Sendable {
  private struct Pair: Hashable {
    var task: TaskID
    var machine: Int64
  }

  private var times: [Pair: Microseconds] = [:]
  private var sums: [TaskID: (total: Int64, count: Int64)] = [:]
  /// The tasks in the order in which they were first named.
  public private(set) var tasks: [TaskID] = []

  /// A table that says nothing.
  public init() {}

  /// Whether nothing is said.
  public var isEmpty: Bool { times.isEmpty }

  /// Says how long `task` runs on the machine of this number (≥ 0, not `never`); again replaces.
  public mutating func set(_ time: Microseconds, of task: TaskID, on machine: Int64) {
    precondition(time >= .zero && time.isKnown, "a run time is not negative")
    let before = times.updateValue(time, forKey: Pair(task: task, machine: machine))
    if sums[task] == nil { tasks.append(task) }
    sums[task, default: (0, 0)].total += time.rawValue - (before?.rawValue ?? 0)
    sums[task, default: (0, 0)].count += before == nil ? 1 : 0
  }

  /// How long `task` runs on the machine of this number; nil if that is not said. O(1).
  public subscript(task: TaskID, machine: Int64) -> Microseconds? {
    times.isEmpty ? nil : times[Pair(task: task, machine: machine)]
  }

  /// The mean over the machines of which it is said, to the microsecond below; nil if none is. O(1).
  public func mean(of task: TaskID) -> Microseconds? {
    sums[task].map { Microseconds($0.total / $0.count) }
  }
}
