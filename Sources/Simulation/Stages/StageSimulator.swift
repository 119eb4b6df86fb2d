import Workload

/// A job of stages that comes at a time.
public struct StageJob: Hashable, Sendable {
  /// When it comes, in milliseconds (≥ 0).
  public var arrival: Int
  /// Its graph: a number in ``StageTables/graphs``.
  public var graph: Int

  /// A job.
  public init(arrival: Int, graph: Int) { (self.arrival, self.graph) = (arrival, graph) }
}

/// Jobs of stages that share executors.
///
/// The mechanism is that of decima-sim, the simulator of Mao et al., "Learning scheduling algorithms for data
/// processing clusters" (SIGCOMM 2019):
/// - An executor belongs to one job at a time. It runs the tasks of a stage until all of them have begun.
/// - Then a policy is asked where the executors of that stage go (``StagePolicy``), those included that still work on its
///   last tasks: they are promised. When the end of a stage lets others begin, it is asked for the executors that wait at
///   the job; when a job comes, for those that are at none.
/// - An executor that is sent to a stage whose parents have not ended waits at the job. To another job it takes
///   ``StageOptions/movingDelay``. Where it finds no task left it takes a ready stage of the job, else it goes to the first
///   candidate of any, else it waits.
/// - When a job ends its executors are at none.
/// - A task's time is drawn by what its executor did before and by how many executors the job has just then
///   (``StageTables``). An executor that waited at a job is new to it again.
///
/// A task's draw hangs on the seed, the job and the task alone, so that policies are compared on the same draws.
public struct StageSimulator: Sendable {
  /// The graphs and how many executors there are.
  public let tables: StageTables
  /// How it works.
  public let options: StageOptions
  /// What chance comes from.
  public var seed: UInt64

  /// A simulator.
  ///
  /// - Parameters:
  ///   - graphs: what jobs are of.
  ///   - executors: how many there are (1 to ``StageOptions/mostExecutors``).
  ///   - options: how it works.
  ///   - seed: what task times are drawn from.
  public init(
    _ graphs: [StageGraph], executors: Int, options: StageOptions = StageOptions(), seed: UInt64 = 1
  ) {
    self.tables = StageTables(graphs, executors: executors, options)
    (self.options, self.seed) = (options, seed)
  }

  /// A task that was run, for who wants to look at each.
  public struct Run: Hashable, Sendable {
    /// Its job, by arrival.
    public var job: Int
    /// Its stage, by number within the job.
    public var stage: Int
    /// The executor that ran it.
    public var executor: Int
    /// When it began, in milliseconds.
    public var start: Int
    /// When it ended, in milliseconds.
    public var end: Int
    /// What the executor ran before: the raw value of a ``StageTables/Wave``.
    public var wave: Int
    /// How many executors the job had.
    public var executors: Int
  }

  /// What a run came to.
  public struct Report: Hashable, Sendable {
    /// When each job ended, in milliseconds, by arrival.
    public var ends: [Int] = []
    /// Milliseconds from arrival to end, the mean of all jobs.
    public var meanCompletion = 0.0
    /// Of the executors' time up to the last end, the part in which a task ran.
    public var use = 0.0
    /// Tasks that were run.
    public var tasks = 0
    /// How often an executor was sent to another job.
    public var moves = 0
    /// How often the policy was asked.
    public var decisions = 0
    /// Executors that were placed by the simulator because nothing would ever have happened again.
    public var forced = 0
  }

  /// Runs jobs until all have ended.
  ///
  /// - Parameters:
  ///   - jobs: by arrival; of graphs that there are.
  ///   - policy: where executors go.
  ///   - watch: is given each task when it begins; nil for nobody.
  /// - Returns: what it came to.
  /// - Complexity: O(log executors) a task, O(stages of the job) a stage that ends, and the policy.
  public func run(
    _ jobs: [StageJob], by policy: some StagePolicy, watch: ((Run) -> Void)? = nil
  ) -> Report {
    precondition(
      zip(jobs, jobs.dropFirst()).allSatisfy { $0.arrival <= $1.arrival }, "jobs come in order")
    var policy = policy
    var run = StageRun(self, jobs, watch)
    return run.run(&policy)
  }
}
