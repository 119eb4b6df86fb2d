import Experiments
import ExternalSchedulers
import Foundation
import Simulation
import TraceInput
import TraceParsing
import Workload

/// A simulation by names: all that it is made of but its seed.
///
/// ```swift
/// let job = SimulationJob(workload: "tasks.parquet", cluster: "study:100", scheduler: "best-fit")
/// let summary = try job.run(seed: 1)
/// print(summary.report.total[.finished])
/// ```
/// It is what `tracemill simulate` runs: the same names and seed come to the same figures.
public struct SimulationJob: Sendable {
  /// The workload, as ``NamedWorkload`` takes it.
  public var workload: String
  /// The cluster, as ``NamedCluster`` takes it.
  public var cluster: String
  /// The scheduler, as ``NamedScheduler`` takes it.
  public var scheduler: String
  /// How the engine works, and what is replayed.
  public var engine: EngineSettings
  /// Arrivals so many times as dense (more than 0).
  public var scaleArrivals = 1.0
  /// Run times so many times as long (0 or more).
  public var scaleRunTimes = 1.0
  /// What waits are told apart by, besides run times.
  public var waitsBy: [WaitGrouping] = []
  /// Which tasks of a trace are run.
  public var selection = TaskSelection()
  /// How traces are read.
  public var reading = ReadingSettings()
  /// Tasks in place of what ``workload`` stands for, with their users' names by number and what they wait
  /// for; nil for those.
  public var givenTasks: (tasks: TaskTable, users: [String], dependencies: DependencyTable)?
  /// Makes the machines in place of what ``cluster`` stands for, from the seed; nil for those.
  public var givenLayout: (@Sendable (UInt64) throws -> ClusterLayout)?
  /// The scheduler in place of what ``scheduler`` stands for; nil for that.
  public var givenPolicy: (any PlacementPolicy & Sendable)?

  /// A simulation of everything in `workload`.
  ///
  /// What tasks require of machines' attributes is honoured where a google-2011 trace with both tables, or
  /// Kubernetes' lists of pods and nodes, is the cluster and the workload is it or a record file, unless `engine`
  /// says to ignore it.
  ///
  /// `cluster`: the workload's own trace if nil.
  /// - Throws: ``RunError`` where the workload comes without machines and `cluster` is nil.
  public init(
    workload: String, cluster: String? = nil, scheduler: String = "first-fit",
    engine: EngineSettings = EngineSettings()
  ) throws {
    guard cluster != nil || NamedWorkload.mayHaveMachines(workload) else {
      throw RunError(message: "this workload comes without machines: --cluster is needed")
    }
    self.workload = workload
    self.cluster = cluster ?? workload
    self.scheduler = scheduler
    self.engine = engine
  }

  /// A run, and what is to be said beside its report.
  public struct Run {
    /// What the run came to.
    public var report: SimulationReport
    /// Its machines.
    public var layout: ClusterLayout
    /// Its tasks, read to the end: how many were left out, and why.
    public var tasks: ReplayedTasks
    /// What tasks required of the machines.
    public var constraints: TraceConstraints
    /// Rows that could not be read; nil in strict mode.
    public var rejects: RejectLog?
    /// The users' names, where the workload has any.
    var users: SymbolTable?
  }

  /// One run, its result files, and its summary. Everything is read anew.
  ///
  /// - Parameters:
  ///   - seed: what all chance comes from; the same seed gives the same figures and files.
  ///   - files: what is written.
  ///   - meter: counts what was read of the workload.
  /// - Throws: ``RunError``, `TraceError` or `ConfigurationError`.
  public func run(
    seed: UInt64, files: ResultFiles = ResultFiles(), meter: ReadMeter = ReadMeter()
  ) throws -> SimulationSummary {
    var nobody = DiscardedResults()
    return try run(seed: seed, files: files, meter: meter, telling: &nobody)
  }

  /// The same, and `extra` is told of each task's result.
  public func run<Extra: ResultSink>(
    seed: UInt64, files: ResultFiles = ResultFiles(), meter: ReadMeter = ReadMeter(),
    telling extra: inout Extra
  ) throws -> SimulationSummary {
    let options = engine.options
    var results = RunRecorder(
      tasks: try ResultWriter(
        path: files.tasks, slowdownBound: options.slowdownBound,
        devices: engine.devices == true),
      extra: extra,
      timeline: files.timeline == nil ? nil : Timeline(),
      groups: waitsBy.isEmpty ? nil : WaitGroups(waitsBy))
    let start = RunCost.Start()
    let log = files.decisions == nil ? nil : DecisionLog()
    let run = try self.run(
      seed: seed, meter: meter, results: &results, decisions: log, groups: results.groups)
    extra = results.extra
    try results.tasks.finish()
    if let path = files.decisions { try log?.write(to: path) }
    let cost = RunCost(since: start)
    if let path = files.timeline, var timeline = results.timeline {
      timeline.arrange()
      if !run.report.kindNames.isEmpty { timeline.kinds = run.report.kindNames }
      try timeline.write(
        to: path, series: run.report.series,
        title: "\(workload) on \(cluster), \(run.report.policy)")
    }
    if let path = files.series { try run.report.series.write(to: path) }
    if let path = files.machineEnergy { try run.report.energy.write(run.layout, to: path) }
    return SimulationSummary(
      report: run.report, layout: run.layout, options: options, workload: workload,
      cluster: cluster, tasks: run.tasks, constraints: run.constraints,
      rejects: run.rejects?.counts ?? [:], cost: cost, outputs: files.paths,
      notes: notes(run.report), theory: theory,
      waits: results.waits.tenths,
      groups: results.groups?.groups(users: run.users?.strings ?? []) ?? [])
  }

  /// What has to be said of a run; see ``NamedScheduler/warning(in:as:)``.
  private func notes(_ report: SimulationReport) -> [Note] {
    let learned =
      givenPolicy == nil && NamedScheduler.isLearned(scheduler)
      ? try? NamedScheduler(scheduler).warning(in: engine.options) : nil
    let other = learned.map {
      Note(.otherEnvironment, scheduler, "\(scheduler) \($0)")
    }
    return (other.map { [$0] } ?? []) + report.allNotes(engine.options)
  }

  /// A run under each of some seeds, on so many threads as ``reading`` says.
  ///
  /// - Throws: what the first seed in order that failed threw.
  public func replications(seeds: [UInt64]) async throws -> ReplicationSummary {
    let start = RunCost.Start()
    let runs = try await Replications.run(seeds: seeds, width: reading.threads) { seed in
      var results = DiscardedResults()
      let run = try run(seed: seed, meter: ReadMeter(), results: &results)
      return (report: run.report, notes: run.tasks.notes + run.constraints.notes)
    }
    let reports = runs.map(\.report)
    return ReplicationSummary(
      reports: reports, workload: workload, cluster: cluster,
      options: engine.options, theory: theory, notes: reports.first.map(notes) ?? [],
      replayed: runs.first?.notes ?? [],
      cost: RunCost(since: start))
  }

  /// One run that hands each task's result to `results`.
  public func run<Results: ResultSink>(
    seed: UInt64, meter: ReadMeter, results: inout Results, decisions: DecisionLog? = nil
  ) throws -> Run {
    try run(seed: seed, meter: meter, results: &results, decisions: decisions, groups: nil)
  }

  private func run<Results: ResultSink>(
    seed: UInt64, meter: ReadMeter, results: inout Results, decisions: DecisionLog?,
    groups: WaitGroups?
  ) throws -> Run {
    let rejects = try reading.rejectLog()
    let layout =
      try givenLayout?(seed)
      ?? NamedCluster(cluster, reading: reading, rejects: rejects).layout(seed: seed)
    var policy: any PlacementPolicy
    if let givenPolicy {
      policy = givenPolicy
    } else {
      let named = try NamedScheduler(scheduler)
      if let obstacle = named.obstacle(in: engine.options) { throw RunError(message: obstacle) }
      policy = named.policy()
    }
    if var kubernetes = policy as? KubernetesPolicy {
      try kubernetes.read(workload: workload, cluster: cluster)
      policy = kubernetes
    }
    if policy.followsRecord, scaleArrivals != 1 || scaleRunTimes != 1 {
      throw RunError(
        message:
          "\(scheduler) replays what happened: it goes with no scaling of arrivals or run times")
    }
    let outcome = (policy as? any ForeignPolicy)?.outcome
    if let decisions {
      guard !(policy is any BatchPlacementPolicy) else {
        throw RunError(
          message:
            "\(scheduler) chooses among all waiting tasks at once: it has no decisions to write")
      }
      policy = decisions.logging(policy)
    }
    var simulator = Simulator(cluster: layout, policy: policy, options: engine.options, seed: seed)
    let argument =
      try givenTasks.map {
        NamedWorkload(
          $0.tasks, users: $0.users, dependencies: $0.dependencies, selection: selection)
      }
      ?? NamedWorkload(
        workload, seed: seed, cores: layout.effectiveCores, whole: layout.whole,
        reading: engine.devices == true ? reading.keepingColumns : reading,
        selection: selection, meter: meter, rejects: rejects)
    let tasks = ReplayedTasks(argument, atStart: engine.atStart ?? .observed)
    let constraints = try self.constraints(of: argument)
    simulator.constraints = constraints.table
    var dropped = 0
    simulator.dependencies = argument.dependencies
    if argument.stream != nil {
      (simulator.dependencies, dropped) = try present(argument.dependencies, seed: seed)
    }
    let all = engine.devices == true ? TaskTable(try tasks.all()) : nil
    if let all {
      simulator.devices = try TraceDevices(
        all.records, argument.stream?.attributes ?? .init(), argument.stream?.symbols.strings ?? [],
        on: layout
      ).table
    }
    do {
      var report =
        try all.map { all throws(SimulationError) in
          try run(simulator, all.source(), groups, results: &results)
        } ?? run(simulator, tasks, groups, results: &results)
      if let failure = outcome?.failure { throw SimulationError.results(failure) }
      report.droppedDependencies += dropped
      report.tell(of: layout, classNames: argument.classNames, asked: argument.askedLoad)
      if let failure = report.remarks.failure(engine.options) { throw RunError(message: failure) }
      try requireTasks(tasks)
      return Run(
        report: report, layout: layout, tasks: tasks, constraints: constraints, rejects: rejects,
        users: argument.stream?.symbols)
    } catch let error as SimulationError {
      throw outcome?.failure ?? error.underlying
    }
  }

  private func run<Source: WorkloadSource, Results: ResultSink>(
    _ simulator: Simulator, _ source: Source, _ groups: WaitGroups?, results: inout Results
  ) throws(SimulationError) -> SimulationReport {
    try simulator.run(
      TappedTasks(base: source, groups: groups).scaleArrivals(by: scaleArrivals)
        .scaleRunTimes(by: scaleRunTimes), results: &results)
  }

  /// A table of nothing is no answer.
  private func requireTasks(_ tasks: ReplayedTasks) throws(SimulationError) {
    do { try tasks.requireSome(of: workload) } catch { throw .source(error) }
  }

  /// What tasks require of the machines, where the cluster is their own trace.
  private func constraints(of argument: NamedWorkload) throws -> TraceConstraints {
    guard engine.ignoreConstraints != true else { return TraceConstraints() }
    return try TraceConstraints(
      of: workload, format: argument.format, on: cluster, reading: reading)
  }

  /// The dependencies on tasks that the workload has, and how many others there were: it is read
  /// beforehand, if it can be read twice, so that no task waits for one that never comes.
  private func present(
    _ table: DependencyTable, seed: UInt64
  ) throws -> (DependencyTable, dropped: Int) {
    var isDirectory: ObjCBool = false
    let attributes = try? FileManager.default.attributesOfItem(atPath: workload)
    let type = attributes?[.type] as? FileAttributeType
    guard !table.isEmpty,
      FileManager.default.fileExists(atPath: workload, isDirectory: &isDirectory),
      isDirectory.boolValue || type == .typeRegular || type == .typeSymbolicLink
    else { return (table, 0) }
    var reading = self.reading
    reading.logger = nil
    let argument = try NamedWorkload(
      workload, seed: seed, reading: reading, selection: selection, meter: ReadMeter(),
      rejects: reading.rejectLog())
    return try table.restricted(
      to: ReplayedTasks(argument, atStart: engine.atStart ?? .observed))
  }
}

extension DependencyTable {
  /// The dependencies on tasks that `source` has, and how many others there are; O(tasks).
  package func restricted<Source: WorkloadSource & ~Copyable>(
    to source: consuming Source
  ) throws -> (DependencyTable, dropped: Int) {
    var present: Set<TaskID> = []
    while let record = try source.next() {
      for id in [record.id, TaskID(wholeJob: record.id.job)] where hasSuccessors(id) {
        present.insert(id)
      }
    }
    return restricted { present.contains($0) }
  }
}

extension NamedWorkload {
  /// Whether a trace of that name may say what machines there were: what is generated, and standard
  /// input, which is read once, do not.
  package static func mayHaveMachines(_ name: String) -> Bool {
    NamedStation.isOne(name)
      || !name.hasPrefix("poisson:") && !NamedModel.isOne(name) && name != "-"
  }
}

extension SimulationError {
  /// The reader's own error where reading failed: it says file, line and column.
  package var underlying: any Error {
    switch self {
    case .source(let error), .results(let error): error
    default: RunError(message: description)
    }
  }
}

extension SimulationReport {
  /// What has to be said of the run, and of its queue.
  package func allNotes(_ options: SimulationOptions) -> [Note] {
    notes(options) + (growthNote.map { [Note(.odd, "queue", $0)] } ?? [])
  }
}

extension Note.Kind {
  /// A learned scheduler runs in another engine than the one that it learned in.
  public static let otherEnvironment = Note.Kind(rawValue: "other-environment")
}
