import Workload

/// What a policy is told about a task: what a real scheduler would know.
///
/// There is no run time, end or outcome here, so a policy cannot see the future; ``estimate`` is
/// what the user said, or nothing.
public struct TaskView: BitwiseCopyable, Hashable, Sendable {
  // The order of these leaves no gaps: up to 128 bytes are copied without a call, and a task is shown often.

  /// Which task.
  public var id: TaskID
  /// Which of its record's instances it is, or of a gang the one that is asked about: 0 ….
  public internal(set) var instance: Int32 = 0
  /// When it was submitted.
  public var submit: Microseconds
  /// What it asks for.
  public var request: Resources
  /// The user's estimate of its run time on a machine of speed 1; `never` if there is none.
  public var estimate: Microseconds
  /// Its run time on a machine of speed 1 as ``SimulationOptions/prediction`` has it, at most the estimate;
  /// `never` without a prediction.
  public internal(set) var predicted = Microseconds.never
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
  /// Which of its workload's own classes it is of, counted from 1; 0 where the workload has none.
  public var kind: UInt16
  /// Whether tasks of its job must be on different machines.
  public var mustBeApart: Bool
  /// How many instances start together, each with this request.
  public var instances: Int32
  /// How many times it has left the pending queue for a machine before, be it to start or to wait there.
  public internal(set) var placements: Int32 = 0
  /// The machine at which it was submitted, where ``SimulationOptions/gateways`` is on: its agent
  /// decides, and sees that machine as it is now; -1 otherwise.
  public var gateway: Int32 = -1
  /// The set of machines that its attribute constraints allow; -1 is all.
  var eligibility: Int32 = -1
  /// Seconds of its estimate and of the longest chain of tasks known to wait for it (HEFT's upward
  /// rank), for a batch policy; 0 for others.
  public internal(set) var upwardRank = 0.0
  /// Whether it may not go to every machine on which it fits: `Cluster.isAllowed` says where.
  public var isConstrained: Bool { eligibility >= 0 || mustBeApart }

  /// A task of which only this is known.
  ///
  /// - Parameters:
  ///   - id: which task; policies tell tasks apart by it where they must be on different machines.
  ///   - request: what it asks for, each of its instances.
  ///   - submit: when it was submitted.
  ///   - estimate: of its run time on a machine of speed 1; `never` for none.
  ///   - deadline: the latest end that meets it; `never` for none.
  public init(
    id: TaskID = TaskID(job: 0), request: Resources, submit: Microseconds = .zero,
    estimate: Microseconds = .never, deadline: Microseconds = .never
  ) {
    var record = TaskRecord(id: id, submit: submit, runTime: .never, request: request)
    record.estimate = estimate
    record.deadline = deadline
    self.init(record)
  }

  /// What a decision about it is known by.
  public var key: DecisionKey {
    DecisionKey(task: id, instance: instance, attempt: placements)
  }

  /// What may be known of `record` when it is submitted.
  @inline(__always)
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
    kind = record.kind
    instances = max(record.instances, 1)
    mustBeApart = record.flags.contains(.differentMachines)
  }
}

/// What a decision is known by: the task, which of its instances, and how many times that had been given a
/// place before.
///
/// A task that is asked about again because it waited keeps its key; one that lost its place has another.
public struct DecisionKey: BitwiseCopyable, Hashable, Sendable {
  /// Which task.
  public var task: TaskID
  /// Which of its instances, 0 ….
  public var instance: Int32
  /// How many places it had had before, 0 ….
  public var attempt: Int32

  /// A decision about this.
  public init(task: TaskID, instance: Int32 = 0, attempt: Int32 = 0) {
    self.task = task
    self.instance = instance
    self.attempt = attempt
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

  /// Whether it goes by ``TaskView/estimate``: a run of it without estimates says so. False by default.
  var goesByEstimates: Bool { get }

  /// Whether it goes by the machines' power: a run of it on machines that draw none says so. False by default.
  var goesByPower: Bool { get }

  /// Whether tasks start when and where their trace says; the policy is then asked only where a machine is
  /// not recorded (``Recorded``). False by default.
  var followsRecord: Bool { get }

  /// The order in which the queue is offered to it, where it has one of its own; nil, the default, for that
  /// of ``SimulationOptions/order``.
  var queueOrder: QueueRule? { get }

  /// Whether it can only be run where GPUs are devices (``DeviceTable``). False by default.
  var needsDevices: Bool { get }

  /// Whether it wants to know which of its answers came to nothing (``declined(last:)``). False by default.
  var wantsDeclined: Bool { get }

  /// Where `task` goes, now.
  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement

  /// The last `count` answers that named a machine came to nothing, all of one task: another instance of its
  /// gang found no room, backfilling did not let it overtake, or what the policy saw was out of date. Called only where
  /// ``wantsDeclined``.
  mutating func declined(last count: Int)

  /// On which devices of the machine a task starts that it put there: as many as ``Cluster/deviceRequest(of:)``
  /// says, each with room. Nil, the default, for those of ``Swift/SIMD16/tightest(for:)``: of one that shares a device,
  /// the one with the least room. Asked only of tasks of one instance that ask for devices, right before they start;
  /// anything that is not valid ends the run with an error.
  mutating func devices(
    for task: TaskView, on machine: Int, in cluster: borrowing Cluster,
    using rng: inout RandomStream
  ) -> DeviceSet?

  /// A run begins. Here a policy builds what it keeps about the machines.
  mutating func runBegan(on cluster: borrowing Cluster)

  /// The free room, capacity, queue or availability of a machine has changed.
  mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster)

  /// A task has ended, and now its true times are known, or has lost its place (evicted, or its machine
  /// went while it waited there): then it waits again and ``TaskResult/isFinal`` is false. By
  /// ``TaskResult/key`` it is told which decision that was about.
  mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster)

  /// How good each machine is for the task: the larger the better, -infinity where it cannot go.
  ///
  /// Asking changes nothing. By default the machine of ``place(_:on:using:)`` has 1 and the others 0;
  /// policies that compare machines say what they compare.
  ///
  /// `scores`: becomes as long as there are machines.
  func scores(_ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double])
}

extension PlacementPolicy {
  public var goesByEstimates: Bool { false }
  public var goesByPower: Bool { false }
  public var followsRecord: Bool { false }
  public var queueOrder: QueueRule? { nil }
  public var needsDevices: Bool { false }
  public var wantsDeclined: Bool { false }
  public mutating func declined(last count: Int) {}
  public mutating func devices(
    for task: TaskView, on machine: Int, in cluster: borrowing Cluster,
    using rng: inout RandomStream
  ) -> DeviceSet? { nil }
  public mutating func runBegan(on cluster: borrowing Cluster) {}
  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {}
  public mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {}

  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    var copy = self
    var rng = RandomStream(seed: 0, name: "scores")
    let placement = copy.place(task, on: cluster, using: &rng)
    cluster.score(task, into: &scores) { _, machine in placement == .machine(machine) ? 1 : 0 }
  }
}
