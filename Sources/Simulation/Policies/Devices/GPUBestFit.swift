// GPU best fit: the machine left with the least CPU and GPU (as in Weng et al.'s code, USENIX ATC 2023).
import Workload

/// Puts each task on the machine that is left with the least CPU, as a share of 128 cores, and GPU, as a share of 8,
/// in equal parts: the best fit that Weng et al. (USENIX ATC 2023) compare with.
public struct GPUBestFit: DeviceRule {
  /// `gpu-best-fit`.
  public let name = "gpu-best-fit"
  /// A rule.
  public init() {}

  public func score(
    _ request: Resources, _ asked: DeviceRequest?, on taken: DeviceSet, of machine: Int,
    in cluster: borrowing Cluster
  ) -> Double {
    let cpu = (cluster.free(machine).cpu - request.cpu).value / 128
    let devices = Double(cluster.freeDeviceSum(machine) - (asked?.total ?? 0)) / 8000
    return 100 * (1 - (cpu + devices) / 2)
  }
}
