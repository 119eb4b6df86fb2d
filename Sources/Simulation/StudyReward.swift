import Workload

/// The weights of the original study's reward, R = 0.4 S + 0.3 C - 0.2 E - 0.1 V, wherever it is used: by
/// rules that expect it, by training and by evaluation.
///
/// John, "Decentralized Task Scheduling in Distributed Systems: A Deep Reinforcement Learning Approach"
/// (2026).
public enum StudyReward {
  /// Of S, the service level.
  public static let service = 0.4
  /// Of C, the completion.
  public static let completion = 0.3
  /// Of E, the energy, which counts against.
  public static let energy = 0.2
  /// Of V, the imbalance, which counts against.
  public static let imbalance = 0.1

  /// What a task of a class weighs in S: 3 : 2 : 1, of mean 1 in the study's mix of classes.
  public static func weight(of priorityClass: PriorityClass) -> Double {
    switch priorityClass {
    case .production, .monitoring: 3 / 2.1
    case .batch, .mid: 2 / 2.1
    case .bestEffort, .unknown: 1 / 2.1
    }
  }
}
