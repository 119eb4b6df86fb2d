import CIngest
import Diagnostics
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
  /// Places that were used and are free, the last one to be used again first: it is in the cache.
  private var freePlaces = LargeArray<UInt32>()
  private var usedPlaces = 0
  private var capacity = 1 << 10
  private(set) var count = 0

  /// A chunk is made of whole large pages: 6 MiB.
  private static let chunkBits = 15

  private static let free: UInt64 = .max

  /// The place of no life, which a free slot has.
  static var nowhere: UInt32 { .max }

  init() {
    slotBits = 11
    slots = LargeArray<UInt64>.allocate(1 << 11)
    slots.initialize(repeating: Self.free, count: 1 << 11)
  }

  deinit {
    LargeArray<UInt64>.release(slots, 1 << Int(slotBits))
    for chunk in chunks { LargeArray<Lifecycle>.release(chunk, 1 << Self.chunkBits) }
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

  /// Asks for the part that most events need of what is likely to be the life of a hash; returns its
  /// place, or `nowhere`.
  @inline(__always) func prefetchLife(_ hash: UInt64) -> UInt32 {
    var slot = home(hash)
    let mask = 1 << Int(slotBits) &- 1
    while slots[slot] >> 32 != hash >> 32, slots[slot] != Self.free { slot = (slot &+ 1) & mask }
    let place = UInt32(truncatingIfNeeded: slots[slot])
    if place == Self.nowhere { return place }
    let life = UnsafeRawPointer(life(Int(place)))
    ci_prefetch(life)
    ci_prefetch(life + 64)
    return place
  }

  /// Asks for all of the life at a place.
  @inline(__always) func prefetchWhole(_ place: Int) {
    let life = UnsafeRawPointer(life(place))
    ci_prefetch(life)
    ci_prefetch(life + 64)
    ci_prefetch(life + 128)
  }

  /// Where the probing for a hash begins. It depends on the upper half only, which slots keep.
  @inline(__always) private func home(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: ((hash >> 32) &* 0x9e37_79b9_7f4a_7c15) >> (64 &- slotBits))
  }

  /// The place of `id`'s life, or nil. O(1) on average.
  ///
  /// - Parameter expected: the place of some life that is there, likely this one; or `nowhere`.
  @inline(__always) func find(_ id: TaskID, hash: UInt64, expected: UInt32 = nowhere) -> Int? {
    if expected != Self.nowhere, life(Int(expected)).pointee.id == id { return Int(expected) }
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

  /// Adds the life that begins with an event and is not there yet; returns its place. O(1)
  /// amortised.
  @inline(__always) mutating func insert(_ event: LifecycleEvent, hash: UInt64) -> Int {
    if count == capacity { grow() }
    let place = freePlaces.popLast().map { Int($0) } ?? newPlace()
    life(place).initialize(to: Lifecycle(event))
    enter(hash, place)
    count += 1
    return place
  }

  private mutating func newPlace() -> Int {
    if usedPlaces >> Self.chunkBits == chunks.count {
      chunks.append(LargeArray<Lifecycle>.allocate(1 << Self.chunkBits))
    }
    usedPlaces += 1
    return usedPlaces - 1
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
    LargeArray<UInt64>.release(old, oldCount)
  }

  /// Takes out the life at a place, of this hash. O(1) on average.
  @inline(__always) mutating func remove(_ place: Int, hash: UInt64) {
    life(place).pointee.state = .unsubmitted
    freePlaces.append(UInt32(truncatingIfNeeded: place))
    count -= 1
    let mask = 1 << Int(slotBits) &- 1
    var hole = home(hash)
    while slots[hole] & 0xffff_ffff != UInt64(place) { hole = (hole &+ 1) & mask }
    // What stands behind moves up as far as its probing allows, so that no gap is left in it.
    var next = (hole &+ 1) & mask
    while slots[next] != Self.free {
      if (next &- home(slots[next])) & mask >= (next &- hole) & mask {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next &+ 1) & mask
    }
    slots[hole] = Self.free
  }

  /// Takes all lives out, and gives the memory back.
  mutating func removeAll(_ take: (Lifecycle) throws(TraceError) -> Void) throws(TraceError) {
    let slotCount = 1 << Int(slotBits)
    for slot in 0..<slotCount {
      let ahead = slots[min(slot &+ 32, slotCount &- 1)]
      if ahead != Self.free {
        ci_prefetch(life(Int(truncatingIfNeeded: ahead & 0xffff_ffff)))
      }
      guard slots[slot] != Self.free else { continue }
      try take(life(Int(truncatingIfNeeded: slots[slot] & 0xffff_ffff)).pointee)
    }
    self = LifecycleTable()
  }
}
