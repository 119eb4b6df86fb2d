import Workload

/// Resources of one machine, held by one task. A value: what was applied is what is reverted.
struct Claim: Hashable, Sendable {
  var machine: Int
  var resources: Resources
}

extension Cluster {
  /// Takes the resources; they must be free.
  mutating func apply(_ claim: Claim) {
    offers.update(claim.machine, to: offers[claim.machine] - claim.resources)
    totalClaimed += claim.resources
    noteLoad(claim.machine)
    states[claim.machine].running += 1
    totalRunning += 1
  }

  /// Gives the resources back; the machine must be up.
  mutating func revert(_ claim: Claim) {
    offers.update(claim.machine, to: offers[claim.machine] + claim.resources)
    totalClaimed -= claim.resources
    noteLoad(claim.machine)
    states[claim.machine].running -= 1
    if states[claim.machine].running == 0 { emptySince[claim.machine] = now }
    totalRunning -= 1
  }

  /// A task comes, before anybody decides where to.
  mutating func note(_ task: borrowing TaskView) {
    guard mode == .dispatch, task.estimate.isKnown else { return }
    offered.note(
      seconds: task.estimate.seconds, cores: task.request.cpu.value, at: now, capacity: totalCores)
  }

  /// A task that must be apart from its job's others comes to (`sign` 1) or leaves (-1) the machine.
  mutating func mark(_ task: borrowing TaskView, on machine: Int, sign: Int32) {
    guard task.mustBeApart else { return }
    let key = JobMachine(job: task.id.job, machine: machine)
    let count = apart[key, default: 0] + sign
    apart[key] = count > 0 ? count : nil
  }

  /// The run begins with its first task: until then, no machine has been empty for any time.
  mutating func begin() {
    hasBegun = true
    for machine in 0..<count where states[machine].running == 0 { emptySince[machine] = now }
  }

  /// The machine comes, empty.
  mutating func bringUp(_ machine: Int) {
    states[machine].isUp = true
    upCount += 1
    if hasBegun { emptySince[machine] = now }
    awakeAt[machine] = now
    offers.update(machine, to: capacities[machine])
    if mode == .dispatch { wholes.update(machine, to: capacities[machine]) }
    totalCapacity += capacities[machine]
    totalCores += capacities[machine].cpu.value * states[machine].speed
  }

  /// The machine goes; its claims must have been reverted.
  mutating func takeDown(_ machine: Int) {
    states[machine].isUp = false
    noteLoad(machine)
    upCount -= 1
    offers.update(machine, to: FitTree.nothing)
    if mode == .dispatch { wholes.update(machine, to: FitTree.nothing) }
    totalCapacity -= capacities[machine]
    // Rounding must not outlive the machines that caused it.
    totalCores =
      upCount == 0 ? 0 : totalCores - capacities[machine].cpu.value * states[machine].speed
  }

  /// The machine's capacity changes; what is claimed stays so.
  mutating func resize(_ machine: Int, to capacity: Resources) {
    let old = capacities[machine]
    capacities[machine] = capacity
    states[machine].cpu = capacity.cpu
    guard states[machine].isUp else { return }
    offers.update(machine, to: offers[machine] + capacity - old)
    if mode == .dispatch { wholes.update(machine, to: capacity) }
    totalCapacity += capacity - old
    totalCores += (capacity - old).cpu.value * states[machine].speed
    noteLoad(machine)
  }

  /// Brings the sums up to date with the machine's utilisation.
  private mutating func noteLoad(_ machine: Int) {
    let old = states[machine].load
    let whole = states[machine].cpu.nano
    let used = states[machine].isUp ? whole - offers[machine].cpu.nano : 0
    // A machine that shrank, or is claimed beyond its capacity from outside, counts as at most four times
    // full: its square stays within 64 bits, the sum of squares in 128.
    let new = whole > 0 ? Int64(min(Double(used) / Double(whole), 4) * 0x1p20 + 0.5) : 0
    states[machine].load = new
    loadSum += new - old
    loadSquares += Int128(new * new - old * old)
  }

  /// A task begins (`sign` 1) or ceases (-1) to wait at the machine.
  mutating func changeQueue(of machine: Int, by sign: Int32, _ task: borrowing TaskView) {
    states[machine].queued += sign
    totalQueued += Int(sign)
    work[machine].queuedCPU += Int128(sign) * Int128(task.request.cpu.nano)
    guard let time = expectedRunTime(of: task, on: machine) else { return }
    let length = Double(time.rawValue)
    work[machine].cpu.queued += Double(sign) * length * task.request.cpu.value
    work[machine].memory.queued += Double(sign) * length * task.request.memory.gibibytes
    // Rounding must not outlive the tasks that caused it.
    if states[machine].queued == 0 {
      (work[machine].cpu.queued, work[machine].memory.queued) = (0, 0)
    }
  }

  /// A task whose estimated end is `end` begins (`sign` 1) or ceases (-1) to run on the machine.
  mutating func changeWork(
    of machine: Int, by sign: Double, _ request: Resources, end: Microseconds
  ) {
    work[machine].cpu.hold(sign * request.cpu.value, until: end)
    work[machine].memory.hold(sign * request.memory.gibibytes, until: end)
    guard states[machine].running == 0 else { return }
    (work[machine].cpu.rate, work[machine].cpu.running) = (0, 0)
    (work[machine].memory.rate, work[machine].memory.running) = (0, 0)
  }
}
