import Diagnostics
import Foundation
import Synchronization
import Threads
import TraceInput
import Workload

extension EventPipeline {
  /// Reads the table and gives its tasks in submit order.
  ///
  /// - Parameters:
  ///   - table: the table's name, for the report.
  ///   - report: what is known already; the rest is filled in.
  ///   - assumed: the normalised request of tasks whose table has none.
  func records(
    table: String, report: ReadReport, assumed: SIMD4<Double>?
  ) throws(TraceError) -> RecordStream {
    var report = report
    if let split = options.split {
      try run(split)
    } else if let work = options.work {
      report.notes.add(try run(keeping: work, table: table))
    } else {
      try run()
    }
    report.rows[table] = survey.rows
    report.comments = survey.comments
    report.surveys[table] = survey
    report.rejects = options.rejects?.counts ?? [:]
    report.firstTime = survey.firstTime
    report.lastTime = lastTime
    return try LifecycleFinisher(self, assumed: assumed).stream(report, users)
  }
}

/// Makes all lives whole and finds the order of their submission, on several threads: each shard's
/// lives are joined, and divided into ranges of time. A range's records are made when they are asked
/// for, or a little ahead.
///
/// Where all lives are in memory, they stay there. If a shard had to spill, all go to disk by task,
/// are joined one partition after another, and go to disk again by range.
private final class LifecycleFinisher: @unchecked Sendable {
  private let pipeline: EventPipeline
  private let assumed: SIMD4<Double>?
  private let threads: Int
  private let lock = NSLock()
  // Guarded by `lock`.
  private var afterEnd = 0
  private var records = 0
  private var failure: TraceError?
  /// By shard, as are the rest.
  private var ranged: [RangedLives?]
  private var closed: [Handover<ClosedShard>?]
  private var spilled: [Handover<SpilledShard>?]
  private var samples: [KeySample]
  private var hasSpilled = false
  private var end: Microseconds
  private var transitions: TransitionCounts

  /// How many lives are sorted at a time, about: their keys fit in a core's cache, their records in a
  /// large page.
  private static let rangeSize = 10_000

  init(_ pipeline: EventPipeline, assumed: SIMD4<Double>?) {
    self.pipeline = pipeline
    self.assumed = assumed
    threads = min(pipeline.shards.count, max(1, pipeline.options.threads))
    let count = pipeline.shards.count
    ranged = Array(repeating: nil, count: count)
    closed = Array(repeating: nil, count: count)
    spilled = Array(repeating: nil, count: count)
    samples = Array(repeating: KeySample(), count: count)
    end = pipeline.keptLastTime
    transitions = pipeline.keptTransitions
  }

  /// All records in submit order; the order is total, so it does not matter who made them.
  func stream(
    _ report: ReadReport, _ users: SymbolTable
  ) throws(TraceError) -> RecordStream {
    try forEachShard { (number) throws(TraceError) in
      self.keep(try self.pipeline.shards[number].close(), number)
    }
    let ranges = SubmissionRanges(samples, size: Self.rangeSize)
    if hasSpilled {
      try arrangeOnDisk(ranges)
    } else {
      try arrangeInMemory(ranges)
    }
    var report = report
    report.records = records
    report.afterEnd = afterEnd
    report.transitions += transitions
    let plan = RecordPlan(
      ranged.compactMap { $0 }, ranges: ranges.count,
      end: end, scale: pipeline.options.scale,
      assumed: assumed)
    let production = RecordProduction(plan, threads: threads)
    return RecordStream(report: report, symbols: users, bufferCapacity: 256) {
      (stream, records) throws(TraceError) in
      let count = try production.fill(records)
      if count == 0 { stream.report.transitions += production.transitions }
      return count
    }
  }

  private func arrangeInMemory(_ ranges: SubmissionRanges) throws(TraceError) {
    try forEachShard { number in
      let (lives, totals) = self.takeClosed(number).join()
      let left = lives.arrange(by: ranges)
      self.count(lives, left)
      self.keep(RangedLives(lives, requests: self.resolve(totals)), number)
    }
  }

  private func arrangeOnDisk(_ ranges: SubmissionRanges) throws(TraceError) {
    let limit = max(1 << 15, pipeline.options.sortBufferBytes / threads / 2)
    let directory = pipeline.options.temporaryDirectory
    try forEachShard { (number) throws(TraceError) in
      let shard = Handover(try self.takeClosed(number).spill())
      self.lock.withLock { self.spilled[number] = shard }
    }
    try forEachShard { (number) throws(TraceError) in
      var file = try RangedLivesFile(directory: directory)
      let totals = try self.takeSpilled(number).forEachJoined(limit: limit) {
        (lives) throws(TraceError) in
        let left = lives.arrange(by: ranges)
        self.count(lives, left)
        try file.add(lives)
      }
      self.keep(RangedLives(file, requests: self.resolve(totals)), number)
    }
  }

  private func count(_ lives: JoinedLives, _ left: Int) {
    let made = lives.entries.count
    lock.withLock {
      records += made
      afterEnd += left
    }
  }

  /// Adds what a shard's lives came to; their requests as amounts.
  private func resolve(_ totals: ShardTotals) -> [ResolvedRequests] {
    let (scale, assumed) = (pipeline.options.scale, assumed)
    lock.withLock { transitions += totals.transitions }
    return totals.requests.map { ResolvedRequests($0, scale: scale, assumed: assumed) }
  }

  private func keep(_ shard: consuming ClosedShard, _ number: Int) {
    let (sample, spilled, last) = (shard.sample, shard.hasSpilled, shard.lastTime)
    let handover = Handover(shard)
    lock.withLock {
      samples[number] = sample
      hasSpilled = hasSpilled || spilled
      end = max(end, last)
      closed[number] = handover
    }
  }

  private func takeClosed(_ number: Int) -> ClosedShard {
    guard let shard = lock.withLock({ closed[number] }) else {
      preconditionFailure("shards are closed first")
    }
    return shard.take()
  }

  private func takeSpilled(_ number: Int) -> SpilledShard {
    guard let shard = lock.withLock({ spilled[number] }) else {
      preconditionFailure("shards are spilled first")
    }
    return shard.take()
  }

  private func keep(_ lives: RangedLives, _ shard: Int) {
    lock.withLock { ranged[shard] = lives }
  }

  private typealias Body = @Sendable (Int) throws(TraceError) -> Void

  private func forEachShard(_ body: @escaping Body) throws(TraceError) {
    let next = Counter()
    try concurrently(threads) { _ in self.work(next, body) }
    if let failure { throw failure }
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }

  private func work(_ next: Counter, _ body: Body) {
    while true {
      let shard = next.value.wrappingAdd(1, ordering: .relaxed).oldValue
      guard shard < pipeline.shards.count else { return }
      do throws(TraceError) {
        try body(shard)
      } catch {
        return lock.withLock { failure = failure ?? error }
      }
    }
  }
}

/// A value that one thread leaves for another, which takes it once.
private final class Handover<Value: ~Copyable> {
  private var value: Value?

  init(_ value: consuming Value) { self.value = consume value }

  func take() -> Value {
    guard let value = value.take() else { preconditionFailure("a value is taken once") }
    return value
  }
}
