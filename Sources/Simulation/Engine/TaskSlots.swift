import Workload

/// A task in flight: what its policy may see, and what only the engine knows.
struct TaskSlot: BitwiseCopyable {
  enum State: UInt8, BitwiseCopyable {
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
///
/// Not an array: a task's fields are read and written some thirty times, and an array asks each time whether
/// it is shared, and is read by copying the whole slot.
struct TaskSlots: ~Copyable {
  private var slots: UnsafeMutableBufferPointer<TaskSlot>
  private var vacant: [Int32] = []
  /// The number of slots ever in use at once: the first ones.
  private(set) var capacity = 0

  init() { slots = .allocate(capacity: 64) }

  deinit { slots.deallocate() }

  /// How many tasks are in flight.
  var count: Int { capacity - vacant.count }

  /// One of the first ``capacity`` slots; any other index ends the program.
  subscript(index: Int32) -> TaskSlot {
    @inline(__always) unsafeAddress { UnsafePointer(address(index)) }
    @inline(__always) unsafeMutableAddress { address(index) }
  }

  @inline(__always)
  private func address(_ index: Int32) -> UnsafeMutablePointer<TaskSlot> {
    precondition(UInt32(bitPattern: index) < UInt32(capacity), "a slot that was never in use")
    return slots.baseAddress.unsafelyUnwrapped + Int(index)
  }

  @inline(__always)
  mutating func insert(_ slot: TaskSlot) -> Int32 {
    let index = vacant.popLast() ?? addSlot()
    address(index).initialize(to: slot)
    return index
  }

  private mutating func addSlot() -> Int32 {
    if capacity == slots.count { grow() }
    capacity += 1
    return Int32(capacity - 1)
  }

  private mutating func grow() {
    let larger = UnsafeMutableBufferPointer<TaskSlot>.allocate(capacity: 2 * slots.count)
    _ = larger.moveInitialize(fromContentsOf: slots)
    slots.deallocate()
    slots = larger
  }

  mutating func remove(_ index: Int32) {
    self[index].state = .free
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

/// Where the task is kept that is on its way. A record in a variable would be copied at each step of its way.
struct Coming: ~Copyable {
  let record = UnsafeMutablePointer<TaskRecord>.allocate(capacity: 1)

  deinit { record.deallocate() }
}
