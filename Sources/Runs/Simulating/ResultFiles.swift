import Diagnostics
import Foundation
import Simulation
import Tables
import TraceParsing
import Workload

/// The files that a run leaves behind: .parquet, .csv, .csv.gz or .csv.zst; nil for none.
public struct ResultFiles: Sendable {
  /// What became of each task.
  public var tasks: String?
  /// The cluster's use over time.
  public var series: String?
  /// Each machine's energy.
  public var machineEnergy: String?

  /// A picture of the schedule: a page (.html), or a trace for https://ui.perfetto.dev
  /// (.perfetto-trace).
  public var timeline: String?

  /// Each decision of the scheduler: its score, the next best, and why a task had to wait.
  public var decisions: String?

  /// Files of these names.
  public init(
    tasks: String? = nil, series: String? = nil, machineEnergy: String? = nil,
    timeline: String? = nil, decisions: String? = nil
  ) {
    self.decisions = decisions
    self.timeline = timeline
    self.tasks = tasks
    self.series = series
    self.machineEnergy = machineEnergy
  }

  /// Those that are written.
  public var paths: [String] {
    [tasks, series, machineEnergy, timeline, decisions].compactMap { $0 }
  }
}

/// Writes what became of each task, if anywhere.
public struct ResultWriter: ResultSink {
  private let writer: (any TableWriter<TaskResult>)?

  /// - Parameters:
  ///   - path: the file; nil for none.
  ///   - slowdownBound: what shorter run times count as in bounded slowdown.
  ///   - devices: whether GPUs are devices.
  public init(
    path: String?, slowdownBound: Microseconds, devices: Bool = false
  ) throws(TraceError) {
    if let path {
      writer = try TableFileKind(path: path).writer(
        path: path, columns: Self.columns(slowdownBound: slowdownBound, devices: devices))
    } else {
      writer = nil
    }
  }

  /// Adds a task.
  public mutating func record(_ result: TaskResult) throws { try writer?.write(result) }

  /// Completes the file.
  public func finish() throws { try writer?.finish() }

  /// The columns of results.
  ///
  /// - Parameters:
  ///   - slowdownBound: what shorter run times count as in bounded slowdown.
  ///   - devices: whether GPUs are devices: then `devices` says which a task had, bit d for device d.
  public static func columns(
    slowdownBound: Microseconds, devices: Bool = false
  ) -> [TableColumn<TaskResult>] {
    columns + [
      TableColumn(
        "bounded_slowdown", nullable: true, .number { $0.boundedSlowdown(bound: slowdownBound) })
    ]
      + (devices
        ? [
          TableColumn(
            "devices", nullable: true,
            .integer { $0.devices.isEmpty ? nil : Int64($0.devices.rawValue) })
        ] : [])
  }

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
    TableColumn("instances", .integer { Int64($0.instances) }),
    TableColumn("measured", .flag { $0.isMeasured }),
  ]

  private static func time(
    _ name: String, _ get: @escaping @Sendable (borrowing TaskResult) -> Microseconds
  ) -> TableColumn<TaskResult> {
    TableColumn(name, nullable: true, .integer { get($0).isKnown ? get($0).rawValue : nil })
  }
}

extension UsageSeries {
  /// The columns of a table of bins.
  public static let columns: [TableColumn<Bin>] = [
    TableColumn("start_us", .integer { $0.start.rawValue }),
    TableColumn("length_us", .integer { $0.length.rawValue }),
    TableColumn("cpu_used_cores", .number { $0.cpuUsed }),
    TableColumn("cpu_capacity_cores", .number { $0.cpuCapacity }),
    TableColumn("memory_used_bytes", .number { $0.memoryUsed }),
    TableColumn("memory_capacity_bytes", .number { $0.memoryCapacity }),
    TableColumn("tasks_waiting", .number { $0.waiting }),
    TableColumn("tasks_running", .number { $0.running }),
  ]

  /// Writes a row a bin.
  public func write(to path: String) throws(TraceError) {
    let writer = try TableFileKind(path: path).writer(path: path, columns: Self.columns)
    for bin in bins { try writer.write(bin) }
    try writer.finish()
  }
}

extension EnergyReport {
  /// Writes a row a machine, in the cluster's order.
  public func write(_ layout: ClusterLayout, to path: String) throws(TraceError) {
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

extension DecisionLog {
  /// Writes a row a decision.
  public func write(to path: String) throws(TraceError) {
    let columns: [TableColumn<LoggedDecision>] = [
      TableColumn("time_us", .integer { $0.time.rawValue }),
      TableColumn("job_id", .integer { $0.id.job }),
      TableColumn("task_index", .integer { Int64($0.id.index) }),
      TableColumn("instance", .integer { Int64($0.instance) }),
      TableColumn(
        "answer", .label(LoggedDecision.Answer.allCases.map(\.name)) { Int($0.answer.rawValue) }),
      TableColumn("machine_id", nullable: true, .integer { $0.machine < 0 ? nil : $0.machine }),
      TableColumn("score", nullable: true, .number { $0.cost.isFinite ? $0.cost : nil }),
      TableColumn("candidates", .integer { Int64($0.candidates) }),
      TableColumn(
        "next_machine_id", nullable: true, .integer { $0.nextMachine < 0 ? nil : $0.nextMachine }),
      TableColumn(
        "next_score", nullable: true, .number { $0.nextCost.isFinite ? $0.nextCost : nil }),
      TableColumn(
        "lacks", .label(LoggedDecision.Lack.allCases.map(\.name)) { Int($0.lack.rawValue) }),
      TableColumn(
        "behind_job_id", nullable: true, .integer { $0.behind.job < 0 ? nil : $0.behind.job }),
      TableColumn(
        "behind_task_index", nullable: true,
        .integer { $0.behind.job < 0 ? nil : Int64($0.behind.index) }),
    ]
    let writer = try TableFileKind(path: path).writer(path: path, columns: columns)
    for decision in decisions { try writer.write(decision) }
    try writer.finish()
  }
}
