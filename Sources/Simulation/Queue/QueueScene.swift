import Workload

/// What may be known when the next task is chosen: who waits, and when what runs should end.
///
/// True run times and what comes later are not in it.
public struct QueueScene: Sendable {
  /// Cores that are held until a time, by the estimates; a time that is past for a task that is overdue.
  /// Tasks without an estimate are not reckoned with.
  public struct Hold: BitwiseCopyable, Hashable, Sendable {
    /// Until when.
    public var end: Microseconds
    /// How many.
    public var cores: Double
    /// By whose task.
    public var user: UserID

    /// A hold.
    public init(end: Microseconds, cores: Double, user: UserID) {
      (self.end, self.cores, self.user) = (end, cores, user)
    }
  }

  /// The time.
  public var now: Microseconds
  /// How many tasks wait; more than ``waiting`` has where they exceed ``SimulationOptions/depth``.
  public var queueLength: Int
  /// The tasks to be scored, in the order in which they came.
  public var waiting: [TaskView]
  /// What runs, the earliest end first.
  public var running: [Hold]
  /// What may overtake a task that must wait.
  public var backfilling: SimulationOptions.Backfilling

  /// A scene.
  public init(
    now: Microseconds = .zero, queueLength: Int = 0, waiting: [TaskView] = [],
    running: [Hold] = [], backfilling: SimulationOptions.Backfilling = .none
  ) {
    self.now = now
    self.queueLength = queueLength
    self.waiting = waiting
    self.running = running
    self.backfilling = backfilling
  }
}
