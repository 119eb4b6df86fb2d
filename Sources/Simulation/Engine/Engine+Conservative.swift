import Workload

/// A passage through the queue under way: what it keeps from one decision to the next.
struct PromisePass {
  var waiting: [Int32] = []
  /// Which of those that wait is looked at.
  var position = 0
  /// Somebody has been passed over in this round.
  var isBackfilling = false
  /// How many vacancies earlier rounds have looked at, and how many there were when this one began.
  var looked = 0
  var known = 0
  /// What the task that is asked about had been promised.
  var promise = Promise.none
}

// Conservative backfilling: whoever waits has been promised a time, and a place where that matters.
extension Engine {
  /// Starts those whose time has come, and promises every waiting task, in the queue's order, the
  /// earliest place that breaks no promise.
  ///
  /// A promise stands until there is a better one, or until it is in the way of one ahead in the queue
  /// that has none: one that came later but goes first, or whose machine went away or runs a task
  /// beyond its estimate. Only promises that may have changed are looked at: those whose time has
  /// come, and, where room has come unforeseen, those that it may better.
  ///
  /// Whether it stopped at a decision.
  mutating func keepPromises() -> Bool {
    while true {
      if continuePass() { return true }
      // Where some have left, others have come within the depth.
      if plan.count < min(pending.count, options.depth) {
        beginPass()
        continue
      }
      guard let head = pending.first, preempt(for: head.value) else { break }
      beginPass()
    }
    headWaits = true
    offering.stage = .closed
    return false
  }

  /// Begins that.
  mutating func openPromises() {
    // Promises that nothing comes of, because tasks run beyond their estimates, are kept at growing
    // intervals; whatever happens to a task ends that.
    let happened = accounts.events &+ cluster.totalRunning
    vainWakes = happened == lastHappened ? vainWakes + 1 : 0
    lastHappened = happened
    fresh.removeAll(keepingCapacity: true)
    beginPass()
    offering.stage = .promises
  }

  private mutating func beginPass() {
    pass.waiting = pending.slots(limit: options.depth)
    if plan.isOutOfDate { rebuildPlan(pass.waiting) }
    withdrawBeyond(pass.waiting)
    pass.looked = 0
    beginRound()
  }

  private mutating func beginRound() {
    plan.seal()
    pass.known = plan.vacancies.count
    pass.position = 0
    pass.isBackfilling = false
  }

  /// Goes on with the passage. Whether it stopped at a decision.
  private mutating func continuePass() -> Bool {
    let now = cluster.now.rawValue
    while true {
      while pass.position < pass.waiting.count {
        let index = pass.waiting[pass.position]
        guard slots[index].state == .pending else {
          pass.position += 1
          continue
        }
        if plan.time(of: index) == nil {
          withdraw(behindPass) { _ in true }
          let since = slots[index].blockedSince
          let late = since < 0 ? 0 : now + max((now - since) / 2, 1)
          enter(earliest(for: slots[index].view, late: late, before: .max) ?? .none, to: index)
        } else if plan.vacancies.count > pass.looked {
          improve(index, plan.vacancies[pass.looked...])
        }
        if let time = plan.time(of: index), time <= now {
          if startPromised(index) { return true }
        } else {
          passOver(index)
        }
      }
      pass.looked = pass.known
      // Who moves forward leaves room, which those ahead may not have seen yet.
      guard plan.vacancies.count > pass.looked else { break }
      beginRound()
    }
    plan.forgetVacancies()
    return false
  }

  /// The tasks behind the one that is looked at.
  private var behindPass: ArraySlice<Int32> { pass.waiting[(pass.position + 1)...] }

  private mutating func passOver(_ index: Int32) {
    pass.position += 1
    pass.isBackfilling = true
    if options.refusesAtOnce { refuse(index) }
  }

  /// What lies beyond the depth has no promise.
  private mutating func withdrawBeyond(_ waiting: [Int32]) {
    guard plan.count > waiting.count else { return }
    let inside = Set(waiting)
    for index in plan.promised where !inside.contains(index) { withdraw(index) }
  }

  /// Takes the promises back for which `condition` holds.
  private mutating func withdraw(_ tasks: ArraySlice<Int32>, where condition: (Promise) -> Bool) {
    for index in tasks where plan.time(of: index) != nil && condition(plan.promise(to: index)) {
      withdraw(index)
    }
  }

  /// Moves a task forward into room that has come unforeseen, if it fits there earlier.
  private mutating func improve(_ index: Int32, _ vacancies: ArraySlice<PromisePlan.Vacancy>) {
    guard let promised = plan.time(of: index), promised > cluster.now.rawValue else { return }
    let view = slots[index].view
    let old = plan.promise(to: index)
    guard plan.pool != nil || view.instances == 1 else {
      // The parts of a gang hang together: all of it is thought over.
      withdraw(index, quietly: true)
      if let better = earliest(for: view, before: promised) {
        plan.vacate(old)
        return enter(better, to: index)
      }
      return enter(old, to: index)
    }
    var best: Promise?
    for vacancy in vacancies {
      let limit = min(best?.time ?? promised, vacancy.until)
      let own = old.parts.first?.place == vacancy.place ? promised : .max
      if let better = earliest(for: view, in: vacancy.place, before: limit, own: own) {
        best = better
      }
    }
    guard let best else { return }
    withdraw(index)
    enter(best, to: index)
  }

  /// A task whose time has come cannot start: one runs beyond its estimate. It is promised the next
  /// time at which that may be over, and those behind it make way where they must.
  ///
  /// That time is as far away again as half of what it has waited so far, or a sixteenth of its own
  /// length: what runs too long is expected to run longer (Tsafrir, Etsion and Feitelson,
  /// "Backfilling using system-generated predictions", IEEE TPDS 18, 2007).
  private mutating func postpone(_ index: Int32, behind: ArraySlice<Int32>) {
    let view = slots[index].view
    let old = plan.promise(to: index)
    let now = cluster.now.rawValue
    if slots[index].blockedSince < 0 { slots[index].blockedSince = old.due >= 0 ? old.due : now }
    let due = slots[index].blockedSince
    let span = old.parts.map(\.span).max() ?? .max
    // Of a task of unknown length nothing but a first stride of a second is known.
    let patience = max((now - due) / 2, span == .max ? 1_000_000 : span / 16, 1)
    let (time, overflow) = now.addingReportingOverflow(patience)
    guard !overflow else { return }
    withdraw(index, quietly: true)
    var next = earliest(for: view, late: time, before: time == .max ? .max : time + 1)
    if next == nil {
      withdraw(behind) { other in
        other.parts.contains { part in
          old.parts.contains { $0.place == part.place && other.time - time < $0.span }
        }
      }
      next = earliest(for: view, late: time, before: .max)
    }
    // Others may use the time until then.
    plan.vacate(old)
    var promise = next ?? .none
    promise.due = due
    enter(promise, to: index)
  }

  /// Starts a task whose time has come, or asks where: whether it stopped at that decision. A task of one
  /// instance goes where the policy wants it, if that breaks no promise; where all machines are one
  /// place, so does every instance.
  private mutating func startPromised(_ index: Int32) -> Bool {
    let view = slots[index].view
    pass.promise = plan.promise(to: index)
    withdraw(index, quietly: true)
    if plan.pool != nil {
      guard fitsNow(view, in: 0, Int(view.instances)) else {
        startPromised(index, on: nil)
        return false
      }
      guard isStale else {
        ask(about: index, tentatively: true)
        return true
      }
      startPromised(index, on: firstRoom(for: view))
      return false
    }
    guard view.instances > 1 || isStale else {
      ask(about: index)
      return true
    }
    accounts.decisions += 1
    startPromised(index, on: placeOfPromise(to: view))
    return false
  }

  /// The policy has said where a task of one instance goes.
  mutating func answerPromised(_ placement: Placement) {
    let index = offering.task
    let view = slots[index].view
    switch placement {
    case .reject:
      refuse(index)
      startPromised(index, on: nil)
    case .machine(let machine) where fitsNow(view, in: machine, 1):
      startPromised(index, on: [machine])
    case .machine, .wait: startPromised(index, on: placeOfPromise(to: view))
    }
  }

  /// The policy has said where each instance goes, or has not found room.
  mutating func answerPromised(hasAll: Bool, isRejected: Bool) {
    let index = offering.task
    if hasAll { return startPromised(index, on: offering.machines) }
    if isRejected {
      refuse(index)
      return startPromised(index, on: nil)
    }
    // The policy has not found the room that there is.
    startPromised(index, on: firstRoom(for: slots[index].view))
  }

  /// The machines of the promise, if the task fits there now.
  private func placeOfPromise(to view: TaskView) -> [Int]? {
    let fits = pass.promise.parts.allSatisfy { fitsNow(view, in: $0.place, $0.count) }
    return fits ? pass.promise.machines : nil
  }

  /// A task starts whose time has come; nil if it cannot, or has been refused.
  private mutating func startPromised(_ index: Int32, on machines: [Int]?) {
    let promise = pass.promise
    guard let machines else {
      if slots[index].state == .pending {
        enter(promise, to: index)
        postpone(index, behind: behindPass)
        return passOver(index)
      }
      plan.vacate(promise)
      return passed()
    }
    let isAsPromised = plan.pool != nil || machines == promise.machines
    dequeue(index)
    if machines.count == 1 { start(index, on: machines[0]) } else { start(index, on: machines) }
    if !isAsPromised || promise.time < cluster.now.rawValue { plan.vacate(promise) }
    passed()
  }

  /// The task that was looked at has left the queue.
  private mutating func passed() {
    pass.position += 1
    if pass.isBackfilling { accounts.backfilled += 1 }
  }

  /// Whether so many instances may start in a place now and break no promise.
  private func fitsNow(_ view: TaskView, in place: Int, _ count: Int) -> Bool {
    let now = cluster.now.rawValue
    if plan.pool != nil {
      return freeInstances >= count
        && plan.profiles[0].room(
          for: Self.instances(1), at: now, for: expectedSpan(of: view, on: 0)) >= count
    }
    return cluster.mayStart(view, on: place)
      && cluster.free(place).room(for: view.request) >= count
      && plan.profiles[place].room(
        for: view.request, at: now, for: expectedSpan(of: view, on: place)) >= count
  }

  private func firstRoom(for view: TaskView) -> [Int]? {
    var machines: [Int] = []
    var next = cluster.firstFit(for: view)
    while let machine = next, machines.count < Int(view.instances) {
      let room = cluster.free(machine).room(for: view.request)
      machines += Array(
        repeating: machine, count: min(room, Int(view.instances) - machines.count))
      next = cluster.firstFit(for: view, from: machine + 1)
    }
    return machines.count == Int(view.instances) ? machines : nil
  }
}

// The earliest places.
extension Engine {
  /// The earliest place before `limit`, ties to the lowest machines; nil if there is none to be
  /// foreseen.
  ///
  /// - Parameter late: when what is held by a task that runs beyond its estimate may be free.
  private func earliest(
    for view: TaskView, late: Int64 = 0, before limit: Int64
  ) -> Promise? {
    if plan.pool != nil { return earliest(for: view, in: 0, late: late, before: limit) }
    guard view.instances == 1 else { return earliestOfGang(view, late: late, before: limit) }
    var best: Promise?
    // Where all machines are alike it takes as long everywhere.
    let span = takesAsLongEverywhere ? expectedSpan(of: view, on: 0) : nil
    for machine in 0..<cluster.count {
      if let promise = earliest(
        for: view, in: machine, late: late, before: best?.time ?? limit, span: span)
      {
        best = promise
        if promise.time == cluster.now.rawValue { break }
      }
    }
    return best
  }

  /// The same in one place. `own`: from when on its own promise is there.
  private func earliest(
    for view: TaskView, in place: Int, late: Int64 = 0, before limit: Int64,
    own: Int64 = .max, span: Int64? = nil
  ) -> Promise? {
    var (request, count, isFree) = (view.request, 1, true)
    if plan.pool != nil {
      count = Int(view.instances)
      request = Self.instances(count)
      isFree = freeInstances >= count
    } else {
      guard cluster.fitsEmpty(request, on: place), cluster.isAllowed(view, on: place) else {
        return nil
      }
      isFree = cluster.fits(request, on: place)
    }
    let span = span ?? expectedSpan(of: view, on: place)
    var now = cluster.now.rawValue
    // A task that runs beyond its estimate may end at any moment, but not now.
    if !isFree, plan.profiles[place].room(for: request, at: now, for: 1) > 0 {
      now = max(late, now + 1)
    }
    guard
      let time = plan.profiles[place].earliest(
        request, for: span, from: now, before: limit, own: own)
    else { return nil }
    return Promise(time: time, parts: [.init(place: place, count: count, span: span)])
  }

  /// The same for instances that start together. O(steps of all machines × machines × steps).
  private func earliestOfGang(
    _ view: TaskView, late: Int64, before limit: Int64
  ) -> Promise? {
    let now = cluster.now.rawValue
    let candidates = (0..<cluster.count).filter {
      cluster.fitsEmpty(view.request, on: $0) && cluster.isAllowed(view, on: $0)
    }
    // Room only grows where a step begins.
    var times = [now, max(late, now + 1)]
    for machine in candidates { times += plan.profiles[machine].times.filter { $0 > now } }
    times.sort()
    var last: Int64?
    for time in times where time != last && time < limit {
      last = time
      var left = Int(view.instances)
      var parts: [Promise.Part] = []
      for machine in candidates {
        let span = expectedSpan(of: view, on: machine)
        var room = plan.profiles[machine].room(for: view.request, at: time, for: span)
        if time == now { room = min(room, cluster.free(machine).room(for: view.request)) }
        room = min(room, left, view.mustBeApart ? 1 : left)
        guard room > 0 else { continue }
        parts.append(.init(place: machine, count: room, span: span))
        left -= room
        if left == 0 { return Promise(time: time, parts: parts) }
      }
    }
    return nil
  }

  mutating func enter(_ promise: Promise, to index: Int32) {
    let isPool = plan.pool != nil
    let request = slots[index].view.request
    plan.enter(promise, to: index, now: cluster.now.rawValue) {
      isPool ? Self.instances($0) : request.times($0)
    }
  }

  /// Takes a task's promise back, if it has one.
  mutating func withdraw(_ index: Int32, quietly: Bool = false) {
    guard plan.time(of: index) != nil else { return }
    let isPool = plan.pool != nil
    let request = slots[index].view.request
    plan.withdraw(index, now: cluster.now.rawValue, quietly: quietly) {
      isPool ? Self.instances($0) : request.times($0)
    }
  }
}

extension Promise {
  /// The machine of each instance, where places are machines.
  fileprivate var machines: [Int] {
    parts.flatMap { Array(repeating: $0.place, count: $0.count) }
  }
}

extension Resources {
  /// This so many times.
  func times(_ count: Int) -> Resources {
    guard count != 1 else { return self }
    let factor = Int64(count)
    return Resources(
      cpu: Cores(nano: cpu.nano * factor), memory: Bytes(memory.rawValue * factor),
      disk: Bytes(disk.rawValue * factor), milliGPU: milliGPU * factor)
  }
}
