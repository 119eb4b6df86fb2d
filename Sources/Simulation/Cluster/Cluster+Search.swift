import Workload

// Searches that policies share.
extension Cluster {
  /// The machine of least cost among those on which the task fits now, ties to the lowest index;
  /// waits if it fits nowhere. `cost` must not be NaN. O(n).
  public func cheapestFit(
    for task: TaskView, cost: (borrowing Cluster, Int) -> Double
  ) -> Placement {
    var best: Int?
    var least = Double.infinity
    for machine in 0..<count where fits(task.request, on: machine) {
      let cost = cost(self, machine)
      if best == nil || cost < least { (best, least) = (machine, cost) }
    }
    return best.map(Placement.machine) ?? .wait
  }
}
