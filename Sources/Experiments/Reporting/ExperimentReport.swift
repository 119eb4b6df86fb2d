import Foundation
import Simulation
import Workload

/// The page of an experiment.
public struct ExperimentReport: Sendable {
  let summary: ExperimentSummary
  /// The results file, as commands name it.
  let source: String

  /// The page of what `summary` says.
  ///
  /// - Parameters:
  ///   - summary: the experiment.
  ///   - source: the results file, as the commands on the page are to name it.
  public init(_ summary: ExperimentSummary, source: String) {
    self.summary = summary
    self.source = source
  }

  var results: ExperimentResults { summary.results }
  var definition: ExperimentDefinition { results.definition }

  /// The page.
  public var page: ReportPage {
    ReportPage(
      title: definition.name,
      subtitle: definition.question.isEmpty ? "A comparison of schedulers" : definition.question,
      sections: [
        setup, headline, distributions, usage, energy, classes, learning, workloads, provenance,
      ], generator: "Tracemill \(results.version)")
  }

  /// Which scenario's figure it is, where there are several.
  func suffix(_ scenario: ExperimentSummary.Scenario) -> String {
    summary.scenarios.count > 1 ? ": \(scenario.title)" : ""
  }

  /// A figure's id.
  func id(_ name: String, _ index: Int) -> String {
    summary.scenarios.count > 1 ? "\(name)-\(index + 1)" : name
  }

  /// The colour of a scheduler, the same everywhere.
  func style(_ scheduler: String) -> Int {
    definition.schedulers.firstIndex { $0.name == scheduler } ?? 0
  }
}

extension ExperimentReport {
  private var setup: ReportPage.Section {
    let counts = results.counts
    var done = "\(counts.done) of \(counts.total)"
    if counts.failed > 0 { done += ", \(counts.failed) failed" }
    var blocks: [ReportPage.Block] = [
      .facts([
        ("Workloads", definition.workloads.map(Self.words).joined(separator: "\n")),
        (
          "Clusters",
          definition.clusters.map { named($0.name, Self.words($0)) }.joined(separator: "\n")
        ),
        (
          "Schedulers",
          definition.schedulers.map { named($0.name, $0.policy) }.joined(separator: "\n")
        ),
        ("Seeds", Self.seeds(definition.seeds)),
        ("Compared with", definition.baselineName),
        ("Engine", Self.words(definition.engine)),
        ("Runs finished", done),
        ("Intervals and tests at", ExperimentSummary.percent(definition.level)),
      ])
    ]
    if counts.pending + counts.running > 0 {
      blocks.append(.paragraph("The experiment is not finished: figures are of what is."))
    }
    blocks.append(
      .list(results.failures.prefix(20).map { "Failed: \($0.cell): \($0.message)" }))
    return .init(id: "setup", title: "Question and set-up", blocks: blocks)
  }

  private func named(_ name: String, _ source: String) -> String {
    name == source ? name : "\(name) (\(source))"
  }

  private static func words(_ workload: WorkloadDefinition) -> String {
    var parts = [workload.source]
    if let from = workload.from { parts.append("from \(Figures.significant(from)) s") }
    if let to = workload.to { parts.append("to \(Figures.significant(to)) s") }
    if let priority = workload.priority { parts.append("priority \(priority)") }
    if let sample = workload.sample {
      parts.append("a sample of \(ExperimentSummary.percent(sample))")
    }
    if let tasks = workload.tasks { parts.append("at most \(tasks) tasks") }
    if let factor = workload.scaleArrivals {
      parts.append("arrivals × \(String(format: "%g", factor))")
    }
    if let factor = workload.scaleLoad {
      parts.append("run times × \(String(format: "%g", factor))")
    }
    let words = parts.joined(separator: ", ")
    return words == workload.name ? words : "\(workload.name) (\(words))"
  }

  private static func words(_ cluster: ClusterDefinition) -> String {
    guard let groups = cluster.groups else { return cluster.source }
    func range(_ range: ValueRange) -> String {
      let ends = [range.low, range.high].map { String(format: "%g", $0) }
      return ends[0] == ends[1] ? ends[0] : "\(ends[0])-\(ends[1])"
    }
    return groups.map { group in
      "\(group.count) × \(range(group.cores)) cores"
        + (group.memoryGiB.map { ", \(range($0)) GiB" } ?? "")
    }.joined(separator: "; ")
  }

  private static func words(_ engine: EngineSettings) -> String {
    guard engine != EngineSettings(), let data = try? ResultsStore.encoder.encode(engine) else {
      return "defaults: one queue, first come first served, continuous time"
    }
    // `{"refuse":true,"step":5}` as words; times are seconds, as in the file.
    return String(decoding: data, as: UTF8.self).dropFirst().dropLast()
      .replacingOccurrences(of: "\"", with: "").replacingOccurrences(of: ":", with: " ")
      .replacingOccurrences(of: ",", with: ", ")
  }

  static func seeds(_ seeds: [UInt64]) -> String {
    guard let first = seeds.first, let last = seeds.last else { return "none" }
    let isRun = zip(seeds, seeds.dropFirst()).allSatisfy { $0 + 1 == $1 }
    return isRun && seeds.count > 2
      ? "\(seeds.count): \(first) to \(last)" : seeds.map(String.init).joined(separator: ", ")
  }
}

extension ExperimentReport {
  private var headline: ReportPage.Section {
    var blocks: [ReportPage.Block] = []
    for (index, scenario) in summary.scenarios.enumerated() {
      blocks.append(.table(summary.headlineTable(scenario)))
      blocks.append(.list(findings(scenario)))
      blocks.append(.figure(differences(scenario, index)))
      if !scenario.comparisons.isEmpty {
        blocks.append(.folded(summary.comparisonTable(scenario)))
      }
      blocks.append(.folded(summary.seedsTable(scenario)))
    }
    return .init(id: "results", title: "Results", blocks: blocks)
  }

  /// What can be told apart from the baseline, in words.
  private func findings(_ scenario: ExperimentSummary.Scenario) -> [String] {
    guard !scenario.comparisons.isEmpty else { return [] }
    return summary.metrics.compactMap { metric in
      let of = scenario.comparisons.filter { $0.metric == metric.name }
      let told = of.filter { $0.isSignificant || $0.adjustedP == nil }
      guard !told.isEmpty else {
        return "\(metric.title): no scheduler can be told from \(definition.baselineName)."
      }
      let parts = told.map { comparison in
        let difference = comparison.paired.meanDifference
        let words =
          difference == 0
          ? "\(comparison.scheduler) the same"
          : "\(comparison.scheduler) \(difference < 0 ? "less" : "more") by "
            + Figures.significant(abs(difference), digits: 3)
            + (metric.unit.isEmpty ? "" : " \(metric.unit)")
        guard let p = comparison.adjustedP else { return words + " (exact)" }
        return words + " (p \(p < 0.001 ? "" : "= ")\(Figures.pValue(p)))"
      }
      return
        "\(metric.title), against \(definition.baselineName): \(parts.joined(separator: "; "))."
    }
  }

  /// Differences from the baseline in per cent of its mean.
  private func differences(_ scenario: ExperimentSummary.Scenario, _ index: Int) -> ReportFigure {
    let baseline = scenario.groups.first { $0.scheduler == definition.baselineName }
    let metrics = summary.metrics.filter {
      abs(baseline?.estimates[$0.name]?.moments.mean ?? 0) > 0
    }
    let series = scenario.groups.filter { $0.scheduler != definition.baselineName }.map { group in
      ReportFigure.Series(
        group.scheduler, style: style(group.scheduler),
        points: metrics.enumerated().compactMap { place, metric in
          guard
            let comparison = scenario.comparisons.first(where: {
              $0.scheduler == group.scheduler && $0.metric == metric.name
            }), let mean = baseline?.estimates[metric.name]?.moments.mean
          else { return nil }
          let scale = 100 / abs(mean)
          return .init(
            Double(place), comparison.paired.meanDifference * scale,
            yInterval: comparison.interval.map { $0.lower * scale...$0.upper * scale })
        })
    }
    return ReportFigure(
      id: id("differences", index),
      title: "Difference from \(definition.baselineName)" + suffix(scenario),
      caption: """
        Mean of the paired differences in per cent of \(definition.baselineName)'s mean; whiskers are \
        \(ExperimentSummary.percent(definition.level)) intervals. One that reaches 0 tells nothing apart.
        """,
      kind: .bars, x: .init(""), y: .init("difference, %"), categories: metrics.map(\.title),
      series: series)
  }
}
