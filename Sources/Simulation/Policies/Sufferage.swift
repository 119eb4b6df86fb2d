// Sufferage: what would lose most elsewhere goes first (after Maheswaran et al., JPDC 59, 1999).
import Workload

/// The waiting task that would lose most by its second-best machine goes first; one that only one
/// machine can take comes before all.
///
/// After Maheswaran, Ali, Siegel, Hensgen and Freund, "Dynamic mapping of a class of independent tasks
/// onto heterogeneous computing systems", J. Parallel and Distributed Computing 59 (1999). Their figure 4
/// goes in passes, in each of which every machine takes at most one task; here tasks are committed one by
/// one, and what they would suffer is worked out anew after each, so that assignments may differ.
public struct Sufferage: BatchPlacementPolicy, CompletionPolicy {
  /// `sufferage`.
  public let name = "sufferage"
  /// True.
  public var goesByEstimates: Bool { true }
  /// A sufferage policy.
  public init() {}

  /// Takes the task that would suffer most.
  public mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    chooseByMerit(waiting, cluster) { $1.second - $1.first }
  }
}
