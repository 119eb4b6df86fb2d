import Workload

/// Machines in order of room, for best and worst fit.
///
/// Room is the sum over CPU, memory, disk and GPU of what is free, each as a share of the largest
/// capacity that any machine has of it when the run begins. What a task takes away is the same on
/// every machine, so machines rank by what is left as they rank by what is free.
struct RoomIndex {
  private var largest = Resources.zero
  private var order = OrderedIndex()
  private var entries: [OrderedIndex.Entry] = []
  private let descending: Bool

  /// An index that goes from the fullest machine to the emptiest, or the other way round.
  init(descending: Bool) { self.descending = descending }

  mutating func build(_ cluster: borrowing Cluster) {
    largest = .zero
    for machine in 0..<cluster.count { largest = largest.union(cluster.capacity(machine)) }
    order = OrderedIndex()
    entries = []
    for machine in 0..<cluster.count {
      entries.append(entry(machine, cluster))
      order.insert(entries[machine])
    }
  }

  mutating func update(_ machine: Int, _ cluster: borrowing Cluster) {
    let entry = entry(machine, cluster)
    guard entry != entries[machine] else { return }
    order.remove(entries[machine])
    order.insert(entry)
    entries[machine] = entry
  }

  /// The first machine in order on which the task may start now. O(log n) when one resource binds; O(n)
  /// at worst.
  func first(for task: TaskView, _ cluster: borrowing Cluster) -> Int? {
    let request = task.request
    var cursor = order.cursor(from: descending ? .min : room(request))
    let limit = descending ? -room(request) : Int64.max
    while let place = cursor {
      let entry = order[place]
      if entry.key > limit { return nil }
      if cluster.mayStart(task, on: Int(entry.value)) { return Int(entry.value) }
      cursor = order.advance(place)
    }
    return nil
  }

  private func entry(_ machine: Int, _ cluster: borrowing Cluster) -> OrderedIndex.Entry {
    let room = room(cluster.free(machine))
    return .init(key: descending ? -room : room, tie: UInt64(machine), value: Int32(machine))
  }

  /// In whole 2^-40ths, each dimension rounded down: a request that fits never has more room than
  /// the machine.
  private func room(_ resources: Resources) -> Int64 {
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
