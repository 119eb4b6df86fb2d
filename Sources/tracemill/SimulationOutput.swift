import Foundation
import Simulation
import TraceParsing
import Workload

/// Writes what became of each task, if anywhere.
struct ResultWriter: ResultSink {
  private let writer: (any TableWriter<TaskResult>)?

  init(path: String?, slowdownBound: Microseconds) throws(TraceError) {
    if let path {
      let bounded = TableColumn<TaskResult>(
        "bounded_slowdown", nullable: true,
        .number { $0.boundedSlowdown(bound: slowdownBound) })
      writer = try TableFileKind(path: path).writer(
        path: path, columns: Self.columns + [bounded])
    } else {
      writer = nil
    }
  }

  mutating func record(_ result: TaskResult) throws { try writer?.write(result) }

  func finish() throws { try writer?.finish() }

  private static let columns: [TableColumn<TaskResult>] = [
    TableColumn("job_id", .integer { $0.id.job }),
    TableColumn("task_index", .integer { Int64($0.id.index) }),
    TableColumn(
      "priority_class",
      .label(PriorityClass.allCases.map(\.name)) { Int($0.priorityClass.rawValue) }),
    TableColumn("submit_us", .integer { $0.submit.rawValue }),
    time("first_start_us") { $0.firstStart },
    time("start_us") { $0.start },
    time("finish_us") { $0.finish },
    TableColumn("wait_us", .integer { $0.wait.rawValue }),
    TableColumn("wasted_us", .integer { $0.wasted.rawValue }),
    time("deadline_us") { $0.deadline },
    TableColumn(
      "machine_id", nullable: true, .integer { $0.machine == -1 ? nil : $0.machine }),
    TableColumn("attempts", .integer { Int64($0.attempts) }),
    TableColumn(
      "outcome", .label(TaskOutcome.allCases.map(\.name)) { Int($0.outcome.rawValue) }),
    TableColumn("instance", .integer { Int64($0.instance) }),
    TableColumn("startup_us", .integer { $0.startup.rawValue }),
    TableColumn("energy_joules", .number { $0.energy.value }),
    time("completion_us") { $0.completion },
    TableColumn("deadline_met", .flag { $0.metDeadline }),
    TableColumn("slowdown", nullable: true, .number { $0.slowdown }),
  ]

  private static func time(
    _ name: String, _ get: @escaping @Sendable (borrowing TaskResult) -> Microseconds
  ) -> TableColumn<TaskResult> {
    TableColumn(name, nullable: true, .integer { get($0).isKnown ? get($0).rawValue : nil })
  }
}

extension UsageSeries {
  /// Writes a row a bin.
  func write(to path: String) throws(TraceError) {
    let columns: [TableColumn<Bin>] = [
      TableColumn("start_us", .integer { $0.start.rawValue }),
      TableColumn("length_us", .integer { $0.length.rawValue }),
      TableColumn("cpu_used_cores", .number { $0.cpuUsed }),
      TableColumn("cpu_capacity_cores", .number { $0.cpuCapacity }),
      TableColumn("memory_used_bytes", .number { $0.memoryUsed }),
      TableColumn("memory_capacity_bytes", .number { $0.memoryCapacity }),
      TableColumn("tasks_waiting", .number { $0.waiting }),
      TableColumn("tasks_running", .number { $0.running }),
    ]
    let writer = try TableFileKind(path: path).writer(path: path, columns: columns)
    for bin in bins { try writer.write(bin) }
    try writer.finish()
  }
}

extension EnergyReport {
  /// Writes a row a machine, in the cluster's order.
  func write(_ layout: ClusterLayout, to path: String) throws(TraceError) {
    struct Machine {
      var number: Int64
      var energy: Joules
    }
    let columns: [TableColumn<Machine>] = [
      TableColumn("machine_id", .integer { $0.number }),
      TableColumn("energy_kwh", .number { $0.energy.kilowattHours }),
    ]
    let writer = try TableFileKind(path: path).writer(path: path, columns: columns)
    for (index, machine) in layout.machines.enumerated() {
      // Nothing is listed where no machine draws power.
      let energy = machines.isEmpty ? Joules.zero : machines[index]
      try writer.write(Machine(number: machine.number, energy: energy))
    }
    try writer.finish()
  }
}

/// What a run came to, for people and for machines.
struct SimulationSummary {
  let report: SimulationReport
  let layout: ClusterLayout
  let options: SimulationOptions
  let workload: String
  let cluster: String
  let tasks: ReplayedTasks
  let constraints: TraceConstraints
  /// Rows that could not be read, by reason.
  let rejects: [String: Int]
  let cost: SimulationCost
  let outputs: [String]

  private var tasksPerSecond: Double { Double(report.total.submitted) / max(cost.cpu, 1e-9) }

  var text: String {
    """
    \(workload) on \(cluster): \(grouped(report.machines)) \
    \(report.machines == 1 ? "machine" : "machines"), \(report.policy), \
    seed \(report.seed)\(tasks.warning.map { "; \($0)" } ?? "")
    \(replayLines)
    \(taskLines)
    \(classLines)\(usageLines)
    \(costLines)
    """
  }

  private var replayLines: String {
    var lines = ""
    for (count, what) in [
      (tasks.neverRan, "never ran in the trace: left out"),
      (tasks.unknown, "with unknown run time: left out"),
      (tasks.observed, "running when the trace began: replayed from its beginning"),
      (tasks.cutOffAtEnd, "still running when the trace ended: replayed as far as it goes"),
      (tasks.assumed, "with an assumed request"),
    ] where count > 0 {
      lines += "  \(grouped(count)) \(count == 1 ? "task" : "tasks") \(what)\n"
    }
    for note in constraints.notes { lines += "  \(note)\n" }
    if options.accountsFrom != .never {
      lines += "  utilisation and energy from trace time \(span(options.accountsFrom.seconds)) on\n"
    }
    if options.accountsTail != .never {
      let tail = options.accountsTail
      let end = tail == .zero ? "" : "\(span(tail.seconds)) after "
      lines += "  utilisation and energy until \(end)the last submission\n"
    }
    for note in layout.unknownNotes { lines += "  \(note)\n" }
    let odd = layout.anomalies
    if odd.total > 0 {
      lines +=
        "  odd machine events: \(odd.addedTwice) added twice, "
        + "\(odd.removedWhileAbsent) removed and \(odd.updatedWhileAbsent) updated while absent, "
        + "\(odd.capacityUnknown) without capacity\n"
    }
    return lines
  }

  private var taskLines: String {
    let total = report.total
    var lines = TextTable(left: [0])
    lines.add(["tasks submitted", grouped(total.submitted)])
    lines.add(["placed", grouped(total.started)])
    for outcome in TaskOutcome.allCases where total[outcome] > 0 {
      lines.add([outcome.name, grouped(total[outcome])])
    }
    for (name, count) in [
      ("evictions", report.evictions), ("preemptions", report.preemptions),
      ("backfilled", report.overtakings), ("machine failures", report.failures),
      ("conflicts of a stale view", report.conflicts), ("in the warm-up", report.warmUpTasks),
      ("dependencies on absent tasks dropped", report.droppedDependencies),
    ] where count > 0 {
      lines.add([name, grouped(count)])
    }
    if total.withDeadline > 0 { lines.add(["deadlines met", percent(total.deadlineShare)]) }
    var text = lines.text
    for reason in report.unplaceable where reason.count > 0 {
      text +=
        "  \(grouped(reason.count)) unplaceable for \(reason.reason.name), "
        + "job \(reason.example.job) task \(reason.example.index) first\n"
    }
    return text
  }

  private var classLines: String {
    let total = report.total
    var lines = TextTable(
      header: ["", "n", "mean", "p50", "p90", "p99", "p99.9", "max"], left: [0])
    for (name, values, scale) in measures where values.count > 0 {
      let quantiles = values.quantiles([0.5, 0.9, 0.99, 0.999]).map { significant($0 * scale) }
      lines.add(
        [name, grouped(values.count), significant(values.mean * scale)] + quantiles
          + [significant(Double(values.maximum ?? 0) * scale)])
    }
    if report.classes.count > 1 {
      for entry in report.classes where entry.metrics.wait.count > 0 {
        let wait = entry.metrics.wait
        lines.add(
          [
            "wait of \(entry.priorityClass.name), s", grouped(wait.count),
            significant(wait.mean * 1e-6),
          ]
            + wait.quantiles([0.5, 0.9, 0.99, 0.999]).map { significant($0 * 1e-6) }
            + [significant(Double(wait.maximum ?? 0) * 1e-6)])
      }
    }
    if report.decisionTimes.count > 0 {
      let times = report.decisionTimes
      lines.add(
        ["decision, µs", grouped(times.count), significant(times.mean / 1e3)]
          + times.quantiles([0.5, 0.9, 0.99, 0.999]).map { significant($0 / 1e3) }
          + [significant(Double(times.maximum ?? 0) / 1e3)])
    }
    return total.started > 0 ? lines.text + "\n" : ""
  }

  private var measures: [(String, Distribution, Double)] {
    let total = report.total
    return [
      ("wait, s", total.wait, 1e-6), ("completion, s", total.completion, 1e-6),
      ("slowdown", total.slowdown, 1e-6), ("bounded slowdown", total.boundedSlowdown, 1e-6),
    ]
  }

  private var usageLines: String {
    let usage = report.usage
    let bins = report.series.bins
    var lines = TextTable(left: [0, 2])
    lines.add([
      "CPU utilisation", percent(usage.cpu), sparkline(bins) { $0.cpuUsed / $0.cpuCapacity },
    ])
    lines.add([
      "memory utilisation", percent(usage.memory),
      usage.memory.isNaN ? "" : sparkline(bins) { $0.memoryUsed / $0.memoryCapacity },
    ])
    if let gpu = usage.gpu { lines.add(["GPU utilisation", percent(gpu), ""]) }
    lines.add(["fragmentation", percent(usage.fragmentation.cpu), fragmentation])
    lines.add([
      "tasks waiting", significant(usage.meanWaiting), sparkline(bins) { $0.waiting },
    ])
    lines.add([
      "tasks running", significant(usage.meanRunning), sparkline(bins) { $0.running },
    ])
    lines.add(["makespan", span(report.makespan.seconds)])
    if report.energy.total > .zero {
      lines.add([
        "energy", significant(report.energy.total.kilowattHours) + " kWh",
        "idle \(significant(report.energy.idle.kilowattHours)), "
          + "dynamic \(significant(report.energy.dynamic.kilowattHours)), "
          + "asleep \(significant(report.energy.sleep.kilowattHours))",
      ])
    }
    return lines.text
  }

  /// What the share before it is of, and the other resources' shares.
  private var fragmentation: String {
    let shares = report.usage.fragmentation
    var text = "of free CPU"
    if shares.memory.isFinite { text += ", \(percent(shares.memory)) of memory" }
    if let gpu = shares.gpu { text += ", \(percent(gpu)) of GPUs" }
    return text + " where a task does not fit"
  }

  private var costLines: String {
    var text =
      "  simulated in \(fixed(cost.wall, 2)) s (\(fixed(cost.cpu, 2)) s of CPU): "
      + "\(short(tasksPerSecond)) tasks per CPU-second\n"
    if let audit = report.audit {
      text += "  audit: \(audit.passed ? "passed" : "FAILED")\n"
      for check in audit.checks where !check.holds {
        text += "    \(check.name): \(check.left) is not \(check.right)\n"
      }
    }
    for output in outputs { text += "  wrote \(output)\n" }
    return text
  }

  /// The values over time as a row of blocks, scaled to the largest.
  private func sparkline(_ bins: [UsageSeries.Bin], _ value: (UsageSeries.Bin) -> Double) -> String
  {
    let width = 48
    guard !bins.isEmpty else { return "" }
    let columns = min(width, bins.count)
    var levels: [Double] = []
    for column in 0..<columns {
      let slice = bins[(column * bins.count / columns)..<((column + 1) * bins.count / columns)]
      let weighted = slice.map { (value($0).isFinite ? value($0) : 0) * $0.length.seconds }
      levels.append(weighted.reduce(0, +) / max(1e-12, slice.map(\.length.seconds).reduce(0, +)))
    }
    let most = levels.max() ?? 0
    guard most > 0 else { return "" }
    let blocks = Array("▁▂▃▄▅▆▇█")
    return String(levels.map { blocks[min(7, Int($0 / most * 7.999))] })
      + "  most \(significant(most))"
  }

  var object: [String: Any] {
    let total = report.total
    var object: [String: Any] = [
      "workload": workload, "cluster": cluster, "scheduler": report.policy,
      "seed": report.seed, "machines": report.machines,
      "submitted": total.submitted, "placed": total.started, "evictions": report.evictions,
      "outcomes": outcomes(of: total), "restarts": total.restarts,
      "left_out": ["never_ran": tasks.neverRan, "unknown_run_time": tasks.unknown],
      "machines_of_unknown_memory": layout.machinesOfUnknownMemory,
      "machines_of_unknown_disk": layout.machinesOfUnknownDisk, "rejects": rejects,
      "passed_over": tracemill.passedOver(tasks.passedOver), "replayed_from_start": tasks.observed,
      "cut_off_at_end": tasks.cutOffAtEnd,
      "assumed_requests": tasks.assumed,
      "makespan_s": report.makespan.seconds, "throughput_per_s": report.throughput,
      "cpu_utilisation": report.usage.cpu, "memory_utilisation": report.usage.memory,
      "gpu_utilisation": report.usage.gpu ?? .nan,
      "fragmentation": [
        "cpu": report.usage.fragmentation.cpu, "memory": report.usage.fragmentation.memory,
        "gpu": report.usage.fragmentation.gpu ?? .nan,
      ],
      "mean_waiting": report.usage.meanWaiting, "most_waiting": report.usage.mostWaiting,
      "mean_running": report.usage.meanRunning, "decisions": report.decisions,
      "events": report.events, "preemptions": report.preemptions,
      "backfilled": report.overtakings, "machine_failures": report.failures,
      "stale_conflicts": report.conflicts, "warm_up_tasks": report.warmUpTasks,
      "deadline_share": total.deadlineShare, "wasted_s": total.wasted.seconds,
      "constrained_tasks": constraints.tasks, "unknown_attributes": constraints.unknown,
      "dropped_dependencies": report.droppedDependencies,
      "load_variance": report.usage.loadVariance, "jain_index": report.usage.jain,
      "energy_kwh": [
        "total": report.energy.total.kilowattHours, "idle": report.energy.idle.kilowattHours,
        "dynamic": report.energy.dynamic.kilowattHours, "sleep": report.energy.sleep.kilowattHours,
      ], "wall_s": cost.wall, "cpu_s": cost.cpu,
      "tasks_per_cpu_second": tasksPerSecond,
      "unplaceable": Dictionary(
        uniqueKeysWithValues: report.unplaceable.map { ($0.reason.name, $0.count) }),
    ]
    for (name, key) in [
      (0, "wait_s"), (1, "completion_s"), (2, "slowdown"), (3, "bounded_slowdown"),
    ] {
      let (_, values, scale) = measures[name]
      object[key] = quantiles(values, scale)
    }
    object["classes"] = Dictionary(
      uniqueKeysWithValues: report.classes.map { entry in
        (
          entry.priorityClass.name,
          [
            "submitted": entry.metrics.submitted, "placed": entry.metrics.started,
            "outcomes": outcomes(of: entry.metrics), "restarts": entry.metrics.restarts,
            "wait_s": quantiles(entry.metrics.wait, 1e-6),
            "completion_s": quantiles(entry.metrics.completion, 1e-6),
            "slowdown": quantiles(entry.metrics.slowdown, 1e-6),
            "bounded_slowdown": quantiles(entry.metrics.boundedSlowdown, 1e-6),
            "deadline_share": entry.metrics.deadlineShare,
            "wasted_s": entry.metrics.wasted.seconds,
            "energy_kwh": entry.metrics.energy.kilowattHours,
          ] as [String: Any]
        )
      })
    if report.decisionTimes.count > 0 {
      object["decision_s"] = quantiles(report.decisionTimes, 1e-9)
    }
    if let audit = report.audit { object["audit_passed"] = audit.passed }
    return object
  }

  private func outcomes(of metrics: ClassMetrics) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: TaskOutcome.allCases.map { ($0.name, metrics[$0]) })
  }

  private func quantiles(_ values: Distribution, _ scale: Double) -> [String: Any] {
    var object: [String: Any] = ["count": values.count, "mean": values.mean * scale]
    for (name, p) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
      object[name] = values.quantile(p) * scale
    }
    return object
  }
}

extension ClusterLayout {
  /// What its trace does not say of the machines.
  var unknownNotes: [String] {
    [("memory", machinesOfUnknownMemory), ("disk", machinesOfUnknownDisk)].compactMap { what, count in
      guard count > 0 else { return nil }
      return "\(what) of \(grouped(count)) \(count == 1 ? "machine" : "machines") not known: no limit"
    }
  }
}
