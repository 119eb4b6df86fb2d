import Workload

/// The live state of the machines, as a policy sees it: read only.
///
/// Machines are columns, addressed by an index 0 ..< `count`; running totals are kept, so that
/// nothing here costs more than O(1) but the searches.
public struct Cluster: ~Copyable {
  /// The time now.
  public internal(set) var now = Microseconds.zero
  /// When the machines were seen as they are shown; before `now` where a view is stale and the agent
  /// knows the time.
  public internal(set) var observed = Microseconds.zero
  /// Number of machines, those that are down included.
  public let count: Int
  /// How many machines are up.
  public internal(set) var upCount = 0
  /// What the machines that are up offer together when empty.
  public internal(set) var totalCapacity = Resources.zero
  /// What running tasks hold, over all machines.
  public internal(set) var totalClaimed = Resources.zero
  /// How many tasks run.
  public internal(set) var totalRunning = 0
  /// How many tasks wait at machines (dispatch mode).
  public internal(set) var totalQueued = 0

  /// In dispatch mode, the CPU work offered of late over what the machines can do: 1 is as much. By the estimates of
  /// those tasks that have one, the less the longer ago they came (to 1/e in a minute), as of the last that came.
  public var offeredLoad: Double { offered.value }
  /// The mean estimated run time of those tasks, in reference seconds; 0 before the first.
  public var offeredRunTime: Double { offered.meanRunTime }
  var offered = OfferedLoad()
  /// Cores × speed of the machines that are up.
  var totalCores = 0.0

  /// Where tasks wait, which decides what a machine can take.
  public let mode: SimulationOptions.Mode
  /// Sum and sum of squares, over the machines that are up, of CPU utilisation in 2^-20ths.
  var loadSum: Int64 = 0
  var loadSquares: Int128 = 0
  /// What placement may promise over what is there, as a factor of each machine's real CPU.
  let cpuOvercommit: Double
  let memoryOvercommit: Double
  /// Mean over the machines that are up of the share of CPU claimed, 0…1; 0 if none is up.
  public var meanUtilisation: Double {
    upCount > 0 ? Double(loadSum) * 0x1p-20 / Double(upCount) : 0
  }
  /// Free resources of each machine that is up.
  var offers: FitTree
  /// In dispatch mode, what each machine that is up offers when empty.
  var wholes: FitTree
  var capacities: [Resources]
  /// What else every placement needs to know of a machine, side by side.
  var states: [LiveState]
  /// What tasks there still ask for, by their estimates.
  var work: [MachineWork]
  /// Whether the first task has come.
  var hasBegun = false
  /// When the machine became empty, or the run began; meaningless while it is not empty.
  var emptySince: [Microseconds]
  /// When a machine that was woken will be awake.
  var awakeAt: [Microseconds]
  /// Which machines a set of attribute constraints allows, by `TaskView.eligibility`.
  var eligibility: [[Bool]] = []
  /// Devices; empty where GPUs are amounts.
  var devices = DeviceState()
  /// How many tasks of a job that must be apart are on a machine. Only ever looked up.
  var apart: [JobMachine: Int32] = [:]
  /// What else decides how long a task takes on a machine.
  var delivery = Delivery()
  /// Whether any machine ever falls asleep.
  let hasSleepers: Bool
  let descriptions: [MachineDescription]
  /// Of their power models what does not need the curve, whose references would be counted at every look.
  let flatPowers: [FlatPower]
  /// Has the compiler pass clusters by address, as it does whatever holds an existential: a borrowed
  /// one would be copied at every call, which came to a tenth of a run's instructions.
  private let byAddress: any Sendable = ()

  init(
    _ layout: ClusterLayout, mode: SimulationOptions.Mode = .central,
    overcommit: SimulationOptions.Overcommit = .init()
  ) {
    self.mode = mode
    cpuOvercommit = overcommit.cpu
    memoryOvercommit = overcommit.memory
    count = layout.machines.count
    let largest = layout.largestCapacity
    wholes = FitTree(count: mode == .dispatch ? count : 0, largest: largest)
    offers = FitTree(count: count, largest: largest)
    capacities = layout.machines.map(\.capacity)
    states = layout.machines.map(LiveState.init)
    work = Array(repeating: MachineWork(), count: count)
    emptySince = Array(repeating: .never, count: count)
    awakeAt = Array(repeating: .zero, count: count)
    hasSleepers = layout.machines.contains { $0.power.sleepAfter.isKnown }
    descriptions = layout.machines
    flatPowers = layout.machines.map { FlatPower($0.power) }
    for machine in 0..<count where layout.machines[machine].isUp { bringUp(machine) }
  }
}

// What a policy may ask.
extension Cluster {
  /// Whether the machine is there.
  public func isUp(_ machine: Int) -> Bool { states[machine].isUp }

  /// What the machine offers when empty; what it last offered if it is down.
  public func capacity(_ machine: Int) -> Resources { capacities[machine] }

  /// What is free on the machine now; zero if it is down. Negative where the machine shrank below
  /// what its tasks hold.
  public func free(_ machine: Int) -> Resources { states[machine].isUp ? offers[machine] : .zero }

  /// What running tasks hold on the machine.
  public func claimed(_ machine: Int) -> Resources {
    states[machine].isUp ? capacities[machine] - offers[machine] : .zero
  }

  /// Share of the machine's CPU that is claimed, 0…1; 0 if it has none.
  public func cpuUtilisation(_ machine: Int) -> Double {
    let capacity = states[machine].cpu.nano
    return capacity > 0 ? Double(claimed(machine).cpu.nano) / Double(capacity) : 0
  }

  /// Share of the machine's memory that is claimed, 0…1; 0 if it has none.
  public func memoryUtilisation(_ machine: Int) -> Double {
    let capacity = capacities[machine].memory.rawValue
    return capacity > 0 ? Double(claimed(machine).memory.rawValue) / Double(capacity) : 0
  }

  /// When the machine, if it stays empty, falls asleep; `never` if it does not sleep.
  func asleepFrom(_ machine: Int) -> Microseconds {
    let after = flatPowers[machine].sleepAfter
    return after.isKnown ? emptySince[machine] + after : .never
  }

  /// Whether the machine is asleep: a task placed there begins after its wake-up delay.
  public func isAsleep(_ machine: Int) -> Bool {
    hasSleepers && states[machine].running == 0 && states[machine].isUp
      && now >= asleepFrom(machine)
  }

  /// What the machine draws, and when it sleeps.
  public func power(_ machine: Int) -> PowerModel { descriptions[machine].power }

  /// Share of the machine's real CPU that is claimed; beyond 1 where it is overcommitted.
  public func cpuLoad(_ machine: Int) -> Double { cpuUtilisation(machine) * cpuOvercommit }

  /// Speed relative to a reference core.
  public func speed(_ machine: Int) -> Double { states[machine].speed }

  /// How many tasks run on the machine.
  public func runningCount(_ machine: Int) -> Int { Int(states[machine].running) }

  /// How many tasks wait at the machine (dispatch mode).
  public func queueLength(_ machine: Int) -> Int { Int(states[machine].queued) }

  /// Whether `request` fits on the machine now.
  public func fits(_ request: Resources, on machine: Int) -> Bool {
    request.fits(in: offers[machine])
  }

  /// Whether `request` would fit on the machine, were it empty. False if it is down.
  public func fitsEmpty(_ request: Resources, on machine: Int) -> Bool {
    states[machine].isUp && request.fits(in: capacities[machine])
  }

  /// What the machine is like: its number in the trace, its platform.
  public func description(_ machine: Int) -> MachineDescription { descriptions[machine] }
}

/// The state of one machine, but for what it offers: what is looked up together lies together.
struct LiveState: Sendable {
  /// Its number in the trace.
  let number: Int64
  let speed: Double
  /// Its capacity of CPU.
  var cpu: Cores
  /// CPU utilisation in 2^-20ths.
  var load: Int64 = 0
  var running: Int32 = 0
  var queued: Int32 = 0
  /// Its part of what is stranded over the cluster.
  var stranded = FragmentationMeter.Stranded()
  var isUp = false

  init(_ machine: MachineDescription) {
    number = machine.number
    speed = machine.speed
    cpu = machine.capacity.cpu
  }
}

/// What the tasks of one machine still ask for: of CPU in cores, of memory in GiB.
struct MachineWork: BitwiseCopyable, Sendable {
  /// Of one resource.
  struct Amount: BitwiseCopyable, Sendable {
    /// Amount × µs of waiting tasks.
    var queued = 0.0
    /// Amount × µs of running tasks from time 0 to their estimated ends, and their amount, by which that shrinks.
    var running = 0.0
    var rate = 0.0

    /// Amount × µs of running tasks from `now` on.
    func running(from now: Microseconds) -> Double { max(running - rate * Double(now.rawValue), 0) }

    /// A task whose estimated end is `end` begins to hold an amount; a negative one ceases to.
    mutating func hold(_ amount: Double, until end: Microseconds) {
      rate += amount
      running += amount * Double(end.rawValue)
    }
  }

  var cpu = Amount()
  var memory = Amount()
  /// Nanocores that tasks waiting there ask for: as many as there are, so that 64 bits may not do.
  var queuedCPU: Int128 = 0
}

/// A power model without its curve.
struct FlatPower: BitwiseCopyable, Sendable {
  let idle, dynamic: Watts
  let sleepAfter, wakeDelay: Microseconds

  init(_ power: PowerModel) {
    (idle, dynamic) = (power.idle, power.dynamic)
    (sleepAfter, wakeDelay) = (power.sleepAfter, power.wakeDelay)
  }
}

/// A machine and a job that has tasks there.
struct JobMachine: Hashable, Sendable {
  var job: Int64
  var machine: Int
}
