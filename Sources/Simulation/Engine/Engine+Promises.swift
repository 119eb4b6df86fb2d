import Workload

// The earliest places.
extension Engine {
  /// Whether how long a task takes on a machine changes as time goes by.
  var spansVary: Bool {
    cluster.hasSleepers
      || options.network != nil && (options.gateways || !cluster.delivery.isAlike)
  }

  func earliest(for view: TaskView, before limit: Int64) -> Promise? {
    earliest(for: view, in: plan.profiles, before: limit)
  }

  /// The earliest place before `limit` where some places look otherwise; only places that they are in
  /// count.
  func earliest(
    for view: TaskView, amid changed: [(place: Int, profile: FreeProfile)], before limit: Int64
  ) -> Promise? {
    if plan.pool == nil, view.instances > 1 {
      var profiles = plan.profiles
      for (place, profile) in changed { profiles[place] = profile }
      return earliestOfGang(view, in: profiles, before: limit)
    }
    var best: Promise?
    for (place, profile) in changed {
      if let better = earliest(for: view, in: place, profile, before: best?.time ?? limit) {
        best = better
      }
    }
    return best
  }

  /// The earliest place before `limit`, ties to the lowest machines; nil if there is none to be
  /// foreseen.
  func earliest(
    for view: TaskView, in profiles: [FreeProfile], before limit: Int64
  ) -> Promise? {
    if plan.pool != nil { return earliest(for: view, in: 0, of: profiles, before: limit) }
    guard view.instances == 1 else { return earliestOfGang(view, in: profiles, before: limit) }
    var best: Promise?
    // Where all machines are alike it takes as long everywhere.
    let span = takesAsLongEverywhere ? expectedSpan(of: view, on: 0) : nil
    for machine in 0..<cluster.count {
      if let promise = earliest(
        for: view, in: machine, of: profiles, before: best?.time ?? limit, span: span)
      {
        best = promise
        if promise.time == cluster.now.rawValue { break }
      }
    }
    return best
  }

  /// The same in one place. `own`: from when on its own promise is there.
  func earliest(
    for view: TaskView, in place: Int, of profiles: [FreeProfile], before limit: Int64,
    own: Int64 = .max, span: Int64? = nil
  ) -> Promise? {
    earliest(for: view, in: place, profiles[place], before: limit, own: own, span: span)
  }

  private func earliest(
    for view: TaskView, in place: Int, _ profile: borrowing FreeProfile, before limit: Int64,
    own: Int64 = .max, span: Int64? = nil
  ) -> Promise? {
    var (request, count) = (view.request, 1)
    if plan.pool != nil {
      count = Int(view.instances)
      request = Self.instances(count)
    } else {
      guard cluster.fitsEmpty(request, on: place), cluster.isAllowed(view, on: place) else {
        return nil
      }
    }
    let span = span ?? expectedSpan(of: view, on: place)
    guard
      let time = profile.earliest(
        request, for: span, from: cluster.now.rawValue, before: limit, own: own)
    else { return nil }
    return Promise(time: time, parts: [.init(place: place, count: count, span: span)])
  }

  /// The same for instances that start together, and hold their machines until the slowest ends.
  /// O(steps of all machines × machines × steps × lengths).
  private func earliestOfGang(
    _ view: TaskView, in profiles: [FreeProfile], before limit: Int64
  ) -> Promise? {
    let now = cluster.now.rawValue
    let candidates = (0..<cluster.count).filter {
      cluster.fitsEmpty(view.request, on: $0) && cluster.isAllowed(view, on: $0)
    }.map { (machine: $0, span: expectedSpan(of: view, on: $0)) }
    var spans = candidates.map(\.span).sorted()
    // Each once.
    spans = spans.indices.filter { $0 == 0 || spans[$0] != spans[$0 - 1] }.map { spans[$0] }
    // Room only grows where a step begins.
    var times = [now]
    for candidate in candidates { times += profiles[candidate.machine].times.filter { $0 > now } }
    times.sort()
    var last: Int64?
    for time in times where time != last && time < limit {
      last = time
      for span in spans {
        var left = Int(view.instances)
        var parts: [Promise.Part] = []
        for candidate in candidates where candidate.span <= span {
          let room = min(
            profiles[candidate.machine].room(for: view.request, at: time, for: span), left,
            view.mustBeApart ? 1 : left)
          guard room > 0 else { continue }
          parts.append(.init(place: candidate.machine, count: room, span: span))
          left -= room
          if left == 0 { return Promise(time: time, parts: parts) }
        }
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
