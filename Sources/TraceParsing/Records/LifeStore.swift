import Diagnostics
import Tables
import TraceInput
import Workload

/// Lives that were set aside, packed: in memory while they fit, all of them on disk once they do not.
///
/// Memory: the bound that it was given, which counts what arranging them will need too; once they are
/// on disk, a buffer a partition. Beside that the sample: at most 65,536 keys of 24 bytes.
struct LifeStore: ~Copyable {
  /// What is in memory.
  var blocks: LifeBlocks
  /// What is on disk.
  private(set) var partitions: LifePartitions?
  var requests: RequestTable
  /// A sample of the lives' keys.
  private(set) var sample = KeySample()
  private let capacity: Int
  private let directory: String
  private let partitionCount: Int

  /// - Parameters:
  ///   - bufferBytes: how many bytes may be held.
  ///   - directory: where the rest goes.
  ///   - partitions: how many parts the rest is divided into.
  ///   - stores: how many stores there are.
  init(bufferBytes: Int, directory: String, partitions: Int, stores: Int = 1) {
    requests = RequestTable(sharedBy: stores)
    capacity = min(max(1 << 15, bufferBytes), 1 << 31)
    self.directory = directory
    partitionCount = partitions
    blocks = LifeBlocks(expecting: capacity)
  }

  /// Adds a life of this hash; stretches of one life come in their order. O(1) amortised.
  mutating func add(_ life: Lifecycle, hash: UInt64) throws(TraceError) {
    try add(life, hash: hash, requests: requests.number(of: life.requests))
  }

  /// The same where the number of what it asked for is known.
  @inline(__always)
  mutating func add(
    _ life: Lifecycle, hash: UInt64, requests number: UInt16
  ) throws(TraceError) {
    try add(hash: hash) { life.pack(to: $0, requests: number) }
  }

  /// The same where lives are on disk, in `partitions`: who adds many asks for them once.
  @inline(__always)
  mutating func add(
    _ life: Lifecycle, hash: UInt64, requests number: UInt16, in partitions: LifePartitions
  ) throws(TraceError) {
    try add(hash: hash, in: partitions) { life.pack(to: $0, requests: number) }
  }

  /// Adds a life of this hash that `pack` writes, at most `Lifecycle.maximumPackedSize` bytes, and says the size of.
  @inline(__always)
  mutating func add(
    hash: UInt64, _ pack: (UnsafeMutableRawPointer) -> Int
  ) throws(TraceError) {
    @inline(__always) func packed(_ out: UnsafeMutableRawPointer) -> Int {
      let size = pack(out)
      sample.offer(UnsafeRawPointer(out))
      return size
    }
    if let partitions { return try partitions.add(hash: hash, packed) }
    _ = blocks.append(packed)
    if blocks.byteCount + blocks.count * JoinedLives.bytesALife > capacity { try spill() }
  }

  /// The same where lives are on disk, in `partitions`: who adds many asks for them once.
  @inline(__always)
  mutating func add(
    hash: UInt64, in partitions: LifePartitions, _ pack: (UnsafeMutableRawPointer) -> Int
  ) throws(TraceError) {
    try partitions.add(hash: hash) { out in
      let size = pack(out)
      sample.offer(UnsafeRawPointer(out))
      return size
    }
  }

  /// Moves what is in memory to disk.
  mutating func spill() throws(TraceError) {
    let target: LifePartitions
    if let partitions {
      target = partitions
    } else {
      target = LifePartitions(
        file: try TemporaryFile(directory: directory), count: partitionCount)
      partitions = target
    }
    var walk = blocks.walk()
    while let (_, bytes) = walk.next() {
      try target.add(hash: LifecycleTable.hash(Lifecycle.id(packed: bytes))) { out in
        let size = Lifecycle.packedSize(bytes)
        out.copyMemory(from: bytes, byteCount: size)
        return size
      }
    }
    blocks = LifeBlocks(expecting: 0)
  }

  /// Moves everything to disk, and gives the partitions that it is in.
  mutating func spillAll() throws(TraceError) -> LifePartitions {
    try spill()
    guard let partitions else { preconditionFailure("what is spilled has partitions") }
    try partitions.flush()
    return partitions
  }

  /// Calls `body` with the bytes of every life; the stretches of one come in their order.
  func forEachLife(
    _ body: (UnsafeRawPointer, _ size: Int) throws(TraceError) -> Void
  ) throws(TraceError) {
    func give(_ blocks: LifeBlocks) throws(TraceError) {
      var walk = blocks.walk()
      while let (_, bytes) = walk.next() { try body(bytes, Lifecycle.packedSize(bytes)) }
    }
    try give(blocks)
    guard let partitions else { return }
    try partitions.flush()
    try partitions.forEachSlice(limit: .max, give)
  }
}

/// Packed lives on disk, divided by their tasks' hashes: all stretches of a life are in one
/// partition, in their order.
final class LifePartitions {
  /// How many partitions there are.
  let count: Int
  private let file: TemporaryFile
  private let buffers: LargeMemory
  /// Where they begin: to ask the object for it is to count references for every life.
  private let base: UnsafeMutablePointer<UInt8>
  /// How much of each partition's buffer is filled.
  @exclusivity(unchecked) private var filled: [Int]
  private var extents: [[(offset: Int, length: Int)]]
  private var sizes: [Int]

  private static let bufferBytes = 1 << 16

  init(file: TemporaryFile, count: Int) {
    self.file = file
    self.count = count
    buffers = LargeMemory(count * Self.bufferBytes)
    base = buffers.base
    filled = Array(repeating: 0, count: count)
    extents = Array(repeating: [], count: count)
    sizes = Array(repeating: 0, count: count)
  }

  /// Adds a life; `pack` writes it and says its size.
  @inline(__always)
  func add(hash: UInt64, _ pack: (UnsafeMutableRawPointer) -> Int) throws(TraceError) {
    let partition = Int(truncatingIfNeeded: ((hash >> 32) &* UInt64(count)) >> 32)
    if filled[partition] + Lifecycle.maximumPackedSize > Self.bufferBytes { try flush(partition) }
    filled[partition] += pack(
      UnsafeMutableRawPointer(base + partition * Self.bufferBytes + filled[partition]))
  }

  /// Writes what is still in memory.
  func flush() throws(TraceError) {
    for partition in 0..<count { try flush(partition) }
  }

  private func flush(_ partition: Int) throws(TraceError) {
    guard filled[partition] > 0 else { return }
    extents[partition].append((file.length, filled[partition]))
    sizes[partition] += filled[partition]
    try file.append(
      UnsafeRawBufferPointer(
        start: buffers.base + partition * Self.bufferBytes, count: filled[partition]))
    filled[partition] = 0
  }

  /// Calls `body` with the lives of each partition after they were flushed, slice by slice where a
  /// partition has more than `limit` bytes: each time all lives of some tasks.
  func forEachSlice(
    limit: Int, _ body: (LifeBlocks) throws(TraceError) -> Void
  ) throws(TraceError) {
    for partition in 0..<count {
      let slices = sizes[partition] == 0 ? 0 : (sizes[partition] - 1) / limit + 1
      for slice in 0..<slices { try body(load(partition, slice, of: slices)) }
    }
  }

  private func load(
    _ partition: Int, _ slice: Int, of slices: Int
  ) throws(TraceError) -> LifeBlocks {
    let blocks = LifeBlocks(expecting: sizes[partition] / slices)
    let buffer = LargeMemory(Self.bufferBytes)
    for extent in extents[partition] {
      try file.read(
        at: extent.offset,
        into: UnsafeMutableRawBufferPointer(start: buffer.base, count: extent.length))
      var position = 0
      while position < extent.length {
        let bytes = UnsafeRawPointer(buffer.base + position)
        let size = Lifecycle.packedSize(bytes)
        position += size
        if slices > 1, self.slice(of: bytes, slices) != slice { continue }
        _ = blocks.append { out in
          out.copyMemory(from: bytes, byteCount: size)
          return size
        }
      }
    }
    return blocks
  }

  /// The bits of the hash below those that say the partition.
  private func slice(of bytes: UnsafeRawPointer, _ slices: Int) -> Int {
    let hash = LifecycleTable.hash(Lifecycle.id(packed: bytes))
    let rest = ((hash >> 32) &* UInt64(count)) & 0xffff_ffff
    return Int(truncatingIfNeeded: (rest &* UInt64(slices)) >> 32)
  }
}
