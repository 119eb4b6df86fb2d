// Random: uniform among the machines on which the task fits now. No source; the usual baseline.
import Workload

/// Places each task on a machine drawn uniformly among those on which it fits now; waits if there
/// is none.
///
/// Machines are drawn from all, and one that does not fit is drawn again: what is left is uniform
/// among those that fit. After as many failures as pay, the machines that fit are counted and one
/// of them drawn, which is uniform too.
public struct RandomPlacement: PlacementPolicy {
  /// A random policy.
  public init() {}
  public var name: String { "random" }

  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    guard cluster.count > 0 else { return .wait }
    for _ in 0..<16 {
      let machine = rng.below(cluster.count)
      if cluster.fits(task.request, on: machine) { return .machine(machine) }
    }
    var fitting = 0
    var next = cluster.firstFit(for: task.request)
    while let machine = next {
      fitting += 1
      next = cluster.firstFit(for: task.request, from: machine + 1)
    }
    guard fitting > 0 else { return .wait }
    var machine = cluster.firstFit(for: task.request)
    for _ in 0..<rng.below(fitting) {
      machine = cluster.firstFit(for: task.request, from: (machine ?? 0) + 1)
    }
    return machine.map(Placement.machine) ?? .wait
  }
}
