import Diagnostics
import Tables
import TraceInput
import Workload

/// Some of a part's events in the order of its rows, and what else was found on the way: the unit
/// that threads hand to each other.
final class EventBatch {
  /// The most events.
  static let capacity = 1 << 12

  /// The events; users are numbered within the part.
  private(set) var events: UnsafeMutablePointer<LifecycleEvent>
  /// The tasks' hashes.
  private(set) var hashes: UnsafeMutablePointer<UInt64>
  /// Where both are.
  private var memory: LargeMemory
  private(set) var count = 0
  private var shardStarts: [Int] = []
  /// The trace's numbers of the part's users; known when the batch is committed.
  var userNumbers: [UInt32] = []
  /// Names that no batch of this part had before, in the order of their numbers.
  var newNames: [String] = []
  /// Rows that were rejected.
  var rejects: [RejectedRow] = []
  /// What was counted.
  var survey = TableSurvey()
  /// The least and the greatest real time of the rows.
  var earliest = Microseconds.never
  var latest = Microseconds.zero

  private static let eventBytes = capacity * MemoryLayout<LifecycleEvent>.stride
  private static let bytes = eventBytes + capacity * MemoryLayout<UInt64>.stride

  convenience init() { self.init(LargeMemory(Self.bytes), from: 0) }

  private init(_ memory: LargeMemory, from offset: Int) {
    self.memory = memory
    let base = UnsafeMutableRawPointer(memory.base + offset)
    events = base.bindMemory(to: LifecycleEvent.self, capacity: Self.capacity)
    hashes = (base + Self.eventBytes).bindMemory(to: UInt64.self, capacity: Self.capacity)
  }

  /// As many as fit in a large page, which costs much less than the 500 small ones in it.
  static func several() -> [EventBatch] {
    let count = LargeMemory.largePage / bytes
    let memory = LargeMemory(count * bytes)
    return (0..<count).map { EventBatch(memory, from: $0 * bytes) }
  }

  /// Empties the batch.
  func removeAll() {
    count = 0
    newNames = []
    rejects = []
    survey = TableSurvey()
    earliest = .never
    latest = .zero
    userNumbers = []
  }

  /// States how many events were put into `events`, at most `capacity`.
  func setCount(_ count: Int) {
    precondition(count <= Self.capacity)
    self.count = count
    for place in 0..<count { hashes[place] = LifecycleTable.hash(events[place].id) }
  }

  /// Orders the events by shard, and within a shard as they came (a counting sort).
  ///
  /// - Parameters:
  ///   - shards: how many there are.
  ///   - scratch: another batch, whose memory is exchanged with this one's.
  func divide(shards: Int, scratch: EventBatch) {
    guard shards > 1 else {
      shardStarts = [0]
      return
    }
    var starts = [Int](repeating: 0, count: shards + 1)
    let (events, hashes, count) = (events, hashes, count)
    let (outEvents, outHashes) = (scratch.events, scratch.hashes)
    starts.withUnsafeMutableBufferPointer { starts in
      for index in 0..<count { starts[Self.shard(hashes[index], of: shards) + 1] += 1 }
      for shard in 0..<shards { starts[shard + 1] += starts[shard] }
      for index in 0..<count {
        let shard = Self.shard(hashes[index], of: shards)
        let place = starts[shard]
        (outEvents + place).initialize(to: events[index])
        outHashes[place] = hashes[index]
        starts[shard] += 1
      }
    }
    shardStarts = [0] + starts.dropLast()
    swap(&self.events, &scratch.events)
    swap(&self.hashes, &scratch.hashes)
    swap(&memory, &scratch.memory)
  }

  @inline(__always) static func shard(_ hash: UInt64, of shards: Int) -> Int {
    Int(truncatingIfNeeded: ((hash & 0xffff_ffff) &* UInt64(shards)) >> 32)
  }

  /// Where a shard's events stand, in their order.
  func range(of shard: Int) -> Range<Int> {
    shardStarts[shard]..<(shard + 1 < shardStarts.count ? shardStarts[shard + 1] : count)
  }

  /// Replaces the part's numbers of the users of a shard's events by the trace's, if they are known.
  func renumberUsers(of shard: Int) {
    guard !userNumbers.isEmpty else { return }
    let events = events
    userNumbers.withUnsafeBufferPointer { numbers in
      for place in range(of: shard) {
        events[place].user = UserID(numbers[Int(events[place].user.rawValue)])
      }
    }
  }
}
