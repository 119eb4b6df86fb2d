import Foundation

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

/// Bytes that are freed with the object: large pages where the system has them (a page fault costs as much
/// as parsing ten rows), and memory that goes back at once.
package final class LargeMemory {
  package let base: UnsafeMutablePointer<UInt8>
  private let count: Int

  /// The bytes of a large page, where the system has them.
  package static var largePage: Int { Mapping.largePage }

  package init(_ count: Int) {
    self.count = count
    base = Self.allocate(count).bindMemory(to: UInt8.self, capacity: count)
  }

  deinit { Self.release(base, count) }

  /// So many bytes, not initialised, at an address that is a multiple of 64; for `release`.
  package static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    let bytes = max(64, count)
    guard let memory = bytes < Mapping.least ? unmapped(bytes) : Mapping.map(bytes) else {
      fatalError("no memory for \(bytes) bytes")
    }
    return memory
  }

  /// Gives back what `allocate` gave for `count` bytes.
  package static func release(_ memory: UnsafeMutableRawPointer, _ count: Int) {
    let bytes = max(64, count)
    if bytes < Mapping.least { free(memory) } else { Mapping.unmap(memory, bytes) }
  }

  private static func unmapped(_ bytes: Int) -> UnsafeMutableRawPointer? {
    var memory: UnsafeMutableRawPointer?
    return posix_memalign(&memory, 64, bytes) == 0 ? memory : nil
  }
}
