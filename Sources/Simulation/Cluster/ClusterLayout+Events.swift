import Workload

extension ClusterLayout {
  /// The cluster that a trace's machine events describe.
  ///
  /// Machines are numbered in the order in which they first appear. An ADD at time 0 makes a
  /// machine of the initial cluster; every later event changes its availability. An event whose
  /// capacity is zero in every dimension does not say: the machine keeps the last one known. Memory or
  /// disk that is not known beside other capacities has no limit (``machinesOfUnknownMemory``). Odd
  /// events are counted in ``anomalies``, never silently repaired. GPUs of which no event has any are not
  /// modelled. O(n log n).
  ///
  /// - Parameters:
  ///   - events: the trace's, in any order; equal times keep the order given.
  ///   - speed: speed of a machine relative to a reference core; 1 by default.
  /// - Throws: ``ClusterError`` for negative or absurd capacities and negative times.
  public init(
    _ events: [MachineEvent], speed: (MachineEvent) -> Double = { _ in 1 }
  ) throws(ClusterError) {
    var indexOf: [Int64: Int] = [:]
    var machines: [MachineDescription] = []
    var isUp: [Bool] = []
    var changes: [AvailabilityEvent] = []
    var anomalies = Anomalies()
    let order = events.indices.sorted {
      events[$0].time != events[$1].time ? events[$0].time < events[$1].time : $0 < $1
    }
    var known: [(capacity: Resources, unknown: MachineEvent.Unknown)] = []
    let limitless = Self.unlimited(onEachOf: Set(events.map(\.machine)).count)
    for event in order.lazy.map({ events[$0] }) {
      let index: Int
      if let old = indexOf[event.machine] {
        index = old
      } else {
        index = machines.count
        indexOf[event.machine] = index
        machines.append(
          MachineDescription(
            number: event.machine, capacity: .zero, speed: speed(event), platform: event.platform,
            isUp: false))
        isUp.append(false)
        known.append((.zero, []))
      }
      if event.capacity != .zero {
        known[index] = (event.capacity, event.unknown)
      } else if known[index].capacity == .zero {
        known[index].unknown = event.unknown
      }
      switch event.kind {
      case .add:
        if isUp[index] { anomalies.addedTwice += 1 }
        if known[index].capacity == .zero { anomalies.capacityUnknown += 1 }
        isUp[index] = true
      case .remove:
        guard isUp[index] else {
          anomalies.removedWhileAbsent += 1
          continue
        }
        isUp[index] = false
      case .update:
        if !isUp[index] { anomalies.updatedWhileAbsent += 1 }
      }
      var capacity = known[index].capacity
      if known[index].unknown.contains(.memory) { capacity.memory = limitless }
      if known[index].unknown.contains(.disk) { capacity.disk = limitless }
      if event.time == .zero, event.kind != .remove {
        machines[index].capacity = capacity
        machines[index].isUp = isUp[index]
      } else {
        // Until it comes, a machine counts with the capacity that it will come with.
        if machines[index].capacity == .zero { machines[index].capacity = capacity }
        changes.append(
          AvailabilityEvent(
            time: event.time, machine: index, kind: event.kind, capacity: capacity))
      }
    }
    try self.init(machines: machines, events: changes)
    self.anomalies = anomalies
    machinesOfUnknownMemory = known.count { $0.unknown.contains(.memory) }
    machinesOfUnknownDisk = known.count { $0.unknown.contains(.disk) }
    machinesOfUnknownCPU = known.count { $0.unknown.contains(.cpu) }
    if events.allSatisfy({ $0.capacity.milliGPU == 0 }) { unmodelled.insert(.gpu) }
  }
}
