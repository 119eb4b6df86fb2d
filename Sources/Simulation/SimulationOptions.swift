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

  /// Where tasks wait.
  public var mode = Mode.central
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
