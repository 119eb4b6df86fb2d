import Simulation
import Workload

extension SimulationSummary {
  /// As `tracemill simulate --json` prints it: texts, numbers, lists and objects of them.
  public var object: [String: Any] {
    let total = report.total
    let metrics = report.metricValues
    let isMetered = (metrics["energy_kwh"] ?? .nan).isFinite
    var object: [String: Any] = [
      "workload": workload, "cluster": cluster, "scheduler": report.policy,
      "seed": report.seed, "machines": report.machines,
      "submitted": total.submitted, "placed": total.started, "evictions": report.evictions,
      "outcomes": outcomes(of: total), "restarts": total.restarts,
      "offered_load": report.offeredLoad ?? .nan,
      "remarks": notes.texts, "notes": allNotes.map(\.object),
      "with_estimate": report.remarks.withEstimate, "with_deadline": report.remarks.withDeadline,
      "without_cpu_request": report.remarks.withoutCPU,
      "not_modelled": report.remarks.notModelled,
      "left_out": ["never_ran": tasks.neverRan, "unknown_run_time": tasks.unknown],
      "machines_of_unknown_memory": layout.machinesOfUnknownMemory,
      "machines_of_unknown_disk": layout.machinesOfUnknownDisk,
      "machines_of_unknown_cpu": layout.machinesOfUnknownCPU, "rejects": rejects,
      "passed_over": tasks.passedOver.map(\.object), "replayed_from_start": tasks.observed,
      "cut_off_at_end": tasks.cutOffAtEnd,
      "assumed_requests": tasks.assumed,
      "makespan_s": report.makespan.seconds, "throughput_per_s": report.throughput,
      "cpu_utilisation": report.usage.whileSubmitting.cpu,
      "cpu_utilisation_with_drain": report.usage.cpu, "asked_load": report.askedLoad ?? .nan,
      "memory_utilisation": report.usage.whileSubmitting.memory,
      "gpu_utilisation": report.usage.whileSubmitting.gpu ?? .nan,
      "fragmentation": [
        "cpu": report.usage.fragmentation.cpu, "memory": report.usage.fragmentation.memory,
        "gpu": report.usage.fragmentation.gpu ?? .nan,
      ],
      "mean_waiting": report.usage.meanWaiting, "most_waiting": report.usage.mostWaiting,
      "mean_running": report.usage.meanRunning, "most_running": report.usage.mostRunning,
      "most_cpu_utilisation": report.usage.mostCPU,
      "most_memory_utilisation": report.usage.mostMemory,
      "placeable_load": report.placeableLoad ?? .nan, "gangs": report.remarks.gangs,
      "decisions": report.decisions,
      "events": report.events, "preemptions": report.preemptions,
      "backfilled": report.backfilled, "machine_failures": report.failures,
      "stale_conflicts": report.conflicts, "warm_up_tasks": report.warmUpTasks,
      "deadlines_met": metrics["deadlines_met"] ?? .nan, "wasted_s": total.wasted.seconds,
      "constrained_tasks": constraints.tasks, "unknown_attributes": constraints.unknown,
      "dropped_dependencies": report.droppedDependencies,
      "load_variance": report.usage.loadVariance, "jain_index": report.usage.jain,
      "energy_kwh": [
        "total": metrics["energy_kwh"] ?? .nan, "idle": metrics["energy_idle_kwh"] ?? .nan,
        "dynamic": metrics["energy_dynamic_kwh"] ?? .nan,
        "sleep": isMetered ? report.energy.sleep.kilowattHours : .nan,
      ], "wall_s": cost.wall, "cpu_s": cost.cpu,
      "tasks_per_cpu_second": tasksPerSecond,
      "unplaceable": Dictionary(
        uniqueKeysWithValues: report.unplaceable.map { ($0.reason.name, $0.count) }),
    ]
    object["waits_by_run_time"] = waits.map {
      [
        "count": $0.count, "shortest_s": $0.shortest, "longest_s": $0.longest,
        "mean_wait_s": $0.meanWait,
      ] as [String: Any]
    }
    for (grouping, groups) in groups {
      object["waits_by_\(grouping.rawValue)"] = groups.map { group -> [String: Any] in
        var entry = quantiles(group.wait, 1e-6)
        entry["name"] = group.name
        return entry
      }
    }
    if let theory {
      object["theory"] = theory.map { value -> [String: Any] in
        [
          "name": value.name, "theory": value.value, "source": value.source,
          "simulated": report.simulated(value.name) ?? .nan,
        ]
      }
    }
    for (name, key) in [
      (0, "wait_s"), (1, "completion_s"), (2, "slowdown"), (3, "bounded_slowdown"),
    ] {
      let (_, values, scale) = measures[name]
      object[key] = quantiles(values, scale)
    }
    object["classes"] = Dictionary(
      report.namedClasses.map { entry in
        (
          entry.name,
          [
            "submitted": entry.metrics.submitted, "placed": entry.metrics.started,
            "outcomes": outcomes(of: entry.metrics), "restarts": entry.metrics.restarts,
            "wait_s": quantiles(entry.metrics.wait, 1e-6),
            "completion_s": quantiles(entry.metrics.completion, 1e-6),
            "slowdown": quantiles(entry.metrics.slowdown, 1e-6),
            "bounded_slowdown": quantiles(entry.metrics.boundedSlowdown, 1e-6),
            "deadlines_met": entry.metrics.deadlineShare,
            "wasted_s": entry.metrics.wasted.seconds,
            "energy_kwh": isMetered ? entry.metrics.energy.kilowattHours : .nan,
          ] as [String: Any]
        )
      }, uniquingKeysWith: { first, _ in first })
    if report.decisionTimes.count > 0 {
      object["decision_s"] = quantiles(report.decisionTimes, 1e-9)
    }
    object["metrics"] = metrics
    if let audit = report.audit { object["audit_passed"] = audit.passed }
    return object
  }

  private func outcomes(of metrics: ClassMetrics) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: TaskOutcome.allCases.map { ($0.name, metrics[$0]) })
  }

  private func quantiles(_ values: Tally, _ scale: Double) -> [String: Any] {
    var object: [String: Any] = ["count": values.count, "mean": values.mean * scale]
    for (name, p) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
      object[name] = values.quantile(p) * scale
    }
    return object
  }
}
