import Workload

// What may overtake a waiting head.
extension Engine {
  /// Lets tasks behind the head start. `onlyFresh`: nothing has changed but that some have arrived.
  mutating func openBackfilling(onlyFresh: Bool) {
    offering.stage = .backfilling
    offering.cursor = 0
    offering.candidates.removeAll(keepingCapacity: true)
    if !isScored { offering.head = firstInOrder() ?? -1 }
    offering.left = 0
    offering.hasMore = pending.count > options.depth + 1
    let head = offering.head
    guard head >= 0 else { return }
    headPromise = promiseNow(to: head)
    if onlyFresh {
      for entry in fresh where entry.value != head { offering.candidates.append(entry.value) }
    } else {
      offering.candidates.append(contentsOf: backfillers(of: head))
    }
  }

  /// What those who overtake must leave to the head; nil for nothing.
  mutating func promiseNow(to head: Int32) -> HeadPromise? {
    switch options.backfilling {
    case .easy: promise(to: head)
    case .shadow: shadow ?? promise(to: head)
    case .none, .greedy, .conservative: nil
    }
  }

  /// The next task that may overtake; nil if there is none.
  mutating func nextCandidate() -> Int32? {
    while offering.cursor < offering.candidates.count {
      let index = offering.candidates[offering.cursor]
      offering.cursor += 1
      if slots[index].state == .pending { return index }
    }
    return nil
  }

  /// Where some have overtaken, others have come within the depth: they are candidates too. False if there
  /// are none.
  mutating func addCandidates() -> Bool {
    guard offering.hasMore, offering.left > 0 else { return false }
    let head = offering.head
    var within = pending.slots(limit: options.depth + 1).filter { $0 != head }[...]
    // Those before them have been looked at, now or when they came.
    if !pending.isByUser { within = within.suffix(offering.left) }
    let known = Set(offering.candidates)
    offering.left = 0
    offering.candidates.append(contentsOf: within.filter { !known.contains($0) })
    return offering.cursor < offering.candidates.count
  }

  /// When the head can start at the latest, by the estimates, and what it can then spare.
  struct HeadPromise {
    let head: TaskView
    var time: Microseconds
    /// What will then be free, where that is not what is free now.
    var free: [Int: Resources]
    /// How many more instances than it has the head would find room for.
    var slack: Int

    func room(in free: Resources) -> Int {
      let room = free.room(for: head.request)
      return head.mustBeApart ? min(room, 1) : room
    }
  }

  /// Whether the task may start on these machines now without breaking the promise to the head, which is
  /// then kept with the task there.
  mutating func keepsPromise(_ view: TaskView, _ machines: [Int]) -> Bool {
    guard var kept = headPromise else { return true }
    guard keeps(&kept, view, machines) else { return false }
    headPromise = kept
    return true
  }

  /// Whether the task may start on these machines now: it is over in time, or the head finds room
  /// beside it.
  func keeps(_ promise: inout HeadPromise, _ view: TaskView, _ machines: [Int]) -> Bool {
    guard options.backfilling != .shadow else {
      return machines.allSatisfy { expectedEnd(of: view, on: $0) < promise.time }
    }
    // A gang ends when its slowest instance does.
    let isOver = machines.allSatisfy { expectedEnd(of: view, on: $0) <= promise.time }
    for machine in machines {
      let before = promise.free[machine] ?? cluster.free(machine)
      let after = isOver ? before : before - view.request
      promise.free[machine] = after
      if cluster.isAllowed(promise.head, on: machine) {
        promise.slack += promise.room(in: after) - promise.room(in: before)
      }
    }
    return promise.slack >= 0
  }

  /// When the task should end on the machine, if it starts there now.
  private func expectedEnd(of view: TaskView, on machine: Int) -> Microseconds {
    guard let length = cluster.expectedRunTime(of: backfilled(view), on: machine) else {
      return .never
    }
    let waking = options.alwaysOn ? .zero : cluster.wakeTime(of: machine)
    return cluster.now + waking + cluster.expectedDelivery(of: view, on: machine) + length + store
  }

  /// Lets running tasks end as they should until the head fits. O(machines + running tasks). Nil if it
  /// fits at no foreseeable time: then nothing can be promised.
  mutating func promise(to head: Int32) -> HeadPromise? {
    correctPredictions()
    var promise = HeadPromise(head: slots[head].view, time: .zero, free: [:], slack: 0)
    let instances = Int(promise.head.instances)
    var room = 0
    var next = cluster.firstFit(for: promise.head)
    while let machine = next {
      room += promise.room(in: cluster.free(machine))
      next = cluster.firstFit(for: promise.head, from: machine + 1)
    }
    var cursor = ends.cursor(from: .min)
    while let place = cursor {
      let entry = ends[place]
      cursor = ends.advance(place)
      let machine = Int(slots[entry.value].machine)
      let before = promise.free[machine] ?? cluster.free(machine)
      let after = before + slots[entry.value].view.request
      promise.free[machine] = after
      if cluster.isAllowed(promise.head, on: machine) {
        room += promise.room(in: after) - promise.room(in: before)
      }
      // All that end at that time count.
      if let cursor, ends[cursor].key == entry.key { continue }
      guard room >= instances else { continue }
      promise.time = max(Microseconds(entry.key), cluster.now)
      promise.slack = room - instances
      return promise
    }
    return nil
  }

  /// How long the task should hold the machine, in µs; one that takes no time needs its moment too.
  func expectedSpan(of view: TaskView, on machine: Int) -> Int64 {
    let end = expectedEnd(of: view, on: machine)
    return end.isKnown ? max((end - cluster.now).rawValue, 1) : .max
  }
}
