// Weighted random: by cores × speed among the machines with room now; ours.
import Workload

/// Places each task on a machine drawn in proportion to cores × speed among those on which it fits
/// now and nothing waits; among those that can take it where there is none.
public struct WeightedRandom: PlacementPolicy {
  /// `weighted-random`.
  public let name = "weighted-random"
  private var sampler = CandidateSampler(.weighted)
  /// A weighted random policy.
  public init() {}

  /// Prepares the draws.
  public mutating func runBegan(on cluster: borrowing Cluster) { sampler.prepare(cluster) }

  /// Draws until one has room, at most 32 machines. O(1) where many have.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    sampler.draw(1, for: task, on: cluster, using: &rng)
    guard let first = sampler.drawn.first else { return .wait }
    var choice = first
    for _ in 0..<32 {
      let machine = Int(choice)
      if cluster.queueLength(machine) == 0, cluster.mayStart(task, on: machine) {
        return .machine(machine)
      }
      sampler.draw(1, for: task, on: cluster, using: &rng)
      choice = sampler.drawn.first ?? first
    }
    return .machine(Int(first))
  }
}
