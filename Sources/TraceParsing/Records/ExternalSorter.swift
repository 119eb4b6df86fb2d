import Diagnostics
import TraceInput
import Workload

/// A total order on trivially copyable elements by three integers, compared first to last.
struct SortKey: Comparable, BitwiseCopyable {
  var major: Int64
  var minor: Int64
  var last: Int64

  /// The first integer as a word of the same order.
  @inline(__always) var majorWord: UInt64 { UInt64(bitPattern: major ^ .min) }

  @inline(__always) static func < (a: SortKey, b: SortKey) -> Bool {
    if a.major != b.major { return a.major < b.major }
    if a.minor != b.minor { return a.minor < b.minor }
    return a.last < b.last
  }
}

/// What an `ExternalSorter` can sort.
protocol ExternallySortable: BitwiseCopyable {
  var sortKey: SortKey { get }
}

/// Sorts more elements than fit in memory: sorted runs go to one unnamed temporary file and are
/// merged when all are there. Stable, so the result does not depend on the buffer's size.
///
/// Memory: the buffer, an eighth of it while sorting, and while merging one block a run. Time
/// O(n log n). Nothing touches the disk while everything fits.
struct ExternalSorter<Element: ExternallySortable> {
  /// What is not on disk. Large pages: a page fault costs as much as parsing ten rows.
  private var memory = SortMemory<Element>()
  private var base: UnsafeMutablePointer<Element>
  private var filled = 0
  private var room = 0
  private let capacity: Int
  private let directory: String
  private var file: TemporaryFile?
  private var runs: [SortedRun<Element>] = []
  /// How many elements were added.
  private(set) var count = 0

  /// More runs than this are merged into one first, to bound the merge's memory.
  private let maximumRuns: Int

  init(bufferBytes: Int, directory: String, maximumRuns: Int = 128) {
    self.maximumRuns = maximumRuns
    base = memory.base
    capacity = max(1024, bufferBytes / MemoryLayout<Element>.stride)
    self.directory = directory
  }

  /// Adds an element. O(log n) amortised.
  @inline(__always)
  mutating func add(_ element: Element) throws(TraceError) {
    if filled == room { try makeRoom() }
    (base + filled).initialize(to: element)
    filled += 1
    count += 1
  }

  private mutating func makeRoom() throws(TraceError) {
    if filled == capacity { return try spill() }
    memory.grow(to: min(capacity, max(4096, 2 * room)), keeping: filled)
    (base, room) = (memory.base, min(capacity, memory.capacity))
  }

  /// Everything that was added, in memory and the places in order; nil if some of it is on disk.
  func resident<R>(
    _ body: (UnsafeBufferPointer<Element>, UnsafeBufferPointer<KeyedPlace>) -> R
  ) -> R? {
    guard runs.isEmpty else { return nil }
    var scratch = SortScratch()
    let elements = UnsafeBufferPointer(start: UnsafePointer(base), count: filled)
    return scratch.sort(elements) { body(elements, $0) }
  }

  /// Everything that was added, in order.
  consuming func sorted() throws(TraceError) -> SortedElements<Element> {
    try Self.merged([self])
  }

  /// Everything that was added to any of `sorters`, in order; of equal elements those of earlier
  /// sorters come first.
  static func merged(_ sorters: consuming [ExternalSorter]) throws(TraceError)
    -> SortedElements<Element>
  {
    var runs: [SortedRun<Element>] = []
    for index in sorters.indices {
      runs += sorters[index].runs
      if sorters[index].filled > 0 {
        runs.append(SortedRun(resident: sorters[index].memory, sorters[index].filled))
        sorters[index].filled = 0
      }
    }
    return try SortedElements(runs)
  }

  private mutating func spill() throws(TraceError) {
    let target: TemporaryFile
    if let file { target = file } else { target = try TemporaryFile(directory: directory) }
    file = target
    let offset = target.length
    let buffer = UnsafeBufferPointer(start: UnsafePointer(base), count: filled)
    let order = sortedOrder(buffer)
    let blockCount = max(1, (1 << 18) / MemoryLayout<Element>.stride)
    let block = UnsafeMutableBufferPointer<Element>.allocate(capacity: blockCount)
    defer { block.deallocate() }
    for start in stride(from: 0, to: order.count, by: blockCount) {
      let count = min(blockCount, order.count - start)
      for index in 0..<count {
        block.initializeElement(at: index, to: buffer[Int(order[start + index])])
      }
      try target.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: block[..<count])))
    }
    runs.append(SortedRun(file: target, offset: offset, count: buffer.count))
    filled = 0
    if runs.count == maximumRuns { try mergeRuns() }
  }

  private mutating func mergeRuns() throws(TraceError) {
    var merged = try SortedElements<Element>(runs)
    let target = try TemporaryFile(directory: directory)
    var block: [Element] = []
    block.reserveCapacity(1024)
    var total = 0
    while let element = merged.first {
      block.append(element.pointee)
      try merged.removeFirst()
      if block.count == 1024 || merged.first == nil {
        let result = block.withUnsafeBytes { bytes in
          Result { () throws(TraceError) in try target.append(bytes) }
        }
        try result.get()
        total += block.count
        block.removeAll(keepingCapacity: true)
      }
    }
    runs = [SortedRun(file: target, offset: 0, count: total)]
    file = target
  }
}

/// Memory that elements are gathered in.
final class SortMemory<Element: BitwiseCopyable> {
  private(set) var base = LargeArray<Element>.allocate(0)
  private(set) var capacity = 0

  deinit { LargeArray<Element>.release(base, capacity) }

  /// Makes room for `count` elements, of which the first stay.
  func grow(to count: Int, keeping first: Int) {
    let larger = LargeArray<Element>.allocate(count)
    larger.update(from: base, count: first)
    LargeArray<Element>.release(base, capacity)
    (base, capacity) = (larger, count)
  }
}

/// Elements in order, in a file or in memory, and how far they were read.
final class SortedRun<Element: ExternallySortable> {
  private let file: TemporaryFile?
  private let order: [UInt32]
  private let memory: SortMemory<Element>?
  private var block = UnsafeMutableBufferPointer<Element>(start: nil, count: 0)
  private var position = 0
  private var filled = 0
  private var offset = 0
  private var left = 0
  /// The next element; nil at the end, and before `start()`. It stays where it is until
  /// `removeFirst()`.
  private(set) var first: UnsafePointer<Element>?

  private static var blockBytes: Int { 1 << 17 }

  init(file: TemporaryFile, offset: Int, count: Int) {
    self.file = file
    self.offset = offset
    left = count
    order = []
    memory = nil
  }

  /// The first `count` elements in memory, in any order, which is found.
  init(resident memory: SortMemory<Element>, _ count: Int) {
    file = nil
    self.memory = memory
    block = UnsafeMutableBufferPointer(start: memory.base, count: count)
    order = sortedOrder(UnsafeBufferPointer(block))
    filled = count
  }

  deinit { if memory == nil { block.deallocate() } }

  /// Makes the first element known.
  func start() throws(TraceError) {
    if file == nil {
      first = order.isEmpty ? nil : at(0)
    } else {
      try refill()
    }
  }

  /// Goes on to the next element.
  @inline(__always)
  func removeFirst() throws(TraceError) {
    position += 1
    if position < filled {
      first = file == nil ? at(position) : UnsafePointer(block.baseAddress! + position)
    } else if file == nil {
      first = nil
    } else {
      try refill()
    }
  }

  @inline(__always) private func at(_ position: Int) -> UnsafePointer<Element> {
    UnsafePointer(block.baseAddress! + Int(order[position]))
  }

  private func refill() throws(TraceError) {
    let stride = MemoryLayout<Element>.stride
    let capacity = max(1, Self.blockBytes / stride)
    let count = min(left, capacity)
    first = nil
    guard count > 0, let file else { return }
    if block.isEmpty { block = .allocate(capacity: capacity) }
    let target = UnsafeMutableBufferPointer(rebasing: block[..<count])
    try file.read(at: offset, into: UnsafeMutableRawBufferPointer(target))
    (position, filled) = (0, count)
    offset += count * stride
    left -= count
    first = UnsafePointer(block.baseAddress)
  }
}

/// The output of an `ExternalSorter`, read once.
struct SortedElements<Element: ExternallySortable> {
  private var runs: [SortedRun<Element>]
  /// A binary heap of runs, the least first element on top.
  private var heap: [(key: SortKey, run: Int)] = []

  fileprivate init(_ runs: [SortedRun<Element>]) throws(TraceError) {
    self.runs = runs
    for run in runs.indices {
      try runs[run].start()
      guard let first = runs[run].first else { continue }
      heap.append((first.pointee.sortKey, run))
      siftUp(heap.count - 1)
    }
  }

  /// The next element, or nil at the end. It stays where it is until `removeFirst()`.
  @inline(__always)
  var first: UnsafePointer<Element>? { heap.isEmpty ? nil : runs[heap[0].run].first }

  /// Goes on to the next element; there must be one. O(log runs).
  @inline(__always)
  mutating func removeFirst() throws(TraceError) {
    let run = runs[heap[0].run]
    try run.removeFirst()
    if let first = run.first {
      if heap.count == 1 { return }
      heap[0].key = first.pointee.sortKey
    } else {
      let last = heap.removeLast()
      if heap.isEmpty { return }
      heap[0] = last
    }
    siftDown()
  }

  /// Takes the next element, or nil at the end.
  @inline(__always)
  mutating func next() throws(TraceError) -> Element? {
    guard let element = first?.pointee else { return nil }
    try removeFirst()
    return element
  }

  @inline(__always)
  private static func precedes(
    _ a: (key: SortKey, run: Int), _ b: (key: SortKey, run: Int)
  ) -> Bool {
    a.key != b.key ? a.key < b.key : a.run < b.run  // earlier runs first: stable
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0, Self.precedes(heap[child], heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func siftDown() {
    heap.withUnsafeMutableBufferPointer { heap in
      let moving = heap[0]
      var parent = 0
      while true {
        var child = 2 * parent + 1
        guard child < heap.count else { break }
        if child + 1 < heap.count, Self.precedes(heap[child + 1], heap[child]) { child += 1 }
        guard Self.precedes(heap[child], moving) else { break }
        heap[parent] = heap[child]
        parent = child
      }
      heap[parent] = moving
    }
  }
}

extension TaskRecord: ExternallySortable {
  var sortKey: SortKey {
    SortKey(major: submit.rawValue, minor: id.job, last: Int64(id.index))
  }
}
