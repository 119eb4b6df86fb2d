import Workload

/// Where and when a waiting task has been promised to start.
struct Reservation {
  var time: Int64
  /// The machine of each instance; like ones stand together.
  var machines: [Int]
}

// Conservative backfilling: whoever waits has been promised a place and a time.
extension Engine {
  /// Promises every waiting task, in the queue's order, the earliest place that breaks no promise, and
  /// starts those whose time has come. O(waiting × machines × running tasks a machine) where room has
  /// come unforeseen, else only for those that have just arrived.
  ///
  /// A promise stands until there is a better one, or until one ahead in the queue has none: one that
  /// came later but goes first, or whose machine went away or runs a task beyond its estimate.
  mutating func backfillConservatively() throws(SimulationError) {
    var profiles = (0..<cluster.count).map { freeProfile(of: $0) }
    let waiting = pending.slots(limit: options.depth)
    let kept = keepPromises(to: waiting, &profiles)
    let mayImprove = promisesAreOld
    promisesAreOld = false
    var overtakes = false
    for (position, index) in waiting.enumerated() {
      let view = slots[index].view
      var promise = position < kept ? reservations[index] : nil
      if let old = promise, mayImprove, old.time > cluster.now.rawValue {
        change(&profiles, for: view, old) { $0.release($1, at: $2, for: $3) }
        promise = nil
      }
      if promise == nil {
        promise = earliest(for: view, profiles)
        reservations[index] = promise
        if let promise {
          change(&profiles, for: view, promise) { $0.reserve($1, at: $2, for: $3) }
        }
      }
      guard let promise, promise.time == cluster.now.rawValue,
        try startPromised(index, promise, &profiles)
      else {
        overtakes = true
        if options.refusesAtOnce { refuse(index) }
        continue
      }
      if overtakes { accounts.overtakings += 1 }
    }
  }

  /// Enters the promises that still stand, in order; those behind the first that does not are off.
  /// How many stand.
  private mutating func keepPromises(to waiting: [Int32], _ profiles: inout [FreeProfile]) -> Int {
    for (position, index) in waiting.enumerated() {
      let view = slots[index].view
      guard var promise = reservations[index] else { return position }
      promise.time = max(promise.time, cluster.now.rawValue)
      guard stands(promise, for: view, profiles) else { return position }
      reservations[index] = promise
      change(&profiles, for: view, promise) { $0.reserve($1, at: $2, for: $3) }
    }
    return waiting.count
  }

  private func stands(
    _ promise: Reservation, for view: TaskView, _ profiles: [FreeProfile]
  ) -> Bool {
    forEachMachine(of: promise) { machine, count in
      cluster.fitsEmpty(view.request, on: machine) && cluster.isAllowed(view, on: machine)
        && profiles[machine].room(
          for: view.request, at: promise.time, for: expectedSpan(of: view, on: machine)) >= count
    }
  }

  /// Whether `body` holds for each machine of the promise and how many instances are to go there.
  private func forEachMachine(of promise: Reservation, _ body: (Int, Int) -> Bool) -> Bool {
    var start = 0
    while start < promise.machines.count {
      let machine = promise.machines[start]
      var end = start + 1
      while end < promise.machines.count, promise.machines[end] == machine { end += 1 }
      guard body(machine, end - start) else { return false }
      start = end
    }
    return true
  }

  private func change(
    _ profiles: inout [FreeProfile], for view: TaskView, _ promise: Reservation,
    _ body: (inout FreeProfile, Resources, Int64, Int64) -> Void
  ) {
    for machine in promise.machines {
      body(
        &profiles[machine], view.request, promise.time, expectedSpan(of: view, on: machine))
    }
  }

  /// The earliest place, ties to the lowest machines; nil if there is no foreseeable one.
  private func earliest(for view: TaskView, _ profiles: [FreeProfile]) -> Reservation? {
    let candidates = (0..<cluster.count).filter {
      cluster.fitsEmpty(view.request, on: $0) && cluster.isAllowed(view, on: $0)
    }
    guard view.instances > 1 else {
      var best: Reservation?
      for machine in candidates {
        let span = expectedSpan(of: view, on: machine)
        guard let time = profiles[machine].earliest(view.request, for: span),
          time < best?.time ?? .max
        else { continue }
        best = Reservation(time: time, machines: [machine])
      }
      return best
    }
    // Room only grows where a step begins.
    var times: [Int64] = []
    for machine in candidates { times += profiles[machine].times }
    times.sort()
    var last: Int64?
    for time in times where time != last {
      last = time
      var machines: [Int] = []
      for machine in candidates {
        let left = Int(view.instances) - machines.count
        let room = profiles[machine].room(
          for: view.request, at: time, for: expectedSpan(of: view, on: machine))
        machines += Array(repeating: machine, count: min(room, view.mustBeApart ? 1 : left, left))
        if machines.count == Int(view.instances) {
          return Reservation(time: time, machines: machines)
        }
      }
    }
    return nil
  }

  /// Starts a task whose time has come; whether it has left the queue. A task of one instance goes
  /// where the policy wants it, if that breaks no promise.
  private mutating func startPromised(
    _ index: Int32, _ promise: Reservation, _ profiles: inout [FreeProfile]
  ) throws(SimulationError) -> Bool {
    let view = slots[index].view
    var machines = promise.machines
    if view.instances == 1, !isStale {
      let placement = ask(view)
      if placement == .reject {
        change(&profiles, for: view, promise) { $0.release($1, at: $2, for: $3) }
        refuse(index)
        return true
      }
      if case .machine(let machine) = placement, try check(index, on: machine),
        machine != machines[0]
      {
        let other = Reservation(time: promise.time, machines: [machine])
        if stands(other, for: view, profiles) {
          change(&profiles, for: view, promise) { $0.release($1, at: $2, for: $3) }
          change(&profiles, for: view, other) { $0.reserve($1, at: $2, for: $3) }
          machines = other.machines
        }
      }
    } else {
      accounts.decisions += 1
    }
    let fits = forEachMachine(of: Reservation(time: promise.time, machines: machines)) {
      cluster.free($0).room(for: view.request) >= $1 && cluster.mayStart(view, on: $0)
    }
    guard fits else { return false }
    try checkRoom(for: view.instances - 1)
    dequeue(index)
    if view.instances == 1 { start(index, on: machines[0]) } else { start(index, on: machines) }
    return true
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
