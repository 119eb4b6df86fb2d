// Dot product: the free room most like the request (Tetris: Grandl et al., SIGCOMM 2014).
import Workload

/// Places each task where the dot product of its request and the free room, both as shares of the
/// machine's capacity, is greatest; ties to the lowest index.
///
/// Grandl, Ananthanarayanan, Kandula, Rao and Akella, "Multi-resource packing for cluster
/// schedulers" (Tetris), SIGCOMM 2014.
public struct DotProduct: ScoredPolicy {
  /// `dot-product`.
  public let name = "dot-product"
  /// A dot-product policy.
  public init() {}

  /// What it is cheapest by.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    let capacity = cluster.capacity(machine)
    let request = Cluster.shares(task.request, of: capacity)
    return -(request * Cluster.shares(cluster.free(machine), of: capacity)).sum()
  }
}
