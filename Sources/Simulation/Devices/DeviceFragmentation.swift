import Workload

/// How much of a machine's free devices is of no use to the tasks of a workload.
///
/// Weng et al., "Beware of fragmentation: scheduling GPU-sharing workloads with fragmentation gradient descent"
/// (USENIX ATC 2023, section 3): in the eyes of a typical task all that is free is fragmented where the task asks for no
/// device, may not run there, or does not fit there; where it fits, the devices that have less free than it asks
/// for. The machine's fragmentation is the mean over the typical tasks.
///
/// Typical tasks that ask for equally much of equally many devices are one group, with the shares of those that
/// ask for at most so much CPU: O(groups) a machine.
public struct DeviceFragmentation: Sendable {
  /// Amounts of CPU that typical tasks ask for, ascending.
  private var levels: [Int64] = []
  /// By type of device from -1 on, groups in the order of `milli`.
  private var groups: [[Group]] = []
  /// CPU in cores that typical tasks with devices ask for, for each device.
  public private(set) var coresPerDevice = 0.0
  /// By type from -1 on, the share of the typical tasks that ask for devices and may run there.
  private var shares: [Double] = []

  private struct Group: Sendable {
    var milli: Int16
    var count: Int16
    /// The share of those that ask for no more CPU than the first so many levels.
    var shares: [Double]
  }

  /// The measure for these tasks.
  public init(_ typical: [TypicalTask]) {
    levels = Set(typical.map(\.cpu.nano)).sorted()
    let asking = typical.compactMap { task in task.devices.map { (task, $0) } }
    let devices = asking.reduce(0.0) { $0 + $1.0.share * Double($1.1.total) / 1000 }
    let cores = asking.reduce(0.0) { $0 + $1.0.share * $1.0.cpu.value }
    coresPerDevice = devices > 0 ? cores / devices : 0
    let lastType = asking.reduce(-1) { max($0, 63 - $1.1.types.leadingZeroBitCount) }
    for type in -1...lastType + 1 {
      var own: [Group] = []
      for (task, request) in asking where request.allows(type) {
        let place =
          own.firstIndex { $0.milli == request.milli && $0.count == request.count } ?? own.count
        if place == own.count {
          own.append(
            Group(
              milli: request.milli, count: request.count,
              shares: Array(repeating: 0, count: levels.count + 1)))
        }
        for level in levels.indices where levels[level] >= task.cpu.nano {
          own[place].shares[level + 1] += task.share
        }
      }
      own.sort { ($0.milli, $0.count) < ($1.milli, $1.count) }
      groups.append(own)
      shares.append(own.reduce(0) { $0 + ($1.shares.last ?? 0) })
    }
  }

  private func place(_ type: Int) -> Int { min(type + 1, groups.count - 1) }

  /// The share of the typical tasks that ask for devices and may run on those of a type.
  public func share(ofType type: Int) -> Double { shares[place(type)] }

  /// The fragmentation of a machine, in thousandths of a device.
  ///
  /// - Parameters:
  ///   - free: what is free of each device.
  ///   - cpu: CPU that is free.
  ///   - type: the type of its devices; -1 where it is not known.
  public func callAsFunction(_ free: DeviceLanes, cpu: Cores, type: Int) -> Double {
    let level = level(cpu.nano)
    let total = Double(free.wrappedSum())
    var (fitting, lost): (Double, Double) = (0, 0)
    var (milli, count, below): (Int16, Int16, Double) = (0, 0, 0)
    for group in groups[place(type)] {
      if group.milli != milli {
        milli = group.milli
        let enough = free .>= DeviceLanes(repeating: milli)
        count = DeviceLanes.zero.replacing(with: 1, where: enough).wrappedSum()
        // No device has as much: none has more.
        if count == 0 { break }
        below = Double(free.replacing(with: 0, where: enough).wrappedSum())
      }
      guard count >= group.count else { continue }
      fitting += group.shares[level]
      lost += group.shares[level] * below
    }
    return total * (1 - fitting) + lost
  }

  /// How many levels are at most `cpu`.
  private func level(_ cpu: Int64) -> Int {
    var (low, high) = (0, levels.count)
    while low < high {
      let middle = (low + high) / 2
      if levels[middle] <= cpu { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Devices when the last task had been submitted and had its answer.
public struct DeviceReport: Hashable, Sendable {
  /// Thousandths of devices that there were.
  public var capacity: Int
  /// The share of it that no task held, 0 to 1.
  public var unallocated: Double
  /// The share of it that was fragmented (``DeviceFragmentation``), 0 to 1.
  public var fragmented: Double
}

extension Cluster {
  /// How the devices stand.
  func deviceReport() -> DeviceReport {
    let measure = DeviceFragmentation(devices.typical)
    var (capacity, free, fragmented) = (0, 0, 0.0)
    for machine in 0..<count where isUp(machine) {
      capacity += deviceCount(machine) * 1000
      free += freeDeviceSum(machine)
      fragmented += measure(
        freeDevices(machine), cpu: self.free(machine).cpu, type: deviceType(machine))
    }
    let whole = capacity > 0 ? Double(capacity) : .nan
    return DeviceReport(
      capacity: capacity, unallocated: Double(free) / whole, fragmented: fragmented / whole)
  }
}
