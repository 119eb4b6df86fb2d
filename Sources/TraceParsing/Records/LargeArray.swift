import Foundation

/// A growing array of trivial elements for what takes much memory: large pages where the system has
/// them (a page fault costs as much as parsing ten rows), and memory that goes back at once.
struct LargeArray<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 0) {
    self.capacity = capacity
    base = Self.allocate(capacity)
  }

  /// `count` elements that are not initialised.
  init(uninitialized count: Int) {
    self.init(capacity: count)
    self.count = count
  }

  deinit { Self.release(base, capacity) }

  /// Memory for `count` elements, for `release`.
  static func allocate(_ count: Int) -> UnsafeMutablePointer<Element> {
    let bytes = size(count)
    let memory = bytes < Mapping.least ? unmapped(bytes) : Mapping.map(bytes)
    guard let memory else { fatalError("no memory for \(bytes) bytes") }
    return memory.bindMemory(to: Element.self, capacity: count)
  }

  /// Gives back what `allocate` gave for `count` elements.
  static func release(_ memory: UnsafeMutableRawPointer, _ count: Int) {
    let bytes = size(count)
    if bytes < Mapping.least { free(memory) } else { Mapping.unmap(memory, bytes) }
  }

  private static func size(_ count: Int) -> Int { max(64, count * MemoryLayout<Element>.stride) }

  private static func unmapped(_ bytes: Int) -> UnsafeMutableRawPointer? {
    var memory: UnsafeMutableRawPointer?
    return posix_memalign(&memory, 64, bytes) == 0 ? memory : nil
  }

  /// Adds an element. O(1) amortised.
  @inline(__always) mutating func append(_ element: Element) {
    if count == capacity { grow(to: max(1024, capacity * 2)) }
    (base + count).initialize(to: element)
    count &+= 1
  }

  /// Takes the last element away; nil if there is none.
  @inline(__always) mutating func popLast() -> Element? {
    guard count > 0 else { return nil }
    count &-= 1
    return base[count]
  }

  /// Makes sure that there is room for `capacity` elements in all.
  mutating func grow(to capacity: Int) {
    guard capacity > self.capacity else { return }
    let larger = Self.allocate(capacity)
    larger.update(from: base, count: count)
    Self.release(base, self.capacity)
    (base, self.capacity) = (larger, capacity)
  }

  /// States how many elements there are: the memory was filled by other means.
  mutating func setCount(_ count: Int) {
    precondition(count <= capacity)
    self.count = count
  }

  /// Forgets the elements behind the first `count`, and keeps the memory.
  mutating func removeLast(to count: Int) { self.count = min(count, self.count) }

  @inline(__always) subscript(index: Int) -> Element {
    get { base[index] }
    nonmutating set { base[index] = newValue }
  }

  /// The elements; valid until the array changes or goes.
  var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }
}

/// Memory straight from the system. What the allocator keeps after it was freed belongs to the thread
/// that asked for it, and other threads cannot use it.
private enum Mapping {
  /// How many bytes are worth it.
  static let least = 1 << 18
  static let largePage = 1 << 21

  static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let size = rounded(bytes)
    guard size >= largePage else { return pages(size) }
    // A large page begins at a multiple of its size: what is mapped around that goes back.
    guard let start = pages(size + largePage) else { return nil }
    let lead = -Int(bitPattern: start) & (largePage - 1)
    if lead > 0 { munmap(start, lead) }
    munmap(start + lead + size, largePage - lead)
    #if os(Linux)
      _ = madvise(start + lead, size, 14)  // MADV_HUGEPAGE; a wish
    #endif
    return start + lead
  }

  static func unmap(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
    munmap(memory, rounded(bytes))
  }

  /// Whole pages: a large one for what would fill at least half of it.
  private static func rounded(_ bytes: Int) -> Int {
    if bytes < largePage, bytes >= largePage / 2 { return largePage }
    let page = Int(getpagesize())
    return (bytes + page - 1) / page * page
  }

  private static func pages(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    return memory == MAP_FAILED ? nil : memory
  }
}

/// Bytes that are freed with the object.
final class LargeMemory {
  let base: UnsafeMutablePointer<UInt8>
  private let count: Int

  /// The bytes of a large page, where the system has them.
  static var largePage: Int { Mapping.largePage }

  init(_ count: Int) {
    self.count = count
    base = LargeArray<UInt8>.allocate(count)
  }

  deinit { LargeArray<UInt8>.release(base, count) }
}
