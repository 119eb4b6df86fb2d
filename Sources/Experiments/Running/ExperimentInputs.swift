import Simulation
import Workload

/// The tasks of a workload under one seed.
public struct CellTasks {
  /// Them, in order of submission.
  public var source: AnyWorkloadSource<any Error>
  /// Which of them wait for which.
  public var dependencies: DependencyTable
  /// Dependencies on tasks that are not among them, left out of ``dependencies``.
  public var droppedDependencies = 0
  /// What they require of the machines.
  public var constraints = ConstraintTable()
  /// What they ask of single GPUs; nothing where GPUs are an amount.
  public var devices = DeviceTable()
  /// The names of the workload's own classes, by `TaskRecord.kind` from 1; empty where it has none.
  public var classNames: [String] = []
  /// The users' names by their numbers, once all tasks are read.
  public var userNames: () -> [String] = { [] }
  /// What was left out or assumed of them, once all tasks are read.
  public var notes: () -> [Note] = { [] }
  /// The load that the workload was asked to be; nil where none was.
  public var askedLoad: AskedLoad?

  /// Tasks from `source`.
  public init<Source: WorkloadSource & ~Copyable>(
    _ source: consuming Source, dependencies: DependencyTable = DependencyTable()
  ) {
    self.source = AnyWorkloadSource(ErasedFailure(base: source))
    self.dependencies = dependencies
  }
}

/// A source whose failure's type has been forgotten.
private struct ErasedFailure<Base: WorkloadSource & ~Copyable>: WorkloadSource, ~Copyable {
  typealias Failure = any Error
  var base: Base

  mutating func next() throws(any Error) -> TaskRecord? { try base.next() }
}

/// What the names in an experiment stand for.
///
/// # Requirements on conformers
/// 1. **Only what is asked.** What is returned depends on the definition and the seed, and on nothing
///    else: a cell run alone, again or on another machine comes to the same.
/// 2. **Common random numbers.** Tasks and machines do not depend on the scheduler.
/// 3. **Threads.** Everything may be called from several threads at once.
public protocol ExperimentInputs: Sendable {
  /// The policy of a scheduler.
  func policy(_ definition: SchedulerDefinition) throws -> any PlacementPolicy
  /// The machines of a cluster under `seed`.
  func layout(_ definition: ClusterDefinition, seed: UInt64) throws -> ClusterLayout
  /// The tasks of a workload under `seed`, from the first, for a cluster: a load that is asked for is
  /// one of its cores (times their speeds), where the workload does not state others.
  func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, seed: UInt64
  ) throws -> CellTasks
  /// The same by the rules of replay in an experiment's settings, with what the tasks require of
  /// `cluster`, whose machines are `layout`.
  func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, of cluster: ClusterDefinition,
    engine: EngineSettings, seed: UInt64
  ) throws -> CellTasks
  /// Whether another seed could give other tasks or other machines.
  func dependsOnSeed(_ workload: WorkloadDefinition, _ cluster: ClusterDefinition) throws -> Bool
  /// How a scheduler learned; nil if it did not, or if that was not kept.
  func learningCurve(_ definition: SchedulerDefinition) throws -> LearningCurve?
}

extension ExperimentInputs {
  /// Those of the workload, whatever the settings.
  public func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, of cluster: ClusterDefinition,
    engine: EngineSettings, seed: UInt64
  ) throws -> CellTasks { try tasks(definition, on: layout, seed: seed) }

  /// True, which claims nothing.
  public func dependsOnSeed(
    _ workload: WorkloadDefinition, _ cluster: ClusterDefinition
  ) throws -> Bool { true }

  /// Nil.
  public func learningCurve(_ definition: SchedulerDefinition) throws -> LearningCurve? { nil }
}

/// Runs single cells.
public struct CellRunner: Sendable {
  /// The experiment.
  public let definition: ExperimentDefinition
  /// What its names stand for.
  public let inputs: any ExperimentInputs

  /// A runner of the cells of `definition`.
  public init(_ definition: ExperimentDefinition, inputs: any ExperimentInputs) {
    self.definition = definition
    self.inputs = inputs
  }

  /// The most groups of tasks that a cell keeps the waits of.
  static let groupLimit = 50

  /// Runs one cell; a pure function of the experiment and the cell, times apart.
  ///
  /// - Throws: ``UnknownCell`` if it is not in the experiment; what `inputs` throws; `SimulationError`.
  public func run(_ cell: CellID) throws -> (report: SimulationReport, outcome: CellOutcome) {
    var nowhere = DiscardedResults()
    let run = try run(cell, results: &nowhere)
    return (run.report, run.outcome)
  }

  /// The same, with what became of each task handed to `results`, and the machines.
  public func run<Results: ResultSink>(
    _ cell: CellID, results: inout Results
  ) throws -> (report: SimulationReport, outcome: CellOutcome, layout: ClusterLayout) {
    guard let workload = definition.workloads.first(where: { $0.name == cell.workload }),
      let cluster = definition.clusters.first(where: { $0.name == cell.cluster }),
      let scheduler = definition.schedulers.first(where: { $0.name == cell.scheduler })
    else { throw UnknownCell(cell: cell, definition: definition) }
    let start = (wall: ContinuousClock.now, cpu: threadSeconds())
    let engine = definition.engine(of: scheduler, on: cluster)
    let options = engine.options
    let layout = try inputs.layout(cluster, seed: cluster.seed ?? cell.seed)
    var simulator = Simulator(
      cluster: layout,
      policy: try inputs.policy(scheduler), options: options, seed: cell.seed)
    let tasks = try inputs.tasks(
      workload, on: layout, of: cluster, engine: engine, seed: cell.seed)
    simulator.dependencies = tasks.dependencies
    simulator.constraints = tasks.constraints
    simulator.devices = tasks.devices
    var report: SimulationReport
    let groups = definition.waitsBy.map { WaitGroups($0) }
    var sinks = BothResults(waits: WaitsByLength(), groups: groups, others: results)
    let source =
      groups == nil
      ? tasks.source : AnyWorkloadSource(TappedTasks(base: tasks.source, groups: groups))
    do throws(SimulationError) {
      report = try simulator.run(source, results: &sinks)
      results = sinks.others
    } catch {
      switch error {
      case .source(let underlying): throw underlying
      default: throw error
      }
    }
    report.droppedDependencies += tasks.droppedDependencies
    report.tell(of: layout, classNames: tasks.classNames, asked: tasks.askedLoad)
    if let failure = report.remarks.failure(options) ?? report.allUnplaceable {
      throw MeaninglessRun(description: failure)
    }
    var curves = CellCurves(report, isDrawn: try inputs.dependsOnSeed(workload, cluster))
    curves.waitsByLength = sinks.waits.tenths
    curves.notes =
      (report.askedNote.map { [$0] } ?? []) + report.unplaceableNotes + tasks.notes()
    for (grouping, groups) in groups?.groups(users: tasks.userNames()) ?? [] {
      curves.waitGroups[grouping.rawValue] =
        groups.prefix(Self.groupLimit).compactMap { WaitGroup($0.name, $0.wait) }
    }
    let outcome = CellOutcome(
      metrics: report.metricValues,
      curves: curves,
      wall: (ContinuousClock.now - start.wall) / .seconds(1), cpu: threadSeconds() - start.cpu)
    return (report, outcome, layout)
  }
}

/// Hands each result to two.
private struct BothResults<Others: ResultSink>: ResultSink {
  var waits: WaitsByLength
  let groups: WaitGroups?
  var others: Others

  mutating func record(_ result: TaskResult) throws {
    waits.record(result)
    groups?.record(result)
    try others.record(result)
  }

  mutating func record(instance: Int32, on machine: Int64, of task: TaskID) throws {
    try others.record(instance: instance, on: machine, of: task)
  }
}

/// A run that is not what it was asked to be: its rule had nothing to go by, or no task a place.
public struct MeaninglessRun: Error, CustomStringConvertible {
  /// Why, and what to set.
  public let description: String
}

/// A cell that its experiment does not have.
public struct UnknownCell: Error, CustomStringConvertible {
  /// The cell.
  public let cell: CellID
  let definition: ExperimentDefinition

  /// That `definition` has no such cell.
  public init(cell: CellID, definition: ExperimentDefinition) {
    (self.cell, self.definition) = (cell, definition)
  }

  /// Which part of its name is unknown, and what there is.
  public var description: String {
    let parts: [(String, String, [String])] = [
      ("workload", cell.workload, definition.workloads.map(\.name)),
      ("cluster", cell.cluster, definition.clusters.map(\.name)),
      ("scheduler", cell.scheduler, definition.schedulers.map(\.name)),
    ]
    let wrong = parts.filter { !$2.contains($1) }.map { kind, name, known in
      "no \(kind) '\(name)', there are \(known.joined(separator: ", "))"
    }
    return "\(cell): " + wrong.joined(separator: "; ")
  }
}
