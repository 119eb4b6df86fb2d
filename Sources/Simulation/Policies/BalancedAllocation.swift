// Balanced allocation: Kubernetes' NodeResourcesBalancedAllocation (kubernetes.io, v1.30).
import Workload

/// Places each task where the shares of CPU and memory claimed, with it, differ least: the standard
/// deviation of two values is half their distance. Ties to the lowest index.
///
/// kubernetes.io, "Resource bin packing", and the scheduler's source,
/// pkg/scheduler/framework/plugins/noderesources (v1.30); CPU and memory in equal weight.
public struct BalancedAllocation: ScoredPolicy {
  /// `balanced-allocation`.
  public let name = "balanced-allocation"
  /// A balanced-allocation policy.
  public init() {}

  /// What it is cheapest by.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    let shares = cluster.sharesAfter(task, on: machine)
    return abs(shares[0] - shares[1]) / 2
  }
}
