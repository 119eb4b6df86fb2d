import CIngest
import Workload

/// Lives by task: a hash table of our own, because every event of a trace goes through it.
///
/// Open addressing with linear probing over 8-byte slots (half of the hash, and the place of the
/// life), lives end to end in an array: a look-up that finds its life touches one slot and the life.
struct LifecycleTable: ~Copyable {
  private var slots: UnsafeMutablePointer<UInt64>
  private var slotBits: UInt64
  /// The lives, in pieces that do not move; their order has no meaning.
  private var chunks: [UnsafeMutablePointer<Lifecycle>] = []
  private var capacity = 1 << 10
  private(set) var count = 0

  private static let chunkBits = 15

  private static let free: UInt64 = .max

  init() {
    slotBits = 11
    slots = LargeArray<UInt64>.allocate(1 << 11)
    slots.initialize(repeating: Self.free, count: 1 << 11)
  }

  deinit {
    LargeArray<UInt8>.release(slots)
    for chunk in chunks { LargeArray<UInt8>.release(chunk) }
  }

  /// The life at a place; valid until lives are taken out.
  @inline(__always) func life(_ place: Int) -> UnsafeMutablePointer<Lifecycle> {
    chunks.withUnsafeBufferPointer {
      $0.baseAddress.unsafelyUnwrapped[place &>> Self.chunkBits]
        + (place & (1 &<< Self.chunkBits &- 1))
    }
  }

  /// A hash of a task that spreads jobs with consecutive numbers and indices: two rounds of
  /// multiply and fold.
  @inline(__always) static func hash(_ id: TaskID) -> UInt64 {
    let job = UInt64(bitPattern: id.job) &* 0x9e37_79b9_7f4a_7c15
    let mixed = (job ^ (job >> 32) ^ UInt64(UInt32(bitPattern: id.index))) &* 0xd6e8_feb8_6659_fd93
    return mixed ^ (mixed >> 32)
  }

  /// Asks for the slot of a hash, so that it is in the cache when it is needed.
  @inline(__always) func prefetchSlot(_ hash: UInt64) { ci_prefetch(slots + home(hash)) }

  /// Asks for the part that most events need of what is likely to be the life of a hash.
  @inline(__always) func prefetchLife(_ hash: UInt64) {
    var slot = home(hash)
    let mask = 1 << Int(slotBits) &- 1
    while slots[slot] >> 32 != hash >> 32 {
      if slots[slot] == Self.free { return }
      slot = (slot &+ 1) & mask
    }
    let life = UnsafeRawPointer(life(Int(truncatingIfNeeded: slots[slot] & 0xffff_ffff)))
    ci_prefetch(life)
    ci_prefetch(life + 64)
  }

  /// Where the probing for a hash begins. It depends on the upper half only, which slots keep.
  @inline(__always) private func home(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: ((hash >> 32) &* 0x9e37_79b9_7f4a_7c15) >> (64 &- slotBits))
  }

  /// The place of `id`'s life, or nil. O(1) on average.
  @inline(__always) func find(_ id: TaskID, hash: UInt64) -> Int? {
    var slot = home(hash)
    let mask = 1 << Int(slotBits) &- 1
    let tag = hash >> 32
    while true {
      let entry = slots[slot]
      if entry == Self.free { return nil }
      if entry >> 32 == tag {
        let place = Int(truncatingIfNeeded: entry & 0xffff_ffff)
        if life(place).pointee.id == id { return place }
      }
      slot = (slot &+ 1) & mask
    }
  }

  /// Adds the life that begins with an event and is not there yet. O(1) amortised.
  @inline(__always) mutating func insert(_ event: LifecycleEvent, hash: UInt64) -> LifeState {
    if count == capacity { grow() }
    if count >> Self.chunkBits == chunks.count {
      chunks.append(LargeArray<Lifecycle>.allocate(1 << Self.chunkBits))
    }
    let life = life(count)
    life.initialize(to: Lifecycle(event))
    enter(hash, count)
    count += 1
    return life.pointee.state
  }

  private func enter(_ hash: UInt64, _ place: Int) {
    var slot = home(hash)
    let mask = 1 << Int(slotBits) &- 1
    while slots[slot] != Self.free { slot = (slot &+ 1) & mask }
    slots[slot] = (hash >> 32) << 32 | UInt64(place)
  }

  @inline(never)
  private mutating func grow() {
    precondition(capacity < 1 << 30, "more than 2^30 tasks are open at once")
    let (old, oldCount) = (slots, 1 << Int(slotBits))
    capacity *= 2
    slotBits += 1
    slots = LargeArray<UInt64>.allocate(1 << Int(slotBits))
    slots.initialize(repeating: Self.free, count: 1 << Int(slotBits))
    for slot in 0..<oldCount where old[slot] != Self.free {
      enter(old[slot], Int(truncatingIfNeeded: old[slot] & 0xffff_ffff))
    }
    LargeArray<UInt8>.release(old)
  }

  /// Takes the dead lives out. O(n), n being all.
  mutating func removeDead(_ take: (Lifecycle) throws(TraceError) -> Void) throws(TraceError) {
    slots.update(repeating: Self.free, count: 1 << Int(slotBits))
    let seen = count
    count = 0
    for place in 0..<seen {
      prefetchSlot(Self.hash(life(min(place &+ 16, seen &- 1)).pointee.id))
      let life = life(place)
      if life.pointee.state == .dead {
        try take(life.pointee)
      } else {
        if count < place { self.life(count).update(from: life, count: 1) }
        enter(Self.hash(life.pointee.id), count)
        count += 1
      }
    }
  }

  /// Takes all lives out, and gives the memory back.
  mutating func removeAll(_ take: (Lifecycle) throws(TraceError) -> Void) throws(TraceError) {
    for place in 0..<count { try take(life(place).pointee) }
    self = LifecycleTable()
  }
}
