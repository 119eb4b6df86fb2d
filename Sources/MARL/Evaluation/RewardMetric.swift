import Simulation

/// A figure of an episode: what `Metric` is of a run, of its ``Reward``.
///
/// All there are stand in ``catalogue``, which evaluation's tables, JSON and CSV read.
public struct RewardMetric: Sendable {
  /// Its name in files: lower case.
  public let name: String
  /// What tables call it.
  public let title: String
  /// Its unit; empty for counts and ratios.
  public let unit: String
  /// Which way is better.
  public let better: Metric.Direction
  /// What it is, in a sentence.
  public let sentence: String
  /// The figure of an episode; NaN where it does not exist.
  public let value: @Sendable (Reward) -> Double

  /// A figure.
  public init(
    _ name: String, _ title: String, unit: String = "", better: Metric.Direction,
    _ sentence: String, _ value: @escaping @Sendable (Reward) -> Double
  ) {
    self.name = name
    self.title = title
    self.unit = unit
    self.better = better
    self.sentence = sentence
    self.value = value
  }

  /// All figures, in the order in which they are listed.
  public static let catalogue = [
    RewardMetric("reward", "R", better: .higher, "The reward: 0.4 S + 0.3 C - 0.2 E - 0.1 V.") {
      $0.total
    },
    RewardMetric(
      "service", "S", better: .higher,
      "Class weight of each task, positive where its deadline was met, negative where it was not."
    ) { $0.service },
    RewardMetric(
      "completion", "C", better: .higher,
      "1 less the completion time over three times the reference time, at least 0."
    ) { $0.completion },
    RewardMetric("energy", "E", better: .lower, "Energy a task over the unit of energy.") {
      $0.energy
    },
    RewardMetric(
      "imbalance", "V", better: .lower, "Variance of CPU utilisation over the unit of variance."
    ) { $0.imbalance },
    RewardMetric(
      "deadlines_met", "deadlines met", better: .higher,
      "Share of the tasks that met their deadline."
    ) { $0.deadlinesMet },
    RewardMetric(
      "completion_mean_s", "mean completion time", unit: "s", better: .lower,
      "Mean time from submission to end, of tasks that finished."
    ) { $0.completionSeconds },
    RewardMetric(
      "joules_per_task", "energy per task", unit: "J", better: .lower,
      "Energy of the tasks, and of the awake time that they add, over all tasks."
    ) { $0.joules },
    RewardMetric(
      "load_variance_of_arrivals", "variance of load until the last arrival", better: .lower,
      "Variance over machines of CPU utilisation until the last arrival."
    ) { $0.variance },
    RewardMetric("tasks", "tasks", better: .none, "Tasks of the episode.") { Double($0.tasks) },
  ]
}
