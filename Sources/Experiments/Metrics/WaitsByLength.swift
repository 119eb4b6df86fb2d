import Simulation
import Workload

/// Waits by run time: who pays for an order of the queue. Takes results as they come.
public struct WaitsByLength: ResultSink, Sendable {
  /// Tasks of one tenth.
  public struct Tenth: Codable, Hashable, Sendable {
    /// Tasks in it.
    public var count: Int
    /// Its shortest run time in seconds.
    public var shortest: Double
    /// Its longest run time in seconds.
    public var longest: Double
    /// Mean wait in seconds.
    public var meanWait: Double
  }

  private var values: [(run: Int64, wait: Int64)] = []

  /// Nothing yet.
  public init() {}

  /// Counts a task if it has finished and came after the warm-up.
  public mutating func record(_ result: TaskResult) {
    guard result.isMeasured, result.outcome == .finished else { return }
    values.append((result.runTime.rawValue, result.wait.rawValue))
  }

  /// The tenths of the finished tasks by run time, the shortest first; empty of fewer than ten tasks.
  /// Tasks of one run time may lie in two. O(n log n).
  public var tenths: [Tenth] {
    guard values.count >= 10 else { return [] }
    let sorted = values.sorted { ($0.run, $0.wait) < ($1.run, $1.wait) }
    return (0..<10).map { place in
      let part = sorted[(place * sorted.count / 10)..<((place + 1) * sorted.count / 10)]
      let total = part.reduce(0.0) { $0 + Double($1.wait) }
      return Tenth(
        count: part.count, shortest: Double(part.first?.run ?? 0) * 1e-6,
        longest: Double(part.last?.run ?? 0) * 1e-6,
        meanWait: total / Double(part.count) * 1e-6)
    }
  }
}
