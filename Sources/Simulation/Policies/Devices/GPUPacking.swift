// GPU packing: devices in use before idle ones, idle ones of machines in use before idle machines (Weng et al., ATC 2023).
import Workload

/// Puts tasks that share a device on devices in use, the fullest first; else tasks go to idle devices of machines in
/// use, and last to idle machines, those of few devices first. Tasks without devices are put anywhere.
///
/// GpuPacking as in Weng et al.'s code (USENIX ATC 2023).
public struct GPUPacking: DeviceRule {
  /// `gpu-packing`.
  public let name = "gpu-packing"
  /// A rule.
  public init() {}

  public func score(
    _ request: Resources, _ asked: DeviceRequest?, on taken: DeviceSet, of machine: Int,
    in cluster: borrowing Cluster
  ) -> Double {
    guard asked != nil else { return 0 }
    let free = cluster.freeDevices(machine)
    let idle = Int(free.count(with: 1000))
    if idle == cluster.deviceCount(machine) { return Double(max(33 - idle, idle)) }
    let devices = taken.devices
    let opened = devices.count { free[$0] == 1000 }
    if opened > 0 { return Double(max(50 - opened, 33)) }
    let percent = devices.reduce(0) { $0 + Int(free[$1]) / 10 }
    return Double(max(100 - percent / 10, 50))
  }
}
