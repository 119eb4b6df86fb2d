import Workload

// How the plan of conservative backfilling follows what happens.
extension Engine {
  /// Room in a pool is counted in instances.
  static func instances(_ count: Int) -> Resources {
    Resources(cpu: Cores(nano: Int64(count)))
  }

  /// How many more instances the pool has room for now.
  var freeInstances: Int {
    (plan.pool?.capacity ?? 0) - cluster.totalRunning
  }

  private func capacity(of pool: PromisePlan.Pool) -> Int {
    (0..<cluster.count).reduce(0) { sum, machine in
      sum + (cluster.isUp(machine) ? Int(cluster.capacity(machine).cpu.nano / pool.unit.nano) : 0)
    }
  }

  /// A task has arrived: machines stay one place only if it is like the others.
  mutating func notePlanned(_ view: TaskView) {
    guard keepsPlan, cluster.count > 1 else { return }
    if arrivals == 1 { plan.areAlike = machinesAreAlike }
    if slots.count == 0 {
      let pool = PromisePlan.Pool(unit: view.request.cpu, widest: view.request)
      let isPool = view.request.cpu > .zero && takesAsLongEverywhere && suits(view, pool)
      if isPool || plan.pool != nil {
        plan.pool = isPool ? pool : nil
        plan.isOutOfDate = true
      }
    } else if var pool = plan.pool {
      guard suits(view, pool) else { return bindPool() }
      pool.widest = pool.widest.union(view.request)
      plan.pool = pool
    }
  }

  /// Whether it does not matter for how long a task holds a machine which one that is.
  var machinesAreAlike: Bool {
    !cluster.hasSleepers
      && (1..<cluster.count).allSatisfy { cluster.speed($0) == cluster.speed(0) }
  }

  /// Whether that is known, with no look at every machine.
  var takesAsLongEverywhere: Bool {
    plan.areAlike && cluster.delivery.isAlike && !options.gateways
  }

  /// Whether a task may be counted in instances of the pool: CPU is all that can run out.
  private func suits(_ view: TaskView, _ pool: PromisePlan.Pool) -> Bool {
    guard view.request.cpu == pool.unit, view.eligibility < 0, !view.mustBeApart,
      takesAsLongEverywhere
    else { return false }
    let widest = pool.widest.union(view.request)
    return (widest == pool.widest && slots.count > 0) || hasRoom(for: widest)
  }

  /// Whether as many of `widest` fit on each machine as its CPU has room for.
  private func hasRoom(for widest: Resources) -> Bool {
    (0..<cluster.count).allSatisfy { machine in
      let capacity = cluster.capacity(machine)
      return !cluster.isUp(machine)
        || capacity.room(for: widest) == Int(capacity.cpu.nano / widest.cpu.nano)
    }
  }

  /// A running instance takes its place in the plan, from now on.
  mutating func takePlanned(_ index: Int32) {
    guard !plan.isOutOfDate else { return }
    let isPool = plan.pool != nil
    plan.take(
      isPool ? Self.instances(1) : slots[index].view.request,
      in: isPool ? 0 : Int(slots[index].machine),
      from: cluster.now.rawValue, to: slots[index].plannedEnd, now: cluster.now.rawValue)
  }

  /// A running instance leaves it.
  mutating func givePlanned(_ index: Int32, on machine: Int) {
    guard !plan.isOutOfDate else { return }
    let isPool = plan.pool != nil
    plan.give(
      isPool ? Self.instances(1) : slots[index].view.request, in: isPool ? 0 : machine,
      to: slots[index].plannedEnd, now: cluster.now.rawValue)
    // Where it was, others of its job may go now.
    if slots[index].view.mustBeApart { plan.vacate(machine) }
  }

  /// Machines have changed: promises that still stand are kept, in the queue's order; those behind
  /// the first that does not are off.
  mutating func rebuildPlan(_ waiting: [Int32]) {
    if let pool = plan.pool, !hasRoom(for: pool.widest) { plan.pool = nil }
    let now = cluster.now.rawValue
    let isPool = plan.pool != nil
    let wasPool = plan.profiles.count == 1 && cluster.count > 1
    var kept: [(Int32, Promise)] = []
    for index in waiting {
      guard let time = plan.time(of: index) else { break }
      var promise = plan.promise(to: index)
      promise.time = max(time, now)
      kept.append((index, promise))
    }
    beginPlan()
    for (index, promise) in isPool == wasPool ? kept : [] {
      guard stands(promise, for: slots[index].view) else { break }
      enter(promise, to: index)
    }
    for place in plan.profiles.indices { plan.vacate(place) }
  }

  /// The plan with nothing but what runs.
  private mutating func beginPlan() {
    let now = cluster.now.rawValue
    if var pool = plan.pool {
      pool.capacity = capacity(of: pool)
      plan.pool = pool
      plan.begin([FreeProfile(now: now, Self.instances(pool.capacity))])
    } else {
      plan.begin(
        (0..<cluster.count).map {
          FreeProfile(now: now, cluster.isUp($0) ? cluster.capacity($0) : .zero)
        })
    }
    for list in runningLists {
      var index = list.head
      while index >= 0 {
        takePlanned(index)
        index = slots[index].next
      }
    }
  }

  private func stands(_ promise: Promise, for view: TaskView) -> Bool {
    guard promise.time < .max else { return false }
    return promise.parts.allSatisfy { part in
      if plan.pool != nil {
        return plan.profiles[0].room(for: Self.instances(1), at: promise.time, for: part.span)
          >= part.count
      }
      return cluster.fitsEmpty(view.request, on: part.place)
        && cluster.isAllowed(view, on: part.place)
        && plan.profiles[part.place].room(for: view.request, at: promise.time, for: part.span)
          >= part.count
    }
  }

  /// A task has come that is unlike the others: from now on a promise is of machines. Each is given
  /// those that will be free, in the order of their times, as they would have got them.
  private mutating func bindPool() {
    guard plan.pool != nil else { return }
    guard !plan.isOutOfDate else {
      plan.pool = nil
      return
    }
    let now = cluster.now.rawValue
    let promised = plan.promised.map { (index: $0, promise: plan.promise(to: $0)) }
      .sorted { a, b in
        if a.promise.time != b.promise.time { return a.promise.time < b.promise.time }
        return a.index < b.index
      }
    plan.pool = nil
    beginPlan()
    for (index, old) in promised where old.time < .max {
      let request = slots[index].view.request
      var left = Int(slots[index].view.instances)
      var parts: [Promise.Part] = []
      for machine in 0..<cluster.count where left > 0 {
        let span = expectedSpan(of: slots[index].view, on: machine)
        let room = min(
          left, plan.profiles[machine].room(for: request, at: max(old.time, now), for: span))
        if room > 0 { parts.append(.init(place: machine, count: room, span: span)) }
        left -= room
      }
      if left == 0 { enter(Promise(time: max(old.time, now), parts: .init(parts)), to: index) }
    }
    for place in plan.profiles.indices { plan.vacate(place) }
  }
}
