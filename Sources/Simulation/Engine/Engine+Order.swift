import Workload

// Who heads the queue, where that is not simply its first: orders that change with time, and heads that are
// bound until they start.
extension Engine {
  /// The task that goes next; nil if none waits.
  @inline(__always)
  func firstInOrder() -> Int32? { bound >= 0 ? bound : pending.first?.value }

  /// The task that goes next, by its score at this time where scores change; nil if none waits. O(n) then.
  @inline(__always)
  mutating func queueHead() -> Int32? {
    guard isScored, bound < 0 else { return firstInOrder() }
    return scored(limit: options.depth).min { $0.isBefore($1) }?.slot
  }

  /// The head does not fit: it stays the head, where heads are bound.
  mutating func keepHead(_ index: Int32) {
    offering.head = index
    guard options.bindsHead, bound != index else { return }
    bound = index
    if options.backfilling == .shadow { shadow = promise(to: index) }
  }

  /// The bound head has left the queue.
  mutating func unbind() {
    bound = -1
    shadow = nil
    headWaits = false
  }

  /// Those that may be backfilled before the head, in the order in which they are asked about.
  mutating func backfillers(of head: Int32) -> [Int32] {
    var found: [Int32]
    if options.backfilling == .shadow {
      found = pending.slots(limit: options.depth + 1)
      // Slots are used again: only the number of arrival tells who came first.
      found.sort { slots[$0].arrival < slots[$1].arrival }
    } else if isScored {
      found = scored(limit: options.depth + 1).sorted { $0.isBefore($1) }.map(\.slot)
    } else {
      found = pending.slots(limit: options.depth + 1)
    }
    found.removeAll { $0 == head }
    if found.count > options.depth { found.removeLast() }
    return found
  }

  /// Where a task that arrives belongs in the queue. What is promised a start by conservative backfilling
  /// has, in an order that weighs tasks together, the place of its arrival.
  mutating func key(onArrivalOf view: TaskView) -> Int64 {
    guard keepsPlan, scorer?.weighsTogether == true else {
      return isPredicted ? pending.key(inOrder(view)) : pending.key(view)
    }
    let scores = scores(ofAll: pending.slots(limit: options.depth), and: view)
    return QueueRule.key(scores.last ?? .nan)
  }

  /// A waiting task and its score.
  private struct Scored {
    let slot: Int32
    let score: Double
    let arrival: UInt64

    /// The order of the queue: what has no score is last.
    func isBefore(_ other: Scored) -> Bool {
      if score < other.score { return true }
      if other.score < score { return false }
      if score.isNaN != other.score.isNaN { return other.score.isNaN }
      return arrival < other.arrival
    }
  }

  /// The tasks that wait, first come first, with their scores of now.
  private mutating func scored(limit: Int) -> [Scored] {
    let waiting = pending.slots(limit: limit)
    guard scorer?.weighsTogether != true else { return scoredTogether(waiting) }
    if isStale {
      scorer?.begin(at: cluster.now, waiting: pending.count, on: seen)
    } else {
      scorer?.begin(at: cluster.now, waiting: pending.count, on: cluster)
    }
    return waiting.map { slot in
      Scored(
        slot: slot, score: scorer?.score(inOrder(slots[slot].view)) ?? .nan,
        arrival: slots[slot].arrival)
    }
  }

  /// The same where tasks are weighed against each other. O(waiting + running).
  private mutating func scoredTogether(_ waiting: [Int32]) -> [Scored] {
    let scores = scores(ofAll: waiting)
    return waiting.indices.map {
      Scored(slot: waiting[$0], score: scores[$0], arrival: slots[waiting[$0]].arrival)
    }
  }

  /// The scores of the tasks in these slots, and of one that has none yet.
  private mutating func scores(ofAll waiting: [Int32], and other: TaskView? = nil) -> [Double] {
    scene.now = cluster.now
    scene.queueLength = pending.count
    scene.waiting.removeAll(keepingCapacity: true)
    for slot in waiting { scene.waiting.append(slots[slot].view) }
    if let other { scene.waiting.append(other) }
    scene.running.removeAll(keepingCapacity: true)
    var cursor = ends.cursor(from: .min)
    while let place = cursor {
      let entry = ends[place]
      cursor = ends.advance(place)
      let view = slots[entry.value].view
      scene.running.append(
        .init(end: Microseconds(entry.key), cores: view.request.cpu.value, user: view.user))
    }
    scores.removeAll(keepingCapacity: true)
    if isStale {
      scorer?.score(scene, on: seen, into: &scores)
    } else {
      scorer?.score(scene, on: cluster, into: &scores)
    }
    precondition(scores.count == scene.waiting.count, "each task that waits has a score")
    return scores
  }
}
