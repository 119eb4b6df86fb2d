import Workload

// What happens to one task: it waits, starts, is released, ends.
extension Engine {
  /// Puts a waiting task at its place in the queue.
  mutating func enqueue(_ index: Int32) {
    let (entry, user) = (queueEntry(index), slots[index].view.user)
    let isFirst = pending.insert(entry, of: user)
    // A batch policy weighs all that wait, others the head.
    if isBatch || isFirst { headWaits = false }
  }

  /// Takes a waiting task out of the queue.
  mutating func dequeue(_ index: Int32) {
    if keepsPlan { withdraw(index) }
    let (entry, user) = (queueEntry(index), slots[index].view.user)
    pending.remove(entry, of: user)
    if index == bound { unbind() }
  }

  func queueEntry(_ index: Int32) -> OrderedIndex.Entry {
    .init(key: slots[index].key, tie: slots[index].arrival, value: index)
  }

  /// Starts a waiting task on a machine where it fits.
  mutating func start(_ index: Int32, on machine: Int) {
    begin(index)
    let end = occupy(index, on: machine)
    beginWaking(index)
    if foreseesEnds { foresee(index, until: slots[index].expectedEnd.rawValue) }
    if end.isKnown { schedule(index, end) }
  }

  /// Starts a gang: its first instance on the first machine, and so on.
  mutating func start(_ index: Int32, on machines: [Int]) {
    // No gang is larger than the limit by itself: with this one the run is over.
    _ = hasRoom(for: Int32(machines.count - 1))
    begin(index)
    var end = occupy(index, on: machines[0])
    beginWaking(index)
    for machine in machines.dropFirst() {
      var slot = slots[index]
      slot.leader = index
      slot.energy = 0
      let member = slots.insert(slot)
      slots[index].sibling = member
      end = max(end, occupy(member, on: machine))
    }
    slots[index].end = end
    if foreseesEnds { foreseeGang(index) }
    if end.isKnown { schedule(index, end) }
  }

  private mutating func schedule(_ index: Int32, _ end: Microseconds) {
    slots[index].finishSequence = heap.push(at: end.rawValue, .finish, subject: index)
  }

  /// A wait is over and an attempt begins.
  private mutating func begin(_ index: Int32) {
    stopWaiting(index)
    if slots[index].state != .queued { slots[index].view.placements += 1 }
    if slots[index].view.attempts == 0 { slots[index].firstStart = cluster.now }
    slots[index].since = cluster.now
    slots[index].lastStart = cluster.now
    accounts.lastStart = cluster.now
    slots[index].view.attempts += 1
    slots[index].state = .running
    slots[index].sibling = -1
  }

  /// An instance takes its place on a machine; returns when it will end there.
  private mutating func occupy(_ index: Int32, on machine: Int) -> Microseconds {
    meter.read(machine, cluster)
    let waking = wake(machine)
    // What is asked about a task below is asked only where it matters: a view is handed over as a copy.
    let delivery =
      hasNetwork
      ? cluster.delivery.time(of: slots[index].view, on: machine, at: cluster.now) : .zero
    let startup = waking + delivery
    let request = slots[index].view.request
    if slots[index].view.eligibility >= 0 { takeDevices(index, on: machine) }
    cluster.apply(Claim(machine: machine, resources: request))
    if slots[index].view.mustBeApart { cluster.mark(slots[index].view, on: machine, sign: 1) }
    pending.changeHeld(
      by: request, sign: 1, of: slots[index].view.user, whole: cluster.totalCapacity)
    slots[index].machine = Int32(machine)
    if keepsRunningLists { runningLists[machine].append(index, in: &slots) }
    let speed = cluster.speed(machine)
    let work = slots[index].work
    let own =
      hasRunTimes
      ? cluster.delivery.runTimes[slots[index].view.id, cluster.states[machine].number] : nil
    let length = own ?? (speed == 1 ? work : work.scaled(by: 1 / speed))
    let end = cluster.now + startup + length + store
    slots[index].end = end
    slots[index].startup = startup
    slots[index].waking = waking
    slots[index].perCoreAtStart = meter.perCore(machine)
    expect(index, on: machine)
    if options.audit { inspect(machine) }
    changed(machine)
    return end
  }

  /// How long a task's output takes.
  var store: Microseconds { hasNetwork ? options.network?.store ?? .zero : .zero }

  /// Notes when a policy would expect the task to end there.
  private mutating func expect(_ index: Int32, on machine: Int) {
    // Neither a prediction nor an estimate is known of it, nor a time of its own here.
    guard
      slots[index].view.estimate.isKnown || slots[index].view.predicted.isKnown
        || hasRunTimes,
      let length = cluster.expectedRunTime(of: backfilled(slots[index].view), on: machine)
    else { return }
    let end = cluster.now + slots[index].startup + length + store
    guard end.isKnown else { return }
    slots[index].expectedEnd = end
    cluster.changeWork(of: machine, by: 1, slots[index].view.request, end: end)
  }

  private mutating func expectNoMore(_ index: Int32, on machine: Int) {
    let end = slots[index].expectedEnd
    guard end.isKnown else { return }
    cluster.changeWork(of: machine, by: -1, slots[index].view.request, end: end)
    slots[index].expectedEnd = .never
  }

  /// How long a task placed on the machine now must wait for it to be awake.
  private mutating func wake(_ machine: Int) -> Microseconds {
    guard cluster.hasSleepers else { return .zero }
    if cluster.isAsleep(machine), !options.alwaysOn {
      cluster.awakeAt[machine] = cluster.now + cluster.power(machine).wakeDelay
    }
    return max(cluster.awakeAt[machine] - cluster.now, .zero)
  }

  /// A task waits on while its machine, a gang's first one, wakes up.
  private mutating func beginWaking(_ index: Int32) {
    guard slots[index].waking > .zero else { return }
    accounts.beganWaking(until: cluster.now + slots[index].waking)
  }

  /// Accounts for the end of a wait.
  mutating func stopWaiting(_ index: Int32) {
    slots[index].waited += cluster.now - slots[index].since
    accounts.waiting -= 1
  }

  /// Frees what a running task and the other instances of its gang hold.
  mutating func release(_ index: Int32) {
    var member = slots[index].sibling
    let awake = slots[index].since + slots[index].waking
    if awake > cluster.now { accounts.stoppedWaking(until: awake) }
    leave(index)
    while member >= 0 {
      let next = slots[member].sibling
      leave(member)
      slots[index].energy += slots[member].energy
      slots.remove(member)
      member = next
    }
    headWaits = false
  }

  /// An instance leaves its machine.
  private mutating func leave(_ index: Int32) {
    let machine = Int(slots[index].machine)
    let request = slots[index].view.request
    meter.read(machine, cluster)
    if meter.isOn {
      let perCore = meter.perCore(machine) - slots[index].perCoreAtStart
      slots[index].energy += perCore * request.cpu.value
    }
    cluster.revert(Claim(machine: machine, resources: request))
    if slots[index].view.eligibility >= 0 { giveDevices(index, on: machine) }
    noteGrowth()
    if slots[index].view.mustBeApart { cluster.mark(slots[index].view, on: machine, sign: -1) }
    pending.changeHeld(
      by: request, sign: -1, of: slots[index].view.user, whole: cluster.totalCapacity)
    if foreseesEnds { forgetEnd(index, on: machine) }
    expectNoMore(index, on: machine)
    if keepsRunningLists { runningLists[machine].remove(index, in: &slots) }
    accounts.ran(request, for: cluster.now - slots[index].since)
    if options.audit { inspect(machine) }
    changed(machine)
  }

  /// A running task has come to its end.
  mutating func finish(_ index: Int32) {
    let machine = Int(slots[index].machine)
    var member = index
    // The first is followed by the last, and that by the one before it.
    var instance = slots[index].view.instances
    while member >= 0 {
      accounts.finished(slots[member].view.request, after: slots[member].work)
      if member != index { notePlace(of: member, instance, of: index) }
      instance -= 1
      member = slots[member].sibling
    }
    let learned = isPredicted ? (slots[index].view, slots[index].work) : nil
    release(index)
    conclude(index, .finished)
    if let (view, work) = learned { learn(view, work: work) }
    if options.mode == .dispatch { startQueued(on: machine) }
  }

  /// Where an instance of a gang has been that comes to its end.
  private mutating func notePlace(of member: Int32, _ instance: Int32, of index: Int32) {
    places.append(
      InstancePlace(
        task: slots[index].view.id, instance: instance,
        machine: cluster.states[Int(slots[member].machine)].number, before: results.count))
  }

  /// A running task, or the gang that an instance belongs to, loses its place: it waits again where
  /// it waited before, or is given up.
  mutating func evict(_ member: Int32) {
    let index = slots[member].leader >= 0 ? slots[member].leader : member
    release(index)
    // What it waited for its machine to wake up stays a wait.
    let woke = min(slots[index].waking, cluster.now - slots[index].since)
    slots[index].waited += woke
    slots[index].wasted += cluster.now - slots[index].since - woke
    slots[index].finishSequence = 0
    slots[index].waking = .zero
    if slots[index].view.attempts > options.retries {
      conclude(index, .abandoned)
    } else {
      waitAgain(index)
    }
  }

  /// A task that was running or queued has lost its place and goes back to the pending queue.
  mutating func waitAgain(_ index: Int32) {
    var result = result(index, .unfinished)
    result.isFinal = false
    policy.taskEnded(result, on: cluster)
    slots[index].state = .pending
    slots[index].since = cluster.now
    accounts.beganWaiting()
    enqueue(index)
  }

  /// The fate of a task that has left queue and machine is known.
  mutating func conclude(_ index: Int32, _ outcome: TaskOutcome) {
    let id = slots[index].view.id
    let (machine, end) = (Int(slots[index].machine), slots[index].end)
    let finish = outcome == .finished ? end : .never
    if isPredicted, slots[index].view.predicted.isKnown, !slots[index].view.estimate.isKnown {
      accounts.remarks.predictedAlone = (accounts.remarks.predictedAlone ?? 0) + 1
    }
    conclude(result(index, outcome))
    forgetInputs(of: index)
    slots.remove(index)
    noteFate(of: id, .init(finish: finish, machine: machine))
  }

  private func result(_ index: Int32, _ outcome: TaskOutcome) -> TaskResult {
    let started = slots[index].view.attempts > 0
    // One that was cut off while its machine woke up has waited until then.
    let waking =
      outcome == .finished
      ? slots[index].waking : min(slots[index].waking, max(cluster.now - slots[index].since, .zero))
    return TaskResult(
      id: slots[index].view.id, instance: slots[index].view.instance,
      submit: slots[index].view.submit,
      firstStart: slots[index].firstStart, start: slots[index].lastStart,
      finish: outcome == .finished ? slots[index].end : .never,
      deadline: slots[index].view.deadline, wait: slots[index].waited + waking,
      wasted: slots[index].wasted, waking: waking, startup: slots[index].startup,
      energy: Joules(slots[index].energy),
      machine: started ? cluster.states[Int(slots[index].machine)].number : -1,
      attempts: slots[index].view.attempts, priorityClass: slots[index].view.priorityClass,
      outcome: outcome, kind: slots[index].view.kind,
      placements: slots[index].view.placements,
      devices: slots[index].view.eligibility >= 0 ? devicesHeld(index) : [],
      instances: slots[index].view.instances)
  }

  mutating func conclude(_ result: TaskResult) {
    var result = result
    result.isMeasured = accounts.isMeasured(submit: result.submit)
    accounts.concluded(result)
    results.append(result)
    policy.taskEnded(result, on: cluster)
  }
}
