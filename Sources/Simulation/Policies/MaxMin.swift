// Max-min: of those waiting, what ends last goes first (Ibarra and Kim, J. ACM 24, 1977).
import Workload

/// The waiting task whose earliest end is latest goes first, to the machine where it ends first.
///
/// Ibarra and Kim, "Heuristic algorithms for scheduling independent tasks on nonidentical
/// processors", J. ACM 24 (1977); Maheswaran, Ali, Siegel, Hensgen and Freund, "Dynamic mapping of
/// a class of independent tasks onto heterogeneous computing systems", J. Parallel and Distributed
/// Computing 59 (1999).
public struct MaxMin: BatchPlacementPolicy, CompletionPolicy {
  /// `max-min`.
  public let name = "max-min"
  /// True.
  public var goesByEstimates: Bool { true }
  /// A max-min policy.
  public init() {}

  /// Takes the task that ends last.
  public mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    chooseByMerit(waiting, cluster) { $1.first }
  }
}
