/// How jobs of stages run.
public struct StageOptions: Hashable, Sendable {
  /// Milliseconds that an executor needs from one job to another (≥ 0).
  public var movingDelay = 2000
  /// Milliseconds that are added to a first task time for an executor that is new to the job, where there are no
  /// samples of such (≥ 0).
  public var warmup = 1000
  /// The numbers of executors between which task times are drawn, ascending; empty for those of each stage. Where a stage
  /// lacks one, its next smaller is taken.
  public var points: [Int] = []
  /// Whether, between two points, the one that is farther off is drawn more often.
  ///
  /// decima-sim does so: of 9 executors between points 5 and 10 it takes the times of 5 in four of five draws. Otherwise
  /// the nearer one is, so that the mean lies on a straight line.
  public var drawsFartherPoint = false

  /// The most executors.
  public static let mostExecutors = 65_536

  /// The defaults.
  public init() {}
}
