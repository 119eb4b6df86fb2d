import Workload

// What policies share: which machines may take a task, and what is to be expected there.
extension Cluster {
  /// Whether `.machine(machine)` is a valid placement of the task: it is allowed there, and fits now
  /// in central mode, when the machine is empty in dispatch mode.
  public func canTake(_ task: TaskView, on machine: Int) -> Bool {
    mode == .central
      ? mayStart(task, on: machine)
      : fitsEmpty(task.request, on: machine) && isAllowed(task, on: machine)
  }

  /// A request as ``mayTake(_:on:)`` compares it.
  @inline(__always)
  func lanes(_ request: Resources) -> Lanes { offers.lanes(request) }

  /// Whether a machine may be able to take a request of these lanes: false is certain, and cheaper to learn than
  /// ``canTake(_:on:)`` says it, since less memory is read. O(1).
  @inline(__always)
  func mayTake(_ lanes: Lanes, on machine: Int) -> Bool {
    mode == .central ? offers.mayFit(lanes, in: machine) : wholes.mayFit(lanes, in: machine)
  }

  /// Whether the task is allowed on the machine and fits there now, on its devices too.
  public func mayStart(_ task: TaskView, on machine: Int) -> Bool {
    fits(task.request, on: machine) && hasPlace(for: task, on: machine)
  }

  /// Whether the task is allowed on the machine, and has the devices there that it asks for.
  @inline(__always)
  private func hasPlace(for task: TaskView, on machine: Int) -> Bool {
    if task.eligibility >= 0,
      !eligibility[Int(task.eligibility)][machine]
        || !hasDevices(for: task.eligibility, on: machine)
    {
      return false
    }
    return !task.mustBeApart || apart[JobMachine(job: task.id.job, machine: machine)] == nil
  }

  /// Whether the task's constraints allow the machine: its attributes, and that no other task of the
  /// job is there where they must be apart. O(1).
  public func isAllowed(_ task: TaskView, on machine: Int) -> Bool {
    if task.eligibility >= 0, !eligibility[Int(task.eligibility)][machine] { return false }
    return !task.mustBeApart || apart[JobMachine(job: task.id.job, machine: machine)] == nil
  }

  /// The lowest index ≥ `start` of a machine on which the task may start now. O(log n) as a rule.
  public func firstFit(for task: TaskView, from start: Int = 0) -> Int? {
    first(for: task, from: start, in: offers)
  }

  /// The lowest index ≥ `start` of a machine that can take the task. O(log n) as a rule.
  public func firstCandidate(for task: TaskView, from start: Int = 0) -> Int? {
    first(for: task, from: start, in: mode == .central ? offers : wholes)
  }

  private func first(for task: TaskView, from start: Int, in tree: borrowing FitTree) -> Int? {
    var next = tree.first(fitting: task.request, from: start)
    guard task.eligibility >= 0 || task.mustBeApart else { return next }
    while let machine = next, !hasPlace(for: task, on: machine) {
      next = tree.first(fitting: task.request, from: machine + 1)
    }
    return next
  }

  /// A machine drawn uniformly among those that can take the task; nil if there is none.
  ///
  /// Machines are drawn from all, and one that cannot is drawn again: what is left is uniform among
  /// those that can. After 128 failures those that can are counted and one of them drawn, which is
  /// uniform too. O(1) where many can, O(n) at worst.
  public func randomCandidate(for task: TaskView, using rng: inout RandomStream) -> Int? {
    guard count > 0 else { return nil }
    return mode == .central
      ? randomCandidate(for: task, in: offers, using: &rng)
      : randomCandidate(for: task, in: wholes, using: &rng)
  }

  private func randomCandidate(
    for task: TaskView, in tree: borrowing FitTree, using rng: inout RandomStream
  ) -> Int? {
    let lanes = tree.lanes(task.request)
    for attempt in 0..<128 {
      if attempt == 8, firstCandidate(for: task) == nil { return nil }
      let machine = rng.below(count)
      if tree.fits(task.request, lanes, in: machine), hasPlace(for: task, on: machine) {
        return machine
      }
    }
    var candidates: [Int] = []
    var next = firstCandidate(for: task)
    while let machine = next {
      candidates.append(machine)
      next = firstCandidate(for: task, from: machine + 1)
    }
    return candidates.isEmpty ? nil : candidates[rng.below(candidates.count)]
  }

  /// The machine of least cost among those that can take the task, ties to the lowest index; waits
  /// if none can. `cost` must not be NaN. O(n).
  ///
  /// Costs that differ by no more than rounding can explain are ties: equal fractions, worked out in
  /// two ways, need not agree in their last bits.
  public func cheapest(
    for task: TaskView, cost: (borrowing Cluster, Int) -> Double
  ) -> Placement {
    var best = -1
    var bound = Double.infinity
    for machine in 0..<count where canTake(task, on: machine) {
      let cost = cost(self, machine)
      if best < 0 || cost < bound { (best, bound) = (machine, Self.bound(below: cost)) }
    }
    return best < 0 ? .wait : .machine(best)
  }

  /// Whether a cost or merit is less than another by more than the rounding of a few operations.
  @inline(__always)
  static func isLess(_ a: Double, than b: Double) -> Bool { a < bound(below: b) }

  /// What is less than this is less than `cost` by more than that.
  @inline(__always)
  private static func bound(below cost: Double) -> Double {
    cost == .infinity ? cost : cost - (1e-14 + 1e-13 * abs(cost))
  }

  /// Gives every machine that can take the task its score, and the others -infinity. O(n).
  ///
  /// `scores`: becomes as long as there are machines.
  public func score(
    _ task: TaskView, into scores: inout [Double], by score: (borrowing Cluster, Int) -> Double
  ) {
    scores.removeAll(keepingCapacity: true)
    scores.reserveCapacity(count)
    for machine in 0..<count {
      scores.append(canTake(task, on: machine) ? score(self, machine) : -.infinity)
    }
  }

  /// Share of the machine's CPU that its tasks, running and waiting there, ask for: 0…, beyond 1
  /// where tasks queue.
  @inline(__always)
  public func demand(_ machine: Int) -> Double {
    let state = states[machine]
    let capacity = state.cpu.nano
    let claimed = state.isUp ? capacity - offers[machine].cpu.nano : 0
    let asked = state.queued == 0 ? Double(claimed) : asked(claimed, andWaitingAt: machine)
    return capacity > 0 ? asked / Double(capacity) : .infinity
  }

  /// What waits at a machine may sum beyond 64 bits; it is looked at only where something does.
  @inline(never)
  private func asked(_ claimed: Int64, andWaitingAt machine: Int) -> Double {
    (Int128(claimed) + work[machine].queuedCPU).double
  }

  /// How long the machine will need, by the estimates of its tasks, for what runs and waits there:
  /// their core-time over its cores. Zero where nothing is estimated.
  public func backlog(_ machine: Int) -> Double {
    let work = work[machine].cpu
    let cores = capacities[machine].cpu.value
    return cores > 0 ? (work.running(from: now) + work.queued) / cores / 1e6 : .infinity
  }

  /// The same for memory: their memory-time over its memory.
  public func memoryBacklog(_ machine: Int) -> Double {
    let work = work[machine].memory
    let memory = capacities[machine].memory.gibibytes
    return memory > 0 ? (work.running(from: now) + work.queued) / memory / 1e6 : 0
  }

  /// In how many seconds from now the task may be expected to end on the machine: after its backlog,
  /// if it cannot start at once, its wake-up, and what the network takes. A task of which nothing is
  /// known counts as one second.
  public func expectedCompletion(of task: TaskView, on machine: Int) -> Double {
    let own =
      delivery.hasRunTimes ? delivery.runTimes[task.id, states[machine].number]?.seconds : nil
    let length =
      own ?? (task.estimate.isKnown ? task.estimate.seconds : 1) / states[machine].speed
    let startsNow = states[machine].queued == 0 && mayStart(task, on: machine)
    var rest = startsNow ? 0 : max(backlog(machine), memoryBacklog(machine))
    if delivery.hasNetwork {
      rest +=
        delivery.time(of: task, on: machine, at: now, after: Microseconds(seconds: rest)).seconds
    }
    return length + (hasSleepers ? wakeTime(of: machine).seconds : 0) + rest
  }

  /// How long a task that starts on the machine now waits for it to be awake.
  func wakeTime(of machine: Int) -> Microseconds {
    guard hasSleepers else { return .zero }
    return isAsleep(machine)
      ? flatPowers[machine].wakeDelay : max(awakeAt[machine] - now, .zero)
  }

  /// Share of the machine's CPU, memory, disk and GPUs that would be claimed with the task on it; 0
  /// of what it has none.
  public func sharesAfter(_ task: TaskView, on machine: Int) -> SIMD4<Double> {
    Self.shares(claimed(machine) + task.request, of: capacities[machine])
  }

  /// `amount` as a share of `whole`, dimension by dimension; 0 of nothing.
  static func shares(_ amount: Resources, of whole: Resources) -> SIMD4<Double> {
    let part = SIMD4(
      Double(amount.cpu.nano), Double(amount.memory.rawValue), Double(amount.disk.rawValue),
      Double(amount.milliGPU))
    let all = SIMD4(
      Double(whole.cpu.nano), Double(whole.memory.rawValue), Double(whole.disk.rawValue),
      Double(whole.milliGPU))
    return (part / all).replacing(with: 0, where: all .<= 0)
  }
}
