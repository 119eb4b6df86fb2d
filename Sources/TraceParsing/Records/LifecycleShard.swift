import Workload

/// An assembler that threads take turns with, and what becomes of its lives.
final class LifecycleShard {
  private var assembler: LifecycleAssembler
  private var store = LifeStore(bufferBytes: 0, directory: "")

  init(bufferBytes: Int, directory: String) {
    assembler = LifecycleAssembler(bufferBytes: bufferBytes, directory: directory)
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

  /// Ends the trace. After this the lives come either `inSubmitOrder` or, if some were spilled, as
  /// `assembled` by task.
  func close() throws(TraceError) { store = try assembler.close() }

  /// Whether some lives are on disk.
  var hasSpilled: Bool { !store.runs.isEmpty }

  /// Every life, whole, ordered by task.
  func assembled() throws(TraceError) -> AssembledLives {
    var taken = LifeStore(bufferBytes: 0, directory: "")
    swap(&taken, &store)
    return try AssembledLives(taken, transitions: assembler.transitions, lastTime: lastTime)
  }

  /// What was found while the lives in memory were put in submit order.
  struct Arrangement {
    /// How many have records.
    var records: Int
    /// How many have none: they were seen after the trace's end only.
    var afterEnd: Int
    /// Transitions between stretches and within them.
    var transitions: TransitionCounts
  }

  /// Joins the lives and puts those that have records in the order of submission.
  func arrange() -> Arrangement {
    var transitions = assembler.transitions
    store.sortKeys(by: LifeKey.self)
    let afterEnd = store.joinStretches(counting: &transitions)
    store.sortKeys(by: LifeKey.BySubmission.self)
    store.endSorting()
    return Arrangement(
      records: store.keys.count, afterEnd: afterEnd, transitions: transitions)
  }

  /// How many lives were arranged.
  var count: Int { store.keys.count }

  /// The key of an arranged life.
  @inline(__always) func key(_ position: Int) -> LifeKey { store.keys[position] }

  /// Reads the bytes of lives that are needed soon, so that they are in the cache then.
  @inline(__always)
  func touch(_ position: Int) -> UInt8 {
    position < store.keys.count
      ? store.bytes(at: store.keys[position].place).load(as: UInt8.self) : 0
  }

  /// The arranged life at a position, and the number of its requests in `requests`.
  @inline(__always)
  func life(_ position: Int, requests: inout UInt16) -> Lifecycle {
    store.life(at: store.keys[position].place, requests: &requests)
  }

  /// The requests of the arranged lives, by number less 1.
  var requests: [RequestSet] { store.requests.sets }
}
