// GPU random: any machine with the devices, any device with the room (as in Weng et al.'s code, USENIX ATC 2023).
import Workload

/// Puts each task on a machine drawn uniformly among those that can take it, and one that shares a device on one drawn
/// uniformly among those with room: Random as in Weng et al.'s code (USENIX ATC 2023).
public struct GPURandom: PlacementPolicy {
  /// `gpu-random`.
  public let name = "gpu-random"
  /// True.
  public let needsDevices = true
  /// A policy.
  public init() {}

  /// All alike.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) { cluster.score(task, into: &scores) { _, _ in 0 } }

  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.randomCandidate(for: task, using: &rng).map(Placement.machine) ?? .wait
  }

  /// One drawn among those with room; whole devices as they come.
  public mutating func devices(
    for task: TaskView, on machine: Int, in cluster: borrowing Cluster,
    using rng: inout RandomStream
  ) -> DeviceSet? {
    guard let asked = cluster.deviceRequest(of: task), asked.isSharing else { return nil }
    let free = cluster.freeDevices(machine)
    var place = rng.below(Int(free.count(with: asked.milli)))
    for device in 0..<cluster.deviceCount(machine) where free[device] >= asked.milli {
      if place == 0 { return DeviceSet(device: device) }
      place -= 1
    }
    return nil
  }
}
