// Earliest completion: where the task should end first (MCT: Maheswaran et al., JPDC 59, 1999).
import Workload

/// Places each task where it may be expected to end first, by estimates, speeds and backlogs; ties
/// to the lowest index.
///
/// Maheswaran, Ali, Siegel, Hensgen and Freund, "Dynamic mapping of a class of independent tasks
/// onto heterogeneous computing systems", J. Parallel and Distributed Computing 59 (1999).
public struct EarliestCompletion: ScoredPolicy {
  /// `earliest-completion`.
  public let name = "earliest-completion"
  /// True.
  public var goesByEstimates: Bool { true }
  /// An earliest-completion policy.
  public init() {}

  /// What it is cheapest by.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    cluster.expectedCompletion(of: task, on: machine)
  }
}
