import Diagnostics
import Foundation

/// Does numbered jobs on several threads, and hands over what they give in the order of the jobs: what becomes
/// of it, the first error included, does not depend on the number of threads.
///
/// A job may give any number of chunks. Memory: at most `chunksAhead` chunks of each job before its turn, of one
/// job more than there are threads.
package final class OrderedWork<Chunk: Sendable>: @unchecked Sendable {
  /// Gives a chunk away. What it throws ends the work.
  package typealias Emit = (Chunk) throws(TraceError) -> Void
  /// Does one job, on any thread.
  package typealias Job = @Sendable (_ number: Int, Emit) throws(TraceError) -> Void

  private let count: Int
  private let threads: Int
  private let isMore: @Sendable () -> Bool
  private let job: Job
  private let lock = NSCondition()
  // All that follows is guarded by `lock`; `commit` is called with it held, and nil in the end:
  // threads that are going may hold `self` for longer than the call in which `commit` lives.
  private var commit: Emit?
  private var next = 0
  private var turn = 0
  private var jobs: [Int: State] = [:]
  private var failure: TraceError?

  private struct State {
    var chunks: [Chunk] = []
    var isFinished = false
    var failure: TraceError?
  }

  private let chunksAhead = 32

  private init(
    _ count: Int, threads: Int, _ isMore: @escaping @Sendable () -> Bool, _ job: @escaping Job,
    _ commit: @escaping Emit
  ) {
    self.isMore = isMore
    self.count = count
    self.threads = threads
    self.job = job
    self.commit = commit
  }

  /// Does the jobs 0 to `count` - 1.
  ///
  /// - Parameters:
  ///   - count: how many jobs there are; where that is not known, more than there can be.
  ///   - threads: how many threads work, the caller's among them.
  ///   - isMore: whether there may be another job; one that is begun all the same finds nothing to do.
  ///   - job: does one and emits what it gives.
  ///   - commit: takes chunks in order, one at a time, on any of the threads.
  /// - Throws: the first error in the order of the jobs; or that there are no threads.
  package static func forEach(
    _ count: Int = .max, threads: Int, while isMore: @escaping @Sendable () -> Bool = { true },
    job: @escaping Job, commit: Emit
  ) throws(TraceError) {
    let failure = withoutActuallyEscaping(commit) { commit -> TraceError? in
      let work = OrderedWork(count, threads: threads, isMore, job, commit)
      defer { work.commit = nil }
      do throws(TraceError) {
        try concurrently(min(threads, count)) { _ in work.work() }
      } catch {
        return error
      }
      return work.failure
    }
    if let failure { throw failure }
  }

  private func work() {
    lock.lock()
    defer { lock.unlock() }
    while failure == nil, next < count, isMore() {
      guard next - turn <= threads else {
        lock.wait()
        continue
      }
      let number = next
      next += 1
      jobs[number] = State()
      lock.unlock()
      var error: TraceError?
      do throws(TraceError) {
        try job(number) { chunk throws(TraceError) in try submit(chunk, of: number) }
      } catch let thrown {
        error = thrown
      }
      lock.lock()
      jobs[number]?.isFinished = true
      jobs[number]?.failure = error
      commitTurn()
    }
  }

  private func submit(_ chunk: Chunk, of number: Int) throws(TraceError) {
    lock.lock()
    defer { lock.unlock() }
    jobs[number]?.chunks.append(chunk)
    if number == turn { commitTurn() }
    while failure == nil, number != turn, (jobs[number]?.chunks.count ?? 0) >= chunksAhead {
      lock.wait()
    }
    if let failure { throw failure }
  }

  /// Commits what the job in turn has given, and the jobs behind it that are finished.
  private func commitTurn() {
    defer { lock.broadcast() }
    while failure == nil, let state = jobs[turn] {
      jobs[turn]?.chunks = []
      do throws(TraceError) {
        for chunk in state.chunks { try commit?(chunk) }
        if let error = state.failure { throw error }
      } catch {
        failure = error
      }
      guard state.isFinished else { return }
      jobs[turn] = nil
      turn += 1
    }
  }
}
