// Best fit: the machine that is left with the least. Johnson, "Fast algorithms for bin packing",
// J. Computer and System Sciences 8 (1974); for several resources, the sum of what is left, as
// Panigrahy, Talwar, Uyeda and Wieder, "Heuristics for vector bin packing" (2011).
import Workload

/// Places each task on the machine that is left with the least room, ties to the lowest index.
///
/// Room is the sum over CPU, memory, disk and GPU of what is free, each as a share of the largest
/// capacity that any machine has of it when the run begins. What a task takes away is the same on
/// every machine, so the tightest fit is the fullest machine on which it fits: machines are kept in
/// order of room, and the search goes up from the room that the task needs. O(log n) as a rule, when
/// one resource binds; O(n) at worst.
public struct BestFit: PlacementPolicy {
  private var scale = RoomScale()
  private var order = OrderedIndex()
  private var entries: [OrderedIndex.Entry] = []

  /// A best-fit policy.
  public init() {}
  public var name: String { "best-fit" }

  public mutating func runBegan(on cluster: borrowing Cluster) {
    scale = RoomScale(cluster)
    order = OrderedIndex()
    entries = []
    for machine in 0..<cluster.count {
      entries.append(entry(machine, on: cluster))
      order.insert(entries[machine])
    }
  }

  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    let entry = entry(machine, on: cluster)
    guard entry != entries[machine] else { return }
    order.remove(entries[machine])
    order.insert(entry)
    entries[machine] = entry
  }

  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    var cursor = order.cursor(from: scale.room(task.request))
    while let place = cursor {
      let machine = Int(order[place].value)
      if cluster.fits(task.request, on: machine) { return .machine(machine) }
      cursor = order.advance(place)
    }
    return .wait
  }

  private func entry(_ machine: Int, on cluster: borrowing Cluster) -> OrderedIndex.Entry {
    .init(
      key: scale.room(cluster.free(machine)), tie: UInt64(machine), value: Int32(machine))
  }
}

/// Adds up resources of different kinds: each as a share of the largest capacity of any machine.
///
/// In whole 2^-40ths, rounded down by dimension: the order is exact to a trillionth, and a request
/// that fits never has more room than the machine.
struct RoomScale: Sendable {
  private var largest = Resources.zero

  init() {}

  init(_ cluster: borrowing Cluster) {
    for machine in 0..<cluster.count { largest = largest.union(cluster.capacity(machine)) }
  }

  func room(_ resources: Resources) -> Int64 {
    Self.share(resources.cpu.nano, largest.cpu.nano)
      + Self.share(resources.memory.rawValue, largest.memory.rawValue)
      + Self.share(resources.disk.rawValue, largest.disk.rawValue)
      + Self.share(resources.milliGPU, largest.milliGPU)
  }

  private static func share(_ amount: Int64, _ whole: Int64) -> Int64 {
    guard whole > 0 else { return 0 }
    // Clamped where a machine has since outgrown every one of the beginning.
    return Int64(min(Double(amount) / Double(whole) * 0x1p40, 0x1p60).rounded(.down))
  }
}
