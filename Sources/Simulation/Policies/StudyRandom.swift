// The original study's random, as its code has it (John, 2026).
import Workload

/// The study's "Random": uniform among the nodes on which the task fits, else refused.
///
/// John, "Decentralized Task Scheduling in Distributed Systems: A Deep Reinforcement Learning
/// Approach" (2026), as its published code has it, for comparison with its figures only.
public struct StudyRandom: PlacementPolicy {
  private var uniform = RandomPlacement()
  /// The study's random policy.
  public init() {}
  /// `study-random`.
  public var name: String { "study-random" }

  /// Draws a node.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    let placement = uniform.place(task, on: cluster, using: &rng)
    return placement == .wait ? .reject : placement
  }
}
