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

  /// The earliest place from `start` on and before `limit`, ties to the lowest machines; nil if there is none
  /// to be foreseen.
  func earliest(
    for view: TaskView, in profiles: [FreeProfile], from start: Int64 = .min, before limit: Int64
  ) -> Promise? {
    let start = max(start, cluster.now.rawValue)
    if plan.pool != nil {
      let span = expectedSpan(of: view, on: 0)
      let count = Int(view.instances)
      return profiles[0].earliest(
        Self.instances(count), for: span, from: start, before: limit
      ).map { Promise(time: $0, parts: .init(.init(place: 0, count: count, span: span))) }
    }
    guard view.instances == 1 else { return earliestOfGang(view, in: profiles, before: limit) }
    let request = view.request
    var best: (time: Int64, part: Promise.Part)?
    // Where all machines are alike it takes as long everywhere.
    let common = takesAsLongEverywhere ? expectedSpan(of: view, on: 0) : nil
    for machine in profiles.indices {
      let span = common ?? expectedSpan(of: view, on: machine)
      // Where it may go is asked last: most machines have no room so early.
      guard
        let time = profiles[machine].earliest(
          request, for: span, from: start, before: best?.time ?? limit),
        cluster.fitsEmpty(request, on: machine), cluster.isAllowed(view, on: machine)
      else { continue }
      best = (time, .init(place: machine, count: 1, span: span))
      if time == start { break }
    }
    return best.map { Promise(time: $0.time, parts: .init($0.part)) }
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
    for candidate in candidates { times += profiles[candidate.machine].times(after: now) }
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
          if left == 0 { return Promise(time: time, parts: .init(parts)) }
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
