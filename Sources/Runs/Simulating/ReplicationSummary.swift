import Experiments
import Simulation
import Workload

/// What several runs under different seeds came to.
public struct ReplicationSummary {
  /// What each run came to, in the order of the seeds.
  public let reports: [SimulationReport]
  /// The workload, as it was named.
  public let workload: String
  /// The cluster, as it was named.
  public let cluster: String
  /// How the engine worked.
  public let options: SimulationOptions
  /// What queueing theory says of the same; nil where it says nothing.
  let theory: [QueueTheory.Value]?
  /// What has to be said of the runs before their figures are read, most important first.
  let notes: [Note]
  /// What was left out or assumed of the workload, in the first run.
  let replayed: [Note]
  /// What all runs cost to make.
  public let cost: RunCost

  /// The figures that are told, by their names in `Metric.catalogue`.
  private static let measures = [
    "wait_mean_s", "wait_p99_s", "completion_mean_s", "completion_p99_s", "slowdown_mean",
    "bounded_slowdown_mean", "deadlines_met", "tasks_finished", "throughput_per_s", "makespan_s",
    "cpu_utilisation", "memory_utilisation", "cpu_fragmentation", "load_variance", "jain_index",
    "evictions", "wasted_s", "energy_kwh",
  ].compactMap { Metric($0) }

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
      guard let values = values(measure.value(of:)), let interval = ConfidenceInterval.t(values),
        let least = values.min(), let most = values.max(), most != 0
      else { continue }
      table.add([
        measure.heading, significant(mean(values)), significant(interval.halfWidth),
        significant(least), significant(most),
      ])
    }
    let audits = reports.compactMap(\.audit)
    let theory = theoryLines.map { "\n" + $0 } ?? ""
    let audit =
      audits.isEmpty
      ? ""
      : "  audit: \(audits.count { $0.passed }) of \(counted(audits.count, "run")) passed\n"
    return """
      \(workload) on \(cluster): \(counted(first.machines, "machine")), \(first.policy), \
      \(counted(reports.count, "run")), seeds \(first.seed) to \(last.seed)
      \(notes.map { "  NOTE: \($0)\n" }.joined())\(replayed.map { "  \($0)\n" }.joined())\(table.text)\(theory)
        simulated in \(fixed(cost.wall, 2)) s (\(fixed(cost.cpu, 2)) s of CPU)
      \(audit)
      """
  }

  /// The same for JSON.
  public var object: [String: Any] {
    var measures: [String: Any] = [:]
    for measure in Self.measures {
      guard let values = values(measure.value(of:)), let interval = ConfidenceInterval.t(values)
      else {
        continue
      }
      measures[measure.name] = [
        "mean": mean(values), "ci95": [interval.lower, interval.upper], "values": values,
      ]
    }
    let audits = reports.compactMap(\.audit)
    let theory = theory?.map { value -> [String: Any] in
      let interval = simulated(value).flatMap { ConfidenceInterval.t($0) }
      return [
        "name": value.name, "theory": value.value, "source": value.source,
        "simulated": simulated(value).map(mean) ?? .nan,
        "ci95": [interval?.lower ?? .nan, interval?.upper ?? .nan],
      ]
    }
    var object: [String: Any] = [
      "workload": workload, "cluster": cluster, "scheduler": reports.first?.policy ?? "",
      "remarks": notes.texts, "notes": (notes + replayed).map(\.object),
      "replications": reports.count,
      "seeds": reports.map(\.seed), "measures": measures,
      "wall_s": cost.wall, "cpu_s": cost.cpu,
    ]
    if let theory { object["theory"] = theory }
    if !audits.isEmpty { object["audit_passed"] = audits.allSatisfy(\.passed) }
    return object
  }

  /// The simulated figures of what theory speaks of, a run each; nil where there are none.
  private func simulated(_ value: QueueTheory.Value) -> [Double]? {
    let values = reports.compactMap { $0.simulated(value.name) }
    return values.count == reports.count && values.allSatisfy(\.isFinite) ? values : nil
  }

  private var theoryLines: String? {
    guard let theory else { return nil }
    var lines = TextTable(
      header: ["beside theory", "theory", "simulated", "± 95 %", ""], left: [0, 4])
    for value in theory {
      let values = simulated(value)
      lines.add([
        value.name, significant(value.value, digits: 4),
        values.map { significant(mean($0), digits: 4) } ?? "-",
        values.flatMap { ConfidenceInterval.t($0) }.map { significant($0.halfWidth) } ?? "-",
        value.source,
      ])
    }
    return lines.text
  }
}
