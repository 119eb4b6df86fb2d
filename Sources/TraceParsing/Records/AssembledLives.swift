import Workload

/// Whole lives, joined from their stretches, ordered by task.
struct AssembledLives: ~Copyable {
  /// What is in memory, where nothing was spilled.
  private let store: LifeStore
  private var position = 0
  private var runs: [LifeRun] = []
  /// A binary heap of runs, the least task on top.
  private var heap: [(key: SortKey, run: Int)] = []
  /// Complete, once all lives are out and their records made.
  var transitions: TransitionCounts
  /// The last real time of the table.
  let lastTime: Microseconds

  init(
    _ stretches: consuming LifeStore, transitions: TransitionCounts, lastTime: Microseconds
  ) throws(TraceError) {
    self.transitions = transitions
    self.lastTime = lastTime
    var stretches = stretches
    if stretches.runs.isEmpty {
      stretches.sortKeys(by: LifeKey.self)
      store = stretches
      return
    }
    try stretches.spill()
    runs = try stretches.readers()
    store = LifeStore(bufferBytes: 0, directory: "")
    for run in runs.indices {
      guard let life = runs[run].first else { continue }
      heap.append((Self.key(life), run))
    }
    for place in stride(from: heap.count / 2, through: 0, by: -1) { siftDown(place) }
  }

  /// The next life, or nil after the last.
  mutating func next() throws(TraceError) -> Lifecycle? {
    guard var life = try nextStretch() else { return nil }
    while nextID == life.id, let following = try nextStretch() {
      life.append(following, counting: &transitions)
    }
    return life
  }

  private var nextID: TaskID? {
    if let top = heap.first { return runs[top.run].first?.id }
    return position < store.keys.count ? store.keys[position].id : nil
  }

  private mutating func nextStretch() throws(TraceError) -> Lifecycle? {
    guard let top = heap.first else {
      guard position < store.keys.count else { return nil }
      position += 1
      return store.life(at: store.keys[position - 1].place)
    }
    let life = runs[top.run].first
    try runs[top.run].removeFirst()
    if let following = runs[top.run].first {
      heap[0].key = Self.key(following)
    } else {
      let last = heap.removeLast()
      if !heap.isEmpty { heap[0] = last }
    }
    siftDown(0)
    return life
  }

  private static func key(_ life: Lifecycle) -> SortKey {
    SortKey(major: life.id.job, minor: Int64(life.id.index), last: 0)
  }

  /// Earlier runs first: stretches of one life stay in their order.
  private static func precedes(
    _ a: (key: SortKey, run: Int), _ b: (key: SortKey, run: Int)
  ) -> Bool {
    a.key != b.key ? a.key < b.key : a.run < b.run
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, Self.precedes(heap[child + 1], heap[child]) { child += 1 }
      guard Self.precedes(heap[child], heap[parent]) else { return }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}

/// One sorted run of packed lives in a file, read from its beginning.
final class LifeRun {
  private let file: TemporaryFile
  private let requests: RequestTable
  private var offset: Int
  private var left: Int
  private let block: LargeMemory
  private let capacity: Int
  private var position = 0
  private var filled = 0
  /// The next life, nil at the end.
  private(set) var first: Lifecycle?

  /// - Parameter block: how many bytes are read at a time.
  init(
    _ file: TemporaryFile, offset: Int, length: Int, block: Int, _ requests: RequestTable
  ) throws(TraceError) {
    self.file = file
    self.offset = offset
    self.requests = requests
    left = length
    capacity = block
    self.block = LargeMemory(block + Lifecycle.maximumPackedSize)
    try removeFirst()
  }

  /// Goes on to the next life.
  func removeFirst() throws(TraceError) {
    if filled - position < Lifecycle.maximumPackedSize, left > 0 { try refill() }
    guard position < filled else {
      first = nil
      return
    }
    var (size, set) = (0, UInt16(0))
    first = requests.sets.withUnsafeBufferPointer { sets in
      Lifecycle(packed: UnsafeRawPointer(block.base + position), sets, size: &size, set: &set)
    }
    position += size
  }

  private func refill() throws(TraceError) {
    let rest = filled - position
    block.base.update(from: block.base + position, count: rest)
    let count = min(left, capacity - rest)
    try file.read(
      at: offset, into: UnsafeMutableRawBufferPointer(start: block.base + rest, count: count))
    (position, filled) = (0, rest + count)
    offset += count
    left -= count
  }
}
