import Workload

/// One machine at one look: what an agent may know about it, gathered in one call.
public struct MachineView: BitwiseCopyable, Sendable {
  /// What it offers when empty.
  public var capacity: Resources
  /// What is free of it.
  public var free: Resources
  /// Speed relative to a reference core.
  public var speed: Double
  /// Tasks that run on it.
  public var running: Int
  /// Tasks that wait at it.
  public var queued: Int
  /// Seconds that it needs, by estimates and at full use, for the CPU that its tasks, running and
  /// waiting, still ask for: core-seconds over cores.
  public var cpuBacklog: Double
  /// The same of memory: GiB-seconds over GiB.
  public var memoryBacklog: Double
  /// The part of `cpuBacklog` that waits.
  public var queuedBacklog: Double
  /// The part of `memoryBacklog` that waits.
  public var queuedMemoryBacklog: Double
  /// Whether it is asleep.
  public var isAsleep: Bool
  /// Power when idle, in watts.
  public var idleWatts: Double
  /// Power on top when all its CPU is claimed, in watts.
  public var dynamicWatts: Double
  /// Time to wake up, in seconds.
  public var wakeSeconds: Double
}

extension Cluster {
  /// What is to be seen of the machine, which is up. O(1).
  public func view(of machine: Int) -> MachineView {
    let capacity = capacities[machine]
    let (work, power) = (work[machine], flatPowers[machine])
    let perCore = capacity.cpu.nano > 0 ? 1e-6 / capacity.cpu.value : 0
    let perGiB = capacity.memory.rawValue > 0 ? 1e-6 / capacity.memory.gibibytes : 0
    return MachineView(
      capacity: capacity, free: offers[machine], speed: states[machine].speed,
      running: Int(states[machine].running), queued: Int(states[machine].queued),
      cpuBacklog: (work.cpu.running(from: now) + work.cpu.queued) * perCore,
      memoryBacklog: (work.memory.running(from: now) + work.memory.queued) * perGiB,
      queuedBacklog: work.cpu.queued * perCore,
      queuedMemoryBacklog: work.memory.queued * perGiB, isAsleep: isAsleep(machine),
      idleWatts: power.idle.value, dynamicWatts: power.dynamic.value,
      wakeSeconds: power.wakeDelay.seconds)
  }
}
