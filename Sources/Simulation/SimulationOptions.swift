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
  public enum Order: Hashable, Sendable, CaseIterable {
    /// First come, first served.
    case firstCome
    /// The highest class first, then the highest priority number.
    case priority
    /// The shortest estimate first; tasks without one last.
    case shortest
    /// The earliest deadline first; tasks without one last.
    case earliestDeadline
    /// The user first whose tasks hold the least CPU (max-min fairness, as Hadoop's Fair
    /// Scheduler).
    case fairShare
    /// The user first whose dominant share is least (Ghodsi et al., "Dominant resource fairness",
    /// NSDI 2011).
    case dominantResource
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
    /// What delays none of those ahead of it (conservative: Mu'alem and Feitelson, 2001).
    case conservative
  }

  /// Where tasks wait.
  public var mode = Mode.central
  /// Whether a record of several instances is a gang: all start together, each where the policy puts
  /// it, and end together, when the slowest does. Otherwise, and in dispatch mode, it counts as one.
  public var gangs = true
  /// The order of the pending queue.
  public var order = Order.firstCome
  /// What may overtake a waiting head. EASY and conservative go by estimates: a task without one is
  /// taken to run for ever.
  public var backfilling = Backfilling.none
  /// How many waiting tasks are looked at for overtaking, and by a batch policy, at a time.
  public var depth = 500
  /// The lowest class that may evict tasks of lower classes when it finds no room (Borg: production);
  /// nil if none may. Only the head of the queue evicts, so the order should be by priority. Tasks of
  /// unknown class neither evict nor are evicted.
  public var preemption: PriorityClass?
  /// What a policy is told about run times.
  public var estimates = Estimates.declared
  /// Whether a task that cannot start at once is refused for good instead of waiting.
  public var refusesAtOnce = false
  /// The clock's step; zero is the continuous clock. With a step, as in the original study's code,
  /// everything happens at its multiples: first tasks submitted up to then are placed, then tasks
  /// that have ended by then free what they held.
  public var step = Microseconds.zero
  /// When accounting of use and energy begins; `never` is the first submission.
  public var accountsFrom = Microseconds.never
  /// Accounting ends this long after the last submission (with a step, after its step), even if
  /// nothing runs any more; `never` is when the last task ends.
  public var accountsTail = Microseconds.never
  /// Whether idle power is drawn at all times, whatever the machines' rules of sleep.
  public var alwaysOn = false
  /// How often a task may be evicted and queued again before it is given up.
  public var retries = Int32.max
  /// The run stops here; tasks that are then under way end as unfinished.
  public var until = Microseconds.never
  /// Run times below this count as this in bounded slowdown (Feitelson; 10 s by custom).
  public var slowdownBound = Microseconds(seconds: 10)
  /// Whether the engine checks itself: capacities at every change, conservation and Little's law at
  /// the end. Slower; results are the same.
  public var audit = false

  /// The defaults: central queue, first come first served, no limits.
  public init() {}
}
