import Workload

/// Some of a part's events in the order of its rows, and what else was found on the way: the unit
/// that threads hand to each other.
final class EventBatch {
  /// The most events.
  static let capacity = 1 << 12

  /// The events; users are numbered within the part until the batch is committed.
  let events: UnsafeMutablePointer<LifecycleEvent>
  /// The tasks' hashes.
  let hashes: UnsafeMutablePointer<UInt64>
  private(set) var count = 0
  private let places: UnsafeMutablePointer<UInt16>
  private var shardStarts: [Int] = []
  /// How many of `places` hold their own number.
  private var identityCount = 0
  /// Names that no batch of this part had before, in the order of their numbers.
  var newNames: [String] = []
  /// Rows that were rejected.
  var rejects: [RejectedRow] = []
  /// What was counted.
  var survey = TableSurvey()
  /// The least and the greatest real time of the rows.
  var earliest = Microseconds.never
  var latest = Microseconds.zero

  init() {
    events = .allocate(capacity: Self.capacity)
    hashes = .allocate(capacity: Self.capacity)
    places = .allocate(capacity: Self.capacity)
  }

  deinit {
    events.deallocate()
    hashes.deallocate()
    places.deallocate()
  }

  /// Empties the batch.
  func removeAll() {
    count = 0
    newNames = []
    rejects = []
    survey = TableSurvey()
    earliest = .never
    latest = .zero
  }

  /// States how many events were put into `events`, at most `capacity`.
  func setCount(_ count: Int) {
    precondition(count <= Self.capacity)
    self.count = count
    for place in 0..<count { hashes[place] = LifecycleTable.hash(events[place].id) }
  }

  /// Orders the events by shard, and within a shard as they came (a counting sort).
  func divide(shards: Int) {
    if shards == 1 {
      shardStarts = [0]
      for place in identityCount..<max(identityCount, count) { places[place] = UInt16(place) }
      identityCount = max(identityCount, count)
      return
    }
    identityCount = 0
    var starts = [Int](repeating: 0, count: shards + 1)
    starts.withUnsafeMutableBufferPointer { starts in
      for index in 0..<count { starts[Self.shard(hashes[index], of: shards) + 1] += 1 }
      for shard in 0..<shards { starts[shard + 1] += starts[shard] }
      for index in 0..<count {
        let shard = Self.shard(hashes[index], of: shards)
        places[starts[shard]] = UInt16(index)
        starts[shard] += 1
      }
    }
    shardStarts = [0] + starts.dropLast()
  }

  @inline(__always) static func shard(_ hash: UInt64, of shards: Int) -> Int {
    Int(truncatingIfNeeded: ((hash & 0xffff_ffff) &* UInt64(shards)) >> 32)
  }

  /// The places of a shard's events, in their order.
  func order(of shard: Int) -> UnsafeBufferPointer<UInt16> {
    let start = shardStarts[shard]
    let end = shard + 1 < shardStarts.count ? shardStarts[shard + 1] : count
    return UnsafeBufferPointer(start: places + start, count: end - start)
  }

  /// Replaces the part's numbers of users by the trace's.
  func renumberUsers(_ numbers: [UInt32]) {
    numbers.withUnsafeBufferPointer { numbers in
      for index in 0..<count {
        events[index].user = UserID(numbers[Int(events[index].user.rawValue)])
      }
    }
  }
}

/// A row that could not be read.
struct RejectedRow: Sendable {
  var error: TraceError
  var reason: String
  var row: String
}
