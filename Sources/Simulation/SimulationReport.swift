import Workload

/// What a run came to.
public struct SimulationReport: Sendable {
  /// The policy's name.
  public var policy: String
  /// The seed.
  public var seed: UInt64
  /// Machines of the cluster, those that were never up included.
  public var machines: Int
  /// All tasks.
  public var total: ClassMetrics
  /// Tasks by class, for the classes that occur, in their order.
  public var classes: [ClassReport]
  /// Tasks by the workload's own classes, in their order; empty where it has none.
  public var kinds: [ClassMetrics] = []
  /// The names of ``kinds``.
  public var kindNames: [String] = []
  /// Why tasks were unplaceable, in the order of ``UnplaceableReason``; zero where it did not occur.
  public var unplaceable: [UnplaceableCount]
  /// Attempts cut short because their machine went away.
  public var evictions: Int
  /// Attempts cut short by a task of a higher class.
  public var preemptions: Int
  /// Tasks that overtook a waiting head of the queue.
  public var backfilled: Int
  /// Failures of machines by the failure model.
  public var failures: Int
  /// Placements that did not fit because the policy saw the past.
  public var conflicts: Int
  /// Dependencies on tasks that are not in the workload; no task waits for them.
  public var droppedDependencies: Int
  /// CPU work submitted over what the machines could do from the first submission to the last: 1 is as
  /// much; nil where there is no such time.
  public var offeredLoad: Double?
  /// The part of it that some machine could take: what is unplaceable is left out.
  public var placeableLoad: Double?
  /// From the first submission, or the end of the warm-up, to the last finish of a task that came after it;
  /// zero if none finished.
  public var measuredSpan = Microseconds.zero
  /// The load that the workload was asked to be; nil if none was.
  public var askedLoad: Double?
  /// That it was asked of other cores than the cluster has; nil where it was not.
  public var askedNote: Note?
  /// What was known of the tasks, and what is not modelled.
  public var remarks = RunRemarks()
  /// Whether the policy goes by estimates of run times.
  public var policyGoesByEstimates = false
  /// Whether the policy goes by the machines' power.
  public var policyGoesByPower = false
  /// Whether the policy chose among the waiting tasks.
  public var policyChoosesTasks = false
  /// First submission; `never` if there was no task.
  public var firstSubmit: Microseconds
  /// Last finish; `never` if no task finished.
  public var lastFinish: Microseconds
  /// The cluster's use, averaged over the time that is accounted for.
  public var usage: Usage
  /// Where the energy went; zero if no machine draws power.
  public var energy: EnergyReport
  /// The cluster's use over time.
  public var series: UsageSeries
  /// How many times the engine asked its policy.
  public var decisions: Int
  /// How long the policy took for a decision, in nanoseconds of real time; empty if that was not
  /// measured. The only figures here that differ from run to run.
  public var decisionTimes: Tally
  /// Tasks of the warm-up, which are in no other figure but the makespan.
  public var warmUpTasks: Int
  /// How many events happened: arrivals, ends, availability changes.
  public var events: Int
  /// The most tasks that were in flight at once.
  public var mostInFlight: Int
  /// What the engine's checks of itself found; nil if they were off.
  public var audit: AuditReport?
  /// Whether anything in the run was left to chance: its policy drew, gateways were drawn, machines
  /// failed. Where not, another seed comes to the same on the same tasks and machines.
  public var drewChance = false
  /// Last submission; `never` if there was no task.
  public var lastSubmit = Microseconds.never
  /// Core-seconds of all attempts, over those that the machines had from the first submission to the last
  /// start; NaN where that is no time.
  public var useToLastStart = Double.nan
  /// Tasks that were waiting at the last submission.
  public var waitingAtLastSubmit = 0

  /// How devices stood at the last submission; nil where GPUs are not devices.
  public var devices: DeviceReport?

  /// Adds what only the workload knows: its classes' names, and the load that it was asked to be on the
  /// machines of `layout`, in cores of speed 1.
  public mutating func tell(
    of layout: ClusterLayout, classNames: [String], asked: AskedLoad?
  ) {
    kindNames = classNames
    let cores = layout.effectiveCores
    guard let asked, cores > 0 else { return }
    askedLoad = asked.on(cores)
    guard cores != asked.cores else { return }
    askedNote = Note(
      .otherCores, "load", ["asked": asked.share, "cores": asked.cores, "here": asked.on(cores)],
      "load \(Self.text(asked.share)) was asked of \(Self.text(asked.cores)) cores, and the cluster has "
        + "\(Self.text(cores)): \(Self.text(asked.on(cores))) here")
  }

  /// To three decimal places, without zeros at the end.
  private static func text(_ value: Double) -> String {
    guard let thousandths = Int64(exactly: (value * 1000).rounded()) else { return "\(value)" }
    guard thousandths % 1000 != 0 else { return RunRemarks.grouped(Int(thousandths / 1000)) }
    var digits = String(1000 + thousandths % 1000).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(RunRemarks.grouped(Int(thousandths / 1000))).\(digits)"
  }

  /// Last finish less first submission; zero if nothing finished.
  public var makespan: Microseconds { lastFinish.isKnown ? lastFinish - firstSubmit : .zero }

  /// Finished tasks per second of ``measuredSpan``, which is the makespan but for a warm-up; NaN if it is
  /// zero.
  public var throughput: Double { Double(total[.finished]) / measuredSpan.seconds }

  /// The tasks of one class.
  public struct ClassReport: Hashable, Sendable {
    /// The class.
    public var priorityClass: PriorityClass
    /// How its tasks fared.
    public var metrics: ClassMetrics
  }

  /// Averages over time.
  public struct Usage: Hashable, Sendable {
    /// The span they are over.
    public var span: Microseconds
    /// Claimed share of the CPU that was there, 0…1; NaN where there was none.
    public var cpu: Double
    /// Claimed share of the memory that was there, 0…1; NaN where there was none.
    public var memory: Double
    /// Claimed share of the GPUs that were there, 0…1; nil where there was none.
    public var gpu: Double?
    /// How much of what was free was of no use.
    public var fragmentation: Fragmentation
    /// Tasks waiting.
    public var meanWaiting: Double
    /// The most tasks that waited at once, for any time. One that starts when it comes has not waited.
    public var mostWaiting: Int
    /// The most tasks, of gangs the most instances, that ran at once for any time.
    public var mostRunning = 0
    /// The greatest share of the CPU that was held, 0…1.
    public var mostCPU = 0.0
    /// The greatest share of the memory that was held, 0…1; NaN where there was none.
    public var mostMemory = 0.0
    /// Tasks running.
    public var meanRunning: Double
    /// The same shares until the last submission, which leaves the drain out; those of ``span`` where all
    /// tasks came at once, or where a window of accounts was asked for.
    public var whileSubmitting = Shares()
    /// Variance over machines of CPU utilisation, averaged over time.
    public var loadVariance: Double
    /// The same from the first submission to the last, whatever the window of accounts; 0 if they are
    /// at one time.
    public var loadVarianceOfArrivals = 0.0
    /// Work of the tasks that finished in the window, in core-seconds of a machine of speed 1: requested
    /// CPU times run time, for every instance.
    public var work = 0.0
    /// Jain's index of fairness over machines of CPU utilisation, averaged over time: 1 is even, 1 / n
    /// is all on one (Jain, Chiu and Hawe, DEC-TR-301, 1984). An idle cluster is even.
    public var jain: Double
  }

  /// Claimed shares of what was there, 0…1; NaN, or nil of GPUs, where there was none.
  public struct Shares: Hashable, Sendable {
    /// Of the CPU.
    public var cpu = Double.nan
    /// Of the memory.
    public var memory = Double.nan
    /// Of the GPUs.
    public var gpu: Double?
  }

  /// Tasks by the names that results tell them apart by: the workload's own, or those of priorities.
  public var namedClasses: [(name: String, metrics: ClassMetrics)] {
    guard !kinds.isEmpty else { return classes.map { ($0.priorityClass.name, $0.metrics) } }
    return kinds.enumerated().compactMap { place, metrics in
      guard metrics.submitted > 0 else { return nil }
      return (place < kindNames.count ? kindNames[place] : "class \(place + 1)", metrics)
    }
  }

  /// Shares of what was free, over time, that lay where a task does not fit: the expectation over
  /// the tasks submitted, as Weng et al., "Beware of fragmentation" (USENIX ATC 2023), define a
  /// cluster's fragmentation; over a uniform sample of 16 tasks. 0 is none; NaN of a resource of which
  /// nothing was free. GPUs of one machine count as one piece.
  public struct Fragmentation: Hashable, Sendable {
    /// Of free CPU, 0…1.
    public var cpu: Double
    /// Of free memory, 0…1.
    public var memory: Double
    /// Of free GPUs, 0…1; nil where none was free.
    public var gpu: Double?
  }

  /// How many tasks were unplaceable for one reason.
  public struct UnplaceableCount: Hashable, Sendable {
    /// The reason.
    public var reason: UnplaceableReason
    /// How many tasks.
    public var count: Int
    /// The first of them.
    public var example: TaskID
  }
}

/// Why a task can never be placed.
public enum UnplaceableReason: UInt8, Hashable, CaseIterable, Sendable {
  /// No machine is there, and none will come.
  case noMachine
  /// It asks for more CPU than any machine has.
  case cpu
  /// It asks for more memory than any machine has.
  case memory
  /// It asks for more disk than any machine has.
  case disk
  /// It asks for more GPUs than any machine has.
  case gpu
  /// No machine has all that it asks for together.
  case combination
  /// Its constraints allow no machine on which it fits.
  case constraint
  /// Its instances do not fit together, even if everything is empty.
  case gang
  /// A request or run time is negative, or it has over a million instances.
  case invalid

  /// The name used in files and on the command line.
  public var name: String {
    switch self {
    case .noMachine: "no machine"
    case .cpu: "CPU"
    case .memory: "memory"
    case .disk: "disk"
    case .gpu: "GPU"
    case .combination: "combination of resources"
    case .constraint: "constraints"
    case .gang: "instances together"
    case .invalid: "negative request or run time, or over a million instances"
    }
  }
}

/// What the engine's checks of itself found.
public struct AuditReport: Hashable, Sendable {
  /// Two figures that must be equal.
  public struct Check: Hashable, Sendable {
    /// What is checked.
    public var name: String
    /// One way to count it.
    public var left: Double
    /// The other way.
    public var right: Double
    /// Whether they agree: exactly where both are whole numbers, to 1e-9 of it for energies.
    public var holds: Bool

    init(name: String, left: Int128, right: Int128) {
      self.name = name
      (self.left, self.right) = (Double(left), Double(right))
      holds = left == right
    }

    init(name: String, left: Double, right: Double) {
      self.name = name
      (self.left, self.right) = (left, right)
      holds = abs(left - right) <= 1e-9 * max(abs(left), abs(right))
    }
  }

  /// The checks at the end of the run.
  public var checks: [Check] = []
  /// How many times a machine's free room was found negative or above its capacity.
  public var violations = 0
  /// Whether all is well.
  public var passed: Bool { violations == 0 && checks.allSatisfy(\.holds) }
}

/// Why a run ended early.
public enum SimulationError: Error, CustomStringConvertible {
  /// The workload could not give the next task.
  case source(any Error)
  /// The workload was read to its end before, and can be read once.
  case usedUp
  /// The results could not be taken.
  case results(any Error)
  /// A task was submitted before the one ahead of it.
  case outOfOrder(TaskID, submit: Microseconds, previous: Microseconds)
  /// A policy chose a machine on which the task does not fit.
  case invalidPlacement(policy: String, TaskID, machine: Int, time: Microseconds)
  /// The machines, with what is promised over what they have, are out of range.
  case cluster(ClusterError)
  /// A task waits for itself, through those it waits for.
  case cyclicDependencies(TaskID)
  /// More tasks were in flight at once than the run may have.
  case tooManyTasks(Int, time: Microseconds)
  /// Machines failed so often that the run would not come to its end.
  case tooManyFailures(Int, time: Microseconds)
  /// A batch policy chose a task that was not offered.
  case invalidChoice(policy: String, index: Int, count: Int, time: Microseconds)
  /// GPUs cannot be devices in this run, or its policy needs them to be.
  case devices(String)
  /// No decision is open, or the answer is to another kind of decision.
  case unfittingAnswer(policy: String, time: Microseconds)

  public var description: String {
    switch self {
    case .source(let error): "the workload: \(error)"
    case .usedUp:
      "the workload was read to its end before: it is read once, and has to be made anew for another run"
    case .results(let error): "the results: \(error)"
    case .outOfOrder(let id, let submit, let previous):
      "task \(id.job)/\(id.index) is submitted at \(submit.rawValue) µs, after one at"
        + " \(previous.rawValue) µs; a workload must be in order of submission"
    case .invalidPlacement(let policy, let id, let machine, let time):
      "policy \(policy) put task \(id.job)/\(id.index) on machine \(machine) at \(time.rawValue)"
        + " µs, where it does not fit"
    case .cluster(let error): "the cluster: \(error)"
    case .devices(let reason): reason
    case .cyclicDependencies(let id):
      "task \(id.job)/\(id.index) waits for itself, through the tasks that it waits for"
    case .tooManyTasks(let limit, let time):
      "more than \(limit) tasks are in flight at \(time.rawValue) µs; --max-in-flight raises the limit,"
        + " at about 250 bytes a task"
    case .tooManyFailures(let limit, let time):
      "machines have failed more than \(limit) times by \(time.rawValue) µs: the failure model leaves"
        + " no task the time to end, or the workload spans centuries"
    case .invalidChoice(let policy, let index, let count, let time):
      "policy \(policy) chose waiting task \(index) of \(count) at \(time.rawValue) µs"
    case .unfittingAnswer(let policy, let time):
      "policy \(policy) answered at \(time.rawValue) µs what it was not asked"
    }
  }
}
