import Workload

/// Gathers events into lives.
///
/// Tasks that are pending or running are held in memory. A dead one may still be submitted again,
/// so it is kept for a while; when a third are dead, all dead ones are set aside in packed form, on
/// disk if need be, and what comes after is a new stretch of the same life, joined to the old one at the end.
/// So memory is bounded by the open tasks and the sorter's buffer, and the result is that of
/// unlimited memory.
struct LifecycleAssembler: ~Copyable {
  private var table = LifecycleTable()
  private var dead = 0
  private var stretches: LifeStore
  private let minimumDead: Int
  /// How often each event met a task in each state, as far as is known.
  private(set) var transitions = TransitionCounts()
  /// The last real time seen.
  private(set) var lastTime = Microseconds.zero

  init(bufferBytes: Int, directory: String) {
    stretches = LifeStore(bufferBytes: bufferBytes, directory: directory)
    minimumDead = max(256, bufferBytes / (32 * MemoryLayout<Lifecycle>.stride))
  }

  /// Adds an event; a task's events come in the order in which they happened. O(1) amortised.
  mutating func add(_ event: LifecycleEvent) throws(TraceError) {
    _ = try add(event, hash: LifecycleTable.hash(event.id), known: nil)
  }

  /// Adds an event; true if that moved lives.
  ///
  /// - Parameter known: where the life is, if that is known.
  @inline(__always)
  private mutating func add(
    _ event: LifecycleEvent, hash: UInt64, known: Int?
  ) throws(TraceError) -> Bool {
    if event.time.isKnown && event.time > lastTime { lastTime = event.time }
    if let place = known ?? table.find(event.id, hash: hash) {
      let life = table.life(place)
      if life.pointee.state == .dead { dead -= 1 }
      life.pointee.append(event, counting: &transitions)
      if life.pointee.state == .dead { dead += 1 }
    } else {
      let life = Lifecycle(event)
      if life.state == .dead { dead += 1 }
      table.insert(life, hash: hash)
    }
    guard dead > minimumDead && dead > table.count / 3 else { return false }
    try setDeadAside()
    return true
  }

  /// Adds the events of a batch that belong to one shard, in their order.
  ///
  /// Slots and lives are scattered over memory, so those of a group of events are read ahead
  /// together: the processor then waits once for many instead of once for each.
  mutating func add(_ batch: EventBatch, shard: Int) throws(TraceError) {
    let order = batch.order(of: shard)
    let (events, hashes) = (batch.events, batch.hashes)
    var start = 0
    try withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.group) {
      found throws(TraceError) in
      while start < order.count {
        let end = min(start + Self.group, order.count)
        var sum: UInt64 = 0
        for index in start..<end { sum &+= table.touch(hashes[Int(order[index])]) }
        for index in start..<end {
          let hash = hashes[Int(order[index])]
          let place = table.find(events[Int(order[index])].id, hash: hash) ?? -1
          found[index &- start] = place
          if place >= 0 { sum &+= UInt64(table.life(place).pointee.state.rawValue) }
        }
        readAhead = sum
        var isMoved = false
        for index in start..<end {
          let place = Int(order[index])
          let life = isMoved ? -1 : found[index &- start]
          isMoved =
            try add(events[place], hash: hashes[place], known: life >= 0 ? life : nil) || isMoved
        }
        start = end
      }
    }
  }

  /// Events that are read ahead of together.
  private static var group: Int { 32 }

  /// Keeps the optimiser from leaving the reading ahead out.
  private var readAhead: UInt64 = 0

  private mutating func setDeadAside() throws(TraceError) {
    try table.removeDead { (life) throws(TraceError) in try stretches.add(life) }
    dead = 0
  }

  /// Adds a stretch of a life that was gathered elsewhere; the stretches of a life come in their
  /// order.
  mutating func add(stretch: Lifecycle) throws(TraceError) { try stretches.add(stretch) }

  /// Takes over what was counted elsewhere.
  mutating func add(_ counts: TransitionCounts, lastTime: Microseconds) {
    transitions += counts
    if lastTime > self.lastTime { self.lastTime = lastTime }
  }

  /// Ends the trace: every life, whole, ordered by task. The assembler is empty then.
  mutating func finish() throws(TraceError) -> AssembledLives {
    let store = try close()
    return try AssembledLives(store, transitions: transitions, lastTime: lastTime)
  }

  /// Ends the trace: the stretches of all lives. The assembler is empty then.
  mutating func close() throws(TraceError) -> LifeStore {
    try table.removeAll { (life) throws(TraceError) in try stretches.add(life) }
    var store = LifeStore(bufferBytes: 0, directory: "")
    swap(&store, &stretches)
    return store
  }
}
