import Workload

/// How a task fared in a run.
public enum TaskOutcome: UInt8, BitwiseCopyable, Hashable, CaseIterable, Sendable {
  /// It ran to its end.
  case finished
  /// The policy refused it, or it found no room at once where waiting was switched off.
  case refused
  /// It fits no machine that is there or still to come, not even an empty one.
  case unplaceable
  /// It was evicted more often than the retry policy allows.
  case abandoned
  /// A task that it depends on did not finish.
  case cancelled
  /// It was still waiting or running when the run ended.
  case unfinished

  /// The name used in files and on the command line.
  public var name: String {
    switch self {
    case .finished: "finished"
    case .refused: "refused"
    case .unplaceable: "unplaceable"
    case .abandoned: "abandoned"
    case .cancelled: "cancelled"
    case .unfinished: "unfinished"
    }
  }
}

/// What became of one task.
public struct TaskResult: BitwiseCopyable, Hashable, Sendable {
  /// Which task.
  public var id: TaskID
  /// Which instance of its record, from 0, where they are independent; 0 otherwise.
  public var instance: Int32
  /// When it was submitted; for a task with predecessors, when they were done if that was later.
  public var submit: Microseconds
  /// When it first started; `never` if it never did.
  public var firstStart: Microseconds
  /// When its last attempt started; `never` if it never did.
  public var start: Microseconds
  /// When its last attempt finished; `never` if it did not.
  public var finish: Microseconds
  /// Latest end that meets its deadline; `never` if it has none.
  public var deadline: Microseconds
  /// Total time spent waiting, over all attempts, until it started or its fate was known: in the
  /// queue, and for its machine to wake up.
  public var wait: Microseconds
  /// Time run in attempts that were cut short.
  public var wasted: Microseconds
  /// The part of ``wait`` for which the machine of the last attempt was waking up.
  public var waking: Microseconds
  /// Part of the last attempt that went by before it ran: its machine woke up,
  /// its data came.
  public var startup: Microseconds
  /// Dynamic energy of all its attempts; the power that a machine draws for being awake is in no task's energy.
  public var energy: Joules
  /// The number of the machine of its last attempt; -1 if it never started.
  public var machine: Int64
  /// How many times it was started.
  public var attempts: Int32
  /// How important it is.
  public var priorityClass: PriorityClass
  /// What became of it.
  public var outcome: TaskOutcome
  /// Which of its workload's own classes it is of, counted from 1; 0 where the workload has none.
  public var kind: UInt16 = 0
  /// How many times it left the pending queue for a machine.
  public var placements: Int32 = 0
  /// The devices of its last attempt, of a gang those of its first instance; empty where GPUs are not devices.
  public var devices: DeviceSet = []
  /// How many instances it is of that start and end together, each on a machine of its own or beside others:
  /// 1, but of gangs. ``machine`` is that of the first.
  public var instances: Int32 = 1
  /// Whether it was submitted after the warm-up: what was not is in no figure of waits.
  public var isMeasured = true
  /// Whether that is the end. Only a policy is told of what is not: of a task that has lost its place and
  /// waits again, whose outcome is `unfinished` so far.
  public var isFinal = true

  /// What the decision is known by that gave it its last place; where it never had one, the decision that
  /// refused it or was still to come.
  public var key: DecisionKey {
    DecisionKey(task: id, instance: instance, attempt: max(placements - 1, 0))
  }

  /// Time from submission to the end (turnaround); `never` if it did not finish.
  public var completion: Microseconds { finish.isKnown ? finish - submit : .never }

  /// Run time of the last attempt, on its machine, with what its output takes; `never` if it did not
  /// finish.
  public var runTime: Microseconds { finish.isKnown ? finish - start - startup : .never }

  /// (waiting + run time) / run time; nil if it did not finish or ran for no time.
  public var slowdown: Double? {
    finish.isKnown && runTime > .zero
      ? Double(completion.rawValue) / Double(runTime.rawValue) : nil
  }

  /// max(1, completion / max(run time, bound)) (Feitelson, "Metrics for parallel job scheduling and
  /// their convergence", 2001); nil if it did not finish.
  public func boundedSlowdown(bound: Microseconds) -> Double? {
    guard finish.isKnown else { return nil }
    let length = max(runTime, bound, Microseconds(1))
    return max(1, Double(completion.rawValue) / Double(length.rawValue))
  }

  /// Whether it finished by its deadline. A task that did not finish has missed it; one without a
  /// deadline meets it by finishing.
  public var metDeadline: Bool { outcome == .finished && finish <= deadline }
}

/// Takes results as tasks end, so that a run's memory does not grow with its workload.
///
/// Results come in the order in which the tasks' fates were decided.
public protocol ResultSink {
  /// Takes one result. An error ends the run.
  mutating func record(_ result: TaskResult) throws

  /// A gang that has finished had its instance number `instance` (1 …) on `machine`; where its first instance
  /// was, and all else, is said by its result, which comes next. Nothing is done about it by default.
  mutating func record(instance: Int32, on machine: Int64, of task: TaskID) throws
}

extension ResultSink {
  public mutating func record(instance: Int32, on machine: Int64, of task: TaskID) {}
}

/// Where an instance of a gang was that is not its first.
struct InstancePlace {
  var task: TaskID
  var instance: Int32
  var machine: Int64
  /// How many results came before that of the gang, of those not yet handed over.
  var before: Int
}

/// Keeps nothing.
public struct DiscardedResults: ResultSink {
  /// A sink that keeps nothing.
  public init() {}
  public mutating func record(_ result: TaskResult) {}
}

/// Keeps every result in memory, for small runs and tests.
public struct CollectedResults: ResultSink {
  /// The results so far.
  public private(set) var results: [TaskResult] = []
  /// A sink that keeps everything.
  public init() {}
  public mutating func record(_ result: TaskResult) { results.append(result) }
}
