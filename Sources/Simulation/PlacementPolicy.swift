import Workload

/// What a policy is told about a task: what a real scheduler would know.
///
/// There is no run time, end or outcome here, so a policy cannot see the future; ``estimate`` is
/// what the user said, or nothing.
public struct TaskView: BitwiseCopyable, Hashable, Sendable {
  /// Which task.
  public var id: TaskID
  /// When it was submitted.
  public var submit: Microseconds
  /// What it asks for.
  public var request: Resources
  /// The user's estimate of its run time on a machine of speed 1; `never` if there is none.
  public var estimate: Microseconds
  /// Latest end that meets its deadline; `never` if it has none.
  public var deadline: Microseconds
  /// Who submitted it.
  public var user: UserID
  /// How many times it has been started before.
  public var attempts: Int32
  /// The trace's own priority number, larger is more important; -1 if it gives none.
  public var priority: Int16
  /// What the priority means.
  public var priorityClass: PriorityClass
  /// Latency sensitivity, 0 (least) to 3; -1 if not known.
  public var schedulingClass: Int8
  /// How many instances start together, each with this request.
  public var instances: Int32
  /// Whether tasks of its job must be on different machines.
  public var mustBeApart: Bool
  /// The machine at which it was submitted, where ``SimulationOptions/gateways`` is on: its agent
  /// decides, and sees that machine as it is now; -1 otherwise.
  public internal(set) var gateway: Int32 = -1
  /// Seconds of its estimate and of the longest chain of tasks known to wait for it (HEFT's upward
  /// rank), for a batch policy; 0 where the workload has no dependencies.
  public internal(set) var upwardRank = 0.0
  /// The set of machines that its attribute constraints allow; -1 is all.
  var eligibility: Int32 = -1
  /// Whether it may not go to every machine on which it fits: `Cluster.isAllowed` says where.
  public var isConstrained: Bool { eligibility >= 0 || mustBeApart }

  /// What may be known of `record` when it is submitted.
  public init(_ record: TaskRecord) {
    id = record.id
    submit = record.submit
    request = record.request
    estimate = record.estimate
    deadline = record.deadline
    user = record.user
    attempts = 0
    priority = record.priority
    priorityClass = record.priorityClass
    schedulingClass = record.schedulingClass
    instances = max(record.instances, 1)
    mustBeApart = record.flags.contains(.differentMachines)
  }
}

/// What a policy decides about a task.
public enum Placement: Hashable, Sendable {
  /// It goes to the machine with this index. In central mode it starts there at once, so it must
  /// fit now; in dispatch mode it joins the machine's queue, and must fit when the machine is empty.
  case machine(Int)
  /// It stays in the queue, and is offered again when something has changed.
  case wait
  /// It is refused for good.
  case reject
}

/// Decides where a task goes.
///
/// # Requirements on conformers
/// 1. **Only what fits.** `.machine(m)` names a machine that is up and on which the task fits: now
///    in central mode, when empty in dispatch mode. Anything else ends the run with an error.
/// 2. **No hidden randomness.** All chance comes from `rng`, all time from `cluster.now`: the same
///    seed gives the same decisions.
/// 3. **No state between runs.** A run works on a copy and begins with `runBegan(on:)`.
/// 4. **Order.** Never iterate a `Set` or `Dictionary` where the order can reach a decision.
///
/// The tests run every policy of ``PolicyCatalog`` through these rules.
///
/// A policy is one file. The smallest one:
/// ```swift
/// // Least loaded: the machine with the smallest share of its CPU claimed.
/// public struct LeastLoaded: PlacementPolicy {
///   public let name = "least-loaded"
///   public mutating func place(
///     _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
///   ) -> Placement {
///     cluster.cheapest(for: task) { cluster, machine in cluster.cpuUtilisation(machine) }
///   }
/// }
/// ```
public protocol PlacementPolicy {
  /// The name used in reports and on the command line.
  var name: String { get }

  /// Where `task` goes, now.
  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement

  /// A run begins. Here a policy builds what it keeps about the machines.
  mutating func runBegan(on cluster: borrowing Cluster)

  /// The free room, capacity, queue or availability of a machine has changed.
  mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster)

  /// A task has ended, for good or evicted; now its true times are known.
  mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster)
}

extension PlacementPolicy {
  public mutating func runBegan(on cluster: borrowing Cluster) {}
  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {}
  public mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {}
}
