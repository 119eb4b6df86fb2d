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
    try run()
    var report = report
    report.rows[table] = survey.rows
    report.comments = survey.comments
    report.surveys[table] = survey
    report.rejects = options.rejects?.counts ?? [:]
    report.firstTime = survey.firstTime
    report.lastTime = lastTime
    let finisher = LifecycleFinisher(self, assumed: assumed)
    var sorted = try finisher.sorted(&report)
    return RecordStream(report: report, symbols: users) { _ throws(TraceError) in
      try sorted.next()
    }
  }
}

/// Makes records of the lives of all shards, on several threads.
private final class LifecycleFinisher: @unchecked Sendable {
  private let pipeline: EventPipeline
  private let assumed: SIMD4<Double>?
  private let end: Microseconds
  private let threads: Int
  private let nextShard = Atomic<Int>(0)
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
  func sorted(_ report: inout ReadReport) throws(TraceError) -> SortedElements<TaskRecord> {
    concurrently(threads) { _ in self.work() }
    if let failure = results.failure { throw failure }
    report.transitions = results.transitions
    report.records = results.records
    report.afterEnd = results.afterEnd
    return try ExternalSorter.merged(results.sorters)  // consumed: holds the buffers only once
  }

  private func work() {
    var mine = Results()
    do throws(TraceError) {
      var sorter = ExternalSorter<TaskRecord>(
        bufferBytes: pipeline.options.sortBufferBytes / threads,
        directory: pipeline.options.temporaryDirectory)
      while true {
        let shard = nextShard.wrappingAdd(1, ordering: .relaxed).oldValue
        guard shard < pipeline.shards.count else { break }
        try finish(pipeline.shards[shard], &sorter, &mine)
      }
      mine.sorters = [sorter]
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
    var lives = try shard.finish()
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
