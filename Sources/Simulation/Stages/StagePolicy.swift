/// Which stages executors go to: a policy is one new file and one line in ``StagePolicies``.
public protocol StagePolicy: Sendable {
  /// The name on the command line.
  var name: String { get }
  /// Where some of the executors go that are to be placed.
  ///
  /// It is asked again until all ``StageScene/waiting`` are placed. A stage can be chosen once in a round. Executors
  /// that are still at their last tasks go there when these have ended.
  ///
  /// - Parameter scene: where the run stands.
  /// - Returns: a stage that ``StageScene/Stage/isCandidate``, and how many executors, at least one, at most; nil if
  ///   the rest shall wait: at their job while that has tasks which have not begun, else at none until a job comes.
  mutating func choose(_ scene: borrowing StageScene) -> StageChoice?
}

/// A stage and how many executors it gets.
public struct StageChoice: Hashable, Sendable {
  /// A place in ``StageScene/stages``.
  public var stage: Int
  /// How many at most (≥ 1); no more go than there are tasks for, and executors to place.
  public var executors: Int

  /// So many executors for a stage.
  public init(stage: Int, executors: Int) { (self.stage, self.executors) = (stage, executors) }
}
