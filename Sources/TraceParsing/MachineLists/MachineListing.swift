import Diagnostics
import TraceInput

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
