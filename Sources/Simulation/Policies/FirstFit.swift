// First fit: the lowest-numbered machine on which the task fits (Johnson, JCSS 8, 1974).
import Workload

/// Places each task on the lowest-numbered machine on which it fits now.
///
/// Johnson, "Fast algorithms for bin packing", J. Computer and System Sciences 8 (1974).
public struct FirstFit: ScoredPolicy {
  /// `first-fit`.
  public let name = "first-fit"
  /// A first-fit policy.
  public init() {}

  /// Takes the first that fits. O(log n) as a rule.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.firstFit(for: task).map(Placement.machine) ?? .wait
  }

  /// Its index, where it fits now.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    cluster.mayStart(task, on: machine) ? Double(machine) : .infinity
  }
}
