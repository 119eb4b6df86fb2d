import Simulation
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
    /// For each metric with a direction, the scheduler whose mean is the best, if the comparisons with
    /// the baseline bear it out: it is told to be better than the baseline, or it is the baseline and
    /// all others are told to be worse. Absent elsewhere.
    public let winners: [String: String]

    /// `workload on cluster`.
    public var title: String { "\(workload) on \(cluster)" }

    /// A scheduler's comparison by a metric; nil for the baseline.
    public func comparison(_ scheduler: String, _ metric: String) -> Comparison? {
      comparisons.first { $0.scheduler == scheduler && $0.metric == metric }
    }
  }

  /// The cells of one scheduler in a scenario.
  public struct Group: Sendable {
    /// The scheduler's name.
    public let scheduler: String
    /// Its finished cells, in the order of the seeds.
    public let cells: [CellRecord]
    /// Its headline metrics.
    public let estimates: [String: Estimate]
    /// Whether every seed comes to the same in everything: a deterministic scheduler on a replayed
    /// trace. One run says all then, and there is nothing to estimate.
    public let isTheSameUnderEverySeed: Bool

    /// The mean of any metric over its cells; NaN where there is none.
    public func mean(_ metric: String) -> Double {
      Moments(cells.compactMap { $0.outcome.metrics[metric] }.filter(\.isFinite)).mean
    }
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

  /// Works out what `results` say. Intervals by the bootstrap draw from one seeded stream a metric and
  /// group, so they are the same every time.
  public init(_ results: ExperimentResults) {
    self.results = results
    let definition = results.definition
    let names = definition.metrics.isEmpty ? Metric.headline : definition.metrics
    var byScenario: [CellID: [CellRecord]] = [:]
    var existing: Set<String> = []
    for record in results.cells {
      var key = record.cell
      key.seed = 0
      byScenario[key, default: []].append(record)
      for name in names where record.outcome.metrics[name]?.isFinite == true {
        existing.insert(name)
      }
    }
    // What exists in no run is no result; what the experiment asks for by name stays.
    let metrics = names.compactMap { Metric($0) }
      .filter { existing.contains($0.name) || !definition.metrics.isEmpty }
    self.metrics = metrics

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

    // The one family of tests: a metric's comparisons with the baseline in the whole experiment.
    var adjusted: [String: [Double]] = [:]
    for metric in metrics {
      adjusted[metric.name] = MultipleTesting.holm(
        drafts.flatMap { draft in
          draft.comparisons[metric.name, default: []].filter { !draft.isExact($0.0) }
            .map(\.1.test.pValue)
        })
    }
    scenarios = drafts.map { draft in
      let comparisons = metrics.flatMap { metric in
        draft.comparisons[metric.name, default: []].map { scheduler, paired in
          Comparison(
            scheduler: scheduler, metric: metric, paired: paired,
            adjustedP: draft.isExact(scheduler)
              ? nil : adjusted[metric.name]?.removeFirst() ?? 1,
            level: definition.level,
            favoursLessWork: draft.favoursLessWork(scheduler, metric, paired.meanDifference))
        }
      }
      return Scenario(
        workload: draft.workload, cluster: draft.cluster, groups: draft.groups,
        comparisons: comparisons, winners: draft.winners(comparisons))
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

  /// Whether every seed comes to the same in everything but time: nothing was drawn, or several seeds
  /// came to it.
  private static func areTheSame(_ cells: [CellRecord]) -> Bool {
    guard let first = cells.first?.outcome else { return false }
    if cells.allSatisfy({ !$0.outcome.curves.isDrawn }) { return true }
    return cells.count > 1
      && cells.dropFirst().allSatisfy { record in
        let other = record.outcome
        return other.curves == first.curves && other.metrics.count == first.metrics.count
          && other.metrics.allSatisfy { name, value in
            guard let known = first.metrics[name] else { return false }
            return value == known || value.isNaN && known.isNaN
          }
      }
  }

  private func group(_ scheduler: String) -> ExperimentSummary.Group? {
    groups.first { $0.scheduler == scheduler }
  }

  /// Whether a scheduler's difference from the baseline has nothing of chance.
  func isExact(_ scheduler: String) -> Bool {
    group(scheduler)?.isTheSameUnderEverySeed == true
      && group(baseline)?.isTheSameUnderEverySeed == true
  }

  /// Whether the one with the better mean finished fewer tasks or, where energy is compared, did less
  /// work while it was metered: by more than a thousandth, which is what the ends of runs differ by.
  func favoursLessWork(_ scheduler: String, _ metric: Metric, _ difference: Double) -> Bool {
    guard metric.better == .lower, !metric.isPerWork, difference != 0,
      let one = group(scheduler), let other = group(baseline)
    else { return false }
    let (favoured, rival) = difference < 0 ? (one, other) : (other, one)
    let kind = metric.priorityClass.map { "." + $0 } ?? ""
    let works =
      metric.isEnergy ? ["tasks_finished\(kind)", "work_core_h"] : ["tasks_finished\(kind)"]
    return works.contains { favoured.mean($0) < rival.mean($0) * (1 - 1e-3) }
  }

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

  /// Who stands out by each metric; see ``ExperimentSummary/Scenario/winners``.
  func winners(_ comparisons: [ExperimentSummary.Comparison]) -> [String: String] {
    var winners: [String: String] = [:]
    for metric in metrics where metric.better != .none {
      let sign: Double = metric.better == .lower ? 1 : -1
      func cost(_ comparison: ExperimentSummary.Comparison) -> Double {
        sign * (group(comparison.scheduler)?.estimates[metric.name]?.moments.mean ?? .nan)
      }
      // Who has no figure is no rival.
      let of = comparisons.filter { $0.metric == metric.name && cost($0).isFinite }
      guard !of.isEmpty else { continue }
      if of.allSatisfy({ $0.verdict == .worse }) {
        winners[metric.name] = baseline
        continue
      }
      // Nor is who did less work; of equals none stands out.
      let rivals = of.filter { $0.verdict != .lessWork }
      guard let least = rivals.map(cost).min() else { continue }
      let best = rivals.filter { cost($0) == least }
      if best.count == 1, best[0].verdict == .better { winners[metric.name] = best[0].scheduler }
    }
    return winners
  }
}
