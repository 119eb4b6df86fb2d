// Min-min: of those waiting, what can end first goes first (Ibarra and Kim, J. ACM 24, 1977).
import Workload

/// The waiting task that can end first goes first, to the machine where it does.
///
/// Ibarra and Kim, "Heuristic algorithms for scheduling independent tasks on nonidentical
/// processors", J. ACM 24 (1977); Maheswaran, Ali, Siegel, Hensgen and Freund, "Dynamic mapping of
/// a class of independent tasks onto heterogeneous computing systems", J. Parallel and Distributed
/// Computing 59 (1999).
public struct MinMin: BatchPlacementPolicy, CompletionPolicy {
  /// `min-min`.
  public let name = "min-min"
  /// True.
  public var goesByEstimates: Bool { true }
  /// A min-min policy.
  public init() {}

  /// Takes the task that ends first.
  public mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    chooseByMerit(waiting, cluster) { -$1.first }
  }
}
