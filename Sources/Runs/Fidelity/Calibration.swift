import Experiments
import Foundation
import Simulation
import Workload

/// How near replays of a trace come to the waits that it recorded, and under which settings.
public struct Calibration: Sendable, Codable {
  /// What the scheduler and the machines may have been like.
  public struct Settings: Sendable, Codable, Hashable {
    /// Order of the queue.
    public var queue = EngineSettings.Queue.fifo
    /// What overtakes its head.
    public var backfilling = EngineSettings.Backfilling.none
    /// Waiting tasks that are looked at.
    public var depth = 500
    /// Seconds from a decision to the start.
    public var dispatchDelay = 0.0
    /// CPU promised over CPU there.
    public var overcommit = 1.0
    /// Share of the machines that were there for these tasks.
    public var machines = 1.0

    /// In words.
    public var words: String {
      var words = "\(queue.rawValue), backfilling \(backfilling.rawValue), depth \(depth)"
      if dispatchDelay > 0 { words += ", dispatch after \(significant(dispatchDelay)) s" }
      if overcommit != 1 { words += ", overcommitment \(significant(overcommit))" }
      if machines != 1 { words += ", \(percent(machines)) of the machines" }
      return words
    }

    /// As an experiment says it.
    var engine: EngineSettings {
      var engine = EngineSettings()
      engine.queue = queue
      engine.backfilling = backfilling
      engine.depth = depth
      engine.exactEstimates = true
      if dispatchDelay > 0 { engine.networkDelay = dispatchDelay }
      if overcommit != 1 { engine.overcommitCpu = overcommit }
      return engine
    }
  }

  /// How near one replay came.
  public struct Errors: Sendable, Codable {
    /// Tasks whose wait the trace and the replay tell.
    public var tasks = 0
    /// Tasks that the replay did not start.
    public var unstarted = 0
    /// Of |wait in the replay - wait in the trace|, in seconds.
    public var median = 0.0
    public var mean = 0.0
    /// Mean of |ln((1 s + wait in the replay) / (1 s + wait in the trace))|: what is searched by, since
    /// seconds of short waits count with it as much as hours of long ones do.
    public var meanLogRatio = 0.0
    /// Kendall's tau of the order in which tasks start.
    public var startOrder = 0.0
    /// Quantiles of the waits in the trace and in the replay, in seconds.
    public var quantiles: [Quantile] = []

    /// A quantile.
    public struct Quantile: Sendable, Codable {
      public var p: Double
      public var recorded: Double
      public var replayed: Double
    }
  }

  /// A point of the search.
  public struct Point: Sendable, Codable {
    public var settings: Settings
    /// Tasks of the trace that it was tried on, from the first.
    public var tasks: Int
    public var errors: Errors
  }

  /// What was left out or assumed of the trace.
  public let notes: [Note]
  /// The trace and the machines, as they were named.
  public let workload: String
  public let cluster: String
  /// The default settings, on all tasks.
  public let standard: Point
  /// The nearest settings, on all tasks.
  public let best: Point
  /// Everything that was tried, in order.
  public let tried: [Point]

  /// An experiment with the nearest settings.
  public var experiment: String {
    let engine = best.settings.engine
    var lines = [
      "# Settings under which a replay comes nearest to the waits that the trace recorded, by",
      "# tracemill calibrate. Mean |log ratio| of waits \(fixed(best.errors.meanLogRatio, 3)), of the defaults \(fixed(standard.errors.meanLogRatio, 3)).",
    ]
    if best.settings.machines != 1 {
      lines.append(
        "# The nearest replay had \(percent(best.settings.machines)) of the machines; all are here."
      )
    }
    lines += [
      "name: calibrated", "workloads:", "  - name: trace", "    source: \(quoted(workload))",
      "clusters:", "  - name: machines", "    source: \(quoted(cluster))",
      "schedulers: [first-fit]",
      "engine:", "  queue: \(best.settings.queue.rawValue)",
      "  backfilling: \(best.settings.backfilling.rawValue)", "  depth: \(best.settings.depth)",
      "  exactEstimates: true",
    ]
    if let delay = engine.networkDelay { lines.append("  networkDelay: \(delay)") }
    if let factor = engine.overcommitCpu { lines.append("  overcommitCpu: \(factor)") }
    return (lines + ["seeds: 1"]).joined(separator: "\n") + "\n"
  }

  private func quoted(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: "''") + "'"
  }

  /// For people; the error in one line first.
  public var text: String {
    func line(_ name: String, _ point: Point) -> String {
      let e = point.errors
      return
        "\(name): waits are off by \(significant(e.median)) s (median) and \(significant(e.mean)) s "
        + "(mean), a factor of \(significant(exp(e.meanLogRatio))) on average; starts in the same order: tau "
        + "\(fixed(e.startOrder, 2)); \(point.settings.words)\n"
    }
    var text =
      "\(workload) on \(cluster), \(counted(best.errors.tasks, "task")) with a recorded wait\n"
    text += notes.map { "  \($0)\n" }.joined()
    text += line("nearest", best) + line("defaults", standard) + "\n"
    var table = TextTable(header: ["waits, s", "trace", "nearest", "defaults"])
    for (own, other) in zip(best.errors.quantiles, standard.errors.quantiles) {
      table.add([
        "p\(significant(own.p * 100))", significant(own.recorded), significant(own.replayed),
        significant(other.replayed),
      ])
    }
    text += table.text + "\ntried\n"
    table = TextTable(
      header: ["tasks", "factor", "median, s", "mean, s", "settings"], left: [4])
    for point in tried {
      table.add([
        grouped(point.tasks), significant(exp(point.errors.meanLogRatio)),
        significant(point.errors.median), significant(point.errors.mean), point.settings.words,
      ])
    }
    return text + table.text + "\n" + remainder + "\n"
  }

  /// What the trace cannot tell, and what that leaves.
  private var remainder: String {
    let left = exp(best.errors.meanLogRatio)
    return
      "What remains is a factor of \(significant(left)). The trace does not tell of reservations, partitions, "
      + "quotas, users' limits or machines that were out of order unseen; what these did is in it."
  }
}
