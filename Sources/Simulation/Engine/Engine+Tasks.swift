import Workload

// What happens to one task: it waits, starts, is released, ends.
extension Engine {
  /// Puts a waiting task at its place in the queue.
  mutating func enqueue(_ index: Int32) {
    let entry = queueEntry(index)
    if let first = pending.first {
      if OrderedIndex.Entry.precedes(entry, first) { headWaits = false }
    } else {
      headWaits = false
    }
    pending.insert(entry)
  }

  func queueEntry(_ index: Int32) -> OrderedIndex.Entry {
    .init(key: slots[index].key, tie: slots[index].arrival, value: index)
  }

  /// Starts a waiting task on a machine where it fits.
  mutating func start(_ index: Int32, on machine: Int) {
    meter.read(machine, cluster)
    let now = cluster.now
    let startup = wake(machine)
    cluster.apply(Claim(machine: machine, resources: slots[index].view.request))
    stopWaiting(index)
    if slots[index].view.attempts == 0 { slots[index].firstStart = now }
    slots[index].since = now
    slots[index].view.attempts += 1
    slots[index].machine = Int32(machine)
    slots[index].state = .running
    if keepsRunningLists { runningLists[machine].append(index, in: &slots) }
    let speed = cluster.speed(machine)
    let work = slots[index].work
    let end = now + startup + (speed == 1 ? work : work.scaled(by: 1 / speed))
    slots[index].end = end
    slots[index].startup = startup
    slots[index].perCoreAtStart = meter.perCore(machine)
    if end.isKnown {
      slots[index].finishSequence = heap.push(at: end.rawValue, .finish, subject: index)
    }
    if options.audit { inspect(machine) }
    policy.machineChanged(machine, on: cluster)
  }

  /// How long a task placed on the machine now must wait for it to be awake.
  private mutating func wake(_ machine: Int) -> Microseconds {
    guard meter.isOn else { return .zero }
    if cluster.isAsleep(machine), !options.alwaysOn {
      cluster.awakeAt[machine] = cluster.now + cluster.power(machine).wakeDelay
    }
    return max(cluster.awakeAt[machine] - cluster.now, .zero)
  }

  /// Accounts for the end of a wait.
  mutating func stopWaiting(_ index: Int32) {
    slots[index].waited += cluster.now - slots[index].since
    accounts.waiting -= 1
  }

  /// Frees what a running task holds.
  mutating func release(_ index: Int32) {
    let machine = Int(slots[index].machine)
    let request = slots[index].view.request
    meter.read(machine, cluster)
    if meter.isOn {
      let perCore = meter.perCore(machine) - slots[index].perCoreAtStart
      slots[index].energy += perCore * request.cpu.value
    }
    cluster.revert(Claim(machine: machine, resources: request))
    if keepsRunningLists { runningLists[machine].remove(index, in: &slots) }
    accounts.ran(request, for: cluster.now - slots[index].since)
    headWaits = false
    if options.audit { inspect(machine) }
  }

  /// A running task has come to its end.
  mutating func finish(_ index: Int32) {
    let machine = Int(slots[index].machine)
    release(index)
    conclude(index, .finished)
    if options.mode == .dispatch { startQueued(on: machine) }
    policy.machineChanged(machine, on: cluster)
  }

  /// A running task loses its machine: it waits again at its old place, or is given up.
  mutating func evict(_ index: Int32) {
    release(index)
    accounts.evictions += 1
    slots[index].wasted += cluster.now - slots[index].since
    slots[index].since = cluster.now
    if slots[index].view.attempts > options.retries {
      conclude(index, .abandoned)
    } else {
      waitAgain(index)
    }
  }

  /// A task that was running or queued goes back to the pending queue, if it can be placed at all.
  mutating func waitAgain(_ index: Int32) {
    slots[index].state = .pending
    slots[index].since = cluster.now
    accounts.beganWaiting()
    enqueue(index)
  }

  /// The fate of a task that has left queue and machine is known.
  mutating func conclude(_ index: Int32, _ outcome: TaskOutcome) {
    let slot = slots[index]
    let started = slot.view.attempts > 0
    conclude(
      TaskResult(
        id: slot.view.id, submit: slot.view.submit, firstStart: slot.firstStart,
        start: started ? slot.since : .never, finish: outcome == .finished ? slot.end : .never,
        deadline: slot.view.deadline, wait: slot.waited, wasted: slot.wasted,
        startup: slot.startup, energy: Joules(slot.energy),
        machine: started ? cluster.description(Int(slot.machine)).number : -1,
        attempts: slot.view.attempts, priorityClass: slot.view.priorityClass, outcome: outcome))
    slots.remove(index)
  }

  mutating func conclude(_ result: TaskResult) {
    accounts.concluded(result)
    results.append(result)
    policy.taskEnded(result, on: cluster)
  }

  /// Checks a machine's state against its tasks.
  private mutating func inspect(_ machine: Int) {
    var claimed = Resources.zero
    var index = runningLists[machine].head
    while index >= 0 {
      claimed += slots[index].view.request
      index = slots[index].next
    }
    let (free, capacity) = (cluster.free(machine), cluster.capacity(machine))
    let shrank = !claimed.fits(in: capacity)
    if claimed != cluster.claimed(machine) || !free.fits(in: capacity)
      || !(shrank || Resources.zero.fits(in: free))
    {
      accounts.violations += 1
    }
  }
}
