import Simulation
import Workload

/// A figure that a run comes to, by name.
public struct Metric: Hashable, Sendable {
  /// Which way is better.
  public enum Direction: String, Codable, Sendable {
    /// Less is better.
    case lower
    /// More is better.
    case higher
    /// Neither.
    case none
  }

  /// Its name in files: lower case, the unit at the end.
  public let name: String
  /// What tables call it.
  public let title: String
  /// Its unit; empty for counts and ratios.
  public let unit: String
  /// Which way is better.
  public let better: Direction

  /// The metric called `name`; those of classes are `NAME.CLASS`. Nil if there is none.
  public init?(_ name: String) {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard let known = Self.all.first(where: { $0.name == parts.first }) else { return nil }
    self.init(
      name, parts.count > 1 ? "\(known.title), \(parts[1])" : known.title, known.unit,
      known.better)
  }

  private init(_ name: String, _ title: String, _ unit: String, _ better: Direction) {
    self.name = name
    self.title = title
    self.unit = unit
    self.better = better
  }

  /// The column's head: `mean wait, s`.
  public var heading: String { unit.isEmpty ? title : "\(title), \(unit)" }

  /// Whether it is an energy, which is only to be compared beside the work that was done for it.
  var isEnergy: Bool { name.hasPrefix("energy_") && !isPerWork }

  /// Whether it is a cost for each piece of work done, so that doing less is no gain.
  var isPerWork: Bool { name.contains("_per_") }

  /// The class that it is of; nil of all tasks.
  var priorityClass: String? {
    name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) }
  }

  /// The metrics of headline tables if the experiment names none. Energy stands beside the work that
  /// was done for it.
  public static let headline = [
    "completion_mean_s", "wait_mean_s", "bounded_slowdown_mean", "energy_kwh", "work_core_h",
    "sla_percent", "tasks_finished",
  ]

  /// All of them, in the order in which they are listed.
  public static let all: [Metric] = {
    var all: [Metric] = []
    for (name, title, unit) in [
      ("wait", "wait", "s"), ("completion", "completion time", "s"), ("slowdown", "slowdown", ""),
      ("bounded_slowdown", "bounded slowdown", ""),
    ] {
      let suffix = unit.isEmpty ? "" : "_" + unit
      for (part, words) in [
        ("mean", "mean"), ("p50", "median"), ("p90", "90th percentile of"),
        ("p99", "99th percentile of"), ("max", "greatest"),
      ] {
        all.append(Metric("\(name)_\(part)\(suffix)", "\(words) \(title)", unit, .lower))
      }
    }
    all += [
      Metric("sla_percent", "deadlines met", "%", .higher),
      Metric("energy_kwh", "energy", "kWh", .lower),
      Metric("energy_idle_kwh", "idle energy", "kWh", .lower),
      Metric("energy_dynamic_kwh", "dynamic energy", "kWh", .lower),
      Metric("energy_per_task_kwh", "energy per finished task", "kWh", .lower),
      Metric("energy_per_core_h_kwh", "energy per core-hour done", "kWh", .lower),
      Metric("work_core_h", "work done", "core-h", .none),
      Metric("tasks_submitted", "tasks submitted", "", .none),
      Metric("tasks_finished", "tasks finished", "", .higher),
      Metric("tasks_failed", "tasks refused, unplaceable or not finished", "", .lower),
      Metric("cpu_utilisation", "CPU utilisation", "", .none),
      Metric("memory_utilisation", "memory utilisation", "", .none),
      Metric("waiting_mean", "tasks waiting on average", "", .lower),
      Metric("waiting_max", "most tasks waiting", "", .lower),
      Metric("makespan_s", "makespan", "s", .lower),
      Metric("throughput_per_s", "throughput", "1/s", .higher),
      Metric("load_variance", "variance of load over machines", "", .lower),
      Metric("jain_index", "Jain's fairness of load", "", .higher),
      Metric("evictions", "evictions", "", .lower),
      Metric("preemptions", "preemptions", "", .lower),
      Metric("backfilled", "tasks backfilled", "", .none),
      Metric("machine_failures", "machine failures", "", .none),
      Metric("wasted_s", "run time wasted", "s", .lower),
      Metric("decisions", "decisions", "", .none),
    ]
    return all
  }()
}

extension SimulationReport {
  /// Every metric of the run by name, those of classes as `NAME.CLASS`; NaN where it does not exist.
  public var metricValues: [String: Double] {
    var values = total.metricValues
    // Machines without watts have no energy, rather than one of 0.
    let isMetered = energy.total > .zero
    for (name, energy) in [
      ("energy_kwh", energy.total), ("energy_idle_kwh", energy.idle),
      ("energy_dynamic_kwh", energy.dynamic),
    ] {
      values[name] = isMetered ? energy.kilowattHours : .nan
    }
    let work = usage.work / 3600
    values["work_core_h"] = work
    values["energy_per_core_h_kwh"] =
      isMetered && work > 0 ? energy.total.kilowattHours / work : .nan
    values["energy_per_task_kwh"] =
      isMetered ? energy.total.kilowattHours / Double(total[.finished]) : .nan
    values["cpu_utilisation"] = usage.cpu
    values["memory_utilisation"] = usage.memory
    values["waiting_mean"] = usage.meanWaiting
    values["waiting_max"] = Double(usage.mostWaiting)
    values["makespan_s"] = makespan.seconds
    values["throughput_per_s"] = throughput
    values["load_variance"] = usage.loadVariance
    values["jain_index"] = usage.jain
    values["evictions"] = Double(evictions)
    values["preemptions"] = Double(preemptions)
    values["backfilled"] = Double(overtakings)
    values["machine_failures"] = Double(failures)
    values["decisions"] = Double(decisions)
    for entry in classes {
      for (name, value) in entry.metrics.metricValues {
        values["\(name).\(entry.priorityClass.name)"] = value
      }
    }
    return values
  }
}

extension ClassMetrics {
  fileprivate var metricValues: [String: Double] {
    var values: [String: Double] = [
      "tasks_submitted": Double(submitted), "tasks_finished": Double(self[.finished]),
      "tasks_failed": Double(submitted - self[.finished]),
      // Where no task has a deadline, none is met.
      "sla_percent": withDeadline > 0 ? 100 * deadlineShare : .nan, "wasted_s": wasted.seconds,
    ]
    for (name, suffix, distribution) in [
      ("wait", "_s", wait), ("completion", "_s", completion), ("slowdown", "", slowdown),
      ("bounded_slowdown", "", boundedSlowdown),
    ] {
      values["\(name)_mean\(suffix)"] = distribution.mean * 1e-6
      let quantiles = distribution.quantiles([0.5, 0.9, 0.99])
      for (part, value) in zip(["p50", "p90", "p99"], quantiles) {
        values["\(name)_\(part)\(suffix)"] = value * 1e-6
      }
      values["\(name)_max\(suffix)"] =
        distribution.maximum.map { Double($0) * 1e-6 } ?? .nan
    }
    return values
  }
}
