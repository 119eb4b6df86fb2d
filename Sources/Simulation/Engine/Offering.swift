import Workload

/// Where the queue's meeting with the policy stands.
///
/// The queue is offered task by task, and whoever decides may take its time: everything that a loop
/// over the queue would keep in variables is here, so that the run can stop at a decision and go on
/// after it. The buffers keep their memory from one decision to the next.
struct Offering {
  /// Which loop over the queue is under way.
  enum Stage {
    /// None: the queue has been offered.
    case closed
    /// The queue is to be offered.
    case opening
    /// The head is offered, then the next head.
    case heads
    /// Tasks behind a waiting head may overtake it: ``candidates`` from ``cursor`` on.
    case backfilling
    /// Tasks are started as they were promised (conservative backfilling).
    case promises
    /// Tasks are started as their trace says.
    case recorded
    /// A batch policy chooses among ``waiting``.
    case batch
  }

  /// What is to be decided.
  enum Question {
    case none
    /// Where ``task`` goes, or, of a gang, its next instance.
    case place
    /// Which of ``waiting`` goes next, and where.
    case choose
  }

  var stage = Stage.closed
  var question = Question.none
  /// The slot of the task that is asked about.
  var task: Int32 = -1
  /// Whether the task is to start only once there is a machine for each of its instances, and perhaps
  /// not even then: until that is known its claims are tentative.
  var isTentative = false
  /// The machines of a tentative task so far, and since when they had been empty.
  var machines: [Int] = []
  var emptySince: [(present: Microseconds, seen: Microseconds)] = []
  /// The machine of the task's gateway as the stale view showed it before this decision.
  var gatewayBefore: MachineState?

  /// The head was waiting already when the queue was opened: only those that have just come may overtake.
  var headWaited = false
  /// The task at the head of the queue when overtaking began; -1 for none.
  var head: Int32 = -1
  var candidates: [Int32] = []
  var cursor = 0
  /// How many of them have left the queue, and whether there are others beyond the depth, which may then
  /// be looked at.
  var left = 0
  var hasMore = false

  /// What a batch policy chooses from, and what it is shown of them.
  var waiting: [Int32] = []
  var views: [TaskView] = []
  /// The place in ``waiting`` of the task that it chose.
  var chosen = 0
  /// Whether some of the batch have left the queue.
  var hasServed = false
  /// How many have been chosen and wait on, for want of room.
  var setAside = 0
}
