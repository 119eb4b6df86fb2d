// GPU clustering: tasks of a kind together (as in Weng et al.'s code, USENIX ATC 2023; after Gandiva).
import Workload

/// Puts tasks of a kind (``DeviceRequest/kind``: sharing, one device, two, four, more) on machines that have only
/// such, before those that have others too, before idle ones, before those that have only others; among like
/// machines, on the fuller. Tasks without devices are put anywhere.
///
/// GpuClustering as in Weng et al.'s code (USENIX ATC 2023), after Xiao et al., "Gandiva" (OSDI 2018).
public struct GPUClustering: DeviceRule {
  /// `gpu-clustering`.
  public let name = "gpu-clustering"
  /// A rule.
  public init() {}

  public func score(
    _ request: Resources, _ asked: DeviceRequest?, on taken: DeviceSet, of machine: Int,
    in cluster: borrowing Cluster
  ) -> Double {
    guard let asked else { return 0 }
    let used = 25 * Double(8000 - cluster.freeDeviceSum(machine)) / 8000
    var others = cluster.deviceKinds(machine)
    let own = others[asked.kind]
    others[asked.kind] = 0
    let hasOthers = others.wrappedSum() > 0
    if own > 0 { return used + (hasOthers ? 50 : 75) }
    return hasOthers ? used : used + 25
  }
}
