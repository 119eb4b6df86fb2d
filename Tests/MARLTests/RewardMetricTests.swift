import MARL
import Simulation
import Testing

/// The registry of an episode's figures.
@Suite struct RewardMetricTests {
  @Test func namesAreUniqueAndMeanWhatTheyMeanOfRuns() {
    let names = RewardMetric.catalogue.map(\.name)
    #expect(Set(names).count == names.count)
    for metric in RewardMetric.catalogue {
      #expect(!metric.title.isEmpty && metric.sentence.hasSuffix("."))
      guard let ofRun = Metric(metric.name) else { continue }
      #expect(ofRun.title == metric.title && ofRun.unit == metric.unit)
      #expect(ofRun.better == metric.better)
    }
    #expect(names.contains("deadlines_met") && names.contains("completion_mean_s"))
  }

  /// A figure is of the field that its name says, not of its neighbour's.
  @Test func valuesAreTheRewards() throws {
    var reward = Reward()
    (reward.service, reward.completion, reward.energy, reward.imbalance) = (1, 2, 3, 4)
    (reward.tasks, reward.completionSeconds, reward.joules) = (5, 6, 7)
    (reward.variance, reward.deadlinesMet) = (8, 9)
    var values = Dictionary(
      uniqueKeysWithValues: RewardMetric.catalogue.map { ($0.name, $0.value(reward)) })
    let found = values.removeValue(forKey: "reward")
    let total = try #require(found)
    #expect(abs(total - (0.4 * 1 + 0.3 * 2 - 0.2 * 3 - 0.1 * 4)) < 1e-12)
    #expect(
      values == [
        "service": 1, "completion": 2, "energy": 3,
        "imbalance": 4, "tasks": 5, "completion_mean_s": 6, "joules_per_task": 7,
        "load_variance_of_arrivals": 8, "deadlines_met": 9,
      ])
  }
}
