import Workload

// Machines come, go and change.
extension Engine {
  /// Availability event `index` happens.
  mutating func change(_ index: Int) {
    let event = changes[index]
    let machine = event.machine
    meter.read(machine, cluster)
    switch event.kind {
    case .add, .update:
      cluster.resize(machine, to: event.capacity)
      if event.kind == .add, !isPresent[machine] {
        isPresent[machine] = true
        if !isFailed[machine] { cluster.bringUp(machine) }
      }
      noteGrowth()
      headWaits = false
      if options.mode == .dispatch, cluster.isUp(machine) { startQueued(on: machine) }
    case .remove:
      isPresent[machine] = false
      if cluster.isUp(machine) { empty(machine) }
    }
    let isUp = isPresent[machine]
    let isWorse = prospects.passed(
      event: index, machine: machine, capacity: isUp ? cluster.capacity(machine) : nil)
    plan.isOutOfDate = true
    changed(machine)
    if isWorse { dropHopeless(afterChangeOf: machine) }
  }

  /// Takes a machine down: its tasks go back to the pending queue, the running ones first, in the
  /// order in which they came.
  mutating func empty(_ machine: Int) {
    while runningLists[machine].head >= 0 {
      accounts.evictions += 1
      evict(runningLists[machine].head)
    }
    cluster.takeDown(machine)
    guard options.mode == .dispatch else { return }
    sendBackQueue(of: machine)
  }

  private mutating func sendBackQueue(of machine: Int) {
    while case let head = queues[machine].head, head >= 0 {
      leaveQueue(head)
      waitAgain(head)
    }
  }

  /// Takes the tasks that can no longer be placed out of the queue. O(tasks waiting).
  private mutating func dropHopeless(afterChangeOf machine: Int) {
    if options.mode == .dispatch, cluster.isUp(machine) {
      // It shrank: what waits there for a room that will not come must be decided anew.
      var index = queues[machine].head
      while index >= 0 {
        let next = slots[index].next
        if !slots[index].view.request.fits(in: cluster.capacity(machine)) {
          leaveQueue(index)
          waitAgain(index)
        }
        index = next
      }
      startQueued(on: machine)
    }
    for index in pending.slots(limit: .max) {
      let view = slots[index].view
      guard let reason = prospects.obstacle(to: view, allowed: allowedMachines(view)) else {
        continue
      }
      dequeue(index)
      headWaits = false
      stopWaiting(index)
      accounts.cannotPlace(view.id, reason, submit: view.submit)
      conclude(index, .unplaceable)
    }
  }
}
