import Diagnostics
import TraceInput
import Workload

/// A list of machines that is no table: a reader of its own makes machines of it.
protocol MachineListing: Sendable {
  /// The list in `group`; nil if it is no such list.
  init?(_ group: TraceInput.Group)

  /// The machines, and what was counted.
  func read(_ options: ReadOptions) throws(TraceError) -> MachineEventList

  /// The same where the table of tasks is there, which may say more of the machines.
  func read(
    _ options: ReadOptions, beside tasks: [TraceInput.Group]
  ) throws(TraceError) -> MachineEventList
}

extension MachineListing {
  func read(
    _ options: ReadOptions, beside tasks: [TraceInput.Group]
  ) throws(TraceError) -> MachineEventList { try read(options) }
}

/// The lists of machines that mappings can name (`machines: {listing: slurm}`).
enum MachineListings {
  static let all: [String: any MachineListing.Type] = [
    "slurm": SlurmNodes.self, "opendc": OpenDCTopology.self, "philly": PhillyMachines.self,
  ]
}

extension TableMapping.Machines {
  /// The kind of list; nil where they are a table.
  var list: (any MachineListing.Type)? { listing.flatMap { MachineListings.all[$0] } }
}

extension Note {
  /// Machines that took no work when they were listed.
  ///
  /// A list is of one moment, and jobs are of weeks: they count as machines.
  ///
  /// - Parameters:
  ///   - states: why, and how many.
  ///   - total: how many machines are listed.
  static func idleMachines(_ states: [(state: String, count: Int)], of total: Int) -> Note {
    let count = states.reduce(0) { $0 + $1.count }
    let words = states.map { "\($0.count) \($0.state)" }.joined(separator: ", ")
    return Note(
      .assumed, "machines",
      Dictionary(
        states.map { ($0.state, Double($0.count)) } + [("machines", Double(count))],
        uniquingKeysWith: +),
      "took no work when they were listed, and count as machines: \(words), of \(total) nodes")
  }
}
