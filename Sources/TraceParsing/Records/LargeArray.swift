import Tables

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
    LargeMemory.allocate(size(count)).bindMemory(to: Element.self, capacity: count)
  }

  /// Gives back what `allocate` gave for `count` elements.
  static func release(_ memory: UnsafeMutableRawPointer, _ count: Int) {
    LargeMemory.release(memory, size(count))
  }

  private static func size(_ count: Int) -> Int { count * MemoryLayout<Element>.stride }

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
