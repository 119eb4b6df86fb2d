import Workload

// A task of a high class may take the room of lower ones.
extension Engine {
  /// Makes room for a waiting task by evicting tasks of strictly lower class, and starts it. False if
  /// that cannot be done.
  ///
  /// On each machine the lowest classes go first and within a class the last to start, until the
  /// task fits; the machine is taken on which that throws away the least core-time, ties to the
  /// lowest index. O(running tasks).
  mutating func preempt(for index: Int32) -> Bool {
    let view = slots[index].view
    guard let threshold = options.preemption, options.mode == .central, view.instances == 1,
      view.priorityClass != .unknown, view.priorityClass >= threshold
    else { return false }
    var best: (machine: Int, victims: [Int32], loss: Double)?
    for machine in 0..<cluster.count
    where cluster.fitsEmpty(view.request, on: machine) && cluster.isAllowed(view, on: machine) {
      guard let (victims, loss) = victims(for: view, on: machine) else { continue }
      if best == nil || loss < best!.loss { best = (machine, victims, loss) }
    }
    guard let best else { return false }
    dequeue(index)
    for victim in best.victims where slots[victim].state == .running {
      accounts.preemptions += 1
      evict(victim)
    }
    start(index, on: best.machine)
    return true
  }

  /// Whom to evict from the machine so that the task fits, and the core-time lost; nil if evicting
  /// all of lower class is not enough.
  private func victims(
    for view: TaskView, on machine: Int
  ) -> (victims: [Int32], loss: Double)? {
    var candidates: [Int32] = []
    var index = runningLists[machine].head
    while index >= 0 {
      let other = slots[index].view.priorityClass
      if other != .unknown, other < view.priorityClass { candidates.append(index) }
      index = slots[index].next
    }
    candidates.sort { a, b in
      let (x, y) = (slots[a], slots[b])
      if x.view.priorityClass != y.view.priorityClass {
        return x.view.priorityClass < y.view.priorityClass
      }
      return x.since != y.since ? x.since > y.since : x.arrival > y.arrival
    }
    var free = cluster.free(machine)
    var loss = 0.0
    for (count, victim) in candidates.enumerated() {
      free += slots[victim].view.request
      let time = (cluster.now - slots[victim].since).seconds
      loss += time * slots[victim].view.request.cpu.value
      if view.request.fits(in: free) { return (Array(candidates[...count]), loss) }
    }
    return nil
  }
}
