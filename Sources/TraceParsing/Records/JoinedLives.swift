import CIngest
import Workload

/// The lives of some tasks, whole: the stretches of each joined. All in memory.
final class JoinedLives {
  let blocks: LifeBlocks
  /// The place of each life; once they are arranged, its submission too.
  private(set) var entries: LargeArray<KeyedPlace>
  /// Where each range begins among the arranged entries, and where the last one ends.
  private(set) var starts: [Int] = []

  /// What a life takes besides its bytes, at most: its entry, and another one or some slots.
  static let bytesALife = 2 * MemoryLayout<KeyedPlace>.stride

  /// Joins stretches, of which those of one life come in their order. O(n) on average.
  ///
  /// - Parameters:
  ///   - blocks: where they are; joined lives are added.
  ///   - requests: the table of their requests.
  ///   - transitions: gets the transitions between stretches.
  init(
    _ blocks: LifeBlocks, requests: inout RequestTable, counting transitions: inout TransitionCounts
  ) {
    self.blocks = blocks
    // Put into place at the end: access to a class's properties is checked each time.
    var entries = LargeArray<KeyedPlace>(capacity: blocks.count)
    // Open addressing: the lower half of the hash, and the number of the entry.
    let slots = LargeArray<UInt64>(uninitialized: blocks.count + blocks.count / 4 + 64)
    for slot in 0..<slots.count { slots[slot] = .max }
    // In groups, for all of which the slots are asked for first.
    var group: [(id: TaskID, hash: UInt64, place: UInt32)] = []
    var walk = blocks.walk()
    var next = walk.next()
    while next != nil {
      group.removeAll(keepingCapacity: true)
      while let (place, bytes) = next, group.count < Self.groupSize {
        let id = Lifecycle.id(packed: bytes)
        let hash = LifecycleTable.hash(id)
        ci_prefetch(slots.base + Self.home(hash, slots.count))
        group.append((id, hash, place))
        next = walk.next()
      }
      for item in group {
        Self.enter(item, blocks, &entries, slots, &requests, &transitions)
      }
    }
    self.entries = entries
  }

  private static var groupSize: Int { 16 }

  /// The upper half of the hash is that of one partition: spread again.
  @inline(__always)
  private static func home(_ hash: UInt64, _ slots: Int) -> Int {
    let spread = ((hash >> 32) &* 0x9e37_79b1) & 0xffff_ffff
    return Int(truncatingIfNeeded: (spread &* UInt64(truncatingIfNeeded: slots)) >> 32)
  }

  @inline(__always)
  private static func enter(
    _ item: (id: TaskID, hash: UInt64, place: UInt32), _ blocks: LifeBlocks,
    _ entries: inout LargeArray<KeyedPlace>, _ slots: borrowing LargeArray<UInt64>,
    _ requests: inout RequestTable, _ transitions: inout TransitionCounts
  ) {
    let tag = item.hash & 0xffff_ffff
    var slot = home(item.hash, slots.count)
    while slots[slot] != .max {
      if slots[slot] >> 32 == tag {
        let entry = Int(truncatingIfNeeded: slots[slot] & 0xffff_ffff)
        if Lifecycle.id(packed: blocks.view[entries[entry].place]) == item.id {
          entries[entry].place = join(
            entries[entry].place, item.place, blocks, &requests, &transitions)
          return
        }
      }
      slot = slot &+ 1 == slots.count ? 0 : slot &+ 1
    }
    slots[slot] = tag << 32 | UInt64(truncatingIfNeeded: entries.count)
    entries.append(KeyedPlace(word: 0, place: item.place))
  }

  /// Joins a stretch to an earlier one; returns the place of both.
  @inline(never)
  private static func join(
    _ earlier: UInt32, _ later: UInt32, _ blocks: LifeBlocks, _ requests: inout RequestTable,
    _ transitions: inout TransitionCounts
  ) -> UInt32 {
    var life = life(at: earlier, blocks, requests)
    life.append(self.life(at: later, blocks, requests), counting: &transitions)
    let number = requests.number(of: life.requests)
    return blocks.append { life.pack(to: $0, requests: number) }
  }

  private static func life(
    at place: UInt32, _ blocks: LifeBlocks, _ requests: borrowing RequestTable
  ) -> Lifecycle {
    var (size, set) = (0, UInt16(0))
    return requests.sets.withUnsafeBufferPointer { sets in
      Lifecycle(packed: blocks.view[place], sets, size: &size, set: &set)
    }
  }

  /// Puts the entries in the order of their ranges and leaves those out that have no known time.
  /// Returns how many. O(n).
  func arrange(by ranges: SubmissionRanges) -> Int {
    let (view, entries, count) = (blocks.view, entries.base, entries.count)
    var starts = [Int](repeating: 0, count: ranges.count + 2)
    for index in 0..<count {
      let key = Lifecycle.sortKey(packed: view[entries[index].place])
      let range =
        Microseconds(key.major).isKnown ? ranges.range(of: key) : ranges.count
      entries[index].word = key.majorWord
      entries[index].source = UInt32(truncatingIfNeeded: range)
      starts[range + 1] += 1
    }
    for range in 0...ranges.count { starts[range + 1] += starts[range] }
    var arranged = LargeArray<KeyedPlace>(uninitialized: count)
    var next = starts
    next.withUnsafeMutableBufferPointer { next in
      for index in 0..<count {
        let range = Int(entries[index].source)
        arranged[next[range]] = entries[index]
        next[range] += 1
      }
    }
    let known = starts[ranges.count]
    arranged.removeLast(to: known)
    self.entries = arranged
    self.starts = starts.dropLast()
    return count - known
  }
}
