// Dot product: the machine whose free room is most like the request. Grandl, Ananthanarayanan,
// Kandula, Rao and Akella, "Multi-resource packing for cluster schedulers" (Tetris), SIGCOMM 2014.
import Workload

/// Places each task where the dot product of its request and the free room, both as shares of the
/// machine's capacity, is greatest; ties to the lowest index.
public struct DotProduct: PlacementPolicy {
  /// `dot-product`.
  public let name = "dot-product"
  /// A dot-product policy.
  public init() {}

  /// Takes the best aligned. O(n).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in
      let capacity = cluster.capacity(machine)
      let request = Cluster.shares(task.request, of: capacity)
      return -(request * Cluster.shares(cluster.free(machine), of: capacity)).sum()
    }
  }
}
