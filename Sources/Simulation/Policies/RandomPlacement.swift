// Random: uniform among the machines that can take the task (Eager et al., IEEE TSE 12, 1986).
import Workload

/// Places each task on a machine drawn uniformly among those that can take it; waits if none can.
///
/// The random policy of Eager, Lazowska and Zahorjan, "Adaptive load sharing in homogeneous distributed
/// systems", IEEE Transactions on Software Engineering 12 (1986).
public struct RandomPlacement: PlacementPolicy {
  /// `random`.
  public let name = "random"
  /// A random policy.
  public init() {}

  /// All alike.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    cluster.score(task, into: &scores) { _, _ in 0 }
  }

  /// Draws a machine. O(1) where many can take the task.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.randomCandidate(for: task, using: &rng).map(Placement.machine) ?? .wait
  }
}
