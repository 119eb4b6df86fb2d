import Workload

/// Where and when a waiting task has been promised to start.
struct Reservation {
  var time: Int64
  /// The machine of each instance; like ones stand together.
  var machines: [Int]
}

/// A passage through the queue under way: what it keeps from one decision to the next.
struct PromisePass {
  var profiles: [FreeProfile] = []
  var waiting: [Int32] = []
  /// Which of those that wait is looked at.
  var position = 0
  /// How many promises, from the first on, stand from before.
  var kept = 0
  var mayImprove = false
  /// Somebody has been passed over.
  var overtakes = false
  /// What the task that is looked at is promised.
  var promise: Reservation?
}

// Conservative backfilling: whoever waits has been promised a place and a time.
extension Engine {
  /// Begins to start whom it promised to, and to make promises to all others.
  mutating func openPromises() {
    fresh.removeAll(keepingCapacity: true)
    beginPass()
    offering.stage = .promises
  }

  /// Goes on with that. Whether it stopped at a decision.
  mutating func keepPromises() -> Bool {
    while true {
      if continuePass() { return true }
      guard let head = pending.first, preempt(for: head.value) else { break }
      beginPass()
    }
    headWaits = true
    offering.stage = .closed
    return false
  }

  /// Promises every waiting task, in the queue's order, the earliest place that breaks no promise, and
  /// starts those whose time has come. O(waiting × machines × running tasks a machine) where room has
  /// come unforeseen, else only for those that have just arrived.
  ///
  /// A promise stands until there is a better one, or until one ahead in the queue has none: one that
  /// came later but goes first, or whose machine went away or runs a task beyond its estimate.
  private mutating func beginPass() {
    pass.profiles = (0..<cluster.count).map { freeProfile(of: $0) }
    pass.waiting = pending.slots(limit: options.depth)
    keepStandingPromises()
    pass.mayImprove = promisesAreOld
    promisesAreOld = false
    pass.overtakes = false
    pass.position = 0
  }

  /// Goes on with the passage. Whether it stopped at a decision; false at its end.
  private mutating func continuePass() -> Bool {
    while pass.position < pass.waiting.count {
      let index = pass.waiting[pass.position]
      let view = slots[index].view
      var promise = pass.position < pass.kept ? reservations[index] : nil
      if let old = promise, pass.mayImprove, old.time > cluster.now.rawValue {
        change(for: view, old) { $0.release($1, at: $2, for: $3) }
        promise = nil
      }
      if promise == nil {
        promise = earliest(for: view, pass.profiles)
        reservations[index] = promise
        if let promise {
          change(for: view, promise) { $0.reserve($1, at: $2, for: $3) }
        }
      }
      guard let promise, promise.time == cluster.now.rawValue else {
        passed(index, hasLeft: false)
        continue
      }
      if view.instances == 1, !isStale {
        pass.promise = promise
        ask(about: index)
        return true
      }
      accounts.decisions += 1
      passed(index, hasLeft: startPromised(index, on: promise.machines))
    }
    return false
  }

  private mutating func passed(_ index: Int32, hasLeft: Bool) {
    pass.position += 1
    if hasLeft {
      if pass.overtakes { accounts.overtakings += 1 }
    } else {
      pass.overtakes = true
      if options.refusesAtOnce { refuse(index) }
    }
  }

  /// Enters the promises that still stand, in order; those behind the first that does not are off.
  private mutating func keepStandingPromises() {
    pass.kept = 0
    for index in pass.waiting {
      let view = slots[index].view
      guard var promise = reservations[index] else { return }
      promise.time = max(promise.time, cluster.now.rawValue)
      guard stands(promise, for: view, pass.profiles) else { return }
      reservations[index] = promise
      change(for: view, promise) { $0.reserve($1, at: $2, for: $3) }
      pass.kept += 1
    }
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

  /// Changes the profiles of the machines of a promise.
  private mutating func change(
    for view: TaskView, _ promise: Reservation,
    _ body: (inout FreeProfile, Resources, Int64, Int64) -> Void
  ) {
    for machine in promise.machines {
      let span = expectedSpan(of: view, on: machine)
      body(&pass.profiles[machine], view.request, promise.time, span)
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

  /// The policy has said where a task of one instance goes whose time has come: there, if that breaks
  /// no promise.
  mutating func answerPromised(_ placement: Placement) {
    let index = offering.task
    let view = slots[index].view
    guard let promise = pass.promise else { return }
    var machines = promise.machines
    if placement == .reject {
      change(for: view, promise) { $0.release($1, at: $2, for: $3) }
      refuse(index)
      return passed(index, hasLeft: true)
    }
    if case .machine(let machine) = placement, machine != machines[0] {
      let other = Reservation(time: promise.time, machines: [machine])
      if stands(other, for: view, pass.profiles) {
        change(for: view, promise) { $0.release($1, at: $2, for: $3) }
        change(for: view, other) { $0.reserve($1, at: $2, for: $3) }
        machines = other.machines
      }
    }
    passed(index, hasLeft: startPromised(index, on: machines))
  }

  /// Starts a task whose time has come; whether it has left the queue.
  private mutating func startPromised(_ index: Int32, on machines: [Int]) -> Bool {
    let view = slots[index].view
    let fits = forEachMachine(of: Reservation(time: cluster.now.rawValue, machines: machines)) {
      cluster.free($0).room(for: view.request) >= $1 && cluster.mayStart(view, on: $0)
    }
    guard fits else { return false }
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
