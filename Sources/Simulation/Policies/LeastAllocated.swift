// Least allocated: Kubernetes' NodeResourcesFit, default strategy (kubernetes.io, v1.30).
import Workload

/// Places each task where the mean share of CPU and memory claimed, with it, is least: Kubernetes'
/// default, which spreads. Ties to the lowest index.
///
/// kubernetes.io, "Resource bin packing", and the scheduler's source,
/// pkg/scheduler/framework/plugins/noderesources (v1.30); CPU and memory in equal weight.
public struct LeastAllocated: ScoredPolicy {
  /// `least-allocated`.
  public let name = "least-allocated"
  /// A least-allocated policy.
  public init() {}

  /// What it is cheapest by.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    let shares = cluster.sharesAfter(task, on: machine)
    return (shares[0] + shares[1]) / 2
  }
}
