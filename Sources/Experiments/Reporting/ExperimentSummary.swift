import Workload

/// What an experiment's finished cells say: means, comparisons, and what can be told apart.
public struct ExperimentSummary: Sendable {
  /// What it is made from.
  public let results: ExperimentResults
  /// Headline metrics, in the order of tables.
  public let metrics: [Metric]
  /// Every workload on every cluster, in the order of the experiment.
  public let scenarios: [Scenario]

  /// A workload on a cluster.
  public struct Scenario: Sendable {
    /// The workload's name.
    public let workload: String
    /// The cluster's name.
    public let cluster: String
    /// How the schedulers fared, in the order of the experiment; without those that have no finished
    /// cell.
    public let groups: [Group]
    /// The others against the baseline, by metric; empty where the baseline has no finished cell.
    public let comparisons: [Comparison]
    /// For each metric with a direction, the scheduler that is better than every other, pair by pair,
    /// at the level of the experiment after Holm's correction over all pairs; absent where none is.
    public let winners: [String: String]

    /// `workload on cluster`.
    public var title: String { "\(workload) on \(cluster)" }
  }

  /// The cells of one scheduler in a scenario.
  public struct Group: Sendable {
    /// The scheduler's name.
    public let scheduler: String
    /// Its finished cells, in the order of the seeds.
    public let cells: [CellRecord]
    /// Its headline metrics.
    public let estimates: [String: Estimate]
    /// Whether every seed came to the same in everything: a deterministic scheduler on a replayed
    /// trace. One run says all then, and there is nothing to estimate.
    public let isTheSameUnderEverySeed: Bool
  }

  /// A metric over seeds.
  public struct Estimate: Sendable {
    /// Cells in which it exists.
    public let moments: Moments
    /// Student's interval of its mean; nil where all values are equal.
    public let interval: ConfidenceInterval?
    /// The bootstrap's (BCa, expanded), likewise.
    public let bootstrap: ConfidenceInterval?
    /// Seeds for which the interval would reach as far to either side as the experiment's wanted
    /// precision times the mean; 1 where every seed comes to the same in everything, nil where that is
    /// not known.
    public let seedsNeeded: Int?
  }

  /// A scheduler against the baseline by one metric, on the seeds that both have.
  public struct Comparison: Sendable {
    /// The scheduler.
    public let scheduler: String
    /// The metric's name.
    public let metric: String
    /// Its values against the baseline's.
    public let paired: PairedComparison
    /// The p-value of the signed-rank test after Holm's correction over all comparisons by this
    /// metric in the experiment; nil where both come to the same under every seed, so that the
    /// difference is a fact of this workload and not an estimate.
    public let adjustedP: Double?
    /// Whether that is at most 1 - level.
    public let isSignificant: Bool
    /// Student's interval of the mean difference; nil where there is nothing to estimate.
    public var interval: ConfidenceInterval? {
      adjustedP == nil || paired.cohensD == nil ? nil : paired.interval
    }
  }

  /// Works out what `results` say. Intervals by the bootstrap draw from one seeded stream a metric and
  /// group, so they are the same every time.
  public init(_ results: ExperimentResults) {
    self.results = results
    let definition = results.definition
    let names = definition.metrics.isEmpty ? Metric.headline : definition.metrics
    let metrics = names.compactMap { Metric($0) }
    self.metrics = metrics

    var byScenario: [CellID: [CellRecord]] = [:]
    for record in results.cells {
      var key = record.cell
      key.seed = 0
      byScenario[key, default: []].append(record)
    }
    let seedOrder = Dictionary(
      definition.seeds.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let drafts = definition.workloads.flatMap { workload in
      definition.clusters.map { cluster in
        Draft(
          definition, workload.name, cluster.name, metrics,
          definition.schedulers.compactMap { scheduler in
            let key = CellID(
              workload: workload.name, cluster: cluster.name, scheduler: scheduler.name, seed: 0)
            guard let cells = byScenario[key] else { return nil }
            return (
              scheduler.name,
              cells.sorted { (seedOrder[$0.cell.seed] ?? 0) < (seedOrder[$1.cell.seed] ?? 0) }
            )
          })
      }
    }.filter { !$0.groups.isEmpty }

    // Holm's family is a metric's comparisons in the whole experiment.
    var adjusted: [String: [Double]] = [:]
    for metric in metrics {
      adjusted[metric.name] = MultipleTesting.holm(
        drafts.flatMap { draft in
          draft.comparisons[metric.name, default: []].filter { !draft.isExact($0.0) }
            .map(\.1.test.pValue)
        })
    }
    let alpha = 1 - definition.level
    scenarios = drafts.map { draft in
      let comparisons = metrics.flatMap { metric in
        draft.comparisons[metric.name, default: []].map { scheduler, paired in
          let p = draft.isExact(scheduler) ? nil : adjusted[metric.name]?.removeFirst() ?? 1
          return Comparison(
            scheduler: scheduler, metric: metric.name, paired: paired, adjustedP: p,
            isSignificant: p.map { $0 <= alpha + 1e-12 } ?? false)
        }
      }
      return Scenario(
        workload: draft.workload, cluster: draft.cluster, groups: draft.groups,
        comparisons: comparisons, winners: draft.winners(alpha: alpha))
    }
  }
}

/// A scenario before p-values are corrected over all of them.
private struct Draft {
  let workload: String
  let cluster: String
  let metrics: [Metric]
  let groups: [ExperimentSummary.Group]
  let baseline: String
  var comparisons: [String: [(String, PairedComparison)]] = [:]

  init(
    _ definition: ExperimentDefinition, _ workload: String, _ cluster: String,
    _ metrics: [Metric], _ cells: [(String, [CellRecord])]
  ) {
    self.workload = workload
    self.cluster = cluster
    self.metrics = metrics
    let level = definition.level
    baseline = definition.baselineName
    groups = cells.map { scheduler, cells in
      let isTheSame = Self.areTheSame(cells)
      var estimates: [String: ExperimentSummary.Estimate] = [:]
      for metric in metrics {
        let values = cells.compactMap { $0.outcome.metrics[metric.name] }.filter(\.isFinite)
        var rng = RandomStream(
          seed: 1, name: "bootstrap/\(workload)/\(cluster)/\(scheduler)/\(metric.name)")
        let moments = Moments(values)
        let varies = moments.variance > 0
        estimates[metric.name] = ExperimentSummary.Estimate(
          moments: moments, interval: varies ? .t(values, level: level) : nil,
          bootstrap: varies ? MeanBootstrap(values, using: &rng).interval(level: level) : nil,
          seedsNeeded: isTheSame
            ? 1
            : varies
              ? SeedPlan.seeds(
                forHalfWidth: abs(moments.mean) * definition.precision,
                standardDeviation: moments.standardDeviation, level: level) : nil)
      }
      return .init(
        scheduler: scheduler, cells: cells, estimates: estimates,
        isTheSameUnderEverySeed: isTheSame)
    }
    guard let baseline = groups.first(where: { $0.scheduler == definition.baselineName }) else {
      return
    }
    for metric in metrics {
      comparisons[metric.name] = groups.filter { $0.scheduler != baseline.scheduler }.map { group in
        var rng = RandomStream(
          seed: 1, name: "paired/\(workload)/\(cluster)/\(group.scheduler)/\(metric.name)")
        let (first, second) = Self.pairs(group, baseline, metric.name)
        return (group.scheduler, PairedComparison(first, second, level: level, using: &rng))
      }
    }
  }

  /// Whether several seeds came to the same in everything but time.
  private static func areTheSame(_ cells: [CellRecord]) -> Bool {
    guard let first = cells.first?.outcome, cells.count > 1 else { return false }
    return cells.dropFirst().allSatisfy { record in
      let other = record.outcome
      return other.curves == first.curves && other.metrics.count == first.metrics.count
        && other.metrics.allSatisfy { name, value in
          guard let known = first.metrics[name] else { return false }
          return value == known || value.isNaN && known.isNaN
        }
    }
  }

  private func isTheSame(_ scheduler: String) -> Bool {
    groups.contains { $0.scheduler == scheduler && $0.isTheSameUnderEverySeed }
  }

  /// Whether a scheduler's difference from the baseline has nothing of chance.
  func isExact(_ scheduler: String) -> Bool { isTheSame(scheduler) && isTheSame(baseline) }

  /// The values of two schedulers on the seeds that both have.
  private static func pairs(
    _ a: ExperimentSummary.Group, _ b: ExperimentSummary.Group, _ metric: String
  ) -> ([Double], [Double]) {
    var bySeed: [UInt64: Double] = [:]
    for record in b.cells { bySeed[record.cell.seed] = record.outcome.metrics[metric] }
    var (first, second): ([Double], [Double]) = ([], [])
    for record in a.cells {
      guard let x = record.outcome.metrics[metric], let y = bySeed[record.cell.seed] else {
        continue
      }
      first.append(x)
      second.append(y)
    }
    return (first, second)
  }

  func winners(alpha: Double) -> [String: String] {
    var winners: [String: String] = [:]
    for metric in metrics where metric.better != .none && groups.count > 1 {
      let sign: Double = metric.better == .lower ? 1 : -1
      let means = groups.map { (sign * ($0.estimates[metric.name]?.moments.mean ?? .nan)) }
      guard let best = means.indices.min(by: { means[$0] < means[$1] }),
        means.allSatisfy(\.isFinite)
      else { continue }
      // What no seed changes cannot be told apart by a test over seeds.
      let fixed = groups.indices.filter { groups[$0].isTheSameUnderEverySeed }
      if fixed.contains(best), fixed.count > 1 { continue }
      var p: [Double] = []
      var ofBest: [Int] = []
      for i in groups.indices {
        for j in groups.indices where j > i && !(fixed.contains(i) && fixed.contains(j)) {
          let (first, second) = Self.pairs(groups[i], groups[j], metric.name)
          let differences = zip(first, second).map { $0 - $1 }.filter(\.isFinite)
          if i == best || j == best { ofBest.append(p.count) }
          p.append(WilcoxonSignedRank(differences).pValue)
        }
      }
      let adjusted = MultipleTesting.holm(p)
      if ofBest.allSatisfy({ adjusted[$0] <= alpha + 1e-12 }) {
        winners[metric.name] = groups[best].scheduler
      }
    }
    return winners
  }
}
