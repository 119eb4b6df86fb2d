// The original study's priority min-min, as its code has it (John, 2026).
import Workload

/// The study's "Priority Min-Min", which ignores priority and looks at one task: the node of least
/// run time × (1 + CPU utilisation), ties to the first, else refused.
///
/// John, "Decentralized Task Scheduling in Distributed Systems: A Deep Reinforcement Learning
/// Approach" (2026), as its published code has it, for comparison with its figures only.
public struct StudyPriorityMinMin: PlacementPolicy {
  /// The study's priority min-min.
  public init() {}
  /// `study-priority-min-min`.
  public var name: String { "study-priority-min-min" }
  /// True.
  public var goesByEstimates: Bool { true }

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
