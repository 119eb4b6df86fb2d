import Diagnostics
import Workload

/// An assembler that threads take turns with, and what becomes of its lives.
final class LifecycleShard {
  private var assembler: LifecycleAssembler
  private var store = LifeStore(bufferBytes: 0, directory: "", partitions: 1)
  /// How often each event met a task in each state: complete when all lives are joined, but for the
  /// first transition of each, which its record counts.
  private(set) var transitions = TransitionCounts()

  /// - Parameters: as those of `LifeStore`; there are as many stores as shards.
  init(bufferBytes: Int, directory: String, partitions: Int, shards: Int = 1) {
    assembler = LifecycleAssembler(
      bufferBytes: bufferBytes, directory: directory, partitions: partitions, stores: shards)
  }

  /// The last real time seen.
  var lastTime: Microseconds { assembler.lastTime }

  /// Adds the events of a batch that belong to this shard.
  func add(_ batch: EventBatch, shard: Int) throws(TraceError) {
    try assembler.add(batch, shard: shard)
  }

  /// Adds a stretch of a life that was gathered elsewhere.
  func add(stretch: Lifecycle) throws(TraceError) { try assembler.add(stretch: stretch) }

  /// Takes over what was counted elsewhere.
  func add(_ counts: TransitionCounts, lastTime: Microseconds) {
    assembler.add(counts, lastTime: lastTime)
  }

  /// Ends the trace.
  func close() throws(TraceError) {
    store = try assembler.close()
    transitions = assembler.transitions
  }

  /// Whether lives are on disk.
  var hasSpilled: Bool { store.partitions != nil }

  /// Takes all lives to disk.
  func spill() throws(TraceError) {
    try store.spill()
    try store.partitions?.flush()
  }

  /// Keys of some of the lives.
  var sample: KeySample { store.sample }

  /// Joins the lives in memory; they are taken out.
  func join() -> JoinedLives {
    var blocks = LifeBlocks(expecting: 0)
    swap(&blocks, &store.blocks)
    return JoinedLives(blocks, requests: &store.requests, counting: &transitions)
  }

  /// Calls `body` with the lives on disk, joined: those of some tasks after those of others, of which
  /// at most some `limit` bytes are in memory at a time.
  func forEachJoined(
    limit: Int, _ body: (JoinedLives) throws(TraceError) -> Void
  ) throws(TraceError) {
    guard let partitions = store.partitions else { return }
    try partitions.forEachSlice(limit: limit) { (blocks) throws(TraceError) in
      try body(JoinedLives(blocks, requests: &store.requests, counting: &transitions))
    }
  }

  /// The requests that lives refer to, by number less 1; complete when all are joined.
  var requests: [RequestSet] { store.requests.sets }

  /// Lets go of all that the lives needed; they are elsewhere by now.
  func removeAll() { store = LifeStore(bufferBytes: 0, directory: "", partitions: 1) }
}
