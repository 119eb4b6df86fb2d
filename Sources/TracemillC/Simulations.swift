import CTracemill
import Configuration
import Experiments
import ExternalSchedulers
import Runs
import Simulation
import Tables
import TraceInput
import TraceParsing
import Workload

/// A finished run: `tm_run`.
final class FinishedRun {
  let summary: SimulationSummary
  let results: [TaskResult]

  init(_ summary: SimulationSummary, _ results: [TaskResult]) {
    self.summary = summary
    self.results = results
  }
}

@_cdecl("tm_simulate")
public func simulate(
  _ description: UnsafePointer<CChar>?, _ workload: OpaquePointer?,
  _ scheduler: UnsafePointer<tm_scheduler>?, _ job: OpaquePointer?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  let job = Job.of(job)
  let table = workload.map { object($0, as: RecordTable.self) }
  let functions = scheduler?.pointee
  return attempt(error) {
    try job.guarding {
      let wanted = try described(description) {
        DescribedSimulation($0, needsWorkload: table == nil, needsScheduler: functions == nil)
      }
      return handle(try wanted.run(table, functions, job))
    }
  }
}

/// What `tm_simulate` is asked for.
private struct DescribedSimulation {
  var workload: String?
  var cluster: DescribedCluster?
  var scheduler: String
  var seed: UInt64
  var engine = EngineSettings()
  var scaleArrivals: Double
  var scaleRunTimes: Double
  var keepsTasks: Bool
  var waitsBy: [WaitGrouping]
  var reading: ReadingSettings
  var selection: TaskSelection

  init?(_ root: ConfigurationNode, needsWorkload: Bool, needsScheduler: Bool) {
    workload = root.string("workload", required: needsWorkload)
    cluster = DescribedCluster(root, "cluster")
    let name = root.string("scheduler")
    scheduler = name ?? "first-fit"
    seed = root.seed("seed") ?? 1
    if let node = root.object("engine") { engine = EngineSettings(whole: node) }
    scaleArrivals = root.number("scaleArrivals", in: .positive) ?? 1
    scaleRunTimes = root.number("scaleRunTimes", formerly: "scaleLoad", in: .nonnegative) ?? 1
    keepsTasks = root.flag("tasks") ?? true
    waitsBy = (root.list("waitsBy") ?? []).compactMap { node in
      guard let name = node.string() else { return nil }
      if let grouping = WaitGrouping(rawValue: name) { return grouping }
      node.problem(
        "is '\(name)'; expected one of "
          + WaitGrouping.allCases.map(\.rawValue).joined(separator: ", "))
      return nil
    }
    reading = ReadingSettings(root.object("reading"))
    selection = TaskSelection(root.object("selection"))
    if cluster == nil, root["cluster"] == nil, !needsWorkload {
      root.problem(at: "cluster", "is missing")
    }
  }

  func run(_ table: RecordTable?, _ functions: tm_scheduler?, _ job: Job) throws -> FinishedRun {
    var simulation = try SimulationJob(
      workload: workload ?? "table", cluster: cluster?.name, scheduler: scheduler, engine: engine)
    simulation.scaleArrivals = scaleArrivals
    simulation.scaleRunTimes = scaleRunTimes
    simulation.waitsBy = waitsBy
    simulation.selection = selection
    simulation.reading = reading
    simulation.reading.remote = job.files
    simulation.givenTasks = table.map { ($0.tasks, $0.symbols.strings, $0.dependencies) }
    if let spec = cluster?.specification {
      simulation.givenLayout = { try DescribedCluster.layout(spec, seed: $0) }
    }
    if let functions {
      simulation.givenPolicy = try givenPolicy(name: "external", functions)
    } else if ExternalScheduler.isOne(scheduler) {
      simulation.givenPolicy = try ExternalScheduler.policy(scheduler)
    }
    var results = JobResults(job: job, keeps: keepsTasks)
    let summary = try simulation.run(seed: seed, meter: job.meter, telling: &results)
    return FinishedRun(summary, results.results)
  }
}

@_cdecl("tm_run_summary")
public func runSummary(
  _ run: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> UnsafeMutablePointer<CChar>? {
  attempt(error) {
    guard let run else { throw RunError(message: "no run") }
    let summary = object(run, as: FinishedRun.self).summary
    var described = summary.object
    described["text"] = summary.text
    return faceText(try jsonText(described))
  }
}

@_cdecl("tm_run_export")
public func runExport(
  _ run: OpaquePointer?, _ table: UnsafePointer<CChar>?,
  _ out: UnsafeMutablePointer<ArrowArrayStream>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let run, let table, let out else { throw RunError(message: "no run") }
    let finished = object(run, as: FinishedRun.self)
    let summary = finished.summary
    switch String(cString: table) {
    case "tasks":
      let columns = ResultWriter.columns(
        slowdownBound: summary.options.slowdownBound, devices: summary.report.devices != nil)
      ArrowTable(columns: columns).export(finished.results, to: out)
    case "series":
      ArrowTable(columns: UsageSeries.columns).export(summary.report.series.bins, to: out)
    case "machines":
      ArrowTable(columns: MachineRow.columns)
        .export(MachineRow.rows(summary.report, summary.layout), to: out)
    case let name:
      throw RunError(message: "no table '\(name)'; there are tasks, series, machines")
    }
    return 0
  } ?? 1
}

@_cdecl("tm_run_free")
public func runFree(_ run: OpaquePointer?) { release(run, as: FinishedRun.self) }

/// A machine of a run: what it has, and the energy that it took.
private struct MachineRow {
  var description: MachineDescription
  var energy: Joules?

  static func rows(_ report: SimulationReport, _ layout: ClusterLayout) -> [MachineRow] {
    layout.machines.enumerated().map { index, machine in
      MachineRow(
        description: machine,
        energy: report.energy.machines.isEmpty ? nil : report.energy.machines[index])
    }
  }

  static let columns: [TableColumn<MachineRow>] = [
    TableColumn("machine_id", .integer { $0.description.number }),
    TableColumn("cpu_cores", .number { $0.description.capacity.cpu.value }),
    TableColumn("memory_bytes", .integer { $0.description.capacity.memory.rawValue }),
    TableColumn("disk_bytes", .integer { $0.description.capacity.disk.rawValue }),
    TableColumn("gpu_milli", .integer { $0.description.capacity.milliGPU }),
    TableColumn("speed", .number { $0.description.speed }),
    TableColumn("energy_kwh", nullable: true, .number { $0.energy?.kilowattHours }),
  ]
}
