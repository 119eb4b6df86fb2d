import Foundation
import Simulation
import TraceParsing
import Workload

/// All that a simulation is made of but its seed.
struct SimulationJob: Sendable {
  let workload: String
  let cluster: String
  let scheduler: String
  let options: SimulationOptions
  let scaleArrivals: Double
  let scaleLoad: Double
  let atStart: ReplayedTasks.AtStart
  let ignoresConstraints: Bool
  let selection: SelectionOptions
  let reading: TraceOptions
  let leniency: LenientOption

  /// A run, and what is to be said beside its report.
  struct Run {
    var report: SimulationReport
    var layout: ClusterLayout
    var tasks: ReplayedTasks
    var constraints: TraceConstraints
    var rejects: RejectLog?
  }

  /// One run from the beginning: everything is read anew.
  func run<Results: ResultSink>(
    seed: UInt64, meter: ReadMeter, results: inout Results
  ) throws -> Run {
    let rejects = try leniency.rejectLog()
    let layout = try ClusterArgument(cluster, reading: reading, rejects: rejects).layout(seed: seed)
    let policy = try SchedulerArgument(scheduler).policy()
    var simulator = Simulator(cluster: layout, policy: policy, options: options, seed: seed)
    let argument = try WorkloadArgument(
      workload, seed: seed, cores: layout.effectiveCores, reading: reading, selection: selection,
      meter: meter, rejects: rejects)
    let tasks = ReplayedTasks(argument, atStart: atStart)
    let constraints = try self.constraints(of: argument)
    simulator.constraints = constraints.table
    var dropped = 0
    simulator.dependencies = argument.dependencies
    if argument.stream != nil {
      (simulator.dependencies, dropped) = try present(argument.dependencies, seed: seed)
    }
    do throws(SimulationError) {
      var report = try simulator.run(
        tasks.scaleArrivals(by: scaleArrivals).scaleLoad(by: scaleLoad), results: &results)
      report.droppedDependencies += dropped
      return Run(
        report: report, layout: layout, tasks: tasks, constraints: constraints, rejects: rejects)
    } catch {
      throw error.underlying
    }
  }

  /// What tasks require of the machines, where the cluster is their own trace.
  private func constraints(of argument: WorkloadArgument) throws -> TraceConstraints {
    guard !ignoresConstraints, workload == cluster || argument.format == "records",
      FileManager.default.fileExists(atPath: cluster)
    else { return TraceConstraints() }
    var reading = self.reading
    reading.table = nil
    let meter = ReadMeter()
    guard ![".yaml", ".yml", ".json"].contains(where: cluster.hasSuffix),
      let trace = try reading.open(cluster, meter: meter, notes: false) as? Google2011Trace
    else { return TraceConstraints() }
    return try TraceConstraints(
      trace, reading.readOptions(meter: meter, rejects: leniency.rejectLog()))
  }

  /// The dependencies on tasks that the workload has, and how many others there were: it is read
  /// beforehand, if it can be read twice, so that nobody waits for a task that never comes.
  private func present(
    _ table: DependencyTable, seed: UInt64
  ) throws -> (DependencyTable, dropped: Int) {
    var isDirectory: ObjCBool = false
    let attributes = try? FileManager.default.attributesOfItem(atPath: workload)
    let type = attributes?[.type] as? FileAttributeType
    guard !table.isEmpty,
      FileManager.default.fileExists(atPath: workload, isDirectory: &isDirectory),
      isDirectory.boolValue || type == .typeRegular || type == .typeSymbolicLink
    else { return (table, 0) }
    var reading = self.reading
    reading.messages.quiet = true
    let argument = try WorkloadArgument(
      workload, seed: seed, reading: reading, selection: selection, meter: ReadMeter(),
      rejects: leniency.rejectLog())
    let tasks = ReplayedTasks(argument, atStart: atStart)
    var present: Set<TaskID> = []
    while let record = try tasks.next() {
      for id in [record.id, TaskID(wholeJob: record.id.job)] where table.hasSuccessors(id) {
        present.insert(id)
      }
    }
    return table.restricted { present.contains($0) }
  }
}
