import Workload

/// Which life stands where in a `LifeStore`, and when it was submitted.
struct LifeKey: ExternallySortable {
  var id: TaskID
  /// Where its bytes are.
  var place: UInt32
  var submit: Microseconds

  /// By task: stretches of one life stay in the order in which they were added.
  var sortKey: SortKey { SortKey(major: id.job, minor: Int64(id.index), last: 0) }

  /// The same for sorting by submission.
  struct BySubmission: ExternallySortable {
    var key: LifeKey

    var sortKey: SortKey {
      SortKey(major: key.submit.rawValue, minor: key.id.job, last: Int64(key.id.index))
    }
  }
}

/// Lives that were set aside, packed. What does not fit goes to an unnamed temporary file in sorted
/// runs.
///
/// Memory: the bound that it was given, some 70 bytes a life, and 36 bytes a life while sorting.
struct LifeStore: ~Copyable {
  private var chunks: [LargeMemory] = []
  private let chunkBits: Int
  private var used = 0
  private(set) var keys = LargeArray<LifeKey>()
  /// Memory that sorting takes again and again.
  private var otherKeys = LargeArray<LifeKey>()
  private var scratch = SortScratch()
  private(set) var requests = RequestTable()
  private let capacity: Int
  private let directory: String
  private var file: TemporaryFile?
  private(set) var runs: [(offset: Int, length: Int)] = []

  init(bufferBytes: Int, directory: String) {
    capacity = min(max(1 << 16, bufferBytes), 1 << 31)
    chunkBits = capacity >= 8 << 20 ? 21 : 15
    self.directory = directory
  }

  /// Adds a life. O(1) amortised.
  mutating func add(_ life: Lifecycle) throws(TraceError) {
    if bytesHeld >= capacity { try spill() }
    addWithoutSpilling(life)
  }

  private mutating func addWithoutSpilling(_ life: Lifecycle) {
    // Room for all that will fit: memory that is not used is not taken, and growing would copy.
    if keys.capacity == 0 { keys.grow(to: min(capacity / 32, 1 << 23) + 1024) }
    keys.append(key(of: life, place: pack(life)))
  }

  private func key(of life: Lifecycle, place: UInt32) -> LifeKey {
    LifeKey(id: life.id, place: place, submit: life.submission)
  }

  /// Packs a life and returns where.
  private mutating func pack(_ life: Lifecycle) -> UInt32 {
    var chunk = used >> chunkBits
    var position = used & (1 << chunkBits - 1)
    if position + Lifecycle.maximumPackedSize > 1 << chunkBits {
      (chunk, position) = (chunk + 1, 0)
    }
    if chunk == chunks.count { chunks.append(LargeMemory(1 << chunkBits)) }
    used = chunk << chunkBits + position
    let out = UnsafeMutableRawPointer(chunks[chunk].base + position)
    let size = life.pack(to: out, requests: requests.number(of: life.requests))
    let place = UInt32(truncatingIfNeeded: used)
    used += size
    return place
  }

  private var bytesHeld: Int { used + keys.count * MemoryLayout<LifeKey>.stride }

  /// The life at a place.
  @inline(__always)
  func life(at place: UInt32, requests set: inout UInt16) -> Lifecycle {
    var size = 0
    return requests.sets.withUnsafeBufferPointer { sets in
      Lifecycle(packed: bytes(at: place), sets, size: &size, set: &set)
    }
  }

  func life(at place: UInt32) -> Lifecycle {
    var set: UInt16 = 0
    return life(at: place, requests: &set)
  }

  @inline(__always)
  func bytes(at place: UInt32) -> UnsafeRawPointer {
    UnsafeRawPointer(
      chunks[Int(place) >> chunkBits].base + Int(place) & (1 << chunkBits - 1))
  }

  /// Orders the keys of what is in memory.
  mutating func sortKeys<Order: ExternallySortable>(by _: Order.Type) {
    let count = keys.count
    otherKeys.grow(to: count)
    let (source, target) = (keys.base, otherKeys.base)
    keys.elements.withMemoryRebound(to: Order.self) { keys in
      scratch.sort(keys) { order in
        for index in 0..<count { target[index] = source[Int(order[index].place)] }
      }
    }
    swap(&keys, &otherKeys)
    keys.setCount(count)
  }

  /// Gives back what was kept for sorting.
  mutating func endSorting() {
    otherKeys = LargeArray()
    scratch = SortScratch()
  }

  /// Joins the stretches of each life, which are neighbours by now, and leaves one key for each;
  /// lives without a known time at all are left out. Returns how many were.
  mutating func joinStretches(
    counting transitions: inout TransitionCounts
  ) -> Int {
    var (kept, left, start) = (0, 0, 0)
    while start < keys.count {
      var key = keys[start]
      var end = start + 1
      while end < keys.count, keys[end].id == key.id { end += 1 }
      if end - start > 1 {
        var life = life(at: key.place)
        for index in start + 1..<end {
          life.append(self.life(at: keys[index].place), counting: &transitions)
        }
        key = replace(life)
      }
      if key.submit.isKnown {
        keys[kept] = key
        kept += 1
      } else {
        left += 1
      }
      start = end
    }
    keys.removeLast(to: kept)
    return left
  }

  /// Adds a joined life without a key of its own.
  private mutating func replace(_ life: Lifecycle) -> LifeKey {
    let room = used + (1 << chunkBits)
    precondition(room < 1 << 32, "more than 4 GiB of lives in memory")
    return key(of: life, place: pack(life))
  }

  // MARK: - Spilling

  /// Writes what is in memory to the file, ordered by task.
  mutating func spill() throws(TraceError) {
    guard keys.count > 0 else { return }
    sortKeys(by: LifeKey.self)
    let target: TemporaryFile
    if let file { target = file } else { target = try TemporaryFile(directory: directory) }
    file = target
    let offset = target.length
    let block = LargeMemory(1 << 18)
    var filled = 0
    for index in 0..<keys.count {
      let bytes = bytes(at: keys[index].place)
      if filled + Lifecycle.maximumPackedSize > 1 << 18 {
        try target.append(UnsafeRawBufferPointer(start: block.base, count: filled))
        filled = 0
      }
      let size = Lifecycle.packedSize(bytes)
      UnsafeMutableRawPointer(block.base + filled).copyMemory(from: bytes, byteCount: size)
      filled += size
    }
    try target.append(UnsafeRawBufferPointer(start: block.base, count: filled))
    runs.append((offset, target.length - offset))
    keys.removeLast(to: 0)
    used = 0
    chunks.removeLast(max(0, chunks.count - 1))
  }

  /// The runs, from their beginnings.
  consuming func readers() throws(TraceError) -> [LifeRun] {
    guard let file else { return [] }
    let block = min(1 << 17, max(1 << 13, capacity / max(1, runs.count)))
    var readers: [LifeRun] = []
    for run in runs {
      readers.append(
        try LifeRun(file, offset: run.offset, length: run.length, block: block, requests))
    }
    return readers
  }
}
