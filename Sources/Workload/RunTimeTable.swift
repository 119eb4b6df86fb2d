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
  private var totals: [TaskID: Int64] = [:]
  private var machines: [TaskID: [Int64]] = [:]
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
    if totals[task] == nil { tasks.append(task) }
    totals[task, default: 0] += time.rawValue - (before?.rawValue ?? 0)
    if before == nil { machines[task, default: []].append(machine) }
  }

  /// How long `task` runs on the machine of this number; nil if that is not said. O(1).
  public subscript(task: TaskID, machine: Int64) -> Microseconds? {
    times.isEmpty ? nil : times[Pair(task: task, machine: machine)]
  }

  /// The mean over the machines of which it is said, to the microsecond below; nil if none is. O(1).
  public func mean(of task: TaskID) -> Microseconds? {
    totals[task].map { Microseconds($0 / Int64(machines[task]?.count ?? 1)) }
  }

  /// The numbers of the machines of which it is said how long `task` runs there, as they were named.
  public func machines(of task: TaskID) -> [Int64] { machines[task] ?? [] }
}
