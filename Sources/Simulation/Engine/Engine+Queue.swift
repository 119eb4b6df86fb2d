import Workload

// The queue meets the policy.
extension Engine {
  /// Offers waiting tasks to the policy, in the queue's order: the head blocks those behind it, but
  /// for those that may overtake.
  mutating func offerPending() throws(SimulationError) {
    if isBatch { return try offerBatch() }
    if options.backfilling == .conservative { return try keepPromises() }
    let headWaited = headWaits
    while !headWaits, let entry = pending.first {
      if try !offer(entry.value) { headWaits = !preempt(for: entry.value) }
    }
    if headWaits, options.backfilling != .none { try overtake(onlyFresh: headWaited) }
    fresh.removeAll(keepingCapacity: true)
  }

  /// Starts whom it promised to, and makes promises to all others.
  private mutating func keepPromises() throws(SimulationError) {
    guard !headWaits || !fresh.isEmpty || plan.first <= cluster.now.rawValue else { return }
    fresh.removeAll(keepingCapacity: true)
    repeat {
      try backfillConservatively()
    } while pending.first.map { preempt(for: $0.value) } ?? false
    headWaits = true
  }

  /// Offers one task to the policy. Whether it has left the queue.
  mutating func offer(_ index: Int32) throws(SimulationError) -> Bool {
    if slots[index].view.instances > 1 { return try offerGang(index) }
    switch ask(slots[index].view) {
    case .machine(let machine): return try place(index, on: machine)
    case .wait:
      if options.refusesAtOnce { refuse(index) }
      return options.refusesAtOnce
    case .reject:
      refuse(index)
      return true
    }
  }

  /// Puts a waiting task where the policy wants it: it starts, or waits at its machine.
  private mutating func place(_ index: Int32, on machine: Int) throws(SimulationError) -> Bool {
    guard try check(index, on: machine) else {
      if options.refusesAtOnce { refuse(index) }
      return options.refusesAtOnce
    }
    if options.mode == .central
      || queues[machine].isEmpty && cluster.fits(slots[index].view.request, on: machine)
    {
      dequeue(index)
      start(index, on: machine)
    } else if options.refusesAtOnce {
      refuse(index)
    } else {
      dequeue(index)
      joinQueue(index, of: machine)
    }
    return true
  }

  /// Whether the policy's placement is valid. One that is not is an error, but for a policy that sees
  /// the past, where it is a conflict if it was valid then.
  mutating func check(_ index: Int32, on machine: Int) throws(SimulationError) -> Bool {
    if (0..<cluster.count).contains(machine) {
      if cluster.canTake(slots[index].view, on: machine) { return true }
      if isStale, seen.canTake(slots[index].view, on: machine) {
        accounts.conflicts += 1
        return false
      }
    }
    throw .invalidPlacement(
      policy: policy.name, slots[index].view.id, machine: machine, time: cluster.now)
  }

  /// What a policy says to a gang.
  enum GangPlacement {
    case machines([Int])
    case wait
    case reject
  }

  /// Starts the gang if there is a machine for each instance. Whether it has left the queue.
  private mutating func offerGang(_ index: Int32) throws(SimulationError) -> Bool {
    switch try places(for: index) {
    case .machines(let machines):
      dequeue(index)
      start(index, on: machines)
      return true
    case .wait: return false
    case .reject:
      refuse(index)
      return true
    }
  }

  /// Asks for a machine for each instance.
  mutating func places(for index: Int32) throws(SimulationError) -> GangPlacement {
    var machines: [Int] = []
    var emptySince: [(present: Microseconds, seen: Microseconds)] = []
    var rejected = false
    let view = slots[index].view
    while machines.count < Int(view.instances) {
      let placement = ask(view)
      guard case .machine(let machine) = placement else {
        rejected = placement == .reject || options.refusesAtOnce
        break
      }
      guard try check(index, on: machine) else {
        rejected = options.refusesAtOnce
        break
      }
      machines.append(machine)
      emptySince.append(
        (cluster.emptySince[machine], isStale ? seen.emptySince[machine] : .zero))
      meter.read(machine, cluster)
      pretend(view, on: machine, sign: 1)
    }
    // The claims were tentative: so that the instances did not count on the same room.
    for (machine, since) in zip(machines, emptySince).reversed() {
      pretend(view, on: machine, sign: -1)
      cluster.emptySince[machine] = since.present
      if isStale { seen.emptySince[machine] = since.seen }
    }
    if machines.count == Int(view.instances) { return .machines(machines) }
    return rejected ? .reject : .wait
  }

  /// Makes a tentative claim, or takes it back, in the policy's view too.
  private mutating func pretend(_ view: TaskView, on machine: Int, sign: Int32) {
    let claim = Claim(machine: machine, resources: view.request)
    if sign > 0 { cluster.apply(claim) } else { cluster.revert(claim) }
    cluster.mark(view, on: machine, sign: sign)
    guard isStale else { return policy.machineChanged(machine, on: cluster) }
    if sign > 0 { seen.apply(claim) } else { seen.revert(claim) }
    seen.mark(view, on: machine, sign: sign)
    policy.machineChanged(machine, on: seen)
  }

  /// Lets a batch policy choose among the waiting tasks until it has no more to place.
  private mutating func offerBatch() throws(SimulationError) {
    guard !headWaits, !pending.isEmpty else { return }
    updateRanks()
    var waiting = pending.slots(limit: options.depth)
    var views = waiting.map { slots[$0].view }
    while !waiting.isEmpty, var batch = policy as? any BatchPlacementPolicy {
      let choice = timed { engine in
        engine.isStale
          ? batch.choose(from: views, on: engine.seen, using: &engine.rng)
          : batch.choose(from: views, on: engine.cluster, using: &engine.rng)
      }
      policy = batch
      guard let choice else { break }
      guard waiting.indices.contains(choice.task) else {
        throw .invalidChoice(
          policy: policy.name, index: choice.task, count: waiting.count, time: cluster.now)
      }
      let index = waiting[choice.task]
      if slots[index].view.instances > 1 {
        // A gang is started as a whole or not at all.
        if try !offerGang(index) { break }
      } else {
        if try !place(index, on: choice.machine) { break }
      }
      waiting.remove(at: choice.task)
      views.remove(at: choice.task)
    }
    if options.refusesAtOnce { for index in waiting { refuse(index) } }
    headWaits = true
  }

  mutating func refuse(_ index: Int32) {
    dequeue(index)
    stopWaiting(index)
    conclude(index, .refused)
  }

  private mutating func joinQueue(_ index: Int32, of machine: Int) {
    slots[index].machine = Int32(machine)
    slots[index].state = .queued
    queues[machine].append(index, in: &slots)
    cluster.changeQueue(of: machine, by: 1, slots[index].view)
    cluster.mark(slots[index].view, on: machine, sign: 1)
    changed(machine)
  }

  /// Takes a task out of its machine's queue and ends its wait.
  mutating func leaveQueue(_ index: Int32) {
    unqueue(index)
    stopWaiting(index)
  }

  private mutating func unqueue(_ index: Int32) {
    let machine = Int(slots[index].machine)
    queues[machine].remove(index, in: &slots)
    cluster.changeQueue(of: machine, by: -1, slots[index].view)
    cluster.mark(slots[index].view, on: machine, sign: -1)
  }

  /// Starts the tasks at the head of a machine's queue, as far as they fit.
  mutating func startQueued(on machine: Int) {
    while case let head = queues[machine].head, head >= 0,
      cluster.fits(slots[head].view.request, on: machine)
    {
      unqueue(head)
      start(head, on: machine)
    }
  }
}
