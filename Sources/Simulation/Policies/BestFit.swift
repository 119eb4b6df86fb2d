// Best fit: the machine that is left with the least (Johnson, JCSS 8, 1974).
import Workload

/// Places each task on the machine that is left with the least room, ties to the lowest index.
///
/// Room is the sum over CPU, memory, disk and GPU of what is free, each as a share of the largest
/// capacity that any machine has of it when the run begins.
///
/// Johnson, "Fast algorithms for bin packing", J. Computer and System Sciences 8 (1974); for
/// several resources, the sum of what is left, as Panigrahy, Talwar, Uyeda and Wieder, "Heuristics
/// for vector bin packing" (2011).
public struct BestFit: ScoredPolicy {
  /// `best-fit`.
  public let name = "best-fit"
  private var index = RoomIndex(descending: false)
  /// A best-fit policy.
  public init() {}

  /// Orders the machines.
  public mutating func runBegan(on cluster: borrowing Cluster) { index.build(cluster) }

  /// Keeps the order. O(log n).
  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    index.update(machine, cluster)
  }

  /// Takes the fullest that fits. O(log n) as a rule, O(n) at worst.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    index.first(for: task, cluster).map(Placement.machine) ?? .wait
  }

  /// The room that is free, where it fits now.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    cluster.mayStart(task, on: machine) ? index.room(of: machine) : .infinity
  }
}
