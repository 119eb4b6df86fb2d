// Kubernetes' scores LeastAllocated, MostAllocated and NodeResourcesBalancedAllocation, on CPU and
// memory in equal weight. kubernetes.io, "Resource bin packing" and the scheduler's source,
// pkg/scheduler/framework/plugins/noderesources (v1.30).
import Workload

/// Places each task where the mean share of CPU and memory claimed, with it, is least: Kubernetes'
/// default, which spreads. Ties to the lowest index.
public struct LeastAllocated: PlacementPolicy {
  /// `least-allocated`.
  public let name = "least-allocated"
  /// A least-allocated policy.
  public init() {}

  /// Takes the least allocated. O(n).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in
      let shares = cluster.sharesAfter(task, on: machine)
      return (shares[0] + shares[1]) / 2
    }
  }
}

/// Places each task where the mean share of CPU and memory claimed, with it, is greatest: packs.
/// Ties to the lowest index.
public struct MostAllocated: PlacementPolicy {
  /// `most-allocated`.
  public let name = "most-allocated"
  /// A most-allocated policy.
  public init() {}

  /// Takes the most allocated. O(n).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in
      let shares = cluster.sharesAfter(task, on: machine)
      return -(shares[0] + shares[1]) / 2
    }
  }
}

/// Places each task where the shares of CPU and memory claimed, with it, differ least: the standard
/// deviation of two values is half their distance. Ties to the lowest index.
public struct BalancedAllocation: PlacementPolicy {
  /// `balanced-allocation`.
  public let name = "balanced-allocation"
  /// A balanced-allocation policy.
  public init() {}

  /// Takes the most balanced. O(n).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in
      let shares = cluster.sharesAfter(task, on: machine)
      return abs(shares[0] - shares[1]) / 2
    }
  }
}
