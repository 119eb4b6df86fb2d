import Workload

/// Replays workloads on a cluster under a policy.
///
/// A plain value: every run is a pure function of it and the workload, so runs may go in parallel
/// and the same seed gives the same results, whatever the machine, thread count or hash seed.
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

  /// Which tasks wait for which; none by default.
  public var dependencies = DependencyTable()

  /// What machines are like and tasks require of it; nothing by default.
  public var constraints = ConstraintTable()

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
    if let cyclic = dependencies.firstCycle() { throw .cyclicDependencies(cyclic) }
    let layout: ClusterLayout
    do {
      layout = try cluster.overcommitted(options.overcommit)
    } catch {
      throw .cluster(error)
    }
    var engine = Engine(
      layout, policy: policy, options: options, seed: seed, dependencies: dependencies,
      constraints: constraints)
    while true {
      let record: TaskRecord?
      do { record = try source.next() } catch { throw .source(error) }
      guard let record, try engine.submit(record) else { break }
      if engine.results.count >= 1024 { try engine.handOver(to: &results) }
    }
    while try engine.drain(4096) { try engine.handOver(to: &results) }
    try engine.handOver(to: &results)
    var report = engine.accounts.report(
      policy: engine.policy.name, seed: seed, cluster: engine.cluster,
      energy: engine.meter.report, audited: options.audit)
    report.drewChance = engine.drewChance
    return report
  }

  /// Runs `source` to its end and keeps the report only.
  public func run<Source: WorkloadSource & ~Copyable>(
    _ source: consuming Source
  ) throws(SimulationError) -> SimulationReport {
    var nowhere = DiscardedResults()
    return try run(source, results: &nowhere)
  }
}

extension Engine {
  /// Hands the results so far to `sink`.
  fileprivate mutating func handOver<Results: ResultSink>(
    to sink: inout Results
  ) throws(SimulationError) {
    do {
      for result in results { try sink.record(result) }
    } catch {
      throw .results(error)
    }
    results.removeAll(keepingCapacity: true)
  }
}
