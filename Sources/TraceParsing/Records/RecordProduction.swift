import CIngest
import Diagnostics
import Foundation
import Threads
import TraceInput
import Workload

/// Where the lives of a table are once all of them are whole, and what it takes to make records of
/// them range by range. Any thread can make those of any range.
struct RecordPlan {
  let sources: [RangedLives]
  /// How many ranges there are.
  let ranges: Int
  private let end: Microseconds
  private let scale: MachineScale
  private let assumed: SIMD4<Double>?

  /// - Parameters:
  ///   - sources: the lives, a source a shard.
  ///   - ranges: how many ranges they are divided into.
  ///   - end: the last real time in the table.
  ///   - scale: what the trace's normalised requests stand for.
  ///   - assumed: the normalised request of a task whose table has none.
  init(
    _ sources: [RangedLives], ranges: Int, end: Microseconds, scale: MachineScale,
    assumed: SIMD4<Double>?
  ) {
    self.sources = sources
    self.ranges = ranges
    self.end = end
    self.scale = scale
    self.assumed = assumed
  }

  @inline(__always)
  fileprivate func record(
    _ bytes: UnsafeRawPointer, of source: Int, counting counts: inout TransitionCounts
  ) -> TaskRecord? {
    var (size, set) = (0, UInt16(0))
    let life = Lifecycle(packed: bytes, nil, size: &size, set: &set)
    if set > 0 {
      let requests = sources[source].requests[Int(set) - 1]
      return life.record(end: end, requests: requests, counting: &counts)
    }
    return life.record(end: end, scale: scale, assumed: assumed, counting: &counts)
  }
}

/// Makes the records of one range after another. Belongs to one thread at a time.
struct RangeRecords: ~Copyable {
  private let plan: RecordPlan
  private var entries = LargeArray<KeyedPlace>()
  private var scratch = LargeArray<KeyedPlace>()
  private var blocks: [LifeBlocks] = []
  private var views: [LifeBlocks.View] = []
  private var isInScratch = false
  private var position = 0
  private var transitions = TransitionCounts()

  private static var distance: Int { 12 }

  init(_ plan: RecordPlan) { self.plan = plan }

  /// How many lives of the range are left.
  var left: Int { entries.count - position }

  /// Goes on to a range: puts its lives in the order of their submission. Nothing is left of any range
  /// if its lives cannot be read. O(n).
  mutating func begin(_ range: Int) throws(TraceError) {
    removeAll()
    do throws(TraceError) {
      for (number, source) in plan.sources.enumerated() {
        blocks.append(try source.collect(range, source: UInt32(number), into: &entries))
      }
    } catch {
      removeAll()
      throw error
    }
    views = blocks.map(\.view)
    scratch.grow(to: entries.count)
    let views = views
    isInScratch = sortByWord(entries.base, scratch.base, entries.count) { entry in
      let key = Lifecycle.sortKey(packed: views[Int(entry.source)][entry.place])
      return SortKey(major: key.minor, minor: key.last, last: 0)
    }
  }

  private mutating func removeAll() {
    position = 0
    entries.removeLast(to: 0)
    views.removeAll(keepingCapacity: true)
    blocks.removeAll(keepingCapacity: true)
  }

  /// How often each event met a task in each state, for the records made since the last call.
  mutating func takeTransitions() -> TransitionCounts {
    defer { transitions = TransitionCounts() }
    return transitions
  }

  /// Puts the next records of the range into uninitialised memory and returns how many, 0 at its end.
  mutating func fill(_ records: UnsafeMutableBufferPointer<TaskRecord>) -> Int {
    let sorted = isInScratch ? scratch.base : entries.base
    let count = entries.count
    var filled = 0
    views.withUnsafeBufferPointer { views in
      while filled < records.count, position < count {
        let ahead = sorted[min(position &+ Self.distance, count &- 1)]
        ci_prefetch(views[Int(ahead.source)][ahead.place])
        let entry = sorted[position]
        position &+= 1
        if let record = plan.record(
          views[Int(entry.source)][entry.place], of: Int(entry.source), counting: &transitions)
        {
          records.initializeElement(at: filled, to: record)
          filled &+= 1
        }
      }
    }
    return filled
  }
}

/// The records of all ranges in their order, made by several threads: those of some ranges ahead of
/// the one that is read. Memory: a range's records and lives for each of them.
final class RecordProduction {
  private let shared: Shared
  private var own: RangeRecords
  private var current: Made?
  private var position = 0
  private var range = 0
  private var failure: TraceError?
  /// How often each event met a task in each state, in the ranges that were read.
  private(set) var transitions = TransitionCounts()

  /// - Parameter threads: how many make records, the reading one among them.
  init(_ plan: RecordPlan, threads: Int) {
    own = RangeRecords(plan)
    shared = Shared(plan, ahead: threads + 8)
    for _ in 1..<max(1, min(threads, plan.ranges)) {
      do throws(TraceError) {
        try WorkThread.start { [shared] in shared.work() }
      } catch {
        failure = error
        break
      }
    }
  }

  deinit { shared.stop() }

  /// Puts the next records into uninitialised memory and returns how many, 0 at the end. Fails from
  /// the first range on that cannot be read.
  func fill(_ records: UnsafeMutableBufferPointer<TaskRecord>) throws(TraceError) -> Int {
    if let failure { throw failure }
    do throws(TraceError) {
      return try fillNext(records)
    } catch {
      failure = error
      throw error
    }
  }

  private func fillNext(
    _ records: UnsafeMutableBufferPointer<TaskRecord>
  ) throws(TraceError) -> Int {
    while true {
      if let made = current {
        let count = min(records.count, made.count - position)
        if count > 0 {
          _ = UnsafeMutableBufferPointer(rebasing: records[..<count]).initialize(
            fromContentsOf: UnsafeBufferPointer(rebasing: made.records[position..<position + count])
          )
          position += count
          return count
        }
        shared.takeBack(made)
        current = nil
      }
      let count = own.fill(records)
      if count > 0 { return count }
      transitions += own.takeTransitions()
      guard range < shared.plan.ranges else { return 0 }
      // Made already, being made, or made by this thread.
      current = shared.take(range, &own)
      position = 0
      if let current {
        if let failure = current.failure { throw failure }
        transitions += current.transitions
      } else {
        try own.begin(range)
      }
      range += 1
    }
  }

  /// A range's records.
  private final class Made {
    private var memory = LargeArray<TaskRecord>()
    var count = 0
    var transitions = TransitionCounts()
    var failure: TraceError?

    var records: UnsafeMutableBufferPointer<TaskRecord> {
      UnsafeMutableBufferPointer(start: memory.base, count: memory.capacity)
    }

    /// Makes room, and some more: ranges differ a little.
    func reserve(_ capacity: Int) {
      if capacity > memory.capacity { memory.grow(to: capacity + capacity / 8) }
    }
  }

  /// What the threads share; all that varies is guarded by the lock.
  private final class Shared: @unchecked Sendable {
    let plan: RecordPlan
    private let ahead: Int
    private let lock = NSCondition()
    private var next = 0
    private var reading = 0
    private var made: [Int: Made] = [:]
    private var spare: [Made] = []
    private var isStopping = false

    init(_ plan: RecordPlan, ahead: Int) {
      self.plan = plan
      self.ahead = ahead
    }

    func work() {
      var own = RangeRecords(plan)
      lock.lock()
      defer { lock.unlock() }
      while !isStopping, next < plan.ranges {
        if !makeNext(&own) { lock.wait() }
      }
    }

    /// Makes the records of the next range, unless it is far ahead. With the lock held at the
    /// beginning and the end.
    private func makeNext(_ own: inout RangeRecords) -> Bool {
      guard next < min(plan.ranges, reading + ahead) else { return false }
      let range = next
      next += 1
      let target = spare.popLast() ?? Made()
      lock.unlock()
      Self.make(range, &own, target)
      lock.lock()
      made[range] = target
      lock.broadcast()
      return true
    }

    private static func make(_ range: Int, _ own: inout RangeRecords, _ target: Made) {
      target.failure = nil
      target.count = 0
      do throws(TraceError) {
        try own.begin(range)
        target.reserve(own.left)
        target.count = own.fill(target.records)
        target.transitions = own.takeTransitions()
      } catch {
        target.failure = error
      }
    }

    /// The records of a range; nil if no thread makes them: then the caller does. Where they are being
    /// made, the caller makes those of other ranges in the meantime, with what is its own.
    func take(_ range: Int, _ own: inout RangeRecords) -> Made? {
      lock.lock()
      defer { lock.unlock() }
      reading = range + 1
      lock.broadcast()
      if next == range {
        next += 1
        return nil
      }
      while true {
        if let made = made.removeValue(forKey: range) { return made }
        if !makeNext(&own) { lock.wait() }
      }
    }

    func takeBack(_ used: Made) {
      lock.withLock { spare.append(used) }
    }

    func stop() {
      lock.withLock {
        isStopping = true
        lock.broadcast()
      }
    }
  }
}
