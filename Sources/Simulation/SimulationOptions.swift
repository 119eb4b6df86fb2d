import Workload

/// How a run works, apart from its cluster, policy and workload.
public struct SimulationOptions: Hashable, Sendable {
  /// Where tasks wait.
  public enum Mode: Hashable, Sendable {
    /// In one queue; a task starts only where it fits.
    case central
    /// At their machines: the decision is made when the task arrives, and the task then waits for
    /// its turn there, first come first served.
    case dispatch
  }

  /// What a policy is told about run times.
  public enum Estimates: Hashable, Sendable {
    /// What the workload declares, nothing where it declares nothing.
    case declared
    /// What the workload declares, the true run time where it declares nothing.
    case exact
  }

  /// The order of the pending queue; ties go to the first come.
  public enum Order: Hashable, Sendable {
    /// First come, first served.
    case fifo
    /// The highest class first, then the highest priority number.
    case priority
    /// The shortest estimate first; tasks without one last.
    case sjf
    /// The earliest deadline first; tasks without one last.
    case earliestDeadline
    /// The user first whose tasks hold the least CPU (max-min fairness, as Hadoop's Fair
    /// Scheduler).
    case fairShare
    /// The user first whose dominant share is least (Ghodsi et al., "Dominant resource fairness",
    /// NSDI 2011).
    case dominantResource
    /// The smallest score first, by a rule of the catalogue or of one's own.
    case rule(QueueRule)

    /// Whether the order of tasks that wait changes while none comes or goes.
    public var changesWithTime: Bool {
      if case .rule(let rule) = self { rule.changesWithTime } else { false }
    }
  }

  /// What may overtake a head of the queue that must wait.
  public enum Backfilling: Hashable, Sendable, CaseIterable {
    /// Nothing: the head blocks those behind it.
    case none
    /// Whatever fits. The head may starve.
    case greedy
    /// What does not delay the head, by the estimates (EASY: Lifka, "The ANL/IBM SP scheduling
    /// system", 1995; Mu'alem and Feitelson, IEEE TPDS 12, 2001).
    case easy
    /// What delays none of those that wait (conservative: Mu'alem and Feitelson, 2001), each of which has
    /// been promised a start. A task beyond its estimate is reckoned with for as long again as it has run
    /// (after Tsafrir, Etsion and Feitelson, IEEE TPDS 18, 2007).
    case conservative
    /// What should end before the time that was worked out for the head when it was first found not to fit,
    /// strictly, in order of submission (RLScheduler's code: Zhang et al., SC'20). That time is not worked
    /// out again, and room that the head would leave is not used.
    case shadow
  }

  /// What placement may promise, as factors of what machines have (> 0; 1 promises what is there).
  public struct Overcommit: Hashable, Sendable {
    /// Of CPU.
    public var cpu: Double
    /// Of memory.
    public var memory: Double

    /// These factors, finite and positive.
    public init(cpu: Double = 1, memory: Double = 1) {
      precondition(
        cpu > 0 && cpu.isFinite && memory > 0 && memory.isFinite,
        "a factor of overcommitment is finite and positive")
      self.cpu = cpu
      self.memory = memory
    }
  }

  /// Machines that fail and are repaired, each for itself.
  ///
  /// Times to failure are Weibull, as Schroeder and Gibson found ("A large-scale study of failures in
  /// high-performance computing systems", DSN 2006: shape 0.7 to 0.8); times to repair exponential.
  public struct FailureModel: Hashable, Sendable {
    /// Shape of the time to failure (> 0); 1 is exponential.
    public var shape: Double
    /// Scale of the time to failure.
    public var scale: Microseconds
    /// Mean time to repair.
    public var meanRepair: Microseconds

    /// A model of positive shape and scale.
    public init(shape: Double, scale: Microseconds, meanRepair: Microseconds) {
      precondition(
        shape > 0 && shape.isFinite && scale > .zero, "a Weibull law needs them positive")
      self.shape = shape
      self.scale = scale
      self.meanRepair = meanRepair
    }
  }

  /// Where tasks wait.
  public var mode = Mode.central
  /// Whether a record of several instances is a gang: all start together, each where the policy puts
  /// it, and end together, when the slowest does. Otherwise, and in dispatch mode, where each waits
  /// at a machine of its own, they are so many independent tasks.
  public var gangs = false
  /// Whether a rigid parallel job (`TaskRecord.Flags.spansMachines`) of P cores is P claims of one
  /// core each, wherever the policy puts them, which start and end together. Otherwise, and in
  /// dispatch mode, all of it must fit on one machine.
  public var spansMachines = true
  /// The order of the pending queue.
  public var order = Order.fifo
  /// What may overtake a waiting head. EASY and conservative go by estimates: a task without one is
  /// taken to run for ever.
  public var backfilling = Backfilling.none
  /// Whether a head that has been found not to fit stays the head until it starts, whoever comes or would go
  /// first by then.
  public var bindsHead = false
  /// Whether what happens at one instant happens one event after the other, tasks that arrive before tasks
  /// that end, and the queue is offered after each (RLScheduler's code). Otherwise all of it happens first.
  public var takesEventsOneByOne = false
  /// How many waiting tasks are looked at for overtaking, and by a batch policy, at a time.
  public var depth = 500
  /// The lowest class that may evict tasks of lower classes when it finds no room (Borg: production);
  /// nil if none may. Only the head of the queue evicts, so the order should be by priority. Tasks of
  /// unknown class neither evict nor are evicted.
  public var preemption: PriorityClass?
  /// What a policy is told about run times.
  public var estimates = Estimates.declared
  /// What predicts run times from the tasks that have ended; nil where estimates are taken as they are.
  public var prediction: RunTimePrediction?
  /// What predictions are for.
  public var predictionUse = PredictionUse.both
  /// Whether a task that cannot start at once is refused for good instead of waiting.
  public var refusesAtOnce = false
  /// The clock's step; zero is the continuous clock. With a step, as in the original study's code,
  /// everything happens at its multiples: first tasks submitted up to then are placed, then tasks
  /// that have ended by then free what they held.
  public var step = Microseconds.zero
  /// Tasks submitted this soon after the first are simulated but not measured.
  public var warmUp = Microseconds.zero
  /// When accounting of use and energy begins; `never` is the end of the warm-up.
  public var accountsFrom = Microseconds.never
  /// Accounting of use and energy ends this long after the last submission (with a step, after its
  /// step), whether or not anything still runs; `never` is when the last task ends. Zero cuts the
  /// drain off.
  public var accountsTail = Microseconds.never
  /// What placement may promise over what is there.
  public var overcommit = Overcommit()
  /// Delays of the network; nil for none.
  public var network: NetworkModel?
  /// Failures of machines, on top of their availability events; nil for none.
  public var failures: FailureModel?
  /// How old a policy's view of the machines may be: it sees them as they were at the last multiple
  /// of this, and the present if it is zero. A placement that then does not fit is a conflict: the
  /// task waits for the next view.
  public var heartbeat = Microseconds.zero
  /// Whether every task is submitted at a machine of its own, its gateway, drawn uniformly among those
  /// that are up. The policy then decides as that machine's agent: it knows the time and its own
  /// machine as they are, the others as the heartbeat shows them. The network's dispatch delay applies
  /// to tasks that leave their gateway, from their submission on.
  public var gateways = false
  /// Whether to measure how long the policy's decisions take.
  public var measuresDecisions = false
  /// Whether idle power is drawn at all times, whatever the machines' rules of sleep.
  public var alwaysOn = false
  /// How often a task may be evicted and queued again before it is given up.
  public var retries = Int32.max
  /// The run stops here; tasks that are then under way end as unfinished.
  public var until = Microseconds.never
  /// How many tasks may be in flight at once, gang members each counted; more end the run with an
  /// error. A task takes about 250 bytes. At most 2^26.
  public var maximumInFlight = 1 << 23 {
    didSet { maximumInFlight = min(max(maximumInFlight, 1), 1 << EventHeap.subjectBits) }
  }
  /// How often machines may fail before the run is given up with an error, apart from a thousand times
  /// for every task: a model that leaves no task the time to end would go on for ever.
  public var maximumFailures = 10_000_000
  /// Run times below this count as this in bounded slowdown (Feitelson; 10 s by custom).
  public var slowdownBound = Microseconds(seconds: 10)
  /// Whether the engine checks itself: capacities at every change, conservation and Little's law at
  /// the end. Slower; results are the same.
  public var audit = false

  /// The defaults: central queue, first come first served, no limits.
  public init() {}
}

extension SimulationOptions.Order: CaseIterable {
  /// The engine's own orders; rules are in ``QueueRule/catalogue``.
  public static let allCases: [Self] = [
    .fifo, .priority, .sjf, .earliestDeadline, .fairShare, .dominantResource,
  ]
}
