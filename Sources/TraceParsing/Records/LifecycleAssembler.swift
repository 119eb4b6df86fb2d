import Diagnostics
import Workload

/// Gathers events into lives.
///
/// Tasks that are pending or running are held in memory. A dead one may still be submitted again,
/// so it is kept for a while: until some thousands of others have ended after it. Then it is set aside in packed
/// form, on disk if need be, and what comes after is a new stretch of the same life, joined to the
/// old one at the end. So memory is bounded by the open tasks and the store's buffer, and the result
/// is that of unlimited memory.
struct LifecycleAssembler: ~Copyable {
  private var table = LifecycleTable()
  /// Places in the table of tasks that have ended, in the order of their ends. A task that was submitted
  /// again may be listed twice, or its place be another task's by now: a task found there that has ended is
  /// set aside, early at worst.
  private var dead: [UInt32] = []
  private var store: LifeStore
  private let deadKept: Int
  /// Where the lives of the next events were found when they were asked for.
  private var expected = LargeArray<UInt32>(uninitialized: expectedCount)
  /// How often each event met a task in each state, as far as is known.
  private(set) var transitions = TransitionCounts()
  /// The last real time seen.
  private(set) var lastTime = Microseconds.zero

  /// - Parameters: as those of `LifeStore`.
  init(bufferBytes: Int, directory: String, partitions: Int = 64, stores: Int = 1) {
    store = LifeStore(
      bufferBytes: bufferBytes, directory: directory, partitions: partitions, stores: stores)
    deadKept = max(256, bufferBytes / (32 * MemoryLayout<Lifecycle>.stride))
  }

  /// Adds an event; a task's events come in the order in which they happened. O(1) amortised.
  mutating func add(_ event: LifecycleEvent) throws(TraceError) {
    try add(event, hash: LifecycleTable.hash(event.id), expected: LifecycleTable.nowhere)
  }

  @inline(__always)
  private mutating func add(
    _ event: LifecycleEvent, hash: UInt64, expected: UInt32
  ) throws(TraceError) {
    if event.time.isKnown && event.time > lastTime { lastTime = event.time }
    let place: Int
    if let known = table.find(event.id, hash: hash, expected: expected) {
      place = known
      let life = table.life(place)
      let wasDead = life.pointee.state == .dead
      life.pointee.append(event, counting: &transitions)
      guard life.pointee.state == .dead, !wasDead else { return }
    } else {
      place = table.insert(event, hash: hash)
      guard table.life(place).pointee.state == .dead else { return }
    }
    dead.append(UInt32(truncatingIfNeeded: place))
    if dead.count >= 2 * deadKept { try setDeadAside(dead.count - deadKept) }
  }

  /// Adds the events of a batch that belong to one shard, in their order.
  ///
  /// Slots and lives are scattered over memory, so they are asked for some events ahead, first the
  /// slot, then the life that it names: the processor works on other events in the meantime. Mostly
  /// that is the life, so its slot is not looked for again.
  mutating func add(_ batch: EventBatch, shard: Int) throws(TraceError) {
    batch.renumberUsers(of: shard)
    let range = batch.range(of: shard)
    let (events, hashes) = (batch.events + range.lowerBound, batch.hashes + range.lowerBound)
    let (lead, count) = (Self.lead, range.count)
    for index in 0..<min(2 * lead, count) { table.prefetchSlot(hashes[index]) }
    let mask = Self.expectedCount &- 1
    for index in 0..<min(lead, count) { expected[index] = table.prefetchLife(hashes[index]) }
    for index in 0..<count {
      if index &+ 2 &* lead < count { table.prefetchSlot(hashes[index &+ 2 &* lead]) }
      if index &+ lead < count {
        expected[(index &+ lead) & mask] = table.prefetchLife(hashes[index &+ lead])
      }
      try add(events[index], hash: hashes[index], expected: expected[index & mask])
    }
  }

  /// How many events a life is asked for ahead.
  private static var lead: Int { 12 }
  /// A power of two above that.
  private static var expectedCount: Int { 16 }

  /// Sets the `count` tasks aside that ended first, unless they were submitted again.
  @inline(never)
  private mutating func setDeadAside(_ count: Int) throws(TraceError) {
    let lead = Self.lead
    for index in 0..<count {
      table.prefetchWhole(Int(dead[min(index &+ 2 &* lead, dead.count &- 1)]))
      table.prefetchSlot(
        LifecycleTable.hash(table.life(Int(dead[min(index &+ lead, dead.count &- 1)])).pointee.id))
      let place = Int(dead[index])
      let life = table.life(place)
      guard life.pointee.state == .dead else { continue }
      let hash = LifecycleTable.hash(life.pointee.id)
      try store.add(life.pointee, hash: hash)
      table.remove(place, hash: hash)
    }
    dead.removeFirst(count)
    // Lives that were found are gone.
    for index in 0..<expected.count { expected[index] = LifecycleTable.nowhere }
  }

  /// Adds stretches of lives that were gathered elsewhere; those of a life come in their order.
  mutating func add(_ stretches: PackedStretches, shard: Int) throws(TraceError) {
    try stretches.add(shard: shard, to: &store)
  }

  /// Ends the trace: the stretches of all lives.
  consuming func close() throws(TraceError) -> LifeStore {
    try table.removeAll { (life) throws(TraceError) in
      try store.add(life, hash: LifecycleTable.hash(life.id))
    }
    return store
  }
}
