import Workload

/// Gathers events into lives.
///
/// Tasks that are pending or running are held in memory. A dead one may still be submitted again,
/// so it is kept for a while; when there are as many dead as open ones, all dead ones go to a sorter
/// on disk, and what comes after is a new stretch of the same life, joined to the old one at the end.
/// So memory is bounded by the open tasks and the sorter's buffer, and the result is that of
/// unlimited memory.
struct LifecycleAssembler: ~Copyable {
  private var table = LifecycleTable()
  private var dead = 0
  private var stretches: ExternalSorter<Lifecycle>
  private let minimumDead: Int
  /// How often each event met a task in each state, as far as is known.
  private(set) var transitions = TransitionCounts()
  /// The last real time seen.
  private(set) var lastTime = Microseconds.zero

  init(bufferBytes: Int, directory: String) {
    stretches = ExternalSorter(bufferBytes: bufferBytes, directory: directory)
    minimumDead = max(256, bufferBytes / (32 * MemoryLayout<Lifecycle>.stride))
  }

  /// Adds an event; a task's events come in the order in which they happened. O(1) amortised.
  mutating func add(_ event: LifecycleEvent) throws(TraceError) {
    try add(event, hash: LifecycleTable.hash(event.id))
  }

  @inline(__always)
  private mutating func add(_ event: LifecycleEvent, hash: UInt64) throws(TraceError) {
    if event.time.isKnown && event.time > lastTime { lastTime = event.time }
    if let place = table.find(event.id, hash: hash) {
      if table.lives[place].state == .dead { dead -= 1 }
      table.lives[place].append(event, counting: &transitions)
      if table.lives[place].state == .dead { dead += 1 }
    } else {
      let life = Lifecycle(event)
      if life.state == .dead { dead += 1 }
      table.insert(life, hash: hash)
    }
    if dead > minimumDead && dead > table.count / 2 { try setDeadAside() }
  }

  /// Adds the events of a batch that belong to one shard, in their order.
  ///
  /// Slots and lives are scattered over memory, so those of a group of events are read ahead
  /// together: the processor then waits once for many instead of once for each.
  mutating func add(_ batch: EventBatch, shard: Int) throws(TraceError) {
    let order = batch.order(of: shard)
    let (events, hashes) = (batch.events, batch.hashes)
    var start = 0
    while start < order.count {
      let end = min(start + 32, order.count)
      var sum: UInt64 = 0
      for index in start..<end { sum &+= table.touch(hashes[Int(order[index])]) }
      for index in start..<end {
        let hash = hashes[Int(order[index])]
        if let place = table.find(events[Int(order[index])].id, hash: hash) {
          sum &+= UInt64(table.lives[place].state.rawValue)
        }
      }
      readAhead = sum
      for index in start..<end {
        let place = Int(order[index])
        try add(events[place], hash: hashes[place])
      }
      start = end
    }
  }

  /// Keeps the optimiser from leaving the reading ahead out.
  private var readAhead: UInt64 = 0

  private mutating func setDeadAside() throws(TraceError) {
    try table.removeDead { (life) throws(TraceError) in try stretches.add(life) }
    dead = 0
  }

  /// Ends the trace: every life, whole, ordered by task. The assembler is empty then.
  mutating func finish() throws(TraceError) -> AssembledLives {
    try table.removeAll { (life) throws(TraceError) in try stretches.add(life) }
    let sorter = stretches
    stretches = ExternalSorter(bufferBytes: 0, directory: "")
    return AssembledLives(
      sorted: try sorter.sorted(), transitions: transitions, lastTime: lastTime)
  }
}

/// Whole lives, joined from their stretches.
struct AssembledLives {
  private var sorted: SortedElements<Lifecycle>
  /// Complete, once all lives are out and their records made.
  var transitions: TransitionCounts
  /// The last real time of the table.
  let lastTime: Microseconds

  fileprivate init(
    sorted: SortedElements<Lifecycle>, transitions: TransitionCounts, lastTime: Microseconds
  ) {
    self.sorted = sorted
    self.transitions = transitions
    self.lastTime = lastTime
  }

  /// The next life, or nil after the last.
  @inline(__always)
  mutating func next() throws(TraceError) -> Lifecycle? {
    guard var life = sorted.first?.pointee else { return nil }
    try sorted.removeFirst()
    while let following = sorted.first, following.pointee.id == life.id {
      life.append(following.pointee, counting: &transitions)
      try sorted.removeFirst()
    }
    return life
  }
}

/// An assembler that threads take turns with.
final class LifecycleShard {
  private var assembler: LifecycleAssembler

  init(bufferBytes: Int, directory: String) {
    assembler = LifecycleAssembler(bufferBytes: bufferBytes, directory: directory)
  }

  /// The last real time seen.
  var lastTime: Microseconds { assembler.lastTime }

  /// Adds the events of a batch that belong to this shard.
  func add(_ batch: EventBatch, shard: Int) throws(TraceError) {
    try assembler.add(batch, shard: shard)
  }

  /// Ends the trace: see `LifecycleAssembler.finish`.
  func finish() throws(TraceError) -> AssembledLives { try assembler.finish() }
}
