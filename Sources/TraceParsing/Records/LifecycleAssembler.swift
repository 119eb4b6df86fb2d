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
    try add(event, hash: LifecycleTable.hash(event.id))
  }

  @inline(__always)
  private mutating func add(_ event: LifecycleEvent, hash: UInt64) throws(TraceError) {
    if event.time.isKnown && event.time > lastTime { lastTime = event.time }
    let state: LifeState
    if let place = table.find(event.id, hash: hash) {
      let life = table.life(place)
      if life.pointee.state == .dead { dead -= 1 }
      life.pointee.append(event, counting: &transitions)
      state = life.pointee.state
    } else {
      state = table.insert(event, hash: hash)
    }
    guard state == .dead else { return }
    dead += 1
    if dead > minimumDead && dead > table.count / 3 { try setDeadAside() }
  }

  /// Adds the events of a batch that belong to one shard, in their order.
  ///
  /// Slots and lives are scattered over memory, so they are asked for some events ahead, first the
  /// slot, then the life that it names: the processor works on other events in the meantime.
  mutating func add(_ batch: EventBatch, shard: Int) throws(TraceError) {
    let order = batch.order(of: shard)
    let (events, hashes) = (batch.events, batch.hashes)
    let (lead, count) = (Self.lead, order.count)
    for index in 0..<min(2 * lead, count) { table.prefetchSlot(hashes[Int(order[index])]) }
    for index in 0..<min(lead, count) { table.prefetchLife(hashes[Int(order[index])]) }
    for index in 0..<count {
      if index &+ 2 &* lead < count {
        table.prefetchSlot(hashes[Int(order[index &+ 2 &* lead])])
      }
      if index &+ lead < count { table.prefetchLife(hashes[Int(order[index &+ lead])]) }
      let place = Int(order[index])
      try add(events[place], hash: hashes[place])
    }
  }

  /// How many events a life is asked for ahead.
  private static var lead: Int { 12 }

  @inline(never)
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
