// The original study's policies as its published code has them, for comparison with its figures
// only. John, "Decentralized Task Scheduling in Distributed Systems: A Deep Reinforcement Learning
// Approach" (2026). None of them is what its name says: see the algorithms of those names.
import Workload

/// The study's "Random": uniform among the nodes on which the task fits, else refused.
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

/// The study's "Weighted Round Robin", which has no weights: the next node in turn on which the
/// task fits, beginning with node 1, else refused.
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

/// The study's "Priority Min-Min", which ignores priority and looks at one task: the node of least
/// run time × (1 + CPU utilisation), ties to the first, else refused.
public struct StudyPriorityMinMin: PlacementPolicy {
  /// The study's priority min-min.
  public init() {}
  /// `study-priority-min-min`.
  public var name: String { "study-priority-min-min" }

  /// Takes the node of least score. O(n).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    let time = task.estimate.isKnown ? task.estimate.seconds : 1
    let placement = cluster.cheapest(for: task) { cluster, machine in
      time * (1 + cluster.cpuUtilisation(machine))
    }
    return placement == .wait ? .reject : placement
  }
}
