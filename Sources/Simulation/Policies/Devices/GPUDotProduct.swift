// GPU dot product: the free CPU and GPU least like the request (as in Weng et al.'s code, USENIX ATC 2023).
import Workload

/// Puts each task where the dot product of its request and what is free is least, CPU in shares of 128 cores and GPU
/// in shares of 8: what Weng et al. (USENIX ATC 2023) call DotProd. Theirs takes the least, Tetris
/// (``DotProduct``) the greatest.
public struct GPUDotProduct: DeviceRule {
  /// `gpu-dot-product`.
  public let name = "gpu-dot-product"
  /// A rule.
  public init() {}

  public func score(
    _ request: Resources, _ asked: DeviceRequest?, on taken: DeviceSet, of machine: Int,
    in cluster: borrowing Cluster
  ) -> Double {
    let cpu = cluster.free(machine).cpu.value * request.cpu.value / (128 * 128)
    let devices =
      Double(cluster.freeDeviceSum(machine)) * Double(asked?.total ?? 0) / (8000 * 8000)
    return 100 * (1 - (cpu + devices) / 2)
  }
}
