// Kubernetes' scores LeastAllocated, MostAllocated and NodeResourcesBalancedAllocation, on CPU and
// memory in equal weight. kubernetes.io, "Resource bin packing" and the scheduler's source,
// pkg/scheduler/framework/plugins/noderesources (v1.30).
import Workload

/// Places each task where the mean share of CPU and memory claimed, with it, is least: Kubernetes'
/// default, which spreads. Ties to the lowest index.
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

/// Places each task where the mean share of CPU and memory claimed, with it, is greatest: packs.
/// Ties to the lowest index.
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

/// Places each task where the shares of CPU and memory claimed, with it, differ least: the standard
/// deviation of two values is half their distance. Ties to the lowest index.
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
