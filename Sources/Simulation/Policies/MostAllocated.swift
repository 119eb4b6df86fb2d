// Most allocated: Kubernetes' NodeResourcesFit, bin packing (kubernetes.io, v1.30).
import Workload

/// Places each task where the mean share of CPU and memory claimed, with it, is greatest: packs.
/// Ties to the lowest index.
///
/// kubernetes.io, "Resource bin packing", and the scheduler's source,
/// pkg/scheduler/framework/plugins/noderesources (v1.30); CPU and memory in equal weight.
public struct MostAllocated: ScoredPolicy {
  /// `most-allocated`.
  public let name = "most-allocated"
  /// A most-allocated policy.
  public init() {}

  /// What it is cheapest by.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    let shares = cluster.sharesAfter(task, on: machine)
    return -(shares[0] + shares[1]) / 2
  }
}
