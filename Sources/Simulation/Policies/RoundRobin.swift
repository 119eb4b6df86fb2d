// Round robin: the next machine in turn (Kleinrock, "Queueing Systems", vol. 2, 1976).
import Workload

/// Places each task on the next machine in turn that can take it, beginning with machine 0.
public struct RoundRobin: PlacementPolicy {
  /// `round-robin`.
  public let name = "round-robin"
  private var next = 0
  /// A round-robin policy.
  public init() {}

  /// Takes the next in turn. O(log n) as a rule.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    guard
      let machine = cluster.firstCandidate(for: task, from: next)
        ?? cluster.firstCandidate(for: task)
    else { return .wait }
    next = machine + 1
    return .machine(machine)
  }
}
