// Least loaded: the machine whose CPU is asked for least (Winston, J. Appl. Prob. 14, 1977).
import Workload

/// Places each task on the machine with the smallest share of its CPU asked for, by tasks that run
/// or wait there; ties to the lowest index.
///
/// Join the shortest queue, with work counted in cores: Winston, "Optimality of the shortest line
/// discipline", J. Applied Probability 14 (1977).
public struct LeastLoaded: ScoredPolicy {
  /// `least-loaded`.
  public let name = "least-loaded"
  /// A least-loaded policy.
  public init() {}

  /// What it is cheapest by.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    cluster.demand(machine)
  }
}
