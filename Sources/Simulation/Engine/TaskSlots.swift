import Workload

/// A task in flight: what its policy may see, and what only the engine knows.
struct TaskSlot {
  enum State: UInt8 {
    case free, held, released, pending, queued, running
  }

  /// What a policy is shown.
  var view: TaskView
  /// The work it brings: its run time at speed 1.
  var work: Microseconds
  /// Order of arrival, unique.
  var arrival: UInt64
  /// Since when it has been waiting, or running.
  var since: Microseconds
  var firstStart = Microseconds.never
  /// When its last attempt started.
  var lastStart = Microseconds.never
  var waited = Microseconds.zero
  var wasted = Microseconds.zero
  /// Sequence number of its finish event: one with another number is out of date.
  var finishSequence: UInt64 = 0
  /// When its attempt ends; with a stepped clock it is released later.
  var end = Microseconds.never
  var startup = Microseconds.zero
  /// The part of it in which its machine wakes up.
  var waking = Microseconds.zero
  /// When a policy would expect its attempt to end; `never` if there is no estimate.
  var expectedEnd = Microseconds.never
  /// Until when backfilling takes it to hold its machine, in µs: as expected, and where it is overdue for
  /// longer; `.max` is for ever. All instances of a gang hold theirs as long as the slowest.
  var plannedEnd = Int64.max
  /// Joules of past attempts, and the machine's integral per core when this one started.
  var energy = 0.0
  var perCoreAtStart = 0.0
  /// Its key in the pending queue.
  var key: Int64 = 0
  var machine: Int32 = -1
  /// Instances that run with this one: the first instance they belong to, and the next of them.
  var leader: Int32 = -1
  var sibling: Int32 = -1
  /// Neighbours in the list of its machine's running or queued tasks; -1 at the ends.
  var next: Int32 = -1
  var previous: Int32 = -1
  var state = State.pending
  /// The round in which its upward rank was last worked out.
  var rankRound: UInt32 = 0
}

/// The tasks in flight, in reusable slots: memory is bounded by how many there are at once.
struct TaskSlots {
  private var slots: [TaskSlot] = []
  private var vacant: [Int32] = []

  /// How many tasks are in flight.
  var count: Int { slots.count - vacant.count }

  /// The number of slots ever in use at once.
  var capacity: Int { slots.count }

  subscript(index: Int32) -> TaskSlot {
    @inline(__always) _read { yield slots[Int(index)] }
    @inline(__always) _modify { yield &slots[Int(index)] }
  }

  mutating func insert(_ slot: TaskSlot) -> Int32 {
    if let index = vacant.popLast() {
      slots[Int(index)] = slot
      return index
    }
    slots.append(slot)
    return Int32(slots.count - 1)
  }

  mutating func remove(_ index: Int32) {
    slots[Int(index)].state = .free
    vacant.append(index)
  }
}

/// A list of tasks threaded through their slots: a machine's running or queued tasks.
struct SlotList {
  private(set) var head: Int32 = -1
  private(set) var tail: Int32 = -1

  var isEmpty: Bool { head < 0 }

  mutating func append(_ index: Int32, in slots: inout TaskSlots) {
    slots[index].next = -1
    slots[index].previous = tail
    if tail >= 0 { slots[tail].next = index } else { head = index }
    tail = index
  }

  mutating func remove(_ index: Int32, in slots: inout TaskSlots) {
    let (previous, next) = (slots[index].previous, slots[index].next)
    if previous >= 0 { slots[previous].next = next } else { head = next }
    if next >= 0 { slots[next].previous = previous } else { tail = previous }
  }
}

extension TaskSlots {
  /// The slots in use, in the order in which their tasks arrived. O(n log n).
  func inOrderOfArrival() -> [Int32] {
    (0..<Int32(capacity)).filter { self[$0].state != .free && self[$0].leader < 0 }
      .sorted { self[$0].arrival < self[$1].arrival }
  }
}
