import Workload

/// What a task asks of single devices (GPUs), each of its instances: `count` of them, `milli` thousandths of
/// each, on a machine whose devices are of a type that it may run on.
///
/// One device may be shared: 0 < milli < 1000. Whole devices have 1000.
public struct DeviceRequest: BitwiseCopyable, Hashable, Sendable {
  /// How many devices, 1 or more.
  public var count: Int16
  /// Thousandths of each device, 1 to 1000.
  public var milli: Int16
  /// The types that it may run on, bit t for type t of ``DeviceTable/types``; 0 for any, those that are not known
  /// included.
  public var types: UInt64

  /// A request of `count` devices.
  public init(count: Int16, milli: Int16, types: UInt64 = 0) {
    self.count = count
    self.milli = milli
    self.types = types
  }

  /// A request of `milliGPU` thousandths in all, on so many devices; where they are not told, on as few as can be.
  /// Nil if it asks for none.
  ///
  /// What cannot be had, such as three thousandths of two devices each or more than 1000 of one, is rounded up: it
  /// then has no machine.
  public init?(milliGPU: Int64, devices: Int64? = nil, types: UInt64 = 0) {
    guard milliGPU > 0 else { return nil }
    let count = max(devices ?? 0, (milliGPU + 999) / 1000)
    self.init(
      count: Int16(clamping: count), milli: Int16(clamping: (milliGPU + count - 1) / count),
      types: types)
  }

  /// Whether it shares a device with others.
  public var isSharing: Bool { count == 1 && milli < 1000 }
  /// Thousandths of all its devices.
  public var total: Int { Int(count) * Int(milli) }

  /// Whether it may run on devices of a type, -1 where that is not known.
  @inline(__always)
  public func allows(_ type: Int) -> Bool {
    types == 0 || (type >= 0 && types >> UInt64(type) & 1 == 1)
  }

  /// What kinds of task a machine tells apart: those that share a device, those of one, of two, of three and four,
  /// and of more: 0 to 4.
  public var kind: Int {
    if isSharing { return 0 }
    return count <= 2 ? Int(count) : count <= 4 ? 3 : 4
  }
}

/// A kind of task of a workload, and what share of its tasks are so.
public struct TypicalTask: Hashable, Sendable {
  /// CPU that it asks for.
  public var cpu: Cores
  /// Devices that it asks for; nil for none.
  public var devices: DeviceRequest?
  /// Its share of all typical tasks, 0 to 1.
  public var share: Double

  /// A kind of this share.
  public init(cpu: Cores, devices: DeviceRequest?, share: Double) {
    self.cpu = cpu
    self.devices = devices
    self.share = share
  }
}

/// What tasks ask of single devices, and of which type those of each machine are. Without one, GPUs are an amount
/// of which each machine has so much.
///
/// A machine has one device for each whole 1000 of its `milliGPU`, at most ``most``.
public struct DeviceTable: Sendable {
  /// The most devices of one machine.
  public static var most: Int { 16 }
  /// The most types.
  public static var mostTypes: Int { 64 }

  /// The types' names, in the order of their numbers.
  public private(set) var types: [String] = []
  private var typeOf: [Int64: Int8] = [:]
  private var requests: [DeviceRequest] = []
  private var numbers: [DeviceRequest: Int32] = [:]
  private var requestOf: [TaskID: Int32] = [:]
  /// How many tasks ask for what, in the order of their first.
  private var kinds: [Kind: (place: Int, count: Int)] = [:]

  private struct Kind: Hashable {
    var cpu: Cores
    var request: Int32
  }

  /// A table of nothing: devices are not modelled.
  public init() {}

  /// Whether devices are not modelled.
  public var isEmpty: Bool { requestOf.isEmpty }

  /// The number of the type of this name; a new one if it was not known. Nil beyond ``mostTypes``.
  public mutating func type(named name: String) -> Int? {
    if let known = types.firstIndex(of: name) { return known }
    guard types.count < Self.mostTypes else { return nil }
    types.append(name)
    return types.count - 1
  }

  /// Says of which type the devices of the machine of this number are.
  public mutating func setType(_ type: Int, ofMachine number: Int64) {
    precondition(types.indices.contains(type), "a type of the table")
    typeOf[number] = Int8(type)
  }

  /// Takes down a task of the workload and the devices that it asks for, nil for none. Tasks without devices count
  /// among the typical ones.
  public mutating func note(_ task: TaskID, cpu: Cores, devices: DeviceRequest?) {
    var number: Int32 = -1
    if let devices {
      number = numbers[devices] ?? Int32(requests.count)
      if number == requests.count {
        numbers[devices] = number
        requests.append(devices)
      }
      requestOf[task] = number
    }
    let place = kinds.count
    kinds[Kind(cpu: cpu, request: number), default: (place, 0)].count += 1
  }

  /// The kinds of task, the most frequent first, until they are 95 % of all (Weng et al., USENIX ATC 2023, section
  /// 3.2); ties in the order in which they came.
  public func typicalTasks(covering part: Double = 0.95) -> [TypicalTask] {
    let sorted = kinds.sorted {
      $0.value.count != $1.value.count
        ? $0.value.count > $1.value.count : $0.value.place < $1.value.place
    }
    let all = Double(kinds.values.reduce(0) { $0 + $1.count })
    var covered = 0
    var typical = sorted.prefix { entry in
      guard Double(covered) < part * all else { return false }
      covered += entry.value.count
      return true
    }.map { kind, entry in
      TypicalTask(
        cpu: kind.cpu, devices: kind.request < 0 ? nil : requests[Int(kind.request)],
        share: Double(entry.count))
    }
    for place in typical.indices { typical[place].share /= Double(covered) }
    return typical
  }

  /// The number of a task's request; -1 for none. O(1).
  func number(of task: TaskID) -> Int32 { requestOf[task] ?? -1 }

  /// The request of this number.
  func request(_ number: Int32) -> DeviceRequest { requests[Int(number)] }

  /// The type of the devices of the machine of this number; -1 where it is not known.
  public func type(of number: Int64) -> Int { typeOf[number].map(Int.init) ?? -1 }
}

/// Some devices of one machine: bit d is device d.
public struct DeviceSet: OptionSet, BitwiseCopyable, Hashable, Sendable {
  public let rawValue: UInt16
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// One device, 0 to 15.
  @inlinable
  public init(device: Int) { rawValue = 1 << UInt16(device) }

  /// How many.
  public var count: Int { rawValue.nonzeroBitCount }

  /// Their numbers, ascending.
  public var devices: [Int] { (0..<16).filter { rawValue >> UInt16($0) & 1 == 1 } }
}
