import Diagnostics
import TraceInput
import Workload

/// The machines of a trace whose tasks are not there, such as `kubectl get nodes -o json` by itself: a cluster,
/// and nothing to replay.
struct MachinesAlone: RecognisedTrace {
  let format: String
  let group: TraceInput.Group
  let machines: TableMapping.Machines
  /// What records would be made of.
  let tasks: String
  let passedOver: [PassedOverFile]

  private static let table = "machines"

  var tables: [TraceTable] { [group.traceTable(Self.table)] }
  var notes: [Note] { [] }
  var machineTable: String? { Self.table }

  func canMakeRecords(from table: String?) -> Bool { false }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    throw TraceError(
      .unrecognised,
      "the machines of \(format); records are made of \(tasks): give both, in one folder",
      file: group.files[0].name)
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    try read(options)
  }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    guard table == Self.table else {
      throw TraceError(.missing, "no table \(table) among the machines of \(format)")
    }
    return try read(options).survey ?? TableSurvey()
  }

  private func read(
    _ options: ReadOptions
  ) throws(TraceError) -> MachineEventList {
    if let list = machines.list?.init(group) { return try list.read(options) }
    var (list, survey) = try MappedMachines(machines.scaled(by: options.scale)).read(group, options)
    list.survey = survey
    return list
  }
}
