// Earliest completion: the machine on which the task should end first (minimum completion time,
// MCT). Maheswaran, Ali, Siegel, Hensgen and Freund, "Dynamic mapping of a class of independent
// tasks onto heterogeneous computing systems", J. Parallel and Distributed Computing 59 (1999).
import Workload

/// Places each task where it may be expected to end first, by estimates, speeds and backlogs; ties
/// to the lowest index.
public struct EarliestCompletion: PlacementPolicy {
  /// `earliest-completion`.
  public let name = "earliest-completion"
  /// An earliest-completion policy.
  public init() {}

  /// Takes the machine where it ends first. O(n).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in
      cluster.expectedCompletion(of: task, on: machine)
    }
  }
}
