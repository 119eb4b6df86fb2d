import PortableMath
import Workload

/// The simplest workload there is: Poisson arrivals of identical one-task jobs.
///
/// Task `n` draws its inter-arrival time from its own sub-stream, so the sequence depends on the
/// seed alone.
public struct PoissonSource: WorkloadSource, Sendable {
  public typealias Failure = Never
  private let meanGap: Double
  private let runTime: Microseconds
  private let request: Resources
  private let count: Int
  private let arrivals: RandomStream
  private var produced = 0
  private var clock = 0.0

  /// `count` tasks at `rate` per second (finite, > 0), each with the same run time and request.
  public init(
    rate: Double, runTime: Microseconds, request: Resources, count: Int, seed: UInt64
  ) {
    precondition(rate > 0 && rate.isFinite, "an arrival rate is finite and positive")
    precondition(count >= 0, "a workload has no negative number of tasks")
    meanGap = 1 / rate
    self.runTime = runTime
    self.request = request
    self.count = count
    arrivals = RandomStream(seed: seed, name: "arrivals")
  }

  public mutating func next() -> TaskRecord? {
    guard produced < count else { return nil }
    var draw = arrivals.at(UInt64(produced))
    clock -= meanGap * log(draw.openUniform())
    defer { produced += 1 }
    return TaskRecord(
      id: TaskID(job: Int64(produced)), submit: Microseconds(seconds: clock).clamped,
      runTime: runTime,
      request: request)
  }
}
