import CIngest
import Diagnostics
import Synchronization
import Threads
import TraceInput
import Workload

/// Where the lives of a table are once all of them are whole, and what it takes to make records of
/// them range by range. Any thread can make those of any range: the lives are only read.
struct RecordPlan: @unchecked Sendable {
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
  private let work: OrderedResults<RangeRecords, Made>
  private let spare = Spare()
  private var own: RangeRecords
  private var current: Made?
  private var position = 0
  private var failure: TraceError?
  /// How often each event met a task in each state, in the ranges that were read.
  private(set) var transitions = TransitionCounts()

  /// - Parameter threads: how many make records, the reading one among them.
  init(_ plan: RecordPlan, threads: Int) {
    own = RangeRecords(plan)
    work = OrderedResults(plan.ranges, ahead: threads + 7) { [spare] range, own in
      let made = spare.take()
      made.make(range, &own)
      return made
    }
    do throws(TraceError) {
      try work.start(threads: min(threads, plan.ranges) - 1) { RangeRecords(plan) }
    } catch {
      failure = error
    }
  }

  deinit { work.stop() }

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
        spare.takeBack(made)
        current = nil
      }
      let count = own.fill(records)
      if count > 0 { return count }
      transitions += own.takeTransitions()
      switch work.take(&own) {
      case .end: return 0
      case .yours(let range): try own.begin(range)
      case .done(let made):
        if let failure = made.failure { throw failure }
        transitions += made.transitions
        (current, position) = (made, 0)
      }
    }
  }

  /// A range's records, or why there are none. One thread at a time has it: the one that makes it, then the
  /// one that reads.
  private final class Made: @unchecked Sendable {
    private var memory = LargeArray<TaskRecord>()
    private(set) var count = 0
    private(set) var transitions = TransitionCounts()
    private(set) var failure: TraceError?

    var records: UnsafeMutableBufferPointer<TaskRecord> {
      UnsafeMutableBufferPointer(start: memory.base, count: memory.capacity)
    }

    func make(_ range: Int, _ own: inout RangeRecords) {
      failure = nil
      count = 0
      do throws(TraceError) {
        try own.begin(range)
        // Some more room than needed: ranges differ a little.
        if own.left > memory.capacity { memory.grow(to: own.left + own.left / 8) }
        count = own.fill(records)
        transitions = own.takeTransitions()
      } catch {
        failure = error
      }
    }
  }

  /// Memory of ranges that were read, to be used again.
  private final class Spare: Sendable {
    private let free = Mutex<[Made]>([])

    func take() -> Made { free.withLock { $0.popLast() } ?? Made() }

    func takeBack(_ used: Made) { free.withLock { $0.append(used) } }
  }
}
