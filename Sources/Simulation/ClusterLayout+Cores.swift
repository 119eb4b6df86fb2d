import Workload

extension ClusterLayout {
  /// Cores of the machines that are there at the start, each times its speed.
  public var effectiveCores: Double {
    machines.reduce(0) { $0 + ($1.isUp ? $1.capacity.cpu.value * $1.speed : 0) }
  }
}
