import Workload

/// Makes the records of arranged shards, in the order of submission over all of them.
struct ShardMerge {
  private let shards: [LifecycleShard]
  private var positions: [Int]
  /// A binary heap of shards that are not at their ends, the least key on top.
  private var heap: [(key: SortKey, shard: Int)] = []
  private let end: Microseconds
  /// Requests as amounts, by shard and number.
  private let resolved: [[ResolvedRequests]]
  private let scale: MachineScale
  private let assumed: SIMD4<Double>?
  /// How often each event met a task in each state, as far as the records made so far say.
  private(set) var transitions = TransitionCounts()
  /// Keeps the optimiser from leaving the reading ahead out.
  private var readAhead: UInt8 = 0

  private static let distance = 12

  /// - Parameters:
  ///   - shards: arranged.
  ///   - end: the last real time in the table.
  ///   - scale: what the trace's normalised requests stand for.
  ///   - assumed: the normalised request of a task whose table has none.
  init(
    _ shards: [LifecycleShard], end: Microseconds, scale: MachineScale, assumed: SIMD4<Double>?
  ) {
    self.shards = shards
    self.end = end
    self.scale = scale
    self.assumed = assumed
    positions = Array(repeating: 0, count: shards.count)
    resolved = shards.map { shard in
      shard.requests.map { ResolvedRequests($0, scale: scale, assumed: assumed) }
    }
    for shard in shards.indices where shards[shard].count > 0 {
      heap.append((Self.key(shards[shard], 0), shard))
    }
    for place in stride(from: heap.count / 2, through: 0, by: -1) { siftDown(place) }
  }

  private static func key(_ shard: LifecycleShard, _ position: Int) -> SortKey {
    LifeKey.BySubmission(key: shard.key(position)).sortKey
  }

  /// Puts the next records into uninitialised memory and returns how many, 0 at the end.
  mutating func fill(_ records: UnsafeMutableBufferPointer<TaskRecord>) -> Int {
    var count = 0
    while count < records.count, let top = heap.first {
      let shard = shards[top.shard]
      let position = positions[top.shard]
      readAhead &+= shard.touch(position + Self.distance)
      if let record = record(shard, top.shard, position) {
        records.initializeElement(at: count, to: record)
        count += 1
      }
      positions[top.shard] = position + 1
      if position + 1 < shard.count {
        if heap.count == 1 { continue }  // its key has nothing to be compared with
        heap[0].key = Self.key(shard, position + 1)
      } else {
        let last = heap.removeLast()
        if !heap.isEmpty { heap[0] = last }
      }
      siftDown(0)
    }
    return count
  }

  @inline(__always)
  private mutating func record(
    _ shard: LifecycleShard, _ number: Int, _ position: Int
  ) -> TaskRecord? {
    var set: UInt16 = 0
    let life = shard.life(position, requests: &set)
    if set > 0 {
      return life.record(
        end: end, requests: resolved[number][Int(set) - 1], counting: &transitions)
    }
    return life.record(end: end, scale: scale, assumed: assumed, counting: &transitions)
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child + 1].key < heap[child].key { child += 1 }
      guard heap[child].key < heap[parent].key else { return }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}
