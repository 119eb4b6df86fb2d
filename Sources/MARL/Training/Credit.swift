import Simulation

/// What a decision is credited with.
public struct Credit: Hashable, Sendable, Codable {
  /// Whose reward it is.
  public enum Scheme: String, Hashable, Sendable, Codable, CaseIterable {
    /// The task's own reward. Agents learn to grab: a tragedy of the commons.
    case selfish
    /// The task's own reward and, discounted by γ a decision, that of all tasks after it.
    case discounted
    /// The task's own reward less the harm that it does to tasks that had to wait for it.
    case marginal
  }

  /// Whose reward.
  public var scheme = Scheme.marginal
  /// What a decision is charged of the loss of the tasks that waited for it.
  public var harm = 6.0
  /// What a deadline lost by waiting weighs, times the class weight: from met to missed the reward falls
  /// by 2 × 0.4.
  public var lostDeadline = 0.8
  /// Weight of the task's part in the imbalance: the marginal of a quadratic is twice its share.
  public var imbalance = 0.2
  /// Weight of the task's service level.
  public var service = StudyReward.service
  /// Weight of its completion time.
  public var completion = StudyReward.completion
  /// Weight of its energy.
  public var energy = StudyReward.energy

  /// Own reward less harm, as measured best.
  public init() {}
}
