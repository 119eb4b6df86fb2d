// Smooth weighted round robin by CPU capacity × speed (nginx: Dounin, 2012).
import Workload

/// Places tasks on machines in turn, in proportion to their cores × speed, spread evenly: weights 5,
/// 1, 1 give a a b a c a a.
///
/// Each machine that can take the task gains its weight; the one that has most, ties to the lowest
/// index, is chosen and pays what all gained.
///
/// nginx, "Upstream: smooth weighted round-robin balancing" (Dounin, 2012).
public struct WeightedRoundRobin: PlacementPolicy {
  /// `weighted-round-robin`.
  public let name = "weighted-round-robin"
  private var credit: [Int64] = []
  /// A weighted round-robin policy.
  public init() {}

  /// All begin with nothing.
  public mutating func runBegan(on cluster: borrowing Cluster) {
    credit = Array(repeating: 0, count: cluster.count)
  }

  /// Takes the machine with most credit. O(n).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    var best: Int?
    var total: Int64 = 0
    for machine in 0..<cluster.count where cluster.canTake(task, on: machine) {
      // Thousandths of a core, so that sums are exact.
      let weight = Int64(cluster.capacity(machine).cpu.value * cluster.speed(machine) * 1000)
      credit[machine] += weight
      total += weight
      if best == nil || credit[machine] > credit[best!] { best = machine }
    }
    guard let best else { return .wait }
    credit[best] -= total
    return .machine(best)
  }
}
