import Experiments
import Foundation
import Simulation
import Workload

/// What a run came to, for people (``text``) and for machines (``object``).
public struct SimulationSummary {
  /// What the engine says.
  public let report: SimulationReport
  /// The machines.
  public let layout: ClusterLayout
  /// How the engine worked.
  public let options: SimulationOptions
  /// The workload, as it was named.
  public let workload: String
  /// The cluster, as it was named.
  public let cluster: String
  /// The tasks, with counts of what was left out.
  public let tasks: ReplayedTasks
  /// What tasks required of the machines.
  public let constraints: TraceConstraints
  /// Rows that could not be read, by reason.
  public let rejects: [String: Int]
  /// What the run cost to make.
  public let cost: RunCost
  /// The files that were written.
  public let outputs: [String]
  /// What has to be said of the run before its figures are read, most important first.
  let notes: [Note]
  /// What queueing theory says of the same; nil where it says nothing.
  let theory: [QueueTheory.Value]?
  /// Waits by tenth of run time.
  let waits: [WaitsByLength.Tenth]
  /// Waits by what was asked for.
  let groups: [(grouping: WaitGrouping, groups: [WaitGroups.Group])]

  var tasksPerSecond: Double { Double(report.total.submitted) / max(cost.cpu, 1e-9) }

  /// As `tracemill simulate` prints it.
  public var text: String {
    """
    \(workload) on \(cluster): \(counted(report.machines, "machine")), \
    \(report.policy), seed \(report.seed)\(tasks.warning.map { "; \($0)" } ?? "")
    \(replayLines)
    \(taskLines)
    \(classLines)\(lengthLines)\(groupLines)\(usageLines)\(theoryLines)
    \(costLines)
    """
  }

  private var loadNotes: [Note] {
    [report.askedNote, LoadReached(report).note].compactMap(\.self)
  }

  /// All that has to be known of the run, most important first.
  public var allNotes: [Note] {
    notes + loadNotes + tasks.notes + constraints.notes + layout.unknownNotes + layout.notes
  }

  private var replayLines: String {
    var lines = (notes + loadNotes).map { "  NOTE: \($0)\n" }.joined()
    for note in tasks.counts + tasks.untold { lines += "  \(note)\n" }
    for note in constraints.notes { lines += "  \(note)\n" }
    if options.accountsFrom != .never {
      lines += "  utilisation and energy from trace time \(span(options.accountsFrom.seconds)) on\n"
    }
    if options.accountsTail != .never {
      let tail = options.accountsTail
      let end = tail == .zero ? "" : "\(span(tail.seconds)) after "
      lines += "  utilisation and energy until \(end)the last submission\n"
    }
    for note in layout.unknownNotes + layout.notes { lines += "  \(note)\n" }
    if report.remarks.gangs > 0 {
      lines +=
        "  \(counted(report.remarks.gangs, "task")) of several instances: each waits and counts as one, and in "
        + "the results its machine is that of its first instance\n"
    }
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
      ("backfilled", report.backfilled), ("machine failures", report.failures),
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
        + "job \(reason.example.job) task \(reason.example.index) first: \(reason.reason.explanation)\n"
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
    let classes = report.namedClasses
    if classes.count > 1 {
      for entry in classes where entry.metrics.wait.count > 0 {
        let wait = entry.metrics.wait
        lines.add(
          [
            "wait of \(entry.name), s", grouped(wait.count),
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

  /// Mean wait by tenth of run time, where anybody waited and run times differ.
  private var lengthLines: String {
    guard waits.contains(where: { $0.meanWait > 0 }), waits.first?.shortest != waits.last?.longest
    else { return "" }
    var lines = TextTable(left: [0])
    lines.add(["run time to"] + waits.map { Figures.readable($0.longest, unit: "s") })
    lines.add(["mean wait"] + waits.map { Figures.readable($0.meanWait, unit: "s") })
    return lines.text + "\n"
  }

  /// Waits by what was asked for; the twenty users with the most tasks.
  private var groupLines: String {
    groups.map { grouping, groups in
      var lines = TextTable(
        header: ["wait by \(grouping.rawValue), s", "n", "mean", "p50", "p90", "p99", "max"],
        left: [0])
      for group in groups.prefix(20) {
        lines.add(
          [group.name, grouped(group.wait.count), significant(group.wait.mean * 1e-6)]
            + group.wait.quantiles([0.5, 0.9, 0.99]).map { significant($0 * 1e-6) }
            + [significant(Double(group.wait.maximum ?? 0) * 1e-6)])
      }
      let more = groups.count > 20 ? "  and \(grouped(groups.count - 20)) more\n" : ""
      return lines.text + more + "\n"
    }.joined()
  }

  private var theoryLines: String {
    guard let theory else { return "" }
    var lines = TextTable(header: ["beside theory", "theory", "simulated", ""], left: [0, 3])
    for value in theory {
      lines.add([
        value.name, significant(value.value, digits: 4),
        report.simulated(value.name).map { significant($0, digits: 4) } ?? "-", value.source,
      ])
    }
    return "\n" + lines.text
  }

  var measures: [(String, Tally, Double)] {
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
    if let load = report.offeredLoad {
      let placeable = report.placeableLoad ?? load
      let part =
        percent(placeable) == percent(load)
        ? "" : "; \(percent(placeable)) by tasks that some machine can take"
      lines.add(["CPU load offered", percent(load), "from the first submission to the last" + part])
    }
    lines.add([
      "CPU utilisation", percent(usage.whileSubmitting.cpu),
      sparkline(bins, most: percent(usage.mostCPU)) { $0.cpuUsed / $0.cpuCapacity }
        + drain(usage.cpu, usage.whileSubmitting.cpu),
    ])
    lines.add([
      "memory utilisation", percent(usage.whileSubmitting.memory),
      usage.memory.isNaN
        ? ""
        : sparkline(bins, most: percent(usage.mostMemory)) { $0.memoryUsed / $0.memoryCapacity },
    ])
    if let gpu = usage.whileSubmitting.gpu { lines.add(["GPU utilisation", percent(gpu), ""]) }
    if let devices = report.devices {
      lines.add([
        "GPUs unallocated", percent(devices.unallocated),
        "of \(grouped(devices.capacity / 1000)) at the last submission, "
          + "\(percent(devices.fragmented)) fragmented",
      ])
    }
    lines.add(["fragmentation", percent(usage.fragmentation.cpu), fragmentation])
    lines.add([
      "tasks waiting", significant(usage.meanWaiting),
      sparkline(bins, most: grouped(usage.mostWaiting)) { $0.waiting },
    ])
    lines.add([
      report.remarks.gangs > 0 ? "instances running" : "tasks running",
      significant(usage.meanRunning),
      sparkline(bins, most: grouped(usage.mostRunning)) { $0.running },
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

  /// What a share comes to with the time after the last submission.
  private func drain(_ all: Double, _ part: Double) -> String {
    percent(all) == percent(part) ? "" : "; with the drain \(percent(all))"
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

  /// The means over 48 spans of time as a row of blocks, scaled to the largest of them, and the greatest value that
  /// there was for any time.
  private func sparkline(
    _ bins: [UsageSeries.Bin], most greatest: String, _ value: (UsageSeries.Bin) -> Double
  ) -> String {
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
      + "  most \(greatest)"
  }
}

extension ClusterLayout {
  /// What its trace does not say of the machines, in a line where it is the same of all.
  var unknownNotes: [Note] {
    let limitless = "no limit"
    let memory = ("memory", machinesOfUnknownMemory, limitless)
    let disk = ("disk", machinesOfUnknownDisk, limitless)
    let both = ("memory and disk", machinesOfUnknownMemory, limitless)
    let cores = ("cores", machinesOfUnknownCPU, "counted as none")
    return
      ((memory.1 == disk.1 ? [both] : [memory, disk]) + [cores]).compactMap {
        what, count, meaning in
        guard count > 0 else { return nil }
        return Note(
          .assumed, what, ["machines": Double(count)],
          "\(what) of \(counted(count, "machine")) not known: \(meaning)")
      }
  }
}
