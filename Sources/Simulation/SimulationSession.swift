import Workload

/// A run that stops at each decision, which is then made from outside: an environment for learning, a
/// scheduler in another language, a recorder of what policies do.
///
/// ``Simulator/run(_:results:)`` is a loop over it, so both give the same results for the same decisions,
/// in both modes, with gangs, backfilling and stale views.
///
/// ```swift
/// let simulator = Simulator(cluster: layout, policy: ExternalPolicy(name: "mine"), seed: 1)
/// var session = try SimulationSession(simulator, tasks)
/// while let decision = try session.advance() {
///   guard case .place(let task) = decision else { break }
///   let machine = session.cluster.firstFit(for: task)
///   try session.decide(.placement(machine.map { .machine($0) } ?? .wait))
/// }
/// let report = try session.finish()
/// ```
///
/// The simulator's own policy is told what happens, as in a run (``PlacementPolicy/machineChanged(_:on:)``
/// and the like), and can be asked for its opinion (``suggestion()``). No decision allocates memory.
public struct SimulationSession<Source: WorkloadSource & ~Copyable>: ~Copyable {
  private var engine: Engine
  private var source: Source
  /// The task that is on its way.
  private let coming = Coming()
  private let seed: UInt64
  private let isAudited: Bool
  /// Whether some machine's memory is not known: then no share of it is.
  private let lacksMemory: Bool

  /// A run at its beginning.
  ///
  /// - Parameters:
  ///   - simulator: cluster, policy, options and seed.
  ///   - source: tasks in order of submission.
  ///   - choosesTasks: whether decisions are about which waiting task goes next and where
  ///     (``Decision/choose(waiting:)``) instead of where the queue's next task goes; what the policy does
  ///     if nil.
  /// - Throws: ``SimulationError`` where the simulator is not one that can run.
  public init(
    _ simulator: Simulator, _ source: consuming Source, choosesTasks: Bool? = nil
  ) throws(SimulationError) {
    guard !source.isUsedUp else { throw .usedUp }
    if let cyclic = simulator.dependencies.firstCycle() { throw .cyclicDependencies(cyclic) }
    let layout: ClusterLayout
    do {
      layout = try simulator.cluster.overcommitted(simulator.options.overcommit)
    } catch {
      throw .cluster(error)
    }
    if let obstacle = Engine.obstacle(
      simulator.devices, layout, simulator.options)
    {
      throw .devices(obstacle)
    }
    engine = Engine(
      layout, policy: simulator.policy,
      options: simulator.policy.followsRecord
        ? simulator.options.followingRecord : simulator.options,
      seed: simulator.seed,
      dependencies: simulator.dependencies, constraints: simulator.constraints,
      devices: simulator.devices,
      choosesTasks: choosesTasks ?? (simulator.policy is any BatchPlacementPolicy))
    self.source = source
    seed = simulator.seed
    isAudited = simulator.options.audit
    lacksMemory = layout.machinesOfUnknownMemory > 0
  }

  /// Goes on to the next decision; nil at the end of the run. A decision that is open stays so: it is
  /// returned again.
  ///
  /// - Parameter results: takes what has become of tasks until then.
  /// - Throws: ``SimulationError`` where the source or `results` fails, or the source is out of order.
  public mutating func advance<Results: ResultSink>(
    results: inout Results
  ) throws(SimulationError) -> Decision? {
    let isOpen = try reachDecision(results: &results)
    try handOver(to: &results)
    return isOpen ? decision : nil
  }

  /// Goes on to the next decision, and keeps no results.
  public mutating func advance() throws(SimulationError) -> Decision? {
    var nowhere = DiscardedResults()
    return try advance(results: &nowhere)
  }

  /// The decision that is open; nil if none is.
  public var decision: Decision? {
    switch engine.offering.question {
    case .none: nil
    case .place: .place(engine.askedView)
    case .choose: .choose(waiting: engine.offering.waiting.count)
    }
  }

  /// Makes the decision that is open, and does what was decided.
  ///
  /// - Throws: ``SimulationError/invalidPlacement(policy:_:machine:time:)`` where the task does not fit,
  ///   ``SimulationError/invalidChoice(policy:index:count:time:)`` for a task that does not wait, and
  ///   ``SimulationError/unfittingAnswer(policy:time:)``. The decision then stays open.
  public mutating func decide(_ answer: Decision.Answer) throws(SimulationError) {
    try engine.answer(answer)
  }

  /// What the simulator's policy would decide, by its own state and chance, which go on with it; nil if no
  /// decision is open. Deciding so at each decision is ``Simulator/run(_:results:)``.
  public mutating func suggestion() -> Decision.Answer? {
    engine.offering.question == .none ? nil : engine.policyAnswer()
  }

  /// The machines as a decision from outside may see them: the present, or the last heartbeat with the present of
  /// the task's gateway.
  public var cluster: Cluster {
    _read {
      if engine.isStale { yield engine.seen } else { yield engine.cluster }
    }
  }

  /// The machines as they are, which no real scheduler of a stale view would know: for reports, rewards and
  /// central critics.
  public var truth: Cluster {
    _read { yield engine.cluster }
  }

  /// The tasks that ``Decision/choose(waiting:)`` is about, in the queue's order; empty without one. The
  /// queue is longer where it exceeds ``SimulationOptions/depth``.
  public var waiting: [TaskView] {
    _read { yield engine.offering.views }
  }

  /// How many tasks are pending: submitted, and neither on a machine nor waiting at one.
  public var pendingCount: Int { engine.pending.count }

  /// The first `limit` pending tasks in the queue's order. O(limit); a new array.
  public func pending(limit: Int = .max) -> [TaskView] {
    engine.pending.slots(limit: limit).map { engine.slots[$0].view }
  }

  /// The time.
  public var now: Microseconds { engine.cluster.now }

  /// Ends the run where it stands, if it has not come to its end: tasks under way end as unfinished, and
  /// the source is not read on.
  ///
  /// - Parameter results: takes what has become of tasks since the last call.
  /// - Throws: ``SimulationError/results(_:)``.
  public consuming func finish<Results: ResultSink>(
    results: inout Results
  ) throws(SimulationError) -> SimulationReport {
    engine.abandon()
    try handOver(to: &results)
    return report
  }

  /// What the run has come to so far.
  package var report: SimulationReport {
    var report = engine.accounts.report(
      policy: engine.policy.name, seed: seed, cluster: engine.cluster,
      energy: engine.meter.report, audited: isAudited)
    report.policyGoesByEstimates = engine.policy.goesByEstimates
    report.policyGoesByPower = engine.policy.goesByPower
    report.remarks.isMetered = report.energy.total > .zero
    report.policyChoosesTasks = engine.isBatch
    report.drewChance = engine.drewChance
    report.devices = engine.deviceReport
    report.remarks.fallbacks = engine.scorer?.fallbacks
    if lacksMemory {
      (report.usage.memory, report.usage.fragmentation.memory) = (.nan, .nan)
      report.usage.whileSubmitting.memory = .nan
    }
    return report
  }

  /// Ends the run, and keeps the report only.
  public consuming func finish() throws(SimulationError) -> SimulationReport {
    var nowhere = DiscardedResults()
    return try finish(results: &nowhere)
  }
}

extension SimulationSession where Source: ~Copyable {
  /// Goes on to the next decision; false at the end of the run. Results are handed over when there are many.
  mutating func reachDecision<Results: ResultSink>(
    results: inout Results
  ) throws(SimulationError) -> Bool {
    guard engine.offering.question == .none else { return true }
    while true {
      switch try engine.proceed() {
      case .decision: return true
      case .task:
        do {
          guard let next = try source.next() else {
            engine.close()
            continue
          }
          coming.record.initialize(to: next)
        } catch { throw .source(error) }
        if try !engine.submit(coming.record) { engine.close() }
      case .arrival: engine.arrive(coming.record)
      case .results: try handOver(to: &results)
      case .end: return false
      }
    }
  }

  mutating func decideByPolicy() throws(SimulationError) { try engine.decideByPolicy() }

  /// Hands the results so far to `sink`.
  private mutating func handOver<Results: ResultSink>(
    to sink: inout Results
  ) throws(SimulationError) {
    guard !engine.results.isEmpty else { return }
    do {
      if engine.places.isEmpty {
        for result in engine.results { try sink.record(result) }
      } else {
        try handOverGangs(to: &sink)
      }
    } catch {
      throw .results(error)
    }
    engine.results.removeAll(keepingCapacity: true)
  }

  /// The same where gangs are among them: the places of a gang's instances come before its result.
  private mutating func handOverGangs<Results: ResultSink>(to sink: inout Results) throws {
    var next = 0
    for (number, result) in engine.results.enumerated() {
      while next < engine.places.count, engine.places[next].before == number {
        let place = engine.places[next]
        try sink.record(instance: place.instance, on: place.machine, of: place.task)
        next += 1
      }
      try sink.record(result)
    }
    engine.places.removeAll(keepingCapacity: true)
  }
}
