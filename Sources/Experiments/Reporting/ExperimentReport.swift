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

  /// The page: the answer first, then what bears it out, then what was run.
  public var page: ReportPage {
    ReportPage(
      title: definition.name,
      subtitle: definition.question.isEmpty ? "A comparison of schedulers" : definition.question,
      sections: [
        answer, across, comparison, distributions, usage, energy, classes, learning, workloads,
        setup, provenance,
      ], generator: "Tracemill \(results.version)")
  }

  /// Which scenario's figure it is, where there are several.
  func suffix(_ scenario: ExperimentSummary.Scenario) -> String {
    summary.scenarios.count > 1 ? ": \(scenario.title)" : ""
  }

  /// Figures of one kind, a scenario each: side by side, and what has to be known to read them said once.
  func multiples(_ figures: [ReportFigure]) -> [ReportPage.Block] {
    guard figures.count > 1, Set(figures.map(\.caption)).count == 1 else {
      return figures.map { .figure($0) }
    }
    return [.note(figures[0].caption)]
      + figures.map { figure in
        var small = figure
        small.isSmall = true
        return .figure(small)
      }
  }

  /// A figure's id.
  func id(_ name: String, _ index: Int) -> String {
    summary.scenarios.count > 1 ? "\(name)-\(index + 1)" : name
  }

  /// The id of a metric's figure.
  func id(_ name: String, _ metric: Metric, _ index: Int) -> String {
    id(
      "\(name)-" + metric.name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined(), index
    )
  }

  /// The colour of a scheduler, the same everywhere.
  func style(_ scheduler: String) -> Int {
    definition.schedulers.firstIndex { $0.name == scheduler } ?? 0
  }

  private var setup: ReportPage.Section {
    var blocks: [ReportPage.Block] = [.facts(summary.whatWasRun)]
    let counts = results.counts
    if counts.pending + counts.running > 0 {
      blocks.append(.paragraph("The experiment is not finished: figures are of what is."))
    }
    blocks.append(.list(results.failures.prefix(20).map { "Failed: \($0.cell): \($0.message)" }))
    return .init(id: "setup", title: "What was run", blocks: blocks)
  }

  /// The answer, what to know before believing it, and the first metric of every scheduler.
  private var answer: ReportPage.Section {
    let sentences = summary.answer
    var blocks: [ReportPage.Block] = sentences.prefix(1).map { .lead($0) }
    blocks.append(.list(Array(sentences.dropFirst())))
    blocks.append(.notices(summary.notes))
    if let metric = summary.leading, let scenario = summary.scenarios.first,
      summary.scenarios.count == 1, !summary.isConstant(metric, in: scenario)
    {
      blocks.append(.figure(levels(metric, scenario, 0)))
    }
    return .init(id: "answer", title: "Answer", blocks: blocks)
  }

  private var comparison: ReportPage.Section {
    let parts = summary.scenarios.enumerated().map { index, scenario in
      var blocks: [ReportPage.Block] = [
        .table(summary.headlineTable(scenario)), .list(findings(scenario)),
      ]
      blocks += differences(scenario, index).map { .figure($0) }
      if !scenario.comparisons.isEmpty {
        blocks.append(.folded(summary.comparisonTable(scenario)))
      }
      return (scenario.title, blocks + [.folded(summary.seedsTable(scenario))])
    }
    return .init(id: "results", title: "Results", blocks: Self.folded(parts))
  }

  /// Parts of one kind: of more than two each is folded away under its name.
  static func folded(_ parts: [(name: String, blocks: [ReportPage.Block])]) -> [ReportPage.Block] {
    parts.count > 2 ? parts.map { .part($0.name, $0.blocks) } : parts.flatMap(\.blocks)
  }

  /// What can be told apart from the baseline, in words.
  private func findings(_ scenario: ExperimentSummary.Scenario) -> [String] {
    guard !scenario.comparisons.isEmpty else { return [] }
    return summary.varying(scenario).compactMap { metric in
      let of = scenario.comparisons.filter { $0.metric == metric.name }
      let told = of.filter(\.verdict.isTold)
      guard of.contains(where: { $0.verdict != .equal }) else { return nil }
      guard !told.isEmpty else {
        return "\(metric.title): no scheduler can be told from \(definition.baselineName)."
      }
      let parts = told.map { comparison in
        let words = "\(comparison.scheduler) \(summary.change(comparison, scenario))"
        let judged = metric.better == .none ? "" : ", \(comparison.verdict.rawValue)"
        guard let p = comparison.adjustedP else { return words + judged + " (exact)" }
        return words + judged + " (p \(p < 0.001 ? "" : "= ")\(Figures.pValue(p)))"
      }
      return
        "\(metric.title), against \(definition.baselineName): \(parts.joined(separator: "; "))."
    }
  }

  /// A metric of every scheduler with its interval.
  func levels(
    _ metric: Metric, _ scenario: ExperimentSummary.Scenario, _ index: Int
  ) -> ReportFigure {
    let scale = summary.scale(metric, scenario)
    let groups = scenario.groups.filter {
      $0.estimates[metric.name]?.moments.mean.isFinite == true
    }
    let series = groups.enumerated().map { place, group in
      let estimate = group.estimates[metric.name]
      let mean = estimate?.moments.mean ?? .nan
      let range = estimate?.interval.flatMap {
        $0.range(times: scale.factor, in: metric.possible(about: mean))
      }
      return ReportFigure.Series(
        group.scheduler, style: style(group.scheduler),
        points: [.init(mean * scale.factor, Double(place), xInterval: range)])
    }
    let better =
      metric.better == .none ? "" : " \(metric.better == .lower ? "Less" : "More") is better."
    return ReportFigure(
      id: id("level", metric, index),
      title: Self.capitalised(metric.title) + suffix(scenario),
      caption: """
        Mean over seeds with the \(ExperimentSummary.percent(definition.level)) interval of the mean.\(better)
        """,
      kind: .dots,
      x: .init(scale.unit.isEmpty ? metric.title : "\(metric.title), \(scale.unit)"), y: .init(""),
      categories: groups.map { group in
        // Beside other scenarios nobody has room for the differences.
        let verdict =
          summary.scenarios.count > 1
          ? scenario.comparison(group.scheduler, metric.name)?.verdict : nil
        guard let verdict, verdict.isTold else { return group.scheduler }
        return "\(group.scheduler): \(verdict.rawValue)"
      }, series: series)
  }

  static func capitalised(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }

  private static let shiftCaption = """
    Here and in the next: the Hodges-Lehmann shift with the interval of the same test that the verdict comes \
    from: one that holds 0 tells nothing apart. A dot without interval is exact, or of too few seeds.
    """

  /// The shift of each metric from the baseline, each on its own scale.
  private func differences(
    _ scenario: ExperimentSummary.Scenario, _ index: Int
  ) -> [ReportFigure] {
    return summary.varying(scenario).compactMap { metric in
      let of = scenario.comparisons.filter { $0.metric == metric.name && $0.paired.count > 0 }
      guard of.contains(where: { $0.verdict != .equal }) else { return nil }
      let ends = of.flatMap { comparison in
        [comparison.paired.shift, comparison.interval?.lower, comparison.interval?.upper]
          .compactMap(\.self)
      }
      let scale = metric.differenceScale(upTo: ends.map(abs).max() ?? 0)
      let series = of.enumerated().map { place, comparison in
        ReportFigure.Series(
          "\(comparison.scheduler): \(comparison.verdict.rawValue)",
          style: style(comparison.scheduler),
          points: [
            .init(
              comparison.paired.shift * scale.factor, Double(place),
              xInterval: comparison.interval.flatMap { $0.range(times: scale.factor) })
          ])
      }
      let unit = scale.unit.isEmpty ? "" : ", \(scale.unit)"
      let way =
        metric.better == .none ? "" : metric.better == .lower ? " ← better" : " better →"
      return ReportFigure(
        id: id("difference", metric, index),
        title: Self.capitalised(metric.title) + ", difference from \(definition.baselineName)"
          + suffix(scenario),
        caption: Self.shiftCaption,
        kind: .dots, x: .init("difference\(unit)\(way)"), y: .init(""),
        categories: of.map { "\($0.scheduler): \($0.verdict.rawValue)" }, series: series,
        isSmall: true)
    }
  }
}
