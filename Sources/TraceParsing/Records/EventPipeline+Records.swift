import Foundation
import Synchronization
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
    let finisher = LifecycleFinisher(self, assumed: assumed)
    return try finisher.stream(report, users)
  }
}

/// Makes records of the lives of all shards, on several threads as far as the order allows.
///
/// Where all lives are in memory, they are sorted where they are, and their records are made as they
/// are asked for. If a shard had to spill, the records of all go through an external sorter.
private final class LifecycleFinisher: @unchecked Sendable {
  private let pipeline: EventPipeline
  private let assumed: SIMD4<Double>?
  private let end: Microseconds
  private let threads: Int
  private let lock = NSLock()
  /// Guarded by `lock`.
  private var results = Results()

  private struct Results {
    var sorters: [ExternalSorter<TaskRecord>] = []
    var transitions = TransitionCounts()
    var records = 0
    var afterEnd = 0
    var failure: TraceError?
  }

  init(_ pipeline: EventPipeline, assumed: SIMD4<Double>?) {
    self.pipeline = pipeline
    self.assumed = assumed
    end = pipeline.shards.map(\.lastTime).max() ?? .zero
    threads = min(pipeline.shards.count, max(1, pipeline.options.threads))
  }

  /// All records in submit order; the order is total, so it does not matter who made them.
  func stream(_ report: ReadReport, _ users: SymbolTable) throws(TraceError) -> RecordStream {
    try forEachShard { (shard, _, _) throws(TraceError) in try shard.close() }
    if pipeline.shards.contains(where: \.hasSpilled) { return try sortedStream(report, users) }
    try forEachShard { (shard, results, _) in
      let arranged = shard.arrange()
      results.records += arranged.records
      results.afterEnd += arranged.afterEnd
      results.transitions += arranged.transitions
    }
    var report = report
    report.transitions = results.transitions
    report.records = results.records
    report.afterEnd = results.afterEnd
    var merge = ShardMerge(
      pipeline.shards, end: end, scale: pipeline.options.scale, assumed: assumed)
    return RecordStream(report: report, symbols: users, bufferCapacity: 256) {
      (stream, records) in
      let count = merge.fill(records)
      if count == 0 { stream.report.transitions += merge.transitions }
      return count
    }
  }

  private func sortedStream(
    _ report: ReadReport, _ users: SymbolTable
  ) throws(TraceError) -> RecordStream {
    try forEachShard { (shard, results, sorter) throws(TraceError) in
      try self.finish(shard, &sorter, &results)
    }
    var report = report
    report.transitions = results.transitions
    report.records = results.records
    report.afterEnd = results.afterEnd
    // Consumed: the buffers are held only once.
    var sorted = try ExternalSorter.merged(results.sorters)
    results.sorters = []
    return RecordStream(report: report, symbols: users) { _ throws(TraceError) in
      try sorted.next()
    }
  }

  private typealias Body =
    @Sendable (LifecycleShard, inout Results, inout ExternalSorter<TaskRecord>) throws(TraceError)
    -> Void

  private func forEachShard(_ body: @escaping Body) throws(TraceError) {
    let next = Counter()
    concurrently(threads) { _ in self.work(next, body) }
    if let failure = results.failure { throw failure }
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }

  private func work(_ next: Counter, _ body: Body) {
    var mine = Results()
    do throws(TraceError) {
      var sorter = ExternalSorter<TaskRecord>(
        bufferBytes: pipeline.options.sortBufferBytes / threads,
        directory: pipeline.options.temporaryDirectory)
      while true {
        let shard = next.value.wrappingAdd(1, ordering: .relaxed).oldValue
        guard shard < pipeline.shards.count else { break }
        try body(pipeline.shards[shard], &mine, &sorter)
      }
      if sorter.count > 0 { mine.sorters = [sorter] }
    } catch {
      mine.failure = error
    }
    lock.withLock {
      results.sorters += mine.sorters
      results.transitions += mine.transitions
      results.records += mine.records
      results.afterEnd += mine.afterEnd
      results.failure = results.failure ?? mine.failure
    }
  }

  private func finish(
    _ shard: LifecycleShard, _ sorter: inout ExternalSorter<TaskRecord>,
    _ results: inout Results
  ) throws(TraceError) {
    var lives = try shard.assembled()
    while let life = try lives.next() {
      let record = life.record(
        end: end, scale: pipeline.options.scale, assumed: assumed, counting: &results.transitions)
      if let record {
        try sorter.add(record)
        results.records += 1
      } else {
        results.afterEnd += 1
      }
    }
    results.transitions += lives.transitions
  }
}
