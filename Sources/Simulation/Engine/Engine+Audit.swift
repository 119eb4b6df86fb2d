import Workload

// The engine checks itself: machines against their tasks, and those that wait against the rules of
// their mode. Nothing here is shared with what it checks but the state of the cluster and the tasks.
extension Engine {
  /// What the checks keep between events.
  struct AuditState {
    /// How often room has grown anywhere in the policy's view.
    var growth: UInt64 = 1
    /// For each slot, how often it had when the policy was last asked about its task.
    var asked: [UInt64] = []
  }

  /// Room has grown on some machine: whoever waits may be placed now. A policy of a stale view learns that
  /// at its next look.
  mutating func noteGrowth() {
    if !isStale { auditing.growth &+= 1 }
  }

  /// The policy has looked.
  mutating func noteLook() { auditing.growth &+= 1 }

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
  /// when everything has been offered.
  ///
  /// What may wait beside room is exactly this:
  ///   - In order of the queue, everybody behind a waiting head.
  ///   - What the policy was asked about since room last grew in its view: it would rather wait, or chose
  ///     a machine on which the task would delay whom EASY has promised a start.
  ///   - With backfilling and batch policies, who is beyond the depth.
  ///   - Where starts are recorded, every task until its own.
  ///   - Where starts are promised, a task that would delay another's promised start on every machine.
  mutating func inspectWaiting() {
    if options.mode == .dispatch, cluster.totalQueued > 0 {
      for (machine, queue) in queues.enumerated() where queue.head >= 0 {
        if cluster.fits(slots[queue.head].view.request, on: machine) { accounts.idled += 1 }
      }
    }
    guard !pending.isEmpty, let head = !isScored ? firstInOrder() : offering.head else {
      return
    }
    if followsRecord {
      if nextRecordedStart ?? .never <= cluster.now, heap.nextTime > cluster.now.rawValue {
        accounts.idled += 1
      }
      return
    }
    if keepsPlan {
      let waiting = pending.slots(limit: options.depth)
      let starting = waiting.filter { roomNow(for: slots[$0].view) != nil }
      guard !starting.isEmpty else { return }
      let profiles = freshProfiles(waiting)
      for index in starting where mayKeepPromises(index, profiles) { accounts.idled += 1 }
      return
    }
    let promise = options.mode == .central ? promiseNow(to: head) : nil
    for index in mayStart(head) where !wasAsked(index) {
      guard let machines = roomNow(for: slots[index].view) else { continue }
      if index != head, var promise {
        guard keeps(&promise, slots[index].view, machines) else { continue }
      }
      accounts.idled += 1
    }
  }

  /// The waiting tasks that the mode lets start, if there is room for them.
  private func mayStart(_ head: Int32) -> [Int32] {
    if isBatch { return pending.slots(limit: options.depth) }
    if options.backfilling == .none { return [head] }
    return pending.slots(limit: options.depth + 1)
  }

  /// The first machines with room for all instances now, in truth and, where the policy chooses, in its
  /// view; nil if there is not enough.
  private func roomNow(for view: TaskView) -> [Int]? {
    var machines: [Int] = []
    for machine in 0..<cluster.count
    where cluster.canTake(view, on: machine)
      && (!isStale || keepsPlan || seen.canTake(view, on: machine))
    {
      let left = Int(view.instances) - machines.count
      let room = options.mode == .central ? cluster.free(machine).room(for: view.request) : 1
      machines += Array(
        repeating: machine, count: min(room, left, view.mustBeApart ? 1 : left))
      if machines.count == Int(view.instances) { return machines }
    }
    return nil
  }

  /// Whether the task could start now without delaying a promised start, where the profiles have what runs and all that is
  /// promised, to it too.
  private func mayKeepPromises(_ index: Int32, _ profiles: [FreeProfile]) -> Bool {
    let view = slots[index].view
    let now = cluster.now.rawValue
    let instances = Int(view.instances)
    func profile(_ place: Int) -> FreeProfile {
      var profile = profiles[place]
      changePromised(&profile, place, index, sign: 1)
      return profile
    }
    if plan.pool != nil {
      let span = expectedSpan(of: view, on: 0)
      return profile(0).room(for: Self.instances(1), at: now, for: span) >= instances
    }
    let allowed = (0..<cluster.count).filter { cluster.mayStart(view, on: $0) }
    let spans = allowed.map { expectedSpan(of: view, on: $0) }
    // All hold their machines until the slowest has ended.
    return Set(spans).contains { span in
      var left = instances
      for (machine, own) in zip(allowed, spans) where own <= span && left > 0 {
        let room = profile(machine).room(for: view.request, at: now, for: span)
        left -= min(room, view.mustBeApart ? 1 : room)
      }
      return left <= 0
    }
  }

  /// What will be free where, worked out anew from nothing that is kept but promises and planned ends.
  /// What runs ends as is reckoned with.
  private func freshProfiles(_ waiting: [Int32]) -> [FreeProfile] {
    let now = cluster.now.rawValue
    let isPool = plan.pool != nil
    var profiles =
      isPool
      ? [FreeProfile(now: now, Self.instances(freeInstances))]
      : (0..<cluster.count).map { FreeProfile(now: now, cluster.free($0)) }
    for (machine, list) in runningLists.enumerated() {
      var index = list.head
      while index >= 0 {
        if slots[index].plannedEnd < .max {
          profiles[isPool ? 0 : machine].give(
            isPool ? Self.instances(1) : slots[index].view.request,
            from: max(slots[index].plannedEnd, now + 1), to: .max, now: now)
        }
        index = slots[index].next
      }
    }
    for index in waiting {
      for place in profiles.indices { changePromised(&profiles[place], place, index, sign: -1) }
    }
    return profiles
  }

  /// Takes what the task has been promised in a place (`sign` -1), or gives it back (1).
  private func changePromised(
    _ profile: inout FreeProfile, _ place: Int, _ index: Int32, sign: Int
  ) {
    guard plan.time(of: index) ?? .max < .max else { return }
    let (promise, now) = (plan.promise(to: index), cluster.now.rawValue)
    for part in promise.parts where part.place == place {
      let amount =
        plan.pool != nil
        ? Self.instances(part.count) : slots[index].view.request.times(part.count)
      if sign > 0 {
        profile.give(amount, from: promise.time, to: promise.end(part), now: now)
      } else {
        profile.take(amount, from: promise.time, to: promise.end(part), now: now)
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
      || cluster.devices.isOn && !devicesAdd(up: machine)
    {
      accounts.violations += 1
    }
  }
}
