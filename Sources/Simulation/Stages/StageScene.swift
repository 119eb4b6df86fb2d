/// Where a run of jobs of stages stands: all that a policy may see.
///
/// Task times that will be drawn are not in it, nor jobs that have not come.
public struct StageScene: Sendable {
  /// A stage of a job.
  public struct Stage: Sendable {
    /// Which stage of which graph: a number in ``StageTables/kinds``.
    public internal(set) var kind: Int
    /// The job.
    public internal(set) var job: Int
    /// Tasks.
    public internal(set) var tasks: Int
    /// Tasks that have begun.
    public internal(set) var started = 0
    /// Tasks that have ended.
    public internal(set) var finished = 0
    /// Executors that are on the way to it from other jobs.
    public internal(set) var moving = 0
    /// Executors that are promised to it and still work elsewhere, or wait to be sent.
    public internal(set) var promised = 0
    /// Executors that run a task of it, or have just ended its last.
    public internal(set) var executors = 0
    /// Parents whose tasks have not all ended.
    public internal(set) var unfinishedParents: Int
    /// Parents that could take more executors.
    public internal(set) var openParents: Int
    /// When, in the order of such events, its parents had ended; the greatest number before that.
    var since = Int.max
    var isChosen = false

    /// Tasks without an executor that works on them, comes or is promised.
    public var room: Int { tasks - started - moving - promised }
    /// Whether it could take more executors.
    public var isOpen: Bool { room > 0 }
    /// Whether its tasks may run: all parents have ended.
    public var isReady: Bool { unfinishedParents == 0 }
    /// Whether it may be chosen: it is open, its parents are not, and it was not chosen in this round.
    public var isCandidate: Bool { room > 0 && openParents == 0 && !isChosen }
  }

  /// A job.
  public struct Job: Sendable {
    /// Its graph: a number in ``StageTables/graphs``.
    public internal(set) var graph: Int
    /// When it comes, in milliseconds.
    public internal(set) var arrival: Int
    /// When its last task ended; -1 before.
    public internal(set) var end = -1
    /// Places of its stages in ``StageScene/stages``.
    public internal(set) var stages: Range<Int>
    /// Executors that are at it: they run its tasks or wait.
    public internal(set) var executors = 0
    /// Executors that are on the way to it, or promised to it by another job.
    public internal(set) var coming = 0
    /// Stages that could take more executors.
    public internal(set) var openStages: Int
    /// Stages whose tasks have not all begun.
    public internal(set) var startingStages: Int
    /// Stages whose tasks have not all ended.
    public internal(set) var unfinishedStages: Int
    /// Mean time of the tasks that have not begun, together, in milliseconds.
    public internal(set) var workLeft: Double
    /// Tasks that have not begun.
    public internal(set) var tasksLeft: Int
  }

  /// The graphs.
  public let tables: StageTables
  /// Milliseconds since the beginning.
  public internal(set) var now = 0
  /// Jobs that have come and not ended, by arrival.
  public internal(set) var active: [Int] = []
  /// All jobs, by arrival; of those that have not come nothing may be used.
  public internal(set) var jobs: [Job] = []
  /// Stages of all jobs.
  public internal(set) var stages: [Stage] = []
  /// The job whose executors are to be placed; nil if they are at none. It may have just ended.
  public internal(set) var source: Int?
  /// How many executors are still to be placed in this round.
  public internal(set) var waiting = 0
  /// Jobs with a stage that could take more executors.
  public internal(set) var openJobs = 0
  /// The run's delay of moving, in milliseconds.
  public let movingDelay: Int

  /// How many executors there are.
  public var executors: Int { tables.executors }

  init(_ tables: StageTables, movingDelay: Int) {
    (self.tables, self.movingDelay) = (tables, movingDelay)
  }

  /// The first candidate of a job: one that is ready, the one that was so first; else the first by number.
  ///
  /// - Parameter job: which job.
  /// - Returns: a place in ``stages``; nil if there is none. O(stages of the job).
  public func firstCandidate(of job: Int) -> Int? {
    guard jobs[job].openStages > 0 else { return nil }
    var (found, since): (Int?, Int) = (nil, 0)
    for stage in jobs[job].stages where stages[stage].isCandidate {
      if found == nil || stages[stage].since < since {
        (found, since) = (stage, stages[stage].since)
      }
    }
    return found
  }
}
