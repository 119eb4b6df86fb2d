import Workload

/// Adds up each machine's energy from power over time.
///
/// A machine is read whenever something about it changes; in between its power is constant, but for
/// falling asleep, which is worked out afterwards. The dynamic energy of a span goes to the tasks
/// that ran, by their share of the claimed CPU: a running integral per core makes that O(1) a task.
struct EnergyMeter {
  /// Whether any machine draws power at all.
  let isOn: Bool
  private let alwaysOn: Bool
  private let machines: [MachineDescription]
  private var readAt: [Int64]
  private(set) var idle: [Double]
  private(set) var dynamic: [Double]
  private(set) var sleep: [Double]
  /// Dynamic energy per claimed core since the beginning, in joules.
  private var perCore: [Double]
  private var isRunning = false

  init(_ layout: ClusterLayout, alwaysOn: Bool) {
    machines = layout.machines
    isOn = machines.contains { $0.power != .none }
    self.alwaysOn = alwaysOn
    let count = isOn ? machines.count : 0
    readAt = Array(repeating: 0, count: count)
    idle = Array(repeating: 0, count: count)
    dynamic = idle
    sleep = idle
    perCore = idle
  }

  /// Accounting begins now, for all machines.
  mutating func begin(at time: Microseconds) {
    isRunning = true
    for machine in readAt.indices { readAt[machine] = time.rawValue }
  }

  /// Accounting ends now; all machines have been read.
  mutating func end() { isRunning = false }

  /// Adds what the machine has drawn since it was last read; call before anything changes.
  mutating func read(_ machine: Int, _ cluster: borrowing Cluster) {
    guard isOn, isRunning else { return }
    let now = cluster.now.rawValue
    let last = readAt[machine]
    guard now > last else { return }
    readAt[machine] = now
    guard cluster.isUp(machine) else { return }
    let seconds = Double(now - last) / 1e6
    let claimed = cluster.claimed(machine).cpu
    if cluster.runningCount(machine) == 0 {
      // Asleep from some point on, if it has been empty for long enough.
      let asleepFrom = alwaysOn ? Microseconds.never : cluster.asleepFrom(machine)
      let asleep = Double(now - min(max(asleepFrom.rawValue, last), now)) / 1e6
      sleep[machine] += machines[machine].power.sleep.value * asleep
      idle[machine] += machines[machine].power.idle.value * (seconds - asleep)
      return
    }
    idle[machine] += machines[machine].power.idle.value * seconds
    if claimed.nano > 0 {
      let share = machines[machine].power.dynamicShare(at: cluster.cpuLoad(machine))
      let energy = machines[machine].power.dynamic.value * share * seconds
      dynamic[machine] += energy
      perCore[machine] += energy / claimed.value
    }
  }

  /// Dynamic energy per claimed core of the machine so far; the difference over a task's time is
  /// the task's.
  @inline(__always)
  func perCore(_ machine: Int) -> Double { isOn ? perCore[machine] : 0 }

  /// The totals; all machines must have been read.
  var report: EnergyReport {
    var report = EnergyReport()
    for machine in idle.indices {
      report.idle += Joules(idle[machine])
      report.dynamic += Joules(dynamic[machine])
      report.sleep += Joules(sleep[machine])
      report.machines.append(Joules(idle[machine] + dynamic[machine] + sleep[machine]))
    }
    return report
  }
}

/// Where a run's energy went.
public struct EnergyReport: Hashable, Sendable {
  /// Drawn by machines for being awake.
  public var idle = Joules.zero
  /// Drawn for running tasks.
  public var dynamic = Joules.zero
  /// Drawn by sleeping machines.
  public var sleep = Joules.zero
  /// By machine index; empty if no machine draws power.
  public var machines: [Joules] = []
  /// All of it.
  public var total: Joules { idle + dynamic + sleep }
}
