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
  /// The task whose time had come, and which could not start: -1 for none.
  var unkept: Int32 = -1
  /// What is free at most in the vacancies that this round began with.
  var peaks: [Resources] = []
  /// What is free without the promises of those from ``aheadTo`` on, in this round; empty until it is asked
  /// for.
  var ahead: [FreeProfile] = []
  var aheadTo = 0
}

// Conservative backfilling: whoever waits has been promised a time, and a place where that matters.
extension Engine {
  /// Starts those whose time has come, and promises every waiting task, in the queue's order, the
  /// earliest place that breaks no promise.
  ///
  /// A promise stands until there is a better one, or until it is in the way of a task that runs beyond
  /// its estimate or of one ahead in the queue that has no promise: one that came later but goes first, or
  /// has lost its place itself. Where several are in the way, the last in the queue yields first. Only
  /// promises that may have changed are looked at: those whose time has come, and, where room has come
  /// unforeseen, those that it may better.
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
    fresh.removeAll(keepingCapacity: true)
    beginPass()
    offering.stage = .promises
  }

  private mutating func beginPass() {
    pass.waiting = pending.slots(limit: options.depth)
    pass.unkept = -1
    let late = extendOverdue()
    if plan.isOutOfDate { rebuildPlan(pass.waiting) }
    withdrawBeyond(pass.waiting)
    makeWay(pass.waiting[...], in: late)
    // How long a task takes where changes by itself: everything may be bettered.
    if spansVary { for place in plan.profiles.indices { plan.vacate(place) } }
    pass.looked = 0
    beginRound()
  }

  /// Takes promises back until there is room for the others in these places, from the last in the queue
  /// on.
  private mutating func makeWay(_ tasks: ArraySlice<Int32>, in places: [Int]) {
    for place in places where place < plan.profiles.count {
      guard var crowded = plan.profiles[place].negative(within: .min ..< .max) else { continue }
      for index in tasks.reversed() where (plan.time(of: index) ?? .max) < crowded.upperBound {
        let promise = plan.promise(to: index)
        guard
          promise.parts.contains(where: {
            $0.place == place && promise.end($0) > crowded.lowerBound
              && plan.profiles[place].isNegative(from: promise.time, to: promise.end($0))
          })
        else { continue }
        withdraw(index)
        guard let rest = plan.profiles[place].negative(within: crowded) else { break }
        crowded = rest
      }
    }
  }

  private mutating func beginRound() {
    plan.seal()
    pass.known = plan.vacancies.count
    pass.position = 0
    pass.isBackfilling = false
    pass.ahead.removeAll(keepingCapacity: true)
    pass.peaks.removeAll(keepingCapacity: true)
    for vacancy in plan.vacancies[pass.looked...] {
      pass.peaks.append(
        plan.profiles[vacancy.place].peak(from: vacancy.from, before: vacancy.until))
    }
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
          enter(index)
        } else if plan.lastLook(of: index) < plan.changes {
          improve(index, plan.vacancies[pass.looked...])
          plan.noteLook(of: index)
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
    let within = waiting.reduce(0) { $0 + (plan.time(of: $1) == nil ? 0 : 1) }
    guard plan.count > within else { return }
    let inside = Set(waiting)
    for index in plan.promised where !inside.contains(index) { withdraw(index) }
  }

  /// Promises the task that is looked at the earliest place that delays no task ahead of it; those behind
  /// make way where they must.
  private mutating func enter(_ index: Int32) {
    let view = slots[index].view
    guard behindPass.contains(where: { (plan.time(of: $0) ?? .max) < .max }) else {
      enter(earliest(for: view, in: plan.profiles, before: .max) ?? .none, to: index)
      return plan.noteLook(of: index)
    }
    lookAhead()
    guard let best = earliest(for: view, in: pass.ahead, before: .max) else {
      enter(.none, to: index)
      return plan.noteLook(of: index)
    }
    // As early with nobody making way, if it can be; earlier it cannot be.
    if let plain = earliest(
      for: view, in: plan.profiles, from: best.time, before: best.time + 1)
    {
      enter(plain, to: index)
      return plan.noteLook(of: index)
    }
    enter(best, to: index)
    plan.noteLook(of: index)
    makeWay(behindPass, in: best.parts.map(\.place))
  }

  /// Brings up to date what is free but for those behind. Of those that have been looked at since it was,
  /// each has started or has its promise: all that changes in a round is what is done with them in turn.
  private mutating func lookAhead() {
    let isPool = plan.pool != nil
    let now = cluster.now.rawValue
    if pass.ahead.isEmpty {
      pass.ahead = plan.profiles
      let alone = plan.profiles(without: behindPass) { other, count in
        isPool ? Self.instances(count) : slots[other].view.request.times(count)
      }
      for (place, profile) in alone { pass.ahead[place] = profile }
    } else {
      for index in pass.waiting[pass.aheadTo..<pass.position] where slots[index].leader < 0 {
        let request = isPool ? Self.instances(1) : slots[index].view.request
        switch slots[index].state {
        case .pending:
          guard let time = plan.time(of: index), time < .max else { continue }
          let promise = plan.promise(to: index)
          for part in promise.parts {
            pass.ahead[part.place].take(
              request.times(part.count), from: time, to: promise.end(part), now: now)
          }
        case .running:
          var member = index
          while member >= 0 {
            pass.ahead[isPool ? 0 : Int(slots[member].machine)].take(
              request, from: now, to: slots[member].plannedEnd, now: now)
            member = slots[member].sibling
          }
        default: continue
        }
      }
    }
    pass.aheadTo = pass.position
  }

  /// Moves a task forward into room that has come unforeseen, if it fits there earlier.
  private mutating func improve(_ index: Int32, _ vacancies: ArraySlice<PromisePlan.Vacancy>) {
    guard let promised = plan.time(of: index), promised > cluster.now.rawValue else { return }
    let view = slots[index].view
    guard plan.pool != nil || view.instances == 1, !spansVary else {
      let old = plan.promise(to: index)
      // The parts of a gang hang together: all of it is thought over.
      let limit = min(promised, vacancies.lazy.map(\.until).max() ?? 0)
      withdraw(index, quietly: true)
      if let better = earliest(for: view, before: limit) {
        plan.vacate(old)
        return enter(better, to: index)
      }
      return enter(old, to: index)
    }
    guard let best = earliest(of: index, view, before: promised, in: vacancies) else { return }
    withdraw(index)
    enter(best, to: index)
  }

  /// The earliest place before the promised time that reaches into one of the vacancies, for all of a task.
  private func earliest(
    of index: Int32, _ view: TaskView, before promised: Int64,
    in vacancies: ArraySlice<PromisePlan.Vacancy>
  ) -> Promise? {
    let isPool = plan.pool != nil
    let count = isPool ? Int(view.instances) : 1
    let request = isPool ? Self.instances(count) : view.request
    let ownPlace = plan.firstPlace(of: index)
    // Where all machines are alike it takes as long everywhere.
    let last = plan.lastLook(of: index)
    let common = takesAsLongEverywhere ? plan.firstSpan(of: index) : nil
    var best: (time: Int64, part: Promise.Part)?
    for place in vacancies.indices {
      let vacancy = vacancies[place]
      let limit = min(best?.time ?? promised, vacancy.until)
      let own = ownPlace == vacancy.place ? promised : .max
      guard vacancy.change > last, vacancy.from < own else { continue }
      // What comes free later in the round is a vacancy of its own.
      let looked = place - pass.looked
      if looked < pass.peaks.count, !request.fits(in: pass.peaks[looked]) { continue }
      let span = common ?? expectedSpan(of: view, on: vacancy.place)
      guard
        let time = plan.profiles[vacancy.place].earliest(
          request, for: span, reaching: vacancy.from..<min(vacancy.until, own),
          from: cluster.now.rawValue, before: limit, own: own),
        isPool || cluster.isAllowed(view, on: vacancy.place)
      else { continue }
      best = (time, .init(place: vacancy.place, count: count, span: span))
    }
    return best.map { Promise(time: $0.time, parts: .init($0.part)) }
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
    case .machine:
      tellDeclined(1)
      startPromised(index, on: placeOfPromise(to: view))
    case .wait: startPromised(index, on: placeOfPromise(to: view))
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
    let parts = pass.promise.parts
    let span = parts.map { expectedSpan(of: view, on: $0.place) }.max()
    let fits = parts.allSatisfy { fitsNow(view, in: $0.place, $0.count, for: span) }
    return fits ? pass.promise.machines : nil
  }

  /// A task starts whose time has come; nil if it cannot, or has been refused.
  private mutating func startPromised(_ index: Int32, on machines: [Int]?) {
    let promise = pass.promise
    guard let machines else {
      plan.vacate(promise)
      guard slots[index].state == .pending else { return passed() }
      // One of its job is there, or the machine has fallen asleep: it gets another promise, and if that
      // is no better it waits for room.
      if pass.unkept == index {
        enter(.none, to: index)
        passOver(index)
      }
      pass.unkept = index
      return
    }
    dequeue(index)
    if machines.count == 1 { start(index, on: machines[0]) } else { start(index, on: machines) }
    let isAsPromised =
      promise.time == cluster.now.rawValue
      && (plan.pool != nil || machines == promise.machines)
      && promise.parts.allSatisfy { promise.end($0) == slots[index].plannedEnd }
    if !isAsPromised { plan.vacate(promise) }
    passed()
  }

  /// The task that was looked at has left the queue.
  private mutating func passed() {
    pass.position += 1
    if pass.isBackfilling { accounts.backfilled += 1 }
    // Whoever is served has changed whose turn it is.
    if pending.isByUser { beginPass() }
  }

  /// Whether so many instances may start in a place now, for `span` or as long as they should take there,
  /// and break no promise.
  private func fitsNow(
    _ view: TaskView, in place: Int, _ count: Int, for span: Int64? = nil
  ) -> Bool {
    let span = span ?? expectedSpan(of: view, on: place)
    let now = cluster.now.rawValue
    if plan.pool != nil {
      return freeInstances >= count
        && plan.profiles[0].room(for: Self.instances(1), at: now, for: span) >= count
    }
    return cluster.mayStart(view, on: place)
      && cluster.free(place).room(for: view.request) >= count
      && plan.profiles[place].room(for: view.request, at: now, for: span) >= count
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

extension Promise {
  /// The machine of each instance, where places are machines.
  fileprivate var machines: [Int] {
    parts.flatMap { Array(repeating: $0.place, count: $0.count) }
  }
}
