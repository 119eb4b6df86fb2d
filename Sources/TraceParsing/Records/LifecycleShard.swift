import Diagnostics
import Workload

// A shard is gathering, then closed, then joined or spilled. Each state is a type that has only what can be asked
// of it, and going on to the next one uses it up.

/// A shard whose events are still coming: an assembler that threads take turns with.
final class GatheringShard {
  /// None once the shard is closed.
  private var assembler: LifecycleAssembler?

  /// - Parameters: as those of `LifeStore`; there are as many stores as shards.
  init(bufferBytes: Int, directory: String, partitions: Int, shards: Int = 1) {
    assembler = LifecycleAssembler(
      bufferBytes: bufferBytes, directory: directory, partitions: partitions, stores: shards)
  }

  /// Adds the events of a batch that belong to this shard.
  func add(_ batch: EventBatch, shard: Int) throws(TraceError) {
    try assembler!.add(batch, shard: shard)
  }

  /// Adds the stretches of a piece that belong to this shard.
  func add(_ stretches: PackedStretches, shard: Int) throws(TraceError) {
    try assembler!.add(stretches, shard: shard)
  }

  /// Ends the trace; nothing may be added any more.
  func close() throws(TraceError) -> ClosedShard {
    guard let assembler = assembler.take() else { preconditionFailure("a shard is closed once") }
    return try ClosedShard(assembler)
  }
}

/// A shard whose events have all come: stretches of lives, in memory or partly on disk.
struct ClosedShard: ~Copyable {
  private var store: LifeStore
  private var transitions: TransitionCounts
  /// The last real time seen.
  let lastTime: Microseconds

  init(_ assembler: consuming LifecycleAssembler) throws(TraceError) {
    transitions = assembler.transitions
    lastTime = assembler.lastTime
    store = try assembler.close()
  }

  /// Whether lives are on disk.
  var hasSpilled: Bool { store.partitions != nil }

  /// Keys of some of the lives.
  var sample: KeySample { store.sample }

  /// Joins the lives, which are all in memory.
  consuming func join() -> (lives: JoinedLives, totals: ShardTotals) {
    precondition(!hasSpilled, "lives on disk are joined by a SpilledShard")
    let lives = JoinedLives(store.blocks, requests: &store.requests, counting: &transitions)
    return (lives, ShardTotals(requests: store.requests.sets, transitions: transitions))
  }

  /// Takes all lives to disk.
  consuming func spill() throws(TraceError) -> SpilledShard {
    let partitions = try store.spillAll()
    return SpilledShard(
      partitions: partitions, requests: store.requests, transitions: transitions)
  }
}

/// A shard all of whose lives are on disk.
struct SpilledShard: ~Copyable {
  private let partitions: LifePartitions
  private var requests: RequestTable
  private var transitions: TransitionCounts

  fileprivate init(
    partitions: LifePartitions, requests: RequestTable, transitions: TransitionCounts
  ) {
    self.partitions = partitions
    self.requests = requests
    self.transitions = transitions
  }

  /// Calls `body` with the lives, joined: those of some tasks after those of others, of which at most
  /// some `limit` bytes are in memory at a time; and with the requests known so far.
  consuming func forEachJoined(
    limit: Int, _ body: (JoinedLives) throws(TraceError) -> Void
  ) throws(TraceError) -> ShardTotals {
    try partitions.forEachSlice(limit: limit) { (blocks) throws(TraceError) in
      try body(JoinedLives(blocks, requests: &requests, counting: &transitions))
    }
    return ShardTotals(requests: requests.sets, transitions: transitions)
  }
}

/// What is known of a shard once its lives are joined.
struct ShardTotals {
  /// The requests that lives refer to, by number less 1.
  let requests: [RequestSet]
  /// How often each event met a task in each state, but for the first transition of each task, which its
  /// record counts.
  let transitions: TransitionCounts
}
