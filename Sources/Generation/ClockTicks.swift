/// The steps of the clock that a trace's times were read from. A trace of whole seconds has jobs that come in the
/// same second, and run times of 1 s and 2 s but none between: a generated one has too.
public struct ClockTicks: Codable, Sendable, Hashable {
  /// Seconds from one possible time of submission to the next; 0 where none is known.
  public var submission: Double
  /// Seconds from one possible run time to the next; 0 where none is known.
  public var runTime: Double

  /// Steps of these lengths.
  public init(submission: Double, runTime: Double) {
    (self.submission, self.runTime) = (submission, runTime)
  }

  /// The tick at or before each time, ascending as they are.
  func round(submissions times: UnsafeMutableBufferPointer<Double>) {
    guard submission > 0 else { return }
    for place in times.indices {
      times[place] = (times[place] / submission).rounded(.down) * submission
    }
  }

  /// The tick nearest to each run time.
  func round(runTimes times: UnsafeMutableBufferPointer<Double>) {
    guard runTime > 0 else { return }
    for place in times.indices { times[place] = (times[place] / runTime).rounded() * runTime }
  }
}

/// Finds the greatest step that all of a stream of times are multiples of, in whole microseconds.
struct TickFinder {
  private var step: Int64 = 0
  private var count = 0

  /// So few times may be multiples of a step by chance.
  private static let fewest = 100

  /// Takes a time (≥ 0). Euclid's algorithm, mostly one division.
  mutating func add(_ time: Int64) {
    count += 1
    var (a, b) = (step, time)
    while b > 0 { (a, b) = (b, a % b) }
    step = a
  }

  /// The step in seconds; 0 where there is none beyond the microsecond.
  var seconds: Double { count >= Self.fewest && step > 1 ? Double(step) * 1e-6 : 0 }
}
