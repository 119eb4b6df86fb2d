// The original study's weighted round robin, as its code has it (John, 2026).
import Workload

/// The study's "Weighted Round Robin", which has no weights: the next node in turn on which the
/// task fits, beginning with node 1, else refused.
///
/// John, "Decentralized Task Scheduling in Distributed Systems: A Deep Reinforcement Learning
/// Approach" (2026), as its published code has it, for comparison with its figures only.
public struct StudyWeightedRoundRobin: PlacementPolicy {
  private var current = 0
  /// The study's weighted round robin.
  public init() {}
  /// `study-weighted-round-robin`.
  public var name: String { "study-weighted-round-robin" }

  /// Takes the next node in turn.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    let next =
      cluster.firstFit(for: task, from: current + 1) ?? cluster.firstFit(for: task)
    guard let next else { return .reject }
    current = next
    return .machine(next)
  }
}
