import Experiments
import MARL
import Workload

/// What policies come to on held-out episodes of each of several clusters.
public struct FederationTable {
  /// A method and the policies that it made.
  public struct Entry {
    /// What the table calls it.
    public let name: String
    /// One a cluster.
    public let policies: [PolicyModel]
    /// Whether policies act where they were not trained.
    public let elsewhere: Bool

    /// An entry.
    public init(_ name: String, _ policies: [PolicyModel], elsewhere: Bool = false) {
      self.name = name
      self.policies = policies
      self.elsewhere = elsewhere
    }

    /// The policies whose mean counts at a cluster.
    func acting(at cluster: Int) -> [PolicyModel] {
      guard elsewhere else { return [policies[cluster]] }
      return policies.indices.filter { $0 != cluster }.map { policies[$0] }
    }
  }

  /// The table.
  public let text: String
  /// The same, a row each, for JSON.
  public let objects: [[String: Any]]

  /// Runs the episodes of all entries.
  public init(_ entries: [Entry], _ file: ScenarioFile, seeds: [EpisodeSeed], workers: Int) throws {
    var table = TextTable(
      header: [""] + file.scenarios.map(\.name) + ["mean", "less", "95 %", ""], left: [0])
    var first: [Double]?
    var objects: [[String: Any]] = []
    for entry in entries {
      // Mean over loads and policies, by cluster and seed.
      let rewards = try file.scenarios.enumerated().map { cluster, scenario in
        var sums = [Double](repeating: 0, count: seeds.count)
        let policies = entry.acting(at: cluster)
        for policy in policies {
          for load in file.loads {
            let episodes = seeds.map { Episode(seed: $0, load: load, tasks: file.tasks) }
            let results = try scenario.rewards(episodes, workers: workers) { MARLScheduler(policy) }
            for (index, reward) in results.enumerated() {
              sums[index] += reward.total / Double(policies.count * file.loads.count)
            }
          }
        }
        return sums
      }
      let bySeed = seeds.indices.map { seed in
        rewards.reduce(0) { $0 + $1[seed] } / Double(rewards.count)
      }
      let means = (rewards + [bySeed]).map { $0.reduce(0, +) / Double($0.count) }
      var object: [String: Any] = [
        "method": entry.name, "reward": means[means.count - 1],
        "clusters": Dictionary(
          uniqueKeysWithValues: zip(file.scenarios.map(\.name), means)),
      ]
      var cells = [entry.name] + means.map { fixed($0, 4) }
      if let first {
        var rng = RandomStream(seed: 1, name: "bootstrap")
        let comparison = PairedComparison(first, bySeed, using: &rng)
        object["behind_first"] = comparison.meanDifference
        object["behind_first_interval"] = comparison.bootstrap.map { [$0.lower, $0.upper] }
        cells += [
          fixed(comparison.meanDifference, 4),
          comparison.bootstrap.map { fixed($0.lower, 4) } ?? "-",
          comparison.bootstrap.map { fixed($0.upper, 4) } ?? "-",
        ]
      } else {
        first = bySeed
        cells += ["", "", ""]
      }
      table.add(cells)
      objects.append(object)
    }
    self.objects = objects
    text = "held-out rewards, \(seeds.count) seeds from \(seeds.first?.value ?? 0)\n" + table.text
  }
}
