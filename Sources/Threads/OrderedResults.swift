import Diagnostics
import Foundation

/// Does numbered jobs on several threads ahead of the one whose result is asked for. One thread takes the results
/// in the order of the jobs, and works too: what it sees, the first error included, does not depend on the
/// number of threads.
///
/// This is ``OrderedWork`` turned round. There the work calls whoever wants its results, on any thread, until all
/// jobs are done; here whoever wants results asks for the next one when it can use it, on its own thread, and
/// may stop asking. A source of records has to be asked (`RecordProduction`), and so has a generator whose end is
/// found on the way (`SyntheticWorkload.forEachPart`). A job that can fail has a result that says so: results are
/// taken in order, so the first error by number is the first that is seen.
///
/// Memory: `ahead` results beside the one that was taken last, and a `Worker` for each thread.
package final class OrderedResults<Worker: ~Copyable, Result>: @unchecked Sendable {
  /// Does one job, on any thread, with what that thread keeps from job to job.
  package typealias Job = @Sendable (_ number: Int, _ worker: inout Worker) -> Result

  /// What the next job came to.
  package enum Turn {
    /// Its result.
    case done(Result)
    /// Nobody has begun it: it is the caller's to do, in its own way.
    case yours(Int)
    /// There is none.
    case end
  }

  private let count: Int
  private let ahead: Int
  private let job: Job
  private let lock = NSCondition()
  // All that follows is guarded by `lock`.
  private var next = 0
  private var turn = 0
  private var results: [Int: Result] = [:]
  private var isStopped = false

  /// - Parameters:
  ///   - count: how many jobs there are; `Int.max` where that is not known.
  ///   - ahead: how many jobs beyond the next one are begun at most.
  ///   - job: does one.
  package init(_ count: Int, ahead: Int, job: @escaping Job) {
    (self.count, self.ahead, self.job) = (count, ahead, job)
  }

  /// Begins to work on other threads than the caller's. They end when there is no job left, or with ``stop()``,
  /// which has to be called.
  ///
  /// - Throws: that a thread cannot be made; those that were made go on.
  package func start(
    threads: Int, worker: @escaping @Sendable () -> Worker
  ) throws(TraceError) {
    for _ in 0..<max(0, min(threads, count)) {
      try WorkThread.start { [self] in work(worker()) }
    }
  }

  /// Ends the threads that wait; those at work end with their job.
  package func stop() {
    lock.withLock {
      isStopped = true
      lock.broadcast()
    }
  }

  /// The next job's result. While it is being made the caller does other jobs, with what is its own.
  package func take(_ own: inout Worker) -> Turn {
    lock.lock()
    defer { lock.unlock() }
    let number = turn
    guard number < count else { return .end }
    turn += 1
    lock.broadcast()
    if next == number {
      next += 1
      return .yours(number)
    }
    while true {
      if let result = results.removeValue(forKey: number) { return .done(result) }
      if !doNext(&own) { lock.wait() }
    }
  }

  private func work(_ worker: consuming Worker) {
    var own = worker
    lock.lock()
    defer { lock.unlock() }
    while !isStopped, next < count {
      if !doNext(&own) { lock.wait() }
    }
  }

  /// Does the next job, unless it is too far ahead. With the lock held at the beginning and the end.
  private func doNext(_ own: inout Worker) -> Bool {
    guard next < count, next - turn < ahead else { return false }
    let number = next
    next += 1
    lock.unlock()
    let result = job(number, &own)
    lock.lock()
    results[number] = result
    lock.broadcast()
    return true
  }
}
