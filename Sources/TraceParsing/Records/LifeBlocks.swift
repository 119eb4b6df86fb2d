import Tables
import Workload

/// Packed lives end to end, in blocks of memory that do not move. Each is found again by its place.
///
/// Nothing here calls back while it changes, so exclusive access is not checked life by life.
final class LifeBlocks {
  @exclusivity(unchecked) private var blocks: [LargeMemory] = []
  /// Where they begin.
  @exclusivity(unchecked) private var bases = LargeArray<UnsafePointer<UInt8>>()
  /// How much of each is filled.
  @exclusivity(unchecked) private var filled: [Int] = []
  private let blockBits: Int
  /// How many lives there are.
  @exclusivity(unchecked) private(set) var count = 0
  /// How many bytes they take.
  @exclusivity(unchecked) private(set) var byteCount = 0

  /// - Parameter bytes: how many there may be; few are asked for in small blocks.
  init(expecting bytes: Int) { blockBits = bytes >= 8 << 20 ? 21 : 15 }

  /// Adds a life that `pack` writes to the memory that it is given, at most
  /// `Lifecycle.maximumPackedSize` bytes, and says the size of. Returns its place.
  @inline(__always)
  func append(_ pack: (UnsafeMutableRawPointer) -> Int) -> UInt32 {
    if blocks.isEmpty
      || filled[blocks.count - 1] + Lifecycle.maximumPackedSize > 1 << blockBits
    {
      precondition(blocks.count < 1 << (32 - blockBits), "more than 4 GiB of lives in memory")
      let block = LargeMemory(1 << blockBits)
      blocks.append(block)
      bases.append(UnsafePointer(block.base))
      filled.append(0)
    }
    let last = blocks.count - 1
    let position = filled[last]
    let size = pack(UnsafeMutableRawPointer(blocks[last].base + position))
    filled[last] = position + size
    count += 1
    byteCount += size
    return UInt32(truncatingIfNeeded: last << blockBits + position)
  }

  /// The lives that are there now, in the order in which they were added. More may be added meanwhile.
  func walk() -> Walk { Walk(bases: Array(bases.elements), filled: filled, blockBits: blockBits) }

  /// Goes from life to life.
  struct Walk {
    fileprivate let bases: [UnsafePointer<UInt8>]
    fileprivate let filled: [Int]
    fileprivate let blockBits: Int
    private var block = 0
    private var position = 0

    fileprivate init(bases: [UnsafePointer<UInt8>], filled: [Int], blockBits: Int) {
      (self.bases, self.filled, self.blockBits) = (bases, filled, blockBits)
    }

    /// The next life's place and bytes; nil after the last.
    @inline(__always)
    mutating func next() -> (place: UInt32, bytes: UnsafeRawPointer)? {
      guard block < filled.count else { return nil }
      let bytes = UnsafeRawPointer(bases[block] + position)
      let place = UInt32(truncatingIfNeeded: block &<< blockBits &+ position)
      position &+= Lifecycle.packedSize(bytes)
      if position >= filled[block] { (block, position) = (block &+ 1, 0) }
      return (place, bytes)
    }
  }

  /// Finds the lives that are there now by their places, for as long as the blocks are there.
  struct View {
    fileprivate let bases: UnsafePointer<UnsafePointer<UInt8>>
    fileprivate let blockBits: UInt32

    /// The bytes at a place.
    @inline(__always) subscript(place: UInt32) -> UnsafeRawPointer {
      UnsafeRawPointer(
        bases[Int(place &>> blockBits)] + Int(place & (1 &<< blockBits &- 1)))
    }
  }

  /// A way to the lives that is valid until more are added.
  var view: View { View(bases: UnsafePointer(bases.base), blockBits: UInt32(blockBits)) }
}
