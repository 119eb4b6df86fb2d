import Workload

/// What one machine is like.
public struct MachineDescription: Hashable, Sendable {
  /// Its number in its trace or specification; results name machines by it.
  public var number: Int64
  /// What it offers when empty.
  public var capacity: Resources
  /// Speed relative to a reference core (> 0): a task of run time t takes t / speed.
  public var speed: Double
  /// Its platform's place in a symbol table; 0 if not known.
  public var platform: UInt32
  /// What it draws; nothing by default.
  public var power: PowerModel
  /// Whether it is there when the run begins.
  public var isUp: Bool

  /// A machine that is there from the beginning unless said otherwise.
  public init(
    number: Int64, capacity: Resources, speed: Double = 1, platform: UInt32 = 0,
    power: PowerModel = .none, isUp: Bool = true
  ) {
    self.number = number
    self.capacity = capacity
    self.speed = speed
    self.platform = platform
    self.power = power
    self.isUp = isUp
  }
}

/// A change of a machine's availability during a run.
public struct AvailabilityEvent: Hashable, Sendable {
  /// When.
  public var time: Microseconds
  /// Which machine, by its index in the layout.
  public var machine: Int
  /// What happens.
  public var kind: MachineEvent.Kind
  /// The capacity from now on.
  public var capacity: Resources

  /// An event at `time` (≥ 0) for machine `machine`.
  public init(time: Microseconds, machine: Int, kind: MachineEvent.Kind, capacity: Resources) {
    self.time = time
    self.machine = machine
    self.kind = kind
    self.capacity = capacity
  }
}

/// What a run's cluster looks like: its machines and how their availability changes.
///
/// A plain value, made from machine events or from a ``ClusterSpec``; each run makes its live
/// ``Cluster`` from it.
public struct ClusterLayout: Hashable, Sendable {
  /// The machines; a policy knows them by their index here.
  public var machines: [MachineDescription]
  /// Changes in order of time.
  public var events: [AvailabilityEvent]
  /// The names of platforms, by `MachineDescription.platform`; of machines with GPUs the type of those.
  public var platforms: [String] = []
  /// Resources of which nothing is said of any machine: they are not modelled, and what tasks ask of
  /// them is left out and told.
  public var unmodelled: Set<RunRemarks.Unmodelled> = []
  /// What is to be known of the list that it was made from.
  public var notes: [Note] = []
  /// What was odd about the events it was made from.
  public var anomalies = Anomalies()
  /// Machines whose memory the trace does not tell: it limits nothing there.
  public internal(set) var machinesOfUnknownMemory = 0
  /// Machines whose disk the trace does not tell.
  public internal(set) var machinesOfUnknownDisk = 0
  /// Machines whose cores the trace does not tell though it tells something else: they count as none.
  public internal(set) var machinesOfUnknownCPU = 0

  /// Counts of what was odd about machine events.
  public struct Anomalies: Hashable, Sendable {
    /// ADD of a machine that was there already; read as UPDATE.
    public var addedTwice = 0
    /// REMOVE of a machine that was not there; ignored.
    public var removedWhileAbsent = 0
    /// UPDATE of a machine that was not there; it only changes what a later ADD brings.
    public var updatedWhileAbsent = 0
    /// ADD of a machine whose capacity no event so far says; it offers nothing.
    public var capacityUnknown = 0
    /// Anything odd at all.
    public var total: Int { addedTwice + removedWhileAbsent + updatedWhileAbsent + capacityUnknown }
  }

  /// The most that any machine ever has, dimension by dimension.
  var largestCapacity: Resources {
    let first = machines.reduce(Resources.zero) { $0.union($1.capacity) }
    return events.reduce(first) { $0.union($1.capacity) }
  }

  /// A layout of machines that stay as they are, unless `events` (any order) says otherwise.
  ///
  /// - Throws: ``ClusterError`` for a capacity or a speed out of range, an event of no machine, or a
  ///   negative time.
  public init(machines: [MachineDescription], events: [AvailabilityEvent] = []) throws(ClusterError)
  {
    self.machines = machines
    // Sorted by position where times are equal: the standard sort is stable only by accident.
    let order = events.indices.sorted {
      events[$0].time != events[$1].time ? events[$0].time < events[$1].time : $0 < $1
    }
    self.events = order.map { events[$0] }
    try check()
  }

  /// No machines.
  init() {
    machines = []
    events = []
  }

  private func check() throws(ClusterError) {
    for machine in machines {
      guard machine.capacity.rangeIssue == nil else {
        throw ClusterError.capacity(machine: machine.number, machine.capacity)
      }
      guard Ranges.factor.contains(machine.speed) else {
        throw ClusterError.speed(machine: machine.number, machine.speed)
      }
    }
    guard machines.count <= 1 << EventHeap.subjectBits else { throw ClusterError.tooLarge }
    var most = machines.map(\.capacity)
    for event in events {
      guard machines.indices.contains(event.machine) else {
        throw ClusterError.noSuchMachine(index: event.machine, count: machines.count)
      }
      guard event.time.isInRange else {
        throw ClusterError.time(machine: machines[event.machine].number, event.time)
      }
      guard event.capacity.rangeIssue == nil else {
        throw ClusterError.capacity(machine: machines[event.machine].number, event.capacity)
      }
      most[event.machine] = most[event.machine].union(event.capacity)
    }
    var total = Resources.zero
    for capacity in most {
      total += capacity
      guard Self.isReasonableTotal(total) else { throw ClusterError.tooLarge }
    }
  }

  /// Whether a request or a capacity is in range.
  static func isReasonable(_ amounts: Resources) -> Bool { amounts.rangeIssue == nil }

  /// What stands for no limit on each of `count` machines: what one machine may have at most, but not
  /// more than half of what all may have together.
  public static func unlimited(onEachOf count: Int) -> Bytes {
    Bytes(min(Int64(1) << 50, (Int64(1) << 60) / Int64(max(1, count))))
  }

  private static func isReasonableTotal(_ total: Resources) -> Bool {
    let most = Ranges.total.upperBound
    return total.cpu.nano <= most && total.memory.rawValue <= most && total.disk.rawValue <= most
      && total.milliGPU <= most
  }
}

extension ClusterLayout {
  /// The same machines, each promising more (or less) than it has.
  func overcommitted(
    _ factors: SimulationOptions.Overcommit
  ) throws(ClusterError) -> ClusterLayout {
    guard factors != .init() else { return self }
    func scaled(_ capacity: Resources) -> Resources {
      var capacity = capacity
      capacity.cpu = Cores(capacity.cpu.value * factors.cpu)
      capacity.memory = Bytes(rounding: Double(capacity.memory.rawValue) * factors.memory)
      return capacity
    }
    var layout = self
    for index in machines.indices {
      layout.machines[index].capacity = scaled(machines[index].capacity)
    }
    for index in events.indices { layout.events[index].capacity = scaled(events[index].capacity) }
    try layout.check()
    return layout
  }
}

/// What is wrong with a description of machines.
public enum ClusterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A capacity is out of range (`Ranges/amount`, `Ranges/milliGPU`).
  case capacity(machine: Int64, Resources)
  /// A speed is out of range (`Ranges/factor`).
  case speed(machine: Int64, Double)
  /// An event comes at a time out of range (`Ranges/time`).
  case time(machine: Int64, Microseconds)
  /// An event names a machine that the layout does not have.
  case noSuchMachine(index: Int, count: Int)
  /// The machines together exceed 2^61 fixed-point units (2.3e9 cores, two exbibytes).
  case tooLarge
  /// A specification has these issues.
  case specification([DescriptionIssue])

  public var description: String {
    switch self {
    case .capacity(let machine, let capacity):
      "machine \(machine): capacity \(capacity.cpu.value) cores, \(capacity.memory.gibibytes) GiB"
        + " is out of range: \(capacity.rangeIssue ?? "")"
    case .speed(let machine, let speed):
      "machine \(machine): speed \(speed) is not from 1e-6 to 1e6"
    case .time(let machine, let time):
      "machine \(machine): an event at \(time.rawValue) µs; expected 0 to \(Ranges.time.upperBound)"
    case .noSuchMachine(let index, let count):
      "an event of machine index \(index), but there are \(count) machines"
    case .tooLarge: "the machines together offer more than can be counted (2.3e9 cores)"
    case .specification(let issues):
      issues.map(\.description).joined(separator: "\n")
    }
  }
}
