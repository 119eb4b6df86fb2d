import Workload

/// A total order on trivially copyable elements by three integers, compared first to last.
struct SortKey: Comparable, BitwiseCopyable {
  var major: Int64
  var minor: Int64
  var last: Int64

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
/// Memory: the buffer, and while merging one block a run. Time O(n log n). Nothing touches the disk
/// while everything fits.
struct ExternalSorter<Element: ExternallySortable> {
  private var buffer: [Element] = []
  private let capacity: Int
  private let directory: String
  private var file: TemporaryFile?
  private var runs: [Run] = []
  /// How many elements were added.
  private(set) var count = 0

  fileprivate struct Run {
    var offset: Int
    var count: Int
  }

  /// More runs than this are merged into one first, to bound the merge's memory.
  private static var maximumRuns: Int { 128 }

  init(bufferBytes: Int, directory: String) {
    capacity = max(1024, bufferBytes / MemoryLayout<Element>.stride)
    self.directory = directory
  }

  /// Adds an element. O(log n) amortised.
  mutating func add(_ element: Element) throws(TraceError) {
    if buffer.count == capacity { try spill() }
    buffer.append(element)
    count += 1
  }

  /// Everything that was added, in order.
  consuming func sorted() throws(TraceError) -> SortedElements<Element> {
    guard let file else {
      return SortedElements(resident: Self.sorted(buffer))
    }
    if !buffer.isEmpty { try spill() }
    buffer = []
    return try SortedElements(file: file, runs: runs.map { ($0.offset, $0.count) })
  }

  private mutating func spill() throws(TraceError) {
    let target: TemporaryFile
    if let file { target = file } else { target = try TemporaryFile(directory: directory) }
    file = target
    try append(Self.sorted(buffer), to: target)
    buffer.removeAll(keepingCapacity: true)
    if runs.count == Self.maximumRuns { try mergeRuns() }
  }

  private mutating func append(_ elements: [Element], to file: TemporaryFile) throws(TraceError) {
    runs.append(Run(offset: file.length, count: elements.count))
    try file.append(elements: elements)
  }

  private mutating func mergeRuns() throws(TraceError) {
    guard let old = file else { return }
    var merged = try SortedElements<Element>(file: old, runs: runs.map { ($0.offset, $0.count) })
    let target = try TemporaryFile(directory: directory)
    var block: [Element] = []
    block.reserveCapacity(4096)
    var total = 0
    while let element = try merged.next() {
      block.append(element)
      if block.count == 4096 {
        try target.append(elements: block)
        total += block.count
        block.removeAll(keepingCapacity: true)
      }
    }
    try target.append(elements: block)
    runs = [Run(offset: 0, count: total + block.count)]
    file = target
  }

  /// Sorted by key, then by place: small pairs are moved instead of the elements.
  private static func sorted(_ elements: [Element]) -> [Element] {
    var order = elements.indices.map { (key: elements[$0].sortKey, place: $0) }
    order.sort { $0.key != $1.key ? $0.key < $1.key : $0.place < $1.place }
    return order.map { elements[$0.place] }
  }
}

/// The output of an `ExternalSorter`, read once.
struct SortedElements<Element: ExternallySortable> {
  private var resident: [Element]
  private var position = 0
  private var file: TemporaryFile?
  private var cursors: [Cursor] = []
  /// A binary heap of cursor indices, the least head on top.
  private var heap: [Int] = []

  private struct Cursor {
    var block: [Element] = []
    var position = 0
    var offset: Int
    var left: Int
    var head: Element { block[position] }
  }

  private static var blockBytes: Int { 1 << 18 }

  fileprivate init(resident: [Element]) { self.resident = resident }

  fileprivate init(file: TemporaryFile, runs: [(offset: Int, count: Int)]) throws(TraceError) {
    resident = []
    self.file = file
    cursors = runs.map { Cursor(offset: $0.offset, left: $0.count) }
    for index in cursors.indices where try refill(index) {
      heap.append(index)
      siftUp(heap.count - 1)
    }
  }

  /// The next element, or nil at the end. O(log runs).
  mutating func next() throws(TraceError) -> Element? {
    guard file != nil else {
      guard position < resident.count else { return nil }
      position += 1
      return resident[position - 1]
    }
    guard let top = heap.first else { return nil }
    let element = cursors[top].head
    cursors[top].position += 1
    if cursors[top].position == cursors[top].block.count, try !refill(top) {
      let last = heap.removeLast()
      if heap.isEmpty { return element }
      heap[0] = last
    }
    siftDown()
    return element
  }

  /// Reads the next block of a run; false at its end.
  private mutating func refill(_ index: Int) throws(TraceError) -> Bool {
    let stride = MemoryLayout<Element>.stride
    let count = min(cursors[index].left, max(1, Self.blockBytes / stride))
    guard count > 0, let file else { return false }
    cursors[index].block = try file.elements(at: cursors[index].offset, count: count)
    cursors[index].position = 0
    cursors[index].offset += count * stride
    cursors[index].left -= count
    return true
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    let (first, second) = (cursors[a].head.sortKey, cursors[b].head.sortKey)
    return first != second ? first < second : a < b  // earlier runs first: stable
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0, precedes(heap[child], heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && precedes(heap[child], heap[least]) { least = child }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}

extension TemporaryFile {
  /// Appends elements as they are in memory; they are read back by the same process only.
  func append<Element: BitwiseCopyable>(elements: [Element]) throws(TraceError) {
    let result: Result<Void, TraceError> = elements.withUnsafeBytes { bytes in
      do throws(TraceError) { return .success(try append(bytes)) } catch { return .failure(error) }
    }
    try result.get()
  }

  /// Reads back `count` elements from `offset`.
  func elements<Element: BitwiseCopyable>(
    at offset: Int, count: Int
  ) throws(TraceError) -> [Element] {
    var failure: TraceError?
    let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialised in
      do throws(TraceError) {
        try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        initialised = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return elements
  }
}

extension TaskRecord: ExternallySortable {
  var sortKey: SortKey {
    SortKey(major: submit.rawValue, minor: id.job, last: Int64(id.index))
  }
}

extension Lifecycle: ExternallySortable {
  /// By task; the sorter is stable, so the stretches of a life stay in their order.
  var sortKey: SortKey { SortKey(major: id.job, minor: Int64(id.index), last: 0) }
}
