import Workload

/// Replays workloads on a cluster under a policy.
///
/// A plain value: every run is a pure function of it and the workload, so runs may go in parallel
/// and the same seed gives the same results, whatever the machine, thread count or hash seed.
///
/// A run is a loop over a ``SimulationSession``, which stops at each decision; to decide by anything else
/// than a policy in Swift, hold the session yourself.
///
/// ```swift
/// let layout = try ClusterLayout(machineEvents)
/// let simulator = Simulator(cluster: layout, policy: FirstFit(), seed: 42)
/// var results = CollectedResults()
/// let report = try simulator.run(source, results: &results)
/// print(report.total.wait.mean / 1e6, "s")
/// ```
public struct Simulator {
  /// The machines and their availability.
  public var cluster: ClusterLayout
  /// Decides where tasks go; every run works on a copy.
  public var policy: any PlacementPolicy
  /// How a run works.
  public var options: SimulationOptions
  /// What all chance in a run comes from.
  public var seed: UInt64

  /// Which tasks wait for which, and how long they run on single machines where that does not follow
  /// from speeds; none by default.
  public var dependencies = DependencyTable()

  /// What machines are like and tasks require of it; nothing by default.
  public var constraints = ConstraintTable()

  /// What tasks ask of single GPUs; by default nothing, and GPUs are an amount.
  public var devices = DeviceTable()

  /// A simulator of `cluster` under `policy`.
  public init(
    cluster: ClusterLayout, policy: any PlacementPolicy,
    options: SimulationOptions = SimulationOptions(), seed: UInt64
  ) {
    self.cluster = cluster
    self.policy = policy
    self.options = options
    self.seed = seed
  }

  /// Runs `source` to its end.
  ///
  /// Memory is bounded by the machines and the tasks in flight, not by the workload. Records are
  /// taken as they come: a task that never ran in its trace is for the caller to leave out.
  ///
  /// - Parameters:
  ///   - source: tasks in order of submission.
  ///   - results: takes what becomes of each task, in the order in which that is known.
  /// - Returns: what the run came to. An empty workload gives an empty report; on an empty cluster
  ///   every task is unplaceable; when the last machine goes for good, what waits is unplaceable.
  /// - Throws: ``SimulationError`` where the source or `results` fails, the source is out of order,
  ///   or the policy places a task where it does not fit.
  public func run<Source: WorkloadSource & ~Copyable, Results: ResultSink>(
    _ source: consuming Source, results: inout Results
  ) throws(SimulationError) -> SimulationReport {
    var session = try SimulationSession(self, source)
    while try session.reachDecision(results: &results) { try session.decideByPolicy() }
    return try session.finish(results: &results)
  }

  /// Runs `source` to its end and keeps the report only.
  public func run<Source: WorkloadSource & ~Copyable>(
    _ source: consuming Source
  ) throws(SimulationError) -> SimulationReport {
    var nowhere = DiscardedResults()
    return try run(source, results: &nowhere)
  }
}
