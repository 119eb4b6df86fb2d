import Workload

// What may overtake a waiting head.
extension Engine {
  /// Lets tasks behind the head start. `onlyFresh`: nothing has changed but that some have arrived.
  mutating func overtake(onlyFresh: Bool) throws(SimulationError) {
    switch options.backfilling {
    case .none: return
    case .conservative: try backfillConservatively()
    case .greedy, .easy:
      guard let head = pending.first?.value else { return }
      var promise = options.backfilling == .easy ? promise(to: head) : nil
      let candidates =
        onlyFresh
        ? fresh.map(\.value) : Array(pending.slots(limit: options.depth + 1).dropFirst())
      for index in candidates where index != head && slots[index].state == .pending {
        if try overtakeOne(index, &promise) { accounts.overtakings += 1 }
      }
    }
  }

  /// When the head can start at the latest, by the estimates, and where room is kept for it.
  struct Promise {
    var time: Microseconds
    /// The machines kept, and what is left there once the head has started; nothing beside a gang.
    var spare: [Int: Resources]
  }

  /// Offers a task that must not break the promise to the head. Whether it has left the queue.
  private mutating func overtakeOne(
    _ index: Int32, _ promise: inout Promise?
  ) throws(SimulationError) -> Bool {
    guard promise != nil else { return try offer(index) }
    let view = slots[index].view
    // A gang overtakes only if it is over in time; its places are not known beforehand.
    if view.instances > 1 {
      guard let time = promise?.time, expectedEnd(of: view, speed: 1) <= time else { return false }
      return try offer(index)
    }
    guard case .machine(let machine) = ask(view), try check(index, on: machine) else {
      return false
    }
    if let kept = promise?.spare[machine], let time = promise?.time,
      expectedEnd(of: view, speed: cluster.speed(machine), on: machine) > time
    {
      guard view.request.fits(in: kept) else { return false }
      promise?.spare[machine] = kept - view.request
    }
    dequeue(index)
    start(index, on: machine)
    return true
  }

  private func expectedEnd(
    of view: TaskView, speed: Double, on machine: Int? = nil
  ) -> Microseconds {
    guard view.estimate.isKnown else { return .never }
    var startup = Microseconds.zero
    if let machine {
      startup =
        cluster.isAsleep(machine)
        ? cluster.power(machine).wakeDelay : max(cluster.awakeAt[machine] - cluster.now, .zero)
      startup += options.network?.dispatch ?? .zero
    }
    return cluster.now + startup + view.estimate.scaled(by: 1 / speed)
  }

  /// Lets running tasks end as they should until the head fits. O(running tasks). Nil if it fits at
  /// no foreseeable time: then nothing can be promised.
  private func promise(to head: Int32) -> Promise? {
    let view = slots[head].view
    var free: [Int: Resources] = [:]
    var missing = Int(view.instances)
    var places: [Int] = []
    if view.instances > 1 {
      for machine in 0..<cluster.count where cluster.isAllowed(view, on: machine) {
        let room = cluster.free(machine).room(for: view.request)
        if room > 0 { places.append(machine) }
        missing -= view.mustBeApart ? min(room, 1) : room
      }
    }
    var cursor = ends.cursor(from: .min)
    while let place = cursor {
      let entry = ends[place]
      cursor = ends.advance(place)
      let machine = Int(slots[entry.value].machine)
      let before = free[machine] ?? cluster.free(machine)
      let after = before + slots[entry.value].view.request
      free[machine] = after
      guard cluster.isAllowed(view, on: machine) else { continue }
      let rooms = (before.room(for: view.request), after.room(for: view.request))
      if rooms.0 == 0, rooms.1 > 0 { places.append(machine) }
      missing -= view.mustBeApart ? min(rooms.1, 1) - min(rooms.0, 1) : rooms.1 - rooms.0
      guard missing <= 0 else { continue }
      let time = max(Microseconds(entry.key), cluster.now)
      if view.instances > 1 {
        return Promise(
          time: time, spare: Dictionary(uniqueKeysWithValues: places.map { ($0, FitTree.nothing) }))
      }
      return Promise(time: time, spare: [machine: after - view.request])
    }
    return nil
  }

  /// Gives every waiting task, in order, the earliest place that delays none ahead of it, and starts
  /// those whose place is now. O(waiting × machines × running tasks a machine).
  ///
  /// A gang that cannot start now has no place of its own and lets nobody overtake.
  private mutating func backfillConservatively() throws(SimulationError) {
    var profiles = (0..<cluster.count).map { freeProfile(of: $0) }
    let head = pending.first?.value
    for index in pending.slots(limit: options.depth) {
      let view = slots[index].view
      guard view.instances == 1 else { return }
      var best: (time: Int64, machine: Int)?
      for machine in 0..<cluster.count
      where cluster.fitsEmpty(view.request, on: machine) && cluster.isAllowed(view, on: machine) {
        let span = expectedSpan(of: view, on: machine)
        guard let time = profiles[machine].earliest(view.request, for: span) else { continue }
        if best == nil || time < best!.time { best = (time, machine) }
      }
      guard let best else { continue }
      let span = expectedSpan(of: view, on: best.machine)
      profiles[best.machine].reserve(view.request, at: best.time, for: span)
      if best.time == cluster.now.rawValue, cluster.mayStart(view, on: best.machine) {
        accounts.decisions += 1
        if index != head { accounts.overtakings += 1 }
        dequeue(index)
        start(index, on: best.machine)
      }
    }
  }

  /// How long the task should hold the machine, in µs; one that takes no time needs its moment too.
  private func expectedSpan(of view: TaskView, on machine: Int) -> Int64 {
    let end = expectedEnd(of: view, speed: cluster.speed(machine), on: machine)
    return end.isKnown ? max((end - cluster.now).rawValue, 1) : .max
  }

  private func freeProfile(of machine: Int) -> FreeProfile {
    guard cluster.isUp(machine) else { return FreeProfile(now: cluster.now.rawValue, .zero) }
    var profile = FreeProfile(now: cluster.now.rawValue, cluster.free(machine))
    var index = runningLists[machine].head
    while index >= 0 {
      if slots[index].expectedEnd.isKnown {
        // One that runs beyond its estimate may end at any moment, but not now.
        let end = max(slots[index].expectedEnd.rawValue, cluster.now.rawValue + 1)
        profile.free(slots[index].view.request, from: end)
      }
      index = slots[index].next
    }
    return profile
  }
}

/// What will be free on a machine over time, by the estimates: steps, the last one for ever.
struct FreeProfile {
  private var times: [Int64]
  private var free: [Resources]

  init(now: Int64, _ free: Resources) {
    times = [now]
    self.free = [free]
  }

  /// Something is given back for good.
  mutating func free(_ amount: Resources, from time: Int64) {
    for step in split(at: time)..<times.count { free[step] += amount }
  }

  /// The earliest time from which `request` fits for `span`.
  func earliest(_ request: Resources, for span: Int64) -> Int64? {
    var start: Int64?
    for step in times.indices {
      if !request.fits(in: free[step]) {
        start = nil
        continue
      }
      let begin = start ?? times[step]
      start = begin
      let (end, overflow) = begin.addingReportingOverflow(span)
      if step + 1 == times.count || (!overflow && times[step + 1] >= end) { return begin }
    }
    return nil
  }

  /// Takes `request` for `span` from `time` on.
  mutating func reserve(_ request: Resources, at time: Int64, for span: Int64) {
    let (end, overflow) = time.addingReportingOverflow(span)
    let first = split(at: time)
    let last = overflow ? times.count : split(at: end)
    for step in first..<last { free[step] -= request }
  }

  /// The step that begins at `time`, made if there is none.
  private mutating func split(at time: Int64) -> Int {
    let step = times.firstIndex { $0 >= time } ?? times.count
    if step < times.count, times[step] == time { return step }
    times.insert(time, at: step)
    free.insert(free[max(step - 1, 0)], at: step)
    return step
  }
}
