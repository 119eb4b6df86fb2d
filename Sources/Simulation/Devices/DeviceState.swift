import Workload

/// What is free of each device of a machine, in thousandths; 0 where it has none.
public typealias DeviceLanes = SIMD16<Int16>

/// The devices of a cluster's machines, and who holds them: empty where devices are not modelled.
struct DeviceState: Sendable {
  /// Whether devices are modelled.
  private(set) var isOn = false
  /// Of each machine.
  private(set) var free: [DeviceLanes] = []
  private(set) var sums: [Int32] = []
  let counts: [Int16]
  let types: [Int8]
  /// How many tasks of each ``DeviceRequest/kind`` are on a machine.
  private(set) var kinds: [SIMD8<Int16>] = []
  /// Requests by `TaskView.eligibility`; nil of tasks without devices.
  var requests: [DeviceRequest?] = []
  /// The workload's typical tasks.
  let typical: [TypicalTask]
  /// What instances of a gang hold that is being tried out.
  private var tried: [DeviceSet] = []

  /// No devices.
  init() { (counts, types, typical) = ([], [], []) }

  /// All devices of `layout`, free.
  init(_ table: DeviceTable, _ layout: ClusterLayout) {
    isOn = true
    counts = layout.machines.map {
      Int16(min($0.capacity.milliGPU / 1000, Int64(DeviceTable.most)))
    }
    types = layout.machines.map { Int8(table.type(of: $0.number)) }
    typical = table.typicalTasks()
    free = counts.map { count in
      var lanes = DeviceLanes.zero
      for device in 0..<Int(count) { lanes[device] = 1000 }
      return lanes
    }
    sums = counts.map { Int32($0) * 1000 }
    kinds = Array(repeating: .zero, count: layout.machines.count)
  }

  /// Whether the devices that a request asks for are free. O(1).
  @inline(__always)
  func fit(_ request: DeviceRequest, on machine: Int) -> Bool {
    free[machine].fit(request)
  }

  /// Whether a machine could have them, were it empty.
  func allows(_ request: DeviceRequest, on machine: Int) -> Bool {
    request.allows(Int(types[machine])) && request.count <= counts[machine] && request.milli <= 1000
  }

  /// Takes or gives back so much of each of some devices.
  mutating func take(_ request: DeviceRequest, _ devices: DeviceSet, on machine: Int) {
    free[machine].change(devices, by: -request.milli)
    sums[machine] -= Int32(request.total)
    kinds[machine][request.kind] += 1
  }

  mutating func give(_ request: DeviceRequest, _ devices: DeviceSet, on machine: Int) {
    free[machine].change(devices, by: request.milli)
    sums[machine] += Int32(request.total)
    kinds[machine][request.kind] -= 1
  }

  /// Takes devices to see whether more instances fit beside this one.
  mutating func tryOut(_ request: DeviceRequest, on machine: Int) {
    let devices = free[machine].tightest(for: request)
    take(request, devices, on: machine)
    tried.append(devices)
  }

  /// Gives back the last that was tried out.
  mutating func takeBack(_ request: DeviceRequest, on machine: Int) {
    guard let devices = tried.popLast() else { return }
    give(request, devices, on: machine)
  }
}

extension DeviceLanes {
  /// How many devices have at least `milli` free.
  @inline(__always)
  public func count(with milli: Int16) -> Int16 {
    DeviceLanes.zero.replacing(with: 1, where: self .>= DeviceLanes(repeating: milli)).wrappedSum()
  }

  /// Whether a request's devices are free.
  @inline(__always)
  public func fit(_ request: DeviceRequest) -> Bool {
    count(with: request.milli) >= request.count
  }

  /// The devices that a request takes where nobody says which: of one, that with the least room left; of several,
  /// the first. It must fit.
  public func tightest(for request: DeviceRequest) -> DeviceSet {
    if request.count == 1 {
      let enough = self .>= DeviceLanes(repeating: request.milli)
      let least = DeviceLanes(repeating: .max).replacing(with: self, where: enough).min()
      for device in 0..<DeviceTable.most where self[device] == least {
        return DeviceSet(device: device)
      }
    }
    var devices: DeviceSet = []
    for device in 0..<DeviceTable.most
    where devices.count < Int(request.count) && self[device] >= request.milli {
      devices.insert(DeviceSet(device: device))
    }
    return devices
  }

  /// What is left of them with a request on those devices.
  public func without(_ request: DeviceRequest, on devices: DeviceSet) -> DeviceLanes {
    var left = self
    left.change(devices, by: -request.milli)
    return left
  }

  mutating func change(_ devices: DeviceSet, by milli: Int16) {
    for device in 0..<DeviceTable.most where devices.rawValue >> UInt16(device) & 1 == 1 {
      self[device] += milli
    }
  }
}

// What a policy may ask.
extension Cluster {
  /// Whether GPUs are devices, each of which is free or claimed for itself.
  public var hasDevices: Bool { devices.isOn }

  /// What a task asks of single devices; nil for none, and where devices are not modelled.
  public func deviceRequest(of task: TaskView) -> DeviceRequest? {
    devices.isOn && task.eligibility >= 0 ? devices.requests[Int(task.eligibility)] : nil
  }

  /// What is free of each device of a machine; zero where devices are not modelled, as all that follows.
  public func freeDevices(_ machine: Int) -> DeviceLanes {
    devices.isOn ? devices.free[machine] : .zero
  }

  /// What is free of all devices of a machine together, in thousandths.
  public func freeDeviceSum(_ machine: Int) -> Int {
    devices.isOn ? Int(devices.sums[machine]) : 0
  }

  /// How many devices a machine has.
  public func deviceCount(_ machine: Int) -> Int {
    devices.isOn ? Int(devices.counts[machine]) : 0
  }

  /// The type of a machine's devices, by its number in the ``DeviceTable``; -1 where it is not known.
  public func deviceType(_ machine: Int) -> Int {
    devices.isOn ? Int(devices.types[machine]) : -1
  }

  /// How many tasks of each ``DeviceRequest/kind`` run on a machine.
  public func deviceKinds(_ machine: Int) -> SIMD8<Int16> {
    devices.isOn ? devices.kinds[machine] : .zero
  }

  /// The kinds of task of the workload and their shares (``DeviceTable/typicalTasks(covering:)``).
  public var typicalTasks: [TypicalTask] { devices.typical }

  /// Whether the devices are free that tasks of an eligibility ask for; true where they ask for none. O(1).
  @inline(never)
  func hasDevices(for eligibility: Int32, on machine: Int) -> Bool {
    guard devices.isOn, let request = devices.requests[Int(eligibility)] else { return true }
    return devices.fit(request, on: machine)
  }
}
