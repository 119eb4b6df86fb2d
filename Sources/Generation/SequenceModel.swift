import Workload

/// How jobs repeat those before them: users submit the same again.
///
/// With probability ``share`` a job repeats the one ``lags`` jobs before it: it is of the same class, asks
/// for the same, has as many tasks, and its run time's normal score is ``runTimeCorrelation`` times the
/// other's plus a part of its own. So every law and correlation of the model stays what it is, and only
/// the order changes. Chains end with each block of 256 jobs, so that any block is drawn without
/// those before it.
public struct RepeatModel: Sendable, Hashable {
  /// Share of the jobs, 0...1.
  public var share: Double
  /// How many jobs ago the repeated one was, from 1, each as likely as another.
  public var lags: [Int]
  /// -1...1.
  public var runTimeCorrelation: Double

  /// Repeats of these figures.
  public init(share: Double, lags: [Int], runTimeCorrelation: Double) {
    self.share = share
    self.lags = lags
    self.runTimeCorrelation = runTimeCorrelation
  }
}

/// What runs already when the workload begins.
public struct StandingModel: Sendable, Hashable {
  /// How many tasks.
  public var count: Int
  /// What they are drawn from, each as likely as another.
  public var sample: [StandingTask]
  /// Seconds of the trace that it was found in; nil where that is not known.
  public var span: Double?

  /// A population of `count` tasks.
  public init(count: Int, sample: [StandingTask], span: Double? = nil) {
    self.count = count
    self.sample = sample
    self.span = span
  }

  /// Core-seconds that they still bring in the first `time` seconds, on average.
  public func coreSeconds(within time: Double) -> Double {
    guard !sample.isEmpty else { return 0 }
    let sum = sample.reduce(0) { $0 + $1.cpu * Double($1.instances) * min($1.rest, time) }
    return sum / Double(sample.count) * Double(count)
  }

  /// Cores that they take when the workload begins, on average.
  public var cores: Double {
    guard !sample.isEmpty else { return 0 }
    return sample.reduce(0) { $0 + $1.cpu * Double($1.instances) } / Double(sample.count)
      * Double(count)
  }

  /// Jobs of a standing population are numbered from here: after any other.
  static let firstJob: Int64 = 1_000_000_000_000

  /// The task at `place`, submitted before the workload begins.
  func task(_ place: Int, _ stream: RandomStream) -> TaskRecord {
    // A whole population is the sample as often as it goes into it, and lots for the rest.
    let whole = count / sample.count * sample.count
    var rng = stream.at(UInt64(place))
    let drawn = sample[place < whole ? place % sample.count : rng.below(sample.count)]
    var record = TaskRecord(
      id: TaskID(job: Self.firstJob + Int64(place)), submit: .zero,
      runTime: Microseconds(inRange(seconds: drawn.rest)),
      request: Resources(
        cpu: Cores(nano: inRange(amount: drawn.cpu * 1e9)),
        memory: Bytes(inRange(amount: drawn.memory * 1_073_741_824)),
        milliGPU: inRange(amount: drawn.gpus * 1000)))
    record.priorityClass =
      PriorityClass.allCases.first { $0.name == drawn.priorityClass } ?? .unknown
    record.instances = max(1, drawn.instances)
    record.flags.insert(.cutOffAtStart)
    if drawn.spansMachines { record.flags.insert(.spansMachines) }
    return record
  }
}
