import Experiments
import Simulation

/// What several runs under different seeds came to.
public struct ReplicationSummary {
  /// What each run came to, in the order of the seeds.
  public let reports: [SimulationReport]
  /// The workload, as it was named.
  public let workload: String
  /// The cluster, as it was named.
  public let cluster: String
  /// What all runs cost to make.
  public let cost: RunCost

  /// Figures by their names in the text and in JSON.
  private static let measures:
    [(text: String, key: String, value: @Sendable (SimulationReport) -> Double)] = [
      ("wait, s", "wait_s", { $0.total.wait.mean * 1e-6 }),
      ("wait, s, p99", "wait_s_p99", { $0.total.wait.quantile(0.99) * 1e-6 }),
      ("completion, s", "completion_s", { $0.total.completion.mean * 1e-6 }),
      ("completion, s, p99", "completion_s_p99", { $0.total.completion.quantile(0.99) * 1e-6 }),
      ("slowdown", "slowdown", { $0.total.slowdown.mean * 1e-6 }),
      ("bounded slowdown", "bounded_slowdown", { $0.total.boundedSlowdown.mean * 1e-6 }),
      ("deadlines met", "deadline_share", { $0.total.deadlineShare }),
      ("tasks finished", "finished", { Double($0.total[.finished]) }),
      ("throughput, 1/s", "throughput_per_s", { $0.throughput }),
      ("makespan, s", "makespan_s", { $0.makespan.seconds }),
      ("CPU utilisation", "cpu_utilisation", { $0.usage.cpu }),
      ("memory utilisation", "memory_utilisation", { $0.usage.memory }),
      ("fragmentation of CPU", "cpu_fragmentation", { $0.usage.fragmentation.cpu }),
      ("load variance", "load_variance", { $0.usage.loadVariance }),
      ("Jain index", "jain_index", { $0.usage.jain }),
      ("evictions", "evictions", { Double($0.evictions) }),
      ("wasted, s", "wasted_s", { $0.total.wasted.seconds }),
      ("energy, kWh", "energy_kwh", { $0.energy.total.kilowattHours }),
    ]

  private func values(_ measure: (SimulationReport) -> Double) -> [Double]? {
    let values = reports.map(measure)
    return values.allSatisfy(\.isFinite) ? values : nil
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// As `tracemill simulate --replications` prints it.
  public var text: String {
    guard let first = reports.first, let last = reports.last else { return "" }
    var table = TextTable(header: ["", "mean", "± 95 %", "least", "most"], left: [0])
    for measure in Self.measures {
      guard let values = values(measure.value), let interval = ConfidenceInterval.t(values),
        let least = values.min(), let most = values.max(), most != 0
      else { continue }
      table.add([
        measure.text, significant(mean(values)), significant(interval.halfWidth),
        significant(least), significant(most),
      ])
    }
    let audits = reports.compactMap(\.audit)
    let audit =
      audits.isEmpty
      ? ""
      : "  audit: \(audits.count { $0.passed }) of \(audits.count) runs passed\n"
    return """
      \(workload) on \(cluster): \(grouped(first.machines)) machines, \(first.policy), \
      \(grouped(reports.count)) runs, seeds \(first.seed) to \(last.seed)
      \(table.text)
        simulated in \(fixed(cost.wall, 2)) s (\(fixed(cost.cpu, 2)) s of CPU)
      \(audit)
      """
  }

  /// The same for JSON.
  public var object: [String: Any] {
    var measures: [String: Any] = [:]
    for measure in Self.measures {
      guard let values = values(measure.value), let interval = ConfidenceInterval.t(values) else {
        continue
      }
      measures[measure.key] = [
        "mean": mean(values), "ci95": [interval.lower, interval.upper], "values": values,
      ]
    }
    let audits = reports.compactMap(\.audit)
    var object: [String: Any] = [
      "workload": workload, "cluster": cluster, "scheduler": reports.first?.policy ?? "",
      "replications": reports.count, "seeds": reports.map(\.seed), "measures": measures,
      "wall_s": cost.wall, "cpu_s": cost.cpu,
    ]
    if !audits.isEmpty { object["audit_passed"] = audits.allSatisfy(\.passed) }
    return object
  }
}
