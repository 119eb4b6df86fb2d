import Workload

// The queue meets the policy.
extension Engine {
  /// Offers waiting tasks to the policy, first come first served: the head blocks those behind it.
  mutating func offerPending() throws(SimulationError) {
    while !headWaits, let entry = pending.first {
      let index = entry.value
      accounts.decisions += 1
      let placement = policy.place(slots[index].view, on: cluster, using: &rng)
      switch placement {
      case .machine(let machine):
        try place(entry, on: machine)
      case .wait:
        if options.refusesAtOnce { refuse(entry) } else { headWaits = true }
      case .reject:
        refuse(entry)
      }
    }
  }

  private mutating func place(
    _ entry: OrderedIndex.Entry, on machine: Int
  ) throws(SimulationError) {
    let index = entry.value
    let request = slots[index].view.request
    guard (0..<cluster.count).contains(machine),
      options.mode == .dispatch
        ? cluster.fitsEmpty(request, on: machine) : cluster.fits(request, on: machine)
    else {
      throw .invalidPlacement(
        policy: policy.name, slots[index].view.id, machine: machine, time: cluster.now)
    }
    if options.mode == .central
      || queues[machine].isEmpty && cluster.fits(request, on: machine)
    {
      pending.remove(entry)
      start(index, on: machine)
    } else if options.refusesAtOnce {
      refuse(entry)
    } else {
      pending.remove(entry)
      joinQueue(index, of: machine)
    }
  }

  private mutating func refuse(_ entry: OrderedIndex.Entry) {
    pending.remove(entry)
    stopWaiting(entry.value)
    conclude(entry.value, .refused)
  }

  private mutating func joinQueue(_ index: Int32, of machine: Int) {
    slots[index].machine = Int32(machine)
    slots[index].state = .queued
    queues[machine].append(index, in: &slots)
    cluster.changeQueue(of: machine, by: 1)
    policy.machineChanged(machine, on: cluster)
  }

  /// Takes a task out of its machine's queue and ends its wait.
  mutating func leaveQueue(_ index: Int32) {
    let machine = Int(slots[index].machine)
    queues[machine].remove(index, in: &slots)
    cluster.changeQueue(of: machine, by: -1)
    stopWaiting(index)
  }

  /// Starts the tasks at the head of a machine's queue, as far as they fit.
  mutating func startQueued(on machine: Int) {
    while case let head = queues[machine].head, head >= 0,
      cluster.fits(slots[head].view.request, on: machine)
    {
      queues[machine].remove(head, in: &slots)
      cluster.changeQueue(of: machine, by: -1)
      start(head, on: machine)
    }
  }
}
