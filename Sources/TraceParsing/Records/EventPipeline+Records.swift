import Diagnostics
import Foundation
import Synchronization
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
    if let work = options.work {
      report.notes += try run(keeping: work, table: table)
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
  /// By shard.
  private var ranged: [RangedLives?]

  /// How many lives are sorted at a time, about: their keys fit in a core's cache, their records in a
  /// large page.
  private static let rangeSize = 10_000

  init(_ pipeline: EventPipeline, assumed: SIMD4<Double>?) {
    self.pipeline = pipeline
    self.assumed = assumed
    threads = min(pipeline.shards.count, max(1, pipeline.options.threads))
    ranged = Array(repeating: nil, count: pipeline.shards.count)
  }

  /// All records in submit order; the order is total, so it does not matter who made them.
  func stream(
    _ report: ReadReport, _ users: SymbolTable
  ) throws(TraceError) -> RecordStream {
    try forEachShard { (shard, _) throws(TraceError) in try shard.close() }
    let ranges = SubmissionRanges(pipeline.shards.map(\.sample), size: Self.rangeSize)
    if pipeline.shards.contains(where: \.hasSpilled) {
      try arrangeOnDisk(ranges)
    } else {
      try arrangeInMemory(ranges)
    }
    var report = report
    report.records = records
    report.afterEnd = afterEnd
    for shard in pipeline.shards { report.transitions += shard.transitions }
    let plan = RecordPlan(
      ranged.compactMap { $0 }, ranges: ranges.count,
      end: pipeline.shards.map(\.lastTime).max() ?? .zero, scale: pipeline.options.scale,
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
    try forEachShard { (shard, number) in
      let lives = shard.join()
      let left = lives.arrange(by: ranges)
      self.count(lives, left)
      self.keep(RangedLives(lives, requests: self.resolve(shard)), number)
    }
  }

  private func arrangeOnDisk(_ ranges: SubmissionRanges) throws(TraceError) {
    let limit = max(1 << 15, pipeline.options.sortBufferBytes / threads / 2)
    let directory = pipeline.options.temporaryDirectory
    try forEachShard { (shard, _) throws(TraceError) in try shard.spill() }
    try forEachShard { (shard, number) throws(TraceError) in
      var file = try RangedLivesFile(directory: directory)
      try shard.forEachJoined(limit: limit) { (lives) throws(TraceError) in
        let left = lives.arrange(by: ranges)
        self.count(lives, left)
        try file.add(lives)
      }
      self.keep(RangedLives(file, requests: self.resolve(shard)), number)
    }
  }

  private func count(_ lives: JoinedLives, _ left: Int) {
    let made = lives.entries.count
    lock.withLock {
      records += made
      afterEnd += left
    }
  }

  /// The requests of a shard's lives, all of which are joined, as amounts. The shard is empty then.
  private func resolve(_ shard: LifecycleShard) -> [ResolvedRequests] {
    let (scale, assumed) = (pipeline.options.scale, assumed)
    defer { shard.removeAll() }
    return shard.requests.map { ResolvedRequests($0, scale: scale, assumed: assumed) }
  }

  private func keep(_ lives: RangedLives, _ shard: Int) {
    lock.withLock { ranged[shard] = lives }
  }

  private typealias Body = @Sendable (LifecycleShard, Int) throws(TraceError) -> Void

  private func forEachShard(_ body: @escaping Body) throws(TraceError) {
    let next = Counter()
    concurrently(threads) { _ in self.work(next, body) }
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
        try body(pipeline.shards[shard], shard)
      } catch {
        return lock.withLock { failure = failure ?? error }
      }
    }
  }
}
