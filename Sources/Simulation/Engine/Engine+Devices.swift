import Workload

// Tasks that ask for single devices. Nothing here is called for others.
extension Engine {
  /// What a run with devices cannot have; nil if all is well.
  static func obstacle(
    _ table: DeviceTable, _ layout: ClusterLayout, _ options: SimulationOptions
  ) -> String? {
    guard !table.isEmpty else { return nil }
    if options.mode == .dispatch { return "GPUs are devices in mode central only" }
    switch options.backfilling {
    case .none, .greedy: break
    default: return "GPUs as devices go with no backfilling or a greedy one: no device is promised"
    }
    if options.heartbeat > .zero { return "GPUs as devices go with no heartbeat" }
    if options.preemption != nil { return "GPUs as devices go with no preemption" }
    for machine in layout.machines
    where machine.capacity.milliGPU > Int64(DeviceTable.most) * 1000
      || machine.capacity.milliGPU % 1000 != 0
    {
      return
        "machine \(machine.number) has \(machine.capacity.milliGPU) thousandths of a GPU: devices are "
        + "whole, at most \(DeviceTable.most) a machine"
    }
    for event in layout.events
    where event.capacity.milliGPU != layout.machines[event.machine].capacity.milliGPU {
      return "machine \(layout.machines[event.machine].number) changes its GPUs: devices stay"
    }
    return nil
  }

  /// Looks up which machines a task's constraints and devices allow; worked out once for each pair of them.
  mutating func constrainByDevices(_ view: inout TaskView) {
    let key = SIMD2(constraints.set(of: view.id), deviceTable.number(of: view.id))
    guard key != SIMD2(-1, -1) else { return }
    if let known = eligibilityOfPair[key] {
      view.eligibility = known
      return
    }
    let request = key.y < 0 ? nil : deviceTable.request(key.y)
    let row = (0..<cluster.count).map { machine in
      (key.x < 0 || constraints.isMet(Int(key.x), by: cluster.description(machine).number))
        && (request.map { cluster.devices.allows($0, on: machine) } ?? true)
    }
    let place = Int32(cluster.eligibility.count)
    cluster.eligibility.append(row)
    cluster.devices.requests.append(request)
    eligibilityOfPair[key] = place
    view.eligibility = place
  }

  /// A task is about to start on a machine: it takes its devices.
  @inline(never)
  mutating func takeDevices(_ index: Int32, on machine: Int) {
    guard let request = cluster.deviceRequest(of: slots[index].view) else { return }
    let free = cluster.devices.free[machine]
    var devices: DeviceSet?
    if slots[index].view.instances == 1 {
      devices = policy.devices(for: slots[index].view, on: machine, in: cluster, using: &rng)
    }
    if let chosen = devices, !Self.isValid(chosen, for: request, free) {
      exhaust(
        .invalidPlacement(
          policy: policy.name, slots[index].view.id, machine: machine, time: cluster.now))
      devices = nil
    }
    let taken = devices ?? free.tightest(for: request)
    cluster.devices.take(request, taken, on: machine)
    while heldDevices.count <= Int(index) { heldDevices.append([]) }
    heldDevices[Int(index)] = taken
  }

  private static func isValid(
    _ devices: DeviceSet, for request: DeviceRequest, _ free: DeviceLanes
  ) -> Bool {
    devices.count == Int(request.count)
      && devices.devices.allSatisfy { free[$0] >= request.milli }
  }

  /// A task leaves its machine: it gives back the very devices that it took.
  @inline(never)
  mutating func giveDevices(_ index: Int32, on machine: Int) {
    guard let request = cluster.deviceRequest(of: slots[index].view) else { return }
    cluster.devices.give(request, heldDevices[Int(index)], on: machine)
  }

  /// The devices of a task's last attempt.
  @inline(never)
  func devicesHeld(_ index: Int32) -> DeviceSet {
    slots[index].view.attempts > 0 && Int(index) < heldDevices.count
      && cluster.deviceRequest(of: slots[index].view) != nil ? heldDevices[Int(index)] : []
  }

  /// An instance is tried out on a machine (`sign` 1), or taken back.
  @inline(never)
  mutating func pretendDevices(_ view: TaskView, on machine: Int, sign: Int32) {
    guard let request = cluster.deviceRequest(of: view) else { return }
    if sign > 0 {
      cluster.devices.tryOut(request, on: machine)
    } else {
      cluster.devices.takeBack(request, on: machine)
    }
  }

  /// Whether a machine's devices are what its tasks leave of them: none above 1000, none below 0.
  func devicesAdd(up machine: Int) -> Bool {
    var free = DeviceLanes.zero
    for device in 0..<cluster.deviceCount(machine) { free[device] = 1000 }
    var index = runningLists[machine].head
    while index >= 0 {
      if let request = cluster.deviceRequest(of: slots[index].view) {
        let held = heldDevices[Int(index)]
        guard held.count == Int(request.count) else { return false }
        free.change(held, by: -request.milli)
      }
      index = slots[index].next
    }
    let state = cluster.devices
    return free == state.free[machine] && free.min() >= 0 && free.max() <= 1000
      && Int(state.sums[machine]) == Int(free.wrappedSum())
  }
}
