import Experiments
import Generation
import Simulation
import Workload

/// A small experiment that opens no files.
final class TestExperiment: ExperimentInputs {
  struct Broken: Error, CustomStringConvertible {
    let description = "part-2.csv:17:3: is not a number"
  }

  private let failing: String?

  /// - Parameter failing: the workload that breaks off half-way.
  init(failing: String? = nil) { self.failing = failing }

  static func definition(seeds: Int) -> ExperimentDefinition {
    ExperimentDefinition(
      name: "test", workloads: [.init(name: "w", source: "w")],
      clusters: [.init(name: "c", source: "c")],
      schedulers: [
        .init(name: "random", policy: "random"), .init(name: "best-fit", policy: "best-fit"),
      ], seeds: (1...UInt64(seeds)).map { $0 })
  }

  /// An outcome with `wait` as its mean wait and no slowdown.
  ///
  /// - Parameter isWhole: with the other metrics of a run too.
  static func outcome(_ wait: Double, isWhole: Bool = false) -> CellOutcome {
    let report = try? Simulator(
      cluster: ClusterLayout(.studyTiers(machines: 3), seed: 1), policy: FirstFit(), seed: 1
    ).run(source(seed: 3, tasks: 20))
    guard let report else { fatalError("a simulation of nothing special") }
    let own = ["wait_mean_s": wait, "slowdown_mean": .nan]
    return CellOutcome(
      metrics: isWhole ? report.metricValues.merging(own) { $1 } : own, curves: CellCurves(report),
      wall: 1, cpu: 2)
  }

  static func source(seed: UInt64, tasks: Int) -> PoissonSource {
    PoissonSource(
      rate: 1, runTime: Microseconds(seconds: 30),
      request: Resources(cpu: Cores(2), memory: Bytes(gibibytes: 2)), count: tasks, seed: seed)
  }

  func policy(_ definition: SchedulerDefinition) throws -> any PlacementPolicy {
    guard let policy = PolicyCatalog.make(definition.policy) else { throw Broken() }
    return policy
  }

  func layout(_ definition: ClusterDefinition, seed: UInt64) throws -> ClusterLayout {
    try ClusterLayout(.studyTiers(machines: 5), seed: seed)
  }

  func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, seed: UInt64
  ) throws -> CellTasks {
    let source = Self.source(seed: seed, tasks: 100)
    guard definition.name == failing else { return CellTasks(source) }
    return CellTasks(BreakingSource(base: source))
  }
}

/// Fails after 50 tasks, as an unreadable file does.
private struct BreakingSource: WorkloadSource {
  typealias Failure = any Error
  var base: PoissonSource
  var left = 50

  mutating func next() throws(any Error) -> TaskRecord? {
    left -= 1
    if left < 0 { throw TestExperiment.Broken() }
    return base.next()
  }
}
