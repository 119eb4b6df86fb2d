// Minimum energy increase: the least rise in power (Beloglazov et al., FGCS 28, 2012).
import Workload

/// Places each task where it adds the least energy: the rise in power × its time there, a sleeping
/// machine's rise counting from what it draws asleep. Ties to the lowest index.
///
/// Beloglazov, Abawajy and Buyya, "Energy-aware resource allocation heuristics", Future Generation
/// Computer Systems 28 (2012).
public struct MinimumEnergy: ScoredPolicy {
  /// `minimum-energy`.
  public let name = "minimum-energy"
  /// It does.
  public var goesByPower: Bool { true }
  /// A minimum-energy policy.
  public init() {}

  /// What it is cheapest by.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    let power = cluster.power(machine)
    let now =
      cluster.isAsleep(machine) ? power.sleep : power.power(at: cluster.cpuLoad(machine))
    let then = power.power(at: cluster.sharesAfter(task, on: machine)[0])
    // Its time is the same everywhere but for the speed.
    return (then.value - now.value) / cluster.speed(machine)
  }
}
