import Diagnostics
import TraceInput
import Workload

/// A list of machines that is no table: a reader of its own makes machines of it.
protocol MachineListing: Sendable {
  /// The list in `group`; nil if it is no such list.
  init?(_ group: TraceInput.Group)

  /// The machines, and what was counted.
  func read(_ options: ReadOptions) throws(TraceError) -> MachineEventList
}

/// The lists of machines that mappings can name (`machines: {listing: slurm}`).
enum MachineListings {
  static let all: [String: any MachineListing.Type] = [
    "slurm": SlurmNodes.self, "opendc": OpenDCTopology.self,
  ]
}

extension TableMapping.Machines {
  /// The kind of list; nil where they are a table.
  var list: (any MachineListing.Type)? { listing.flatMap { MachineListings.all[$0] } }
}

/// A list of machines by itself, for `--cluster`.
public struct MachineListFormat: TraceFormat {
  /// The name for `--format`.
  public let name: String
  /// What it is.
  public let summary: FormatSummary?
  private let listing: any MachineListing.Type
  private let tasks: String

  /// Nodes of a Slurm cluster.
  public static let slurmNodes = MachineListFormat(
    name: "slurm-nodes",
    summary: FormatSummary(
      about:
        "nodes of a Slurm cluster: scontrol show node (lines, blocks, --json), sinfo (-N -l, -o with a header, --json)",
      knownBy:
        "a first line `NodeName=`; a header with `NODELIST` or `HOSTNAMES`; JSON with `nodes` or `sinfo`",
      tables: ["no tasks", "its list (machines)"], reads: ["machines with their partitions"],
      limits: ["a node counts whatever state it is in; the states are counted"]),
    listing: SlurmNodes.self, tasks: "its accounting (sacct)")

  /// Hosts of an OpenDC topology.
  public static let openDCTopology = MachineListFormat(
    name: "opendc-topology",
    summary: FormatSummary(
      about: "OpenDC topologies, topology.json",
      knownBy: "JSON with `clusters`, `hosts` and `coreCount`",
      tables: ["no tasks", "its hosts (machines)"],
      reads: ["machines, their clusters as partitions"],
      limits: [
        "clock rates and power models are left out",
        "memorySize is bytes; MB where no host of the file has as much as 64 MiB",
      ]), listing: OpenDCTopology.self, tasks: "its tasks.parquet")

  /// The list in `input`; several are no cluster.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let found = input.groups.filter { listing.init($0) != nil }
    guard let group = found.first, let list = listing.init(group) else { return nil }
    if found.count > 1 || group.files.count > 1 {
      let names = found.flatMap(\.files).map(\.baseName)
      throw TraceError(
        .unrecognised, "several lists of machines: give one of \(names.joined(separator: ", "))",
        file: input.path)
    }
    return Trace(
      format: name, group: group, list: list, tasks: tasks,
      passedOver: input.passedOver(besides: [group], format: name))
  }

  private struct Trace: RecognisedTrace {
    let format: String
    let group: TraceInput.Group
    let list: any MachineListing
    let tasks: String
    let passedOver: [PassedOverFile]

    var notes: [Note] { [] }
    var tables: [TraceTable] { [group.traceTable("machines")] }
    var machineTable: String? { "machines" }

    func canMakeRecords(from table: String?) -> Bool { false }

    func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
      throw TraceError(
        .unrecognised,
        "the machines of \(format); records are made of \(tasks): give both, in one folder",
        file: group.files[0].name)
    }

    func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
      try list.read(options)
    }

    func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
      try list.read(options).survey ?? TableSurvey()
    }
  }
}
