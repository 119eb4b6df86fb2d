import Diagnostics
import Tables
import TraceInput
import Workload

/// Lives of a shard that stand in the order of their ranges: in memory, or on disk piece by piece.
final class RangedLives {
  /// The requests that they refer to as amounts, by number less 1.
  let requests: [ResolvedRequests]
  private let joined: JoinedLives?
  private let file: TemporaryFile?
  /// For each piece on disk, where each range begins, and where the last one ends.
  private let offsets: [[Int]]

  /// Lives that stay in memory.
  init(_ joined: JoinedLives, requests: [ResolvedRequests]) {
    self.joined = joined
    self.requests = requests
    file = nil
    offsets = []
  }

  /// Lives that were written to a file.
  init(_ written: RangedLivesFile, requests: [ResolvedRequests]) {
    joined = nil
    self.requests = requests
    file = written.file
    offsets = written.offsets
  }

  /// Adds the entries of a range, with the number `source`, and says where their lives are.
  func collect(
    _ range: Int, source: UInt32, into entries: inout LargeArray<KeyedPlace>
  ) throws(TraceError) -> LifeBlocks {
    guard let file else { return collect(range, source, &entries) }
    let length = offsets.reduce(0) { $0 + $1[range + 1] - $1[range] }
    let blocks = LifeBlocks(expecting: length)
    for offsets in offsets {
      let bytes = LargeMemory(offsets[range + 1] - offsets[range] + Lifecycle.maximumPackedSize)
      let count = offsets[range + 1] - offsets[range]
      try file.read(
        at: offsets[range], into: UnsafeMutableRawBufferPointer(start: bytes.base, count: count))
      var position = 0
      while position < count {
        let life = UnsafeRawPointer(bytes.base + position)
        let size = Lifecycle.packedSize(life)
        let place = blocks.append { out in
          out.copyMemory(from: life, byteCount: size)
          return size
        }
        let key = Lifecycle.sortKey(packed: life)
        entries.append(
          KeyedPlace(word: key.majorWord, place: place, source: source))
        position += size
      }
    }
    return blocks
  }

  private func collect(
    _ range: Int, _ source: UInt32, _ entries: inout LargeArray<KeyedPlace>
  ) -> LifeBlocks {
    guard let joined else { return LifeBlocks(expecting: 0) }
    for index in joined.starts[range]..<joined.starts[range + 1] {
      var entry = joined.entries[index]
      entry.source = source
      entries.append(entry)
    }
    return joined.blocks
  }
}

/// Takes arranged lives to disk.
struct RangedLivesFile {
  let file: TemporaryFile
  private(set) var offsets: [[Int]] = []

  init(directory: String) throws(TraceError) { file = try TemporaryFile(directory: directory) }

  /// Writes lives in the order of their ranges.
  mutating func add(_ joined: JoinedLives) throws(TraceError) {
    let blockBytes = 1 << 18
    let block = LargeMemory(blockBytes)
    let view = joined.blocks.view
    var offsets: [Int] = []
    var filled = 0
    for range in 0..<joined.starts.count - 1 {
      offsets.append(file.length + filled)
      for index in joined.starts[range]..<joined.starts[range + 1] {
        if filled + Lifecycle.maximumPackedSize > blockBytes {
          try file.append(UnsafeRawBufferPointer(start: block.base, count: filled))
          filled = 0
        }
        let bytes = view[joined.entries[index].place]
        let size = Lifecycle.packedSize(bytes)
        UnsafeMutableRawPointer(block.base + filled).copyMemory(from: bytes, byteCount: size)
        filled += size
      }
    }
    try file.append(UnsafeRawBufferPointer(start: block.base, count: filled))
    offsets.append(file.length)
    self.offsets.append(offsets)
  }
}
