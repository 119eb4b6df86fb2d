import Fitting
import Workload

/// How jobs that failed are submitted again.
///
/// With probability ``share`` a job whose first task failed comes again, after one of ``delays`` from its end,
/// counted as if it had started at once. It asks for the same, and its run time's normal score is
/// ``runTimeCorrelation`` times the other's plus a part of its own. It is the first job that comes then, set to that
/// time: jobs come at the rate that they would come at anyway, and only their order and what they are changes. Who
/// would come again beyond the block of 256 jobs does not, so that any block is drawn without those before it.
public struct ResubmissionModel: Sendable, Hashable {
  /// Share of the jobs that failed, 0...1.
  public var share: Double
  /// Seconds from the end of the job to its next submission, each as likely as another.
  public var delays: [Double]
  /// Share of those that came again which fail again, 0...1; nil for the share of all jobs.
  public var failsAgain: Double?
  /// -1...1.
  public var runTimeCorrelation: Double

  /// Resubmissions of these figures.
  public init(
    share: Double, delays: [Double], failsAgain: Double? = nil, runTimeCorrelation: Double = 0
  ) {
    (self.share, self.delays) = (share, delays)
    (self.failsAgain, self.runTimeCorrelation) = (failsAgain, runTimeCorrelation)
  }

  /// Share of the resubmissions of a class that come within the block of the job that failed, for jobs that come at
  /// `rate` a second and have the run times of `law`: of places in the block, delays and quantiles of the run time,
  /// each as likely as another.
  func reach(rate: Double, _ law: Law) -> Double {
    guard !delays.isEmpty else { return 0 }
    let size = Double(GammaBridge.blockSize)
    let some = stride(from: 0, to: delays.count, by: max(1, delays.count / 64)).map { delays[$0] }
    var sum = 0.0
    for step in 0..<64 {
      let runTime = law.quantile((Double(step) + 0.5) / 64)
      for delay in some { sum += max(0, 1 - (runTime + delay) * rate / size) }
    }
    return sum / Double(64 * some.count)
  }
}

/// What a trace says of jobs that failed and came again.
public struct ResubmissionProfile: Codable, Sendable, Equatable {
  /// Jobs of known users whose first task failed at a known time, as far as there are others to compare them with.
  public var failed: Int
  /// Jobs of the same users that finished after about as long (within the same factor of 4).
  public var finished: Int
  /// Share of those that failed after which a like job of the same user came within a day, by Kaplan and Meier.
  public var observedShare: Double
  /// The same of those that finished, users and run times counted as often as among those that failed: what comes again
  /// anyway.
  public var expectedShare: Double
  /// Share that comes again because it failed: the relative survival, 1 - (1 - observed) / (1 - expected).
  public var share: Double
  /// Of ``share``.
  public var standardError: Double
  /// Seconds from the end to the next submission: 64 quantiles.
  public var delays: [Double]
  /// Share of the like jobs that came after a failure which fail too.
  public var failsAgain: Double
  /// Correlation of the normal scores of the run times before and after, ranks taken within their kind.
  public var runTimeCorrelation: Double

  /// Seconds after the end in which a job counts as one that comes again.
  static let window = 86_400.0
  /// Jobs that must have failed, and finished.
  static let fewest = 30

  /// What is drawn.
  var model: ResubmissionModel {
    ResubmissionModel(
      share: min(max(share, 0), 1), delays: delays, failsAgain: failsAgain,
      runTimeCorrelation: runTimeCorrelation)
  }
}
