import CTracemill
import Configuration
import Dispatch
import Experiments
import ExternalSchedulers
import Foundation
import Runs
import Simulation
import Synchronization
import Tables
import TraceInput
import TraceParsing
import Workload

/// A finished experiment: `tm_comparison`.
final class FinishedComparison {
  let summary: ExperimentSummary

  init(_ summary: ExperimentSummary) { self.summary = summary }
}

@_cdecl("tm_compare")
public func compare(
  _ description: UnsafePointer<CChar>?,
  _ workloads: UnsafePointer<OpaquePointer?>?, _ workloadCount: Int64,
  _ schedulers: UnsafePointer<tm_scheduler>?, _ schedulerCount: Int64,
  _ job: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  let job = Job.of(job)
  return attempt(error) {
    try job.guarding {
      let text = description.map { String(cString: $0) } ?? "{}"
      let definition = try NamedExperiment.definition(
        ConfigurationFile(text: text, name: "description"),
        in: FileManager.default.currentDirectoryPath)
      var reading = ReadingSettings()
      reading.remote = job.files
      let inputs = GivenInputs(
        base: ExperimentProvider(
          folder: FileManager.default.currentDirectoryPath, reading: reading),
        tables: UnsafeBufferPointer(start: workloads, count: Int(workloadCount))
          .compactMap { $0.map { object($0, as: RecordTable.self) } },
        schedulers: Array(
          UnsafeBufferPointer(start: schedulers, count: Int(schedulerCount))))
      let issues = definition.issues()
      guard issues.isEmpty else {
        throw ConfigurationError(file: "description", issues: issues)
      }
      let cells = try run(definition, inputs, job)
      return handle(
        FinishedComparison(
          ExperimentSummary(
            ExperimentResults(definition, version: Toolkit.version, cells: cells))))
    }
  }
}

/// All cells; side by side where no scheduler is a caller's functions, which are called on this thread.
private func run(
  _ definition: ExperimentDefinition, _ inputs: GivenInputs, _ job: Job
) throws -> [(CellID, CellOutcome)] {
  let runner = CellRunner(definition, inputs: inputs)
  let cells = definition.cells
  let outcomes = Mutex<[Int: Result<CellOutcome, any Error>]>([:])
  let next = Atomic<Int>(0)
  let failed = Atomic<Bool>(false)
  @Sendable func work() {
    while !job.isCancelled, !failed.load(ordering: .relaxed) {
      let place = next.add(1, ordering: .relaxed).oldValue
      guard place < cells.count else { return }
      let result = Result { try inputs.outcome(of: cells[place], runner, job) }
      if case .failure = result { failed.store(true, ordering: .relaxed) }
      outcomes.withLock { $0[place] = result }
    }
  }
  if inputs.schedulers.isEmpty {
    let threads = min(cells.count, ProcessInfo.processInfo.activeProcessorCount)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in work() }
  } else {
    work()
  }
  try job.check()
  let all = outcomes.withLock { $0 }
  for place in all.keys.sorted() {
    if case .failure(let error)? = all[place] {
      if error is ForeignFailure { throw error }
      throw RunError(message: "\(cells[place]): \(error)")
    }
  }
  return try cells.indices.map { (cells[$0], try all[$0]!.get()) }
}

/// What an experiment's names stand for, where `table:N` is the caller's Nth workload and `given:N` the
/// caller's Nth scheduler.
private struct GivenInputs: ExperimentInputs, @unchecked Sendable {
  let base: ExperimentProvider
  let tables: [RecordTable]
  let schedulers: [tm_scheduler]

  func outcome(of cell: CellID, _ runner: CellRunner, _ job: Job) throws -> CellOutcome {
    var results = JobResults(job: job, keeps: false)
    let policies = Policies()
    let run = CellRunner(
      runner.definition, inputs: OneRun(base: self, policies: policies))
    do { return try run.run(cell, results: &results).outcome } catch {
      throw policies.failure ?? error
    }
  }

  /// The caller's object that a name stands for.
  private func given<Object>(_ name: String, _ prefix: String, _ objects: [Object]) throws
    -> Object?
  {
    guard name.hasPrefix(prefix) else { return nil }
    guard let place = Int(name.dropFirst(prefix.count)), objects.indices.contains(place) else {
      throw RunError(message: "'\(name)': there are \(objects.count) of them")
    }
    return objects[place]
  }

  func policy(_ definition: SchedulerDefinition) throws -> any PlacementPolicy {
    if let functions = try given(definition.policy, "given:", schedulers) {
      return try givenPolicy(name: definition.name, functions)
    }
    if ExternalScheduler.isOne(definition.policy) {
      return try ExternalScheduler.policy(definition.policy)
    }
    return try base.policy(definition)
  }

  func layout(_ definition: ClusterDefinition, seed: UInt64) throws -> ClusterLayout {
    try base.layout(definition, seed: seed)
  }

  func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, seed: UInt64
  ) throws -> CellTasks {
    guard let table = try given(definition.source, "table:", tables) else {
      return try base.tasks(definition, on: layout, seed: seed)
    }
    let users = table.symbols.strings
    var tasks = CellTasks(
      ReplayedTasks(
        NamedWorkload(table.tasks, users: users, dependencies: table.dependencies)),
      dependencies: table.dependencies)
    tasks.userNames = { users }
    try base.adapt(&tasks, definition, seed: seed)
    return tasks
  }

  func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, of cluster: ClusterDefinition,
    engine: EngineSettings, seed: UInt64
  ) throws -> CellTasks {
    if try given(definition.source, "table:", tables) != nil {
      return try tasks(definition, on: layout, seed: seed)
    }
    return try base.tasks(definition, on: layout, of: cluster, engine: engine, seed: seed)
  }

  func dependsOnSeed(
    _ workload: WorkloadDefinition, _ cluster: ClusterDefinition
  ) throws -> Bool {
    if try given(workload.source, "table:", tables) != nil {
      return workload.sample != nil || cluster.seed == nil
    }
    return try base.dependsOnSeed(workload, cluster)
  }

  func learningCurve(_ definition: SchedulerDefinition) throws -> LearningCurve? { nil }
}

/// The same for one run, whose scheduler's failure is to be known.
private struct OneRun: ExperimentInputs {
  let base: GivenInputs
  let policies: Policies

  func policy(_ definition: SchedulerDefinition) throws -> any PlacementPolicy {
    let policy = try base.policy(definition)
    policies.outcome = (policy as? any ForeignPolicy)?.outcome
    return policy
  }

  func layout(_ definition: ClusterDefinition, seed: UInt64) throws -> ClusterLayout {
    try base.layout(definition, seed: seed)
  }

  func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, seed: UInt64
  ) throws -> CellTasks { try base.tasks(definition, on: layout, seed: seed) }

  func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, of cluster: ClusterDefinition,
    engine: EngineSettings, seed: UInt64
  ) throws -> CellTasks {
    try base.tasks(definition, on: layout, of: cluster, engine: engine, seed: seed)
  }

  func dependsOnSeed(
    _ workload: WorkloadDefinition, _ cluster: ClusterDefinition
  ) throws -> Bool { try base.dependsOnSeed(workload, cluster) }
}

/// The scheduler of one run, which is one thread's.
private final class Policies: @unchecked Sendable {
  var outcome: ForeignOutcome?
  var failure: ForeignFailure? { outcome?.failure }
}

@_cdecl("tm_comparison_summary")
public func comparisonSummary(
  _ comparison: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> UnsafeMutablePointer<CChar>? {
  attempt(error) {
    guard let comparison else { throw RunError(message: "no comparison") }
    let summary = object(comparison, as: FinishedComparison.self).summary
    let json = JSONValue.object([
      ("results", summary.json(source: "")), ("text", .string(summary.text({ $0 }))),
    ])
    return faceText(json.text())
  }
}

@_cdecl("tm_comparison_export")
public func comparisonExport(
  _ comparison: OpaquePointer?, _ out: UnsafeMutablePointer<ArrowArrayStream>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let comparison, let out else { throw RunError(message: "no comparison") }
    let cells = object(comparison, as: FinishedComparison.self).summary.results.cells
    let definition = object(comparison, as: FinishedComparison.self).summary.results.definition
    let names = Set(cells.flatMap(\.outcome.metrics.keys)).sorted()
    func label(
      _ name: String, _ names: [String], _ part: @escaping @Sendable (CellID) -> String
    ) -> TableColumn<CellRecord> {
      TableColumn(name, .label(names) { record in names.firstIndex(of: part(record.cell)) ?? 0 })
    }
    let columns =
      [
        label("workload", definition.workloads.map(\.name), \.workload),
        label("cluster", definition.clusters.map(\.name), \.cluster),
        label("scheduler", definition.schedulers.map(\.name), \.scheduler),
        TableColumn("seed", .integer { Int64(clamping: $0.cell.seed) }),
        TableColumn("wall_s", .number { $0.outcome.wall }),
        TableColumn("cpu_s", .number { $0.outcome.cpu }),
      ]
      + definition.axisColumns(cells)
      + names.map { name in
        TableColumn(name, nullable: true, .number { $0.outcome.metrics[name] })
      }
    ArrowTable(columns: columns).export(cells, to: out)
    return 0
  } ?? 1
}

@_cdecl("tm_comparison_free")
public func comparisonFree(_ comparison: OpaquePointer?) {
  release(comparison, as: FinishedComparison.self)
}
