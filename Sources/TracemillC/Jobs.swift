import CTracemill
import Dispatch
import Simulation
import Synchronization
import TraceInput
import TraceParsing
import Workload

/// Watches and cancels one call: `tm_job`.
final class Job: Sendable {
  let meter = ReadMeter()
  let tasks = Atomic<Int>(0)
  private let cancelled = Atomic<Bool>(false)
  /// Asynchronous work of the call, and where its files may stand.
  private let state = Mutex<State>(State())

  private struct State {
    var work: [@Sendable () -> Void] = []
    var files: (any RemoteFiles)?
  }

  /// Files that are not on the disk; nil for none.
  var files: (any RemoteFiles)? {
    get { state.withLock { $0.files } }
    set { state.withLock { $0.files = newValue } }
  }

  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

  func cancel() {
    cancelled.store(true, ordering: .relaxed)
    meter.cancel()
    for cancel in state.withLock({ $0.work }) { cancel() }
  }

  /// Calls `cancel` when the call is cancelled.
  fileprivate func onCancel(_ cancel: @escaping @Sendable () -> Void) {
    state.withLock { $0.work.append(cancel) }
    if isCancelled { cancel() }
  }

  /// Throws where the call is to end.
  func check() throws { if isCancelled { throw CancellationError() } }

  /// The job of a handle; one that nobody watches for none.
  static func of(_ handle: OpaquePointer?) -> Job {
    handle.map { object($0, as: Job.self) } ?? Job()
  }

  /// Runs `body`, whose failure is a cancellation where that was asked for.
  func guarding<Value>(_ body: () throws -> Value) throws -> Value {
    do { return try body() } catch {
      try check()
      throw error
    }
  }
}

@_cdecl("tm_job_create")
public func jobCreate() -> OpaquePointer { handle(Job()) }

@_cdecl("tm_job_cancel")
public func jobCancel(_ job: OpaquePointer?) { job.map { object($0, as: Job.self).cancel() } }

@_cdecl("tm_job_progress")
public func jobProgress(
  _ job: OpaquePointer?, _ bytes: UnsafeMutablePointer<Int64>?,
  _ total: UnsafeMutablePointer<Int64>?, _ tasks: UnsafeMutablePointer<Int64>?
) {
  let job = Job.of(job)
  bytes?.pointee = Int64(job.meter.bytes)
  total?.pointee = Int64(job.meter.total)
  tasks?.pointee = Int64(job.tasks.load(ordering: .relaxed))
}

@_cdecl("tm_job_free")
public func jobFree(_ job: OpaquePointer?) { release(job, as: Job.self) }

/// Results for a table in memory, as long as the job goes on.
struct JobResults: ResultSink {
  let job: Job
  let keeps: Bool
  var results: [TaskResult] = []

  mutating func record(_ result: TaskResult) throws {
    try job.check()
    job.tasks.add(1, ordering: .relaxed)
    if keeps { results.append(result) }
  }
}

/// Waits for asynchronous work, which the job cancels, on a thread that is not one of its pool.
func waiting<Value: Sendable>(
  for job: Job, _ body: @escaping @Sendable () async throws -> Value
) throws -> Value {
  let done = DispatchSemaphore(value: 0)
  let box = Outcome<Value>()
  let task = Task.detached {
    let result: Result<Value, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    box.set(result)
    done.signal()
  }
  job.onCancel { task.cancel() }
  done.wait()
  return try box.get()
}

private final class Outcome<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)
  func set(_ result: Result<Value, any Error>) { outcome.withLock { $0 = result } }
  func get() throws -> Value {
    guard let result = outcome.withLock({ $0 }) else { throw CancellationError() }
    return try result.get()
  }
}
