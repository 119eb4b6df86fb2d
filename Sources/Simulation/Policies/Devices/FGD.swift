// FGD: the least increase in fragmentation of devices (Weng et al., USENIX ATC 2023).
import PortableMath
import Workload

/// Puts each task where the fragmentation of a machine's devices (``DeviceFragmentation``) grows least; one that
/// shares a device, on the device for which it does.
///
/// Weng, Yang, Yu, Wang, Tang, Yang and Zhang, "Beware of fragmentation: scheduling GPU-sharing workloads with
/// fragmentation gradient descent", USENIX ATC 2023. The score is theirs: 100 / (1 + e^(growth / 1000)), cut to
/// whole numbers; much of the policy's lead is in what that makes equal.
public struct FGD: DeviceRule {
  /// `fgd`.
  public let name = "fgd"
  /// True.
  public let weighsDevices = true
  private var measure = DeviceFragmentation([])
  /// A rule.
  public init() {}

  /// Takes over the typical tasks.
  public mutating func runBegan(on cluster: borrowing Cluster) {
    measure = DeviceFragmentation(cluster.typicalTasks)
  }

  public func score(
    _ request: Resources, _ asked: DeviceRequest?, on taken: DeviceSet, of machine: Int,
    in cluster: borrowing Cluster
  ) -> Double {
    let free = cluster.freeDevices(machine)
    let cpu = cluster.free(machine).cpu
    let type = cluster.deviceType(machine)
    let before = measure(free, cpu: cpu, type: type)
    let left = asked.map { free.without($0, on: taken) } ?? free
    let after = measure(left, cpu: cpu - request.cpu, type: type)
    return 100 / (1 + exp((after - before) / 1000))
  }
}
