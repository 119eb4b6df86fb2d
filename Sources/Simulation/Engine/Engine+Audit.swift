import Workload

// The engine checks itself: machines against their tasks, and those that wait against the rules of
// their mode. Nothing here is shared with what it checks but the state of the cluster and the tasks.
extension Engine {
  /// What the checks keep between events.
  struct AuditState {
    /// How often room has grown anywhere.
    var growth: UInt64 = 1
    /// What ``growth`` was when more tasks waited than the depth lets the engine look at.
    var exceeded: UInt64 = 0
    /// For each slot, how often it had when the policy was last asked about its task.
    var asked: [UInt64] = []
  }

  /// Room has grown on some machine: whoever waits may be placed now.
  mutating func noteGrowth() { auditing.growth &+= 1 }

  /// The policy is being asked about a task.
  mutating func noteAsked(_ index: Int32) {
    guard options.audit else { return }
    while auditing.asked.count <= Int(index) { auditing.asked.append(0) }
    auditing.asked[Int(index)] = auditing.growth
  }

  /// Whether the policy was asked after room had last grown, and would rather wait.
  private func wasAsked(_ index: Int32) -> Bool {
    Int(index) < auditing.asked.count && auditing.asked[Int(index)] == auditing.growth
  }

  /// Counts those who wait beside room that their mode lets them have: work must be conserved. Called
  /// when everything has been offered. A policy may say wait, if it was asked since room last grew.
  mutating func inspectWaiting() {
    // A policy that sees the past may miss the room that there is.
    guard options.audit, !isStale else { return }
    if options.mode == .dispatch, cluster.totalQueued > 0 {
      for (machine, queue) in queues.enumerated() where queue.head >= 0 {
        if cluster.fits(slots[queue.head].view.request, on: machine) { accounts.idled += 1 }
      }
    }
    if pending.count > options.depth { auditing.exceeded = auditing.growth }
    // Beside queues at machines nobody is promised anything.
    guard options.mode == .central || !keepsPlan else { return }
    let candidates = mayStart()
    guard let head = candidates.first else { return }
    let promise = promiseNow(to: head)
    for index in candidates where keepsPlan || !wasAsked(index) {
      guard let machines = roomNow(for: slots[index].view) else { continue }
      if keepsPlan {
        guard breaksNoPromise(index, machines) else { continue }
      } else if index != head, var promise {
        guard keeps(&promise, slots[index].view, machines) else { continue }
      }
      accounts.idled += 1
    }
  }

  /// The waiting tasks that the mode lets start, if there is room for them.
  private func mayStart() -> [Int32] {
    guard let head = scorer == nil ? firstInOrder() : offering.head, !pending.isEmpty else { return [] }
    // A task that was beyond the depth is looked at when room has next grown.
    let sawAll = auditing.exceeded != auditing.growth
    if isBatch || keepsPlan { return sawAll ? pending.slots(limit: options.depth) : [] }
    guard options.backfilling != .none, sawAll else { return [head] }
    return pending.slots(limit: options.depth + 1)
  }

  /// The first machines with room for all instances now; nil if there is not enough.
  private func roomNow(for view: TaskView) -> [Int]? {
    var machines: [Int] = []
    for machine in 0..<cluster.count where cluster.canTake(view, on: machine) {
      let left = Int(view.instances) - machines.count
      let room = options.mode == .central ? cluster.free(machine).room(for: view.request) : 1
      machines += Array(
        repeating: machine, count: min(room, left, view.mustBeApart ? 1 : left))
      if machines.count == Int(view.instances) { return machines }
    }
    return nil
  }

  /// Whether the task could start on these machines now, by what runs and what has been promised to
  /// the others. Worked out anew, from nothing that is kept.
  private func breaksNoPromise(_ index: Int32, _ machines: [Int]) -> Bool {
    let now = cluster.now.rawValue
    let others = pending.slots(limit: options.depth).filter { $0 != index }
    if plan.pool != nil {
      // One place, counted in instances.
      var profile = FreeProfile(now: now, Self.instances(freeInstances))
      for machine in 0..<cluster.count {
        giveBack(to: &profile, on: machine) { _ in Self.instances(1) }
      }
      takePromised(from: &profile, 0, others) { _, count in Self.instances(count) }
      let span = expectedSpan(of: slots[index].view, on: 0)
      return profile.room(for: Self.instances(1), at: now, for: span)
        >= Int(slots[index].view.instances)
    }
    var start = 0
    while start < machines.count {
      let machine = machines[start]
      let count = machines[start...].prefix { $0 == machine }.count
      var profile = FreeProfile(now: now, cluster.free(machine))
      giveBack(to: &profile, on: machine) { $0.request }
      takePromised(from: &profile, machine, others) { $0.request.times($1) }
      let span = expectedSpan(of: slots[index].view, on: machine)
      guard profile.room(for: slots[index].view.request, at: now, for: span) >= count else {
        return false
      }
      start += count
    }
    return true
  }

  /// What runs on the machine ends as it should, or, if it is late, at any moment but now.
  private func giveBack(
    to profile: inout FreeProfile, on machine: Int, _ amount: (TaskView) -> Resources
  ) {
    let now = cluster.now.rawValue
    var index = runningLists[machine].head
    while index >= 0 {
      let end = slots[index].expectedEnd.rawValue
      if end < .max {
        profile.give(amount(slots[index].view), from: max(end, now + 1), to: .max, now: now)
      }
      index = slots[index].next
    }
  }

  private func takePromised(
    from profile: inout FreeProfile, _ place: Int, _ tasks: [Int32],
    _ amount: (TaskView, Int) -> Resources
  ) {
    for index in tasks where plan.time(of: index) ?? .max < .max {
      let promise = plan.promise(to: index)
      for part in promise.parts where part.place == place {
        profile.take(
          amount(slots[index].view, part.count), from: promise.time, to: promise.end(part),
          now: cluster.now.rawValue)
      }
    }
  }

  /// Nothing is left to happen: those who still wait have been lost.
  mutating func inspectLost() {
    for index in slots.inOrderOfArrival() {
      switch slots[index].state {
      case .pending, .queued, .held, .released: accounts.lost += 1
      case .running, .free: continue
      }
    }
  }

  /// Checks a machine's state against its tasks.
  mutating func inspect(_ machine: Int) {
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
