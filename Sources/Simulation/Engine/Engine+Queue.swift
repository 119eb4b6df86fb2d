import Workload

// The queue meets the policy. Every loop here can stop at a decision: `offerPending` goes on from
// wherever `offering` stands.
extension Engine {
  /// Offers waiting tasks, in the queue's order: the head blocks those behind it, but for those that
  /// may overtake. Whether it stopped at a decision.
  mutating func offerPending() -> Bool {
    while true {
      switch offering.stage {
      case .opening: openQueue()
      case .heads:
        if !headWaits, let head = queueHead() {
          ask(about: head)
          return true
        }
        if headWaits, options.backfilling != .none {
          openBackfilling(onlyFresh: offering.headWaited)
        } else {
          closeQueue()
        }
      case .backfilling:
        if let index = nextCandidate() {
          // EASY must know where the task would run before it knows whether it may.
          ask(about: index, tentatively: headPromise != nil)
          return true
        }
        if addCandidates() { continue }
        headPromise = nil
        if pending.isByUser, pending.first?.value ?? -1 != offering.head {
          // What overtook has changed whose turn it is.
          headWaits = false
          offering.headWaited = false
          offering.stage = .heads
        } else {
          closeQueue()
        }
      case .promises: if keepPromises() { return true }
      case .recorded: if startRecorded() { return true }
      case .batch:
        if !offering.waiting.isEmpty {
          offering.question = .choose
          return true
        }
        closeBatch()
      case .closed: return false
      }
    }
  }

  private mutating func openQueue() {
    if isBatch { return openBatch() }
    if followsRecord {
      offering.stage = .recorded
      return
    }
    if keepsPlan {
      if !headWaits || !fresh.isEmpty || plan.first <= cluster.now.rawValue {
        openPromises()
      } else {
        offering.stage = .closed
      }
      return
    }
    // Another may have come before the head by now.
    if isScored, bound < 0 { headWaits = false }
    offering.headWaited = headWaits
    offering.stage = .heads
  }

  private mutating func closeQueue() {
    if !fresh.isEmpty { fresh.removeAll(keepingCapacity: true) }
    offering.stage = .closed
  }

  /// Asks where a waiting task goes.
  mutating func ask(about index: Int32, tentatively: Bool = false) {
    noteAsked(index)
    offering.task = index
    offering.isTentative = tentatively || slots[index].view.instances > 1
    offering.question = .place
    revealGateway()
  }

  /// The task that is asked about.
  @inline(__always)
  var askedView: TaskView {
    var view = slots[offering.task].view
    if view.instances > 1 { view.instance = Int32(offering.machines.count) }
    return view
  }

  /// The answer to where a task goes. One that is not valid is an error, and the decision stays open.
  mutating func answer(_ placement: Placement) throws(SimulationError) {
    let index = offering.task
    concealGateway()
    var isValid = true
    if case .machine(let machine) = placement {
      do throws(SimulationError) {
        isValid = try check(index, on: machine)
      } catch {
        revealGateway()
        throw error
      }
    }
    offering.question = .none
    accounts.decisions += 1
    if !isValid { tellDeclined(1) }
    if offering.isTentative {
      answerTentatively(isValid ? placement : .wait)
    } else if offering.stage == .promises {
      answerPromised(isValid ? placement : .wait)
    } else {
      decided(take(placement, of: index, isValid: isValid))
    }
  }

  /// Does with a task what was decided. Whether it has left the queue.
  private mutating func take(_ placement: Placement, of index: Int32, isValid: Bool) -> Bool {
    if case .machine(let machine) = placement, isValid {
      if options.mode == .central
        || queues[machine].isEmpty && cluster.fits(slots[index].view.request, on: machine)
      {
        dequeue(index)
        start(index, on: machine)
        return true
      }
      if !options.refusesAtOnce {
        dequeue(index)
        joinQueue(index, of: machine)
        return true
      }
      tellDeclined(1)
    } else if placement != .reject, !options.refusesAtOnce {
      return false
    }
    refuse(index)
    return true
  }

  /// The task that was asked about has left the queue, or waits on.
  private mutating func decided(_ hasLeft: Bool) {
    switch offering.stage {
    case .heads:
      if !hasLeft {
        headWaits = !preempt(for: offering.task)
        if headWaits { keepHead(offering.task) }
      }
    case .backfilling:
      if hasLeft {
        accounts.backfilled += 1
        offering.left += 1
      }
    case .batch:
      // A gang that finds no room, or a conflict with a stale view, does not block the tasks behind it.
      if hasLeft { offering.hasServed = true } else { offering.setAside += 1 }
      offering.waiting.remove(at: offering.chosen)
      offering.views.remove(at: offering.chosen)
    case .closed, .opening, .promises, .recorded: break
    }
  }

  /// Whether the policy's placement is valid. One that is not is an error, but for a policy that sees
  /// the past, where it is a conflict if it was valid then.
  private mutating func check(_ index: Int32, on machine: Int) throws(SimulationError) -> Bool {
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

  mutating func refuse(_ index: Int32) {
    if followsRecord { noteMisfit(index) }
    dequeue(index)
    stopWaiting(index)
    conclude(index, .refused)
  }

  private mutating func joinQueue(_ index: Int32, of machine: Int) {
    slots[index].machine = Int32(machine)
    slots[index].state = .queued
    slots[index].view.placements += 1
    accounts.remarks.waitsAtMachines += 1
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

// Tasks whose start hangs on more than one answer: gangs, and those that EASY weighs.
extension Engine {
  /// One more machine for the task, or none: then it does not start.
  private mutating func answerTentatively(_ placement: Placement) {
    let index = offering.task
    let instances = Int(slots[index].view.instances)
    if case .machine(let machine) = placement {
      offering.machines.append(machine)
      offering.emptySince.append(
        (cluster.emptySince[machine], isStale ? seen.emptySince[machine] : .zero))
      meter.read(machine, cluster)
      pretend(slots[index].view, on: machine, sign: 1)
      if offering.machines.count < instances { return ask(about: index, tentatively: true) }
    }
    takeBackClaims(of: index)
    let hasAll = offering.machines.count == instances
    let isRejected = !hasAll && (placement == .reject || options.refusesAtOnce)
    let count = offering.machines.count
    if offering.stage == .promises {
      if !hasAll { tellDeclined(count) }
      answerPromised(hasAll: hasAll, isRejected: isRejected)
    } else {
      let hasLeft = startOrLeave(index, hasAll: hasAll, isRejected: isRejected)
      if !hasLeft || !hasAll { tellDeclined(count) }
      decided(hasLeft)
    }
    offering.machines.removeAll(keepingCapacity: true)
  }

  /// So many answers, the last that named machines, have come to nothing.
  @inline(__always)
  mutating func tellDeclined(_ count: Int) {
    if tellsOfDeclined, count > 0 { policy.declined(last: count) }
  }

  /// Whether the task has left the queue.
  private mutating func startOrLeave(_ index: Int32, hasAll: Bool, isRejected: Bool) -> Bool {
    if headPromise != nil {
      // It may not delay the head. One that is rejected here is asked about again as a head.
      guard hasAll, keepsPromise(slots[index].view, offering.machines) else { return false }
    } else if isRejected {
      refuse(index)
      return true
    }
    guard hasAll else { return false }
    dequeue(index)
    if slots[index].view.instances > 1 {
      start(index, on: offering.machines)
    } else {
      start(index, on: offering.machines[0])
    }
    return true
  }

  /// The claims were tentative: so that the instances did not count on the same room.
  private mutating func takeBackClaims(of index: Int32) {
    for place in offering.machines.indices.reversed() {
      let (machine, since) = (offering.machines[place], offering.emptySince[place])
      pretend(slots[index].view, on: machine, sign: -1)
      cluster.emptySince[machine] = since.present
      if isStale { seen.emptySince[machine] = since.seen }
    }
    offering.emptySince.removeAll(keepingCapacity: true)
  }

  /// Makes a tentative claim, or takes it back, in the policy's view too.
  private mutating func pretend(_ view: TaskView, on machine: Int, sign: Int32) {
    let claim = Claim(machine: machine, resources: view.request)
    if sign > 0 { cluster.apply(claim) } else { cluster.revert(claim) }
    if view.eligibility >= 0 { pretendDevices(view, on: machine, sign: sign) }
    cluster.mark(view, on: machine, sign: sign)
    guard isStale else { return policy.machineChanged(machine, on: cluster) }
    if sign > 0 { seen.apply(claim) } else { seen.revert(claim) }
    seen.mark(view, on: machine, sign: sign)
    policy.machineChanged(machine, on: seen)
  }

  /// Takes an open question back, as if it had not been asked.
  mutating func withdrawQuestion() {
    guard offering.question != .none else { return }
    concealGateway()
    if offering.question == .place { takeBackClaims(of: offering.task) }
    offering.machines.removeAll(keepingCapacity: true)
    offering.question = .none
    offering.stage = .closed
  }
}

// A batch policy chooses among the waiting tasks until it has no more to place.
extension Engine {
  private mutating func openBatch() {
    fresh.removeAll(keepingCapacity: true)
    guard !headWaits, !pending.isEmpty else {
      offering.stage = .closed
      return
    }
    updateRanks()
    offering.waiting = pending.slots(limit: options.depth)
    offering.views = offering.waiting.map { slots[$0].view }
    offering.hasServed = false
    offering.setAside = 0
    for index in offering.waiting { noteAsked(index) }
    offering.stage = .batch
  }

  private mutating func closeBatch() {
    if options.refusesAtOnce {
      for index in offering.waiting { refuse(index) }
      offering.hasServed = offering.hasServed || !offering.waiting.isEmpty
      offering.waiting.removeAll(keepingCapacity: true)
    }
    // Where some have left, others have come within the depth.
    let hasMore =
      offering.hasServed && pending.count > offering.waiting.count + offering.setAside
    offering.waiting.removeAll(keepingCapacity: true)
    offering.views.removeAll(keepingCapacity: true)
    headWaits = !hasMore
    offering.stage = hasMore ? .opening : .closed
  }

  /// The chosen task goes next, to that machine. A choice that is not valid is an error, and the
  /// decision stays open.
  mutating func choose(_ choice: Int, on machine: Int) throws(SimulationError) {
    guard offering.waiting.indices.contains(choice) else {
      throw .invalidChoice(
        policy: policy.name, index: choice, count: offering.waiting.count, time: cluster.now)
    }
    let index = offering.waiting[choice]
    let isGang = slots[index].view.instances > 1
    let isValid = isGang ? true : try check(index, on: machine)
    accounts.decisions += 1
    offering.chosen = choice
    // A gang is started as a whole or not at all, each instance where it is then said.
    if isGang { return ask(about: index) }
    offering.task = index
    offering.question = .none
    decided(take(.machine(machine), of: index, isValid: isValid))
  }

  /// No task goes next, for now.
  mutating func chooseNone() {
    accounts.decisions += 1
    offering.question = .none
    closeBatch()
  }
}
