// HEFT: the longest path first, to where it ends first (Topcuoglu et al., TPDS 13, 2002).
import Workload

/// Of the tasks that are ready, the one of greatest upward rank, ties to the first in the queue, goes
/// to the machine where it ends first, with what its data take to get there. The rank of a task that
/// no task waits for is its own length.
///
/// Topcuoglu, Hariri and Wu, "Performance-effective and low-complexity task scheduling for
/// heterogeneous computing", IEEE TPDS 13 (2002); as an online list scheduler, without insertion
/// into gaps.
public struct HEFT: BatchPlacementPolicy, CompletionPolicy {
  /// `heft`.
  public let name = "heft"
  /// True.
  public var goesByEstimates: Bool { true }
  /// A HEFT policy.
  public init() {}

  /// Takes the task of greatest rank. O(tasks × machines).
  public mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    chooseByMerit(waiting, cluster) { task, _ in task.upwardRank }
  }
}
