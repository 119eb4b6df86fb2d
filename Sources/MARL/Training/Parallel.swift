import Dispatch
import Synchronization

/// Runs pure jobs side by side; the results are in the order of the jobs, however many workers there are.
package enum Parallel {
  /// The same, jobs that other processes did left out: see ``SharedJobs``.
  package static func map<Value: Sendable & Codable>(
    _ count: Int, workers: Int, _ body: @escaping @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    guard let shared = SharedJobs.current else { return try all(count, workers, body) }
    return try shared.batch(count) { places in
      try all(places.count, workers) { try body(places[$0]) }
    }
  }

  package static func map<Value: Sendable>(
    _ count: Int, workers: Int, _ body: @escaping @Sendable (Int) throws -> Value
  ) throws -> [Value] { try all(count, workers, body) }

  private static func all<Value: Sendable>(
    _ count: Int, _ workers: Int, _ body: @escaping @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    if workers <= 1 || count <= 1 { return try (0..<count).map(body) }
    let results = Mutex<[Result<Value, any Error>?]>(Array(repeating: nil, count: count))
    let next = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: min(workers, count)) { _ in
      while true {
        let job = next.withLock { next in
          next += 1
          return next - 1
        }
        guard job < count else { return }
        let result = Result { try body(job) }
        results.withLock { $0[job] = result }
      }
    }
    // The first error by order of the jobs, not by time.
    return try results.withLock { try $0.compactMap { try $0?.get() } }
  }
}
