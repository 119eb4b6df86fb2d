// Worst fit: the machine that is left with the most (Johnson, MIT, 1973).
import Workload

/// Places each task on the machine that is left with the most room, ties to the lowest index.
///
/// Room is the sum over CPU, memory, disk and GPU of what is free, each as a share of the largest
/// capacity that any machine has of it when the run begins.
///
/// Johnson, "Near-optimal bin packing algorithms" (MIT, 1973); room over several resources as in
/// best fit.
public struct WorstFit: ScoredPolicy {
  /// `worst-fit`.
  public let name = "worst-fit"
  private var index = RoomIndex(descending: true)
  /// A worst-fit policy.
  public init() {}

  /// Orders the machines.
  public mutating func runBegan(on cluster: borrowing Cluster) { index.build(cluster) }

  /// Keeps the order. O(log n).
  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    index.update(machine, cluster)
  }

  /// Takes the emptiest that fits. O(log n) as a rule, O(n) at worst.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    index.first(for: task, cluster).map(Placement.machine) ?? .wait
  }

  /// The room that is free, negated, where it fits now.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    cluster.mayStart(task, on: machine) ? -index.room(of: machine) : .infinity
  }
}
