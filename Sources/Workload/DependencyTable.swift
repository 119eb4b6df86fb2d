/// Which tasks must wait for which: a side table beside the records of a workload.
///
/// A task may start when each of its predecessors has finished and its think time after that is
/// over. A dependency of or on ``TaskID/init(wholeJob:)`` is one of, or on, all tasks of that job. Kept
/// whole in memory, O(dependencies).
public struct DependencyTable: Sendable {
  /// One thing that a task waits for.
  public struct Dependency: Hashable, Sendable {
    /// The task that must have finished.
    public var predecessor: TaskID
    /// How long after its end (SWF's think time).
    public var think: Microseconds
    /// What it hands over, for a network to carry.
    public var data: Bytes
  }

  /// The dependent tasks, and those that others wait for.
  private var dependents = TaskNumbers()
  private var successors = TaskNumbers()
  /// The conditions in the order in which they were named; those of one task are a chain: of each
  /// task the first and the last, of each condition the next. -1 is none.
  private var conditions: [Dependency] = []
  private var next: [Int32] = []
  private var ends: [(first: Int32, last: Int32)] = []
  /// The dependent tasks in the order in which they were first named.
  public var tasks: [TaskID] { dependents.tasks }

  /// Run times on single machines: what else a record has no place for.
  public var runTimes = RunTimeTable()

  /// How many dependencies there are.
  public var count: Int { conditions.count }

  /// A table without dependencies.
  public init() {}

  /// Whether nothing depends on anything.
  public var isEmpty: Bool { conditions.isEmpty }

  /// Lets `task` wait for `predecessor`. Naming the same pair twice adds a second condition.
  public mutating func add(
    _ task: TaskID, after predecessor: TaskID, think: Microseconds = .zero, data: Bytes = .zero
  ) {
    let place = Int32(conditions.count)
    conditions.append(Dependency(predecessor: predecessor, think: think, data: data))
    next.append(-1)
    let (number, isNew) = dependents.insert(task)
    if isNew {
      ends.append((place, place))
    } else {
      next[Int(ends[number].last)] = place
      ends[number].last = place
    }
    _ = successors.insert(predecessor)
  }

  /// What `task` waits for, in the order in which it was added. O(their number).
  public func dependencies(of task: TaskID) -> [Dependency] {
    guard let number = dependents.number(of: task) else { return [] }
    var found: [Dependency] = []
    var place = ends[number].first
    while place >= 0 {
      found.append(conditions[Int(place)])
      place = next[Int(place)]
    }
    return found
  }

  /// Whether any task waits for this one. O(1).
  public func hasSuccessors(_ task: TaskID) -> Bool {
    successors.number(of: task) != nil
  }

  /// The dependencies on tasks, and on jobs, that are `present`, and how many others there were. O(n).
  public func restricted(
    to present: (_ predecessor: TaskID) -> Bool
  ) -> (table: DependencyTable, dropped: Int) {
    var table = DependencyTable()
    table.runTimes = runTimes
    for task in tasks {
      for dependency in dependencies(of: task) where present(dependency.predecessor) {
        table.add(
          task, after: dependency.predecessor, think: dependency.think, data: dependency.data)
      }
    }
    return (table, count - table.count)
  }

  /// A task that would wait for itself, through the first cycle found; nil if there is none. A job
  /// waits for what its tasks wait for, and each of them for what the job does. O(n).
  public func firstCycle() -> TaskID? {
    // Whole jobs wait for their tasks, as far as these wait for anything.
    var members: [Int64: [TaskID]] = [:]
    for task in tasks where task.index != TaskID.wholeJob {
      members[task.job, default: []].append(task)
    }
    func predecessors(of task: TaskID) -> [TaskID] {
      let own = dependencies(of: task).map(\.predecessor)
      return task.index == TaskID.wholeJob
        ? own + (members[task.job] ?? [])
        : own + dependencies(of: TaskID(wholeJob: task.job)).map(\.predecessor)
    }
    // Depth first with an own stack: chains may be long. 1 is under way, 2 is done.
    var state: [TaskID: UInt8] = [:]
    for root in tasks where state[root] == nil {
      var stack = [(task: root, waitsFor: predecessors(of: root), next: 0)]
      state[root] = 1
      while let (task, waitsFor, next) = stack.last {
        guard next < waitsFor.count else {
          state[task] = 2
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next = next + 1
        let predecessor = waitsFor[next]
        switch state[predecessor] {
        case 1: return predecessor
        case nil:
          state[predecessor] = 1
          stack.append((predecessor, predecessors(of: predecessor), 0))
        default: break
        }
      }
    }
    return nil
  }
}

extension TaskID {
  /// The index that stands for all tasks of a job where whole jobs depend on each other (Google
  /// 2019); no task has it.
  @inlinable public static var wholeJob: Int32 { -1 }

  /// All tasks of a job.
  @inlinable public init(wholeJob job: Int64) { self.init(job: job, index: TaskID.wholeJob) }
}
