import Foundation
import Simulation
import Workload

/// Runs workloads under the eight settings at the three loads of ``Conclusions``.
struct ConclusionStudy: Sendable {
  /// Offered loads: each workload's arrivals are scaled until its own work is so much of the cluster.
  static let loads = [0.5, 0.7, 0.9]
  /// Stretches of consecutive tasks whose mean waits tell chance from difference.
  static let batches = 20

  /// The machines.
  let cluster: ClusterLayout

  /// What one run came to.
  struct Figures: Sendable {
    /// Mean and 99th percentile of the waits, in seconds.
    var meanWait = 0.0
    var p99Wait = 0.0
    /// Mean of max(1, completion / max(run time, 10 s)).
    var slowdown = 1.0
    /// Mean wait of each of ``batches`` stretches, in order of submission.
    var stretches: [Double] = []
    /// Tasks that fit no machine.
    var unplaceable = 0
  }

  /// The figures of every load and setting, loads outermost.
  func run(_ workload: ConclusionWorkload, seed: UInt64) throws -> [[Figures]] {
    let capacity = cluster.effectiveCores
    return try Self.loads.map { load in
      let own = workload.busyCores / capacity
      let factor = own > 0 ? load / own : 1
      return try ConclusionSetting.all.map { setting in
        try figures(workload, setting, arrivals: factor, seed: seed)
      }
    }
  }

  private func figures(
    _ workload: ConclusionWorkload, _ setting: ConclusionSetting, arrivals: Double, seed: UInt64
  ) throws -> Figures {
    let policy = try NamedScheduler(setting.policy).policy()
    let simulator = Simulator(
      cluster: cluster, policy: policy, options: setting.options, seed: seed)
    var waits = WaitsInOrder()
    let report: SimulationReport
    do {
      report = try simulator.run(
        TaskTable(workload.tasks).source().scaleArrivals(by: arrivals), results: &waits)
    } catch let error as SimulationError { throw error.underlying }
    let total = report.total
    guard total.wait.count > 0 else { return Figures(unplaceable: total[.unplaceable]) }
    return Figures(
      meanWait: total.wait.mean * 1e-6, p99Wait: total.wait.quantile(0.99) * 1e-6,
      slowdown: total.boundedSlowdown.count > 0 ? total.boundedSlowdown.mean * 1e-6 : 1,
      stretches: waits.means(Self.batches), unplaceable: total[.unplaceable])
  }
}

/// Waits of tasks by when they were submitted.
private struct WaitsInOrder: ResultSink {
  private var waits: [(submit: Int64, id: TaskID, wait: Double)] = []

  mutating func record(_ result: TaskResult) {
    guard result.attempts > 0 else { return }
    waits.append((result.submit.rawValue, result.id, result.wait.seconds))
  }

  /// Mean waits of `count` stretches of equally many tasks.
  func means(_ count: Int) -> [Double] {
    guard waits.count >= count else { return [] }
    let sorted = waits.sorted { ($0.submit, $0.id) < ($1.submit, $1.id) }
    return (0..<count).map { place in
      let part = sorted[place * sorted.count / count..<(place + 1) * sorted.count / count]
      return part.reduce(0) { $0 + $1.wait } / Double(part.count)
    }
  }
}
