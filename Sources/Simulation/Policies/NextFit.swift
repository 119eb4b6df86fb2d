// Next fit: first fit, going on from the last machine used (Johnson, JCSS 8, 1974).
import Workload

/// Places each task on the first machine on which it fits now, from the last one used onwards and
/// around.
///
/// Johnson, "Fast algorithms for bin packing", J. Computer and System Sciences 8 (1974); around in
/// a circle, as bins never close.
public struct NextFit: PlacementPolicy {
  /// `next-fit`.
  public let name = "next-fit"
  private var last = 0
  /// A next-fit policy.
  public init() {}

  /// Takes the next that fits, the last one used included. O(log n) as a rule.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    guard
      let machine = cluster.firstFit(for: task, from: last)
        ?? cluster.firstFit(for: task)
    else { return .wait }
    last = machine
    return .machine(machine)
  }
}
