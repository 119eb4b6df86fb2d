import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import Workload

@testable import TraceParsing

@Suite struct LifecycleTableTests {
  /// Lives that come and go, in a small table where probing sequences meet.
  @Test func livesComeAndGo() throws {
    var random = TestRandom(3)
    var table = LifecycleTable()
    var known: [Int64: Int] = [:]
    for _ in 0..<30_000 {
      let job = Int64.random(in: 0..<3000, using: &random)
      let id = TaskID(job: job)
      let hash = LifecycleTable.hash(id)
      let place = table.find(id, hash: hash)
      #expect(place == known[job])
      if let place {
        table.remove(place, hash: hash)
        known[job] = nil
      } else {
        let event = LifecycleEvent(id: id, kind: .submit, time: Microseconds(job))
        known[job] = table.insert(event, hash: hash)
      }
      #expect(table.count == known.count)
    }
    for (job, place) in known { #expect(table.life(place).pointee.id.job == job) }
    var left: [Int64] = []
    try table.removeAll { left.append($0.id.job) }
    #expect(left.sorted() == known.keys.sorted())
  }

  /// A free slot looks like the tag of this task's hash.
  @Test func aHashOfOnesIsNotAFreeSlot() {
    let id = TaskID(job: 136_805_620_667_478)
    let hash = LifecycleTable.hash(id)
    #expect(hash >> 32 == 0xffff_ffff)
    var table = LifecycleTable()
    #expect(table.prefetchLife(hash) == LifecycleTable.nowhere)
    #expect(table.find(id, hash: hash) == nil)
    let place = table.insert(
      LifecycleEvent(id: id, kind: .submit, time: Microseconds(1)), hash: hash)
    #expect(table.prefetchLife(hash) == UInt32(place))
    #expect(table.find(id, hash: hash) == place)
  }
}

@Suite struct SubmissionRangeTests {
  /// A later key is never in an earlier range, ranges are of about the size, and the same key is in
  /// one range.
  @Test(arguments: [0, 3, 500, 40_000])
  func rangesKeepTheOrder(count: Int) {
    var random = TestRandom(UInt64(count))
    // Many at one time, many at times close together, a few far away.
    var keys = (0..<count).map { _ in
      let time: Int64 =
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3: 0
        case 4...8: 1000 + Int64.random(in: 0..<100, using: &random)
        default: Int64.random(in: 0..<1 << 50, using: &random)
        }
      return SortKey(major: time, minor: Int64.random(in: -9...9, using: &random), last: 1)
    }
    var samples = [KeySample(), KeySample()]
    let memory = LargeMemory(Lifecycle.maximumPackedSize)
    for (number, key) in keys.enumerated() {
      let life = Lifecycle(
        LifecycleEvent(
          id: TaskID(job: key.minor, index: 1), kind: .submit, time: Microseconds(key.major)))
      _ = life.pack(to: UnsafeMutableRawPointer(memory.base), requests: 0)
      let packed = Lifecycle.sortKey(packed: UnsafeRawPointer(memory.base))
      #expect(packed == key)
      samples[number % 2].offer(UnsafeRawPointer(memory.base))
    }
    let ranges = SubmissionRanges(samples, size: 1000)
    keys.sort()
    let found = keys.map { ranges.range(of: $0) }
    #expect(found == found.sorted())
    #expect(found.allSatisfy { (0..<ranges.count).contains($0) })
    if count == 40_000 { #expect((20...60).contains(Set(found).count)) }
  }

  @Test func samplesStayFew() {
    var sample = KeySample(limit: 1 << 10)
    let memory = LargeMemory(Lifecycle.maximumPackedSize)
    let life = Lifecycle(LifecycleEvent(id: TaskID(job: 1), kind: .submit, time: Microseconds(5)))
    _ = life.pack(to: UnsafeMutableRawPointer(memory.base), requests: 0)
    for _ in 0..<160_000 { sample.offer(UnsafeRawPointer(memory.base)) }
    #expect(sample.stride == 256)
    #expect(sample.keys.count <= 1 << 10)
    #expect((158_000...160_000).contains(sample.keys.count * sample.stride))
  }

  /// Runs of equal words of all lengths.
  @Test func entriesAreSortedByWordAndThenByTheRest() {
    var random = TestRandom(8)
    let keys = (0..<20_000).map { number in
      SortKey(
        major: Int64.random(in: 0..<(number < 5000 ? 3 : 4000), using: &random) << 20,
        minor: Int64.random(in: -5...5, using: &random), last: Int64(number))
    }
    var entries = LargeArray<KeyedPlace>()
    for (place, key) in keys.enumerated() {
      entries.append(KeyedPlace(word: key.majorWord, place: UInt32(place), source: 7))
    }
    let scratch = LargeArray<KeyedPlace>(uninitialized: entries.count)
    let isInScratch = sortByWord(entries.base, scratch.base, entries.count) { entry in
      let key = keys[Int(entry.place)]
      return SortKey(major: key.minor, minor: key.last, last: 0)
    }
    let sorted = isInScratch ? scratch.elements : entries.elements
    #expect(sorted.map { keys[Int($0.place)] } == keys.sorted())
    #expect(sorted.allSatisfy { $0.source == 7 })
  }
}

@Suite struct RecordProductionTests {
  private static let jobs = 30_000

  /// Lives in three shards, in memory or on disk, and what records they give in order.
  ///
  /// - Parameter cut: the range at which one shard's file ends too early.
  private func plan(
    onDisk: Bool, cutAt cut: Int? = nil
  ) throws -> (plan: RecordPlan, expected: [TaskRecord]) {
    var random = TestRandom(21)
    var counts = TransitionCounts()
    var expected: [TaskRecord] = []
    var sample = KeySample()
    var joined: [JoinedLives] = []
    var requests: [[ResolvedRequests]] = []
    for shard in 0..<3 {
      var table = RequestTable()
      let blocks = LifeBlocks(expecting: 1 << 20)
      for number in 0..<Self.jobs / 3 {
        let time = Microseconds(Int64.random(in: 0...30_000, using: &random))
        var event = LifecycleEvent(
          id: TaskID(job: Int64(number), index: Int32(shard)), kind: .submit, time: time)
        event.request = NormalisedRequest(
          SIMD4(Double.random(in: 0..<1, using: &random) < 0.5 ? 0.5 : 0.25, 0.1, 0.1, 0))
        let life = Lifecycle(event)
        let set = table.number(of: life.requests)
        let place = blocks.append { life.pack(to: $0, requests: set) }
        sample.offer(blocks.view[place])
        if let record = life.record(
          end: Microseconds(40_000), scale: .assumed, counting: &counts)
        {
          expected.append(record)
        }
      }
      var transitions = TransitionCounts()
      let lives = JoinedLives(blocks, requests: &table, counting: &transitions)
      joined.append(lives)
      requests.append(
        table.sets.map { ResolvedRequests($0, scale: .assumed, assumed: nil) })
    }
    expected.sort { $0.sortKey < $1.sortKey }
    let ranges = SubmissionRanges([sample], size: 1500)
    #expect(ranges.count > 10)
    var before = 0
    let sources = try joined.enumerated().map { shard, lives in
      #expect(lives.arrange(by: ranges) == 0)
      guard onDisk else { return RangedLives(lives, requests: requests[shard]) }
      var file = try RangedLivesFile(directory: NSTemporaryDirectory())
      try file.add(lives)
      if let cut {
        before += lives.starts[cut]
        // The last one: the range's lives in the others were collected when that is noticed.
        if shard == 2 {
          let end = file.offsets[0][cut] + 1
          #expect(end < file.offsets[0][cut + 1])
          #expect(ftruncate(file.file.descriptor, off_t(end)) == 0)
        }
      }
      return RangedLives(file, requests: requests[shard])
    }
    if cut != nil { expected.removeLast(expected.count - before) }
    let plan = RecordPlan(
      sources, ranges: ranges.count, end: Microseconds(40_000), scale: .assumed, assumed: nil)
    return (plan, expected)
  }

  @Test(arguments: [1, 2, 7], [false, true])
  func recordsAndCountsDoNotDependOnThreads(threads: Int, onDisk: Bool) throws {
    let (plan, expected) = try plan(onDisk: onDisk)
    let production = RecordProduction(plan, threads: threads)
    let batch = UnsafeMutableBufferPointer<TaskRecord>.allocate(capacity: 700)
    defer { batch.deallocate() }
    var records: [TaskRecord] = []
    while true {
      let count = try production.fill(batch)
      if count == 0 { break }
      records += batch[..<count]
    }
    #expect(records == expected)
    #expect(production.transitions[.unsubmitted, .submit] == expected.count)
    #expect(try production.fill(batch) == 0)
  }

  /// A file that cannot be read back: the records of the ranges before that, then the error, however
  /// often one asks; whoever met it first.
  @Test(arguments: [1, 2, 7], [0, 3])
  func whatCannotBeReadBackEndsTheRecords(threads: Int, cut: Int) throws {
    let (plan, expected) = try plan(onDisk: true, cutAt: cut)
    let batch = UnsafeMutableBufferPointer<TaskRecord>.allocate(capacity: 700)
    defer { batch.deallocate() }
    for _ in 0..<(threads == 1 ? 1 : 12) {
      let production = RecordProduction(plan, threads: threads)
      var records: [TaskRecord] = []
      let error = #expect(throws: TraceError.self) {
        while true {
          let count = try production.fill(batch)
          if count == 0 { break }
          records += batch[..<count]
        }
      }
      #expect(error?.code == .inputOutput)
      #expect(records == expected)
      for _ in 0..<3 { #expect(throws: TraceError.self) { try production.fill(batch) } }
    }
  }

  /// Let go of before all records were read: the threads end, and nothing waits for them.
  @Test func productionCanBeLetGo() throws {
    let (plan, expected) = try plan(onDisk: false)
    let batch = UnsafeMutableBufferPointer<TaskRecord>.allocate(capacity: 10)
    defer { batch.deallocate() }
    for _ in 0..<20 {
      let production = RecordProduction(plan, threads: 4)
      #expect(try production.fill(batch) == 10)
      #expect(Array(batch) == Array(expected.prefix(10)))
    }
  }
}
