import Foundation
import Quoting
import Simulation

/// A table as rows of text, for whatever writes it down.
public struct ReportTable: Sendable {
  /// A cell.
  public struct Cell: Sendable {
    /// What it says.
    public var text: String
    /// The number behind it; nil where there is none.
    public var value: Double?
    /// Whether it is to stand out: only what is significant may.
    public var isStrong: Bool

    /// A cell.
    public init(_ text: String, value: Double? = nil, isStrong: Bool = false) {
      self.text = text
      self.value = value
      self.isStrong = isStrong
    }
  }

  /// What it is about.
  public var title: String
  /// What has to be known to read it.
  public var note: String
  /// The columns' heads; the first column is text.
  public var header: [String]
  /// Its rows.
  public var rows: [[Cell]]

  /// A table.
  public init(title: String, note: String, header: [String], rows: [[Cell]]) {
    self.title = title
    self.note = note
    self.header = header
    self.rows = rows
  }
}

extension ExperimentSummary {
  /// The metrics of a scenario's tables and charts: those that are not the same number everywhere.
  public func varying(_ scenario: Scenario) -> [Metric] {
    let varying = metrics.filter { !isConstant($0, in: scenario) }
    return scenario.groups.count > 1 && !varying.isEmpty ? varying : metrics
  }

  /// The unit that a scenario's means of a metric are shown in.
  func scale(_ metric: Metric, _ scenario: Scenario) -> (unit: String, factor: Double) {
    let means = scenario.groups.compactMap { $0.estimates[metric.name]?.moments.mean }
      .filter(\.isFinite)
    return metric.scale(upTo: means.map(abs).max() ?? 0)
  }

  /// The headline table of a scenario: a row a scheduler, a column a metric.
  public func headlineTable(_ scenario: Scenario) -> ReportTable {
    let level = Self.percent(results.definition.level)
    let baseline = results.definition.baselineName
    let fixed = scenario.groups.filter(\.isTheSameUnderEverySeed).map(\.scheduler)
    let metrics = varying(scenario)
    let scales = metrics.map { scale($0, scenario) }
    let rows = scenario.groups.map { group in
      [ReportTable.Cell(group.scheduler)]
        + zip(metrics, scales).map { metric, scale in
          let estimate = group.estimates[metric.name]
          let mean = estimate?.moments.mean ?? .nan
          return .init(
            Figures.mean(
              mean * scale.factor,
              halfWidth: estimate?.interval.map { $0.halfWidth * scale.factor }),
            value: mean, isStrong: scenario.winners[metric.name] == group.scheduler)
        } + [.init(String(group.cells.count), value: Double(group.cells.count))]
    }
    let constant = self.metrics.filter { metric in !metrics.contains(metric) }
      .compactMap { metric -> String? in
        let means = scenario.groups.compactMap { $0.estimates[metric.name]?.moments.mean }
        guard let mean = means.first(where: \.isFinite) else { return nil }
        return "\(metric.title) \(metric.readable(mean))"
      }
    var note = """
      Mean ± half-width of the \(level) interval of the mean (Student's t) over seeds; a value without ± \
      was the same under every seed. Bold: the best mean, where the comparison with \(baseline) bears it \
      out (see the table of differences); of equals none is bold.
      """
    if !constant.isEmpty {
      note += " The same everywhere: " + constant.joined(separator: ", ") + "."
    }
    if !fixed.isEmpty { note += " " + fixedNote(fixed, scenario) }
    for warning in warnings(scenario) { note += " " + warning }
    return ReportTable(
      title: scenario.title, note: note,
      header: ["scheduler"]
        + zip(metrics, scales).map { metric, scale in
          scale.unit.isEmpty ? metric.title : "\(metric.title), \(scale.unit)"
        } + ["seeds"], rows: rows)
  }

  /// What is to be said where tasks did not finish: means of waits and completions leave them out.
  /// Nil where all did.
  public func unfinishedNote(_ scenario: Scenario) -> String? {
    let shares = scenario.groups.compactMap { group -> String? in
      func total(_ metric: String) -> Double {
        group.cells.reduce(0) { $0 + ($1.outcome.metrics[metric] ?? 0) }
      }
      let (failed, all) = (total("tasks_failed"), total("tasks_submitted"))
      guard failed > 0 else { return nil }
      return "\(group.scheduler) \(Figures.significant(100 * failed / all, digits: 3)) %"
    }
    guard !shares.isEmpty else { return nil }
    return "Refused, unplaceable or unfinished, and so left out of waits and completion times: "
      + shares.joined(separator: ", ") + " of the tasks."
  }

  /// What is to be said of schedulers that no seed changes.
  func fixedNote(_ names: [String], _ scenario: Scenario) -> String {
    """
    Seeds change nothing for \(names.joined(separator: ", ")): on \(scenario.workload) and \(scenario.cluster) \
    every seed came to the same. Such figures are exact for these inputs, have no interval and need no \
    test; how they would differ on other inputs they do not say.
    """
  }

  /// The others against the baseline in a scenario.
  public func comparisonTable(_ scenario: Scenario) -> ReportTable {
    let level = Self.percent(results.definition.level)
    let rows = scenario.comparisons.map { comparison -> [ReportTable.Cell] in
      let paired = comparison.paired
      let metric = Metric(comparison.metric)
      let ends = comparison.interval.map { [$0.lower, $0.upper] } ?? []
      let greatest = (ends + [paired.meanDifference]).map(abs).max() ?? 0
      let scale: (unit: String, factor: Double) = metric?.differenceScale(upTo: greatest) ?? ("", 1)
      func shown(_ value: Double) -> String {
        Figures.significant(value * scale.factor, digits: 3)
      }
      return [
        .init(comparison.scheduler), .init(metric?.title ?? comparison.metric),
        .init(
          shown(paired.meanDifference) + (scale.unit.isEmpty ? "" : " \(scale.unit)"),
          value: paired.meanDifference, isStrong: comparison.verdict == .better),
        .init(comparison.isExact ? "exact" : shown(paired.shift), value: paired.shift),
        .init(comparison.interval.map { "\(shown($0.lower)) to \(shown($0.upper))" } ?? "–"),
        .init(comparison.adjustedP.map(Figures.pValue) ?? "exact", value: comparison.adjustedP),
        .init(comparison.verdict.rawValue, isStrong: comparison.verdict == .better),
        .init(
          paired.cohensD.map { Figures.significant($0, digits: 2) } ?? "–", value: paired.cohensD),
        .init(
          Figures.significant(paired.test.rankBiserial, digits: 2), value: paired.test.rankBiserial),
        .init(Figures.significant(paired.cliffsDelta, digits: 2), value: paired.cliffsDelta),
        .init(String(paired.count), value: Double(paired.count)),
      ]
    }
    let alpha = String(format: "%.3g", 1 - results.definition.level)
    return ReportTable(
      title: "\(scenario.title): difference from \(results.definition.baselineName)",
      note: """
        Difference: of the means. p: two-sided Wilcoxon signed-rank test on common seeds, Holm-corrected \
        over all comparisons by the metric in the experiment. Shift: the Hodges-Lehmann estimate, and \
        interval: the shifts that the same test does not reject at the same corrected level (\(level) for \
        the whole family), so that it leaves out 0 exactly where p is at most \(alpha). Verdict: better or \
        worse (less or more, where neither is good) where p is at most \(alpha), or exact, and the mean \
        points the same way; less work: the one with the better figure did less work. d: Cohen's d of the \
        differences; r: rank-biserial correlation; δ: Cliff's delta. Exact: neither scheduler came to \
        anything else under another seed, so there is nothing to test.
        """,
      header: [
        "scheduler", "metric", "difference", "shift", "interval", "p", "verdict", "d", "r", "δ",
        "pairs",
      ],
      rows: rows)
  }

  /// Seeds that the wanted precision takes, by scheduler and metric.
  public func seedsTable(_ scenario: Scenario) -> ReportTable {
    let rows = scenario.groups.map { group in
      [ReportTable.Cell(group.scheduler)]
        + metrics.map { metric in
          let needed = group.estimates[metric.name]?.seedsNeeded
          return .init(needed.map(String.init) ?? "–", value: needed.map(Double.init))
        }
    }
    return ReportTable(
      title: "\(scenario.title): seeds for ± \(Self.percent(results.definition.precision))",
      note: """
        So many seeds would bring the interval of the mean to within \
        \(Self.percent(results.definition.precision)) of it, if the spread stays what it was.
        """,
      header: ["scheduler"] + metrics.map(\.title), rows: rows)
  }

  static func percent(_ share: Double) -> String { String(format: "%.4g %%", share * 100) }

  /// Every table of every scenario.
  public var tables: [ReportTable] {
    scenarios.flatMap { scenario in
      [headlineTable(scenario)]
        + (scenario.comparisons.isEmpty ? [] : [comparisonTable(scenario)])
        + [seedsTable(scenario)]
    }
  }

  /// `tables.md`.
  public var markdown: String {
    var text = "# \(Quoting.markdown(results.definition.name))\n\n"
    if !results.definition.question.isEmpty {
      text += Quoting.markdown(results.definition.question) + "\n\n"
    }
    text += answer.map { Quoting.markdown($0) + "\n\n" }.joined()
    for warning in notes {
      text += "Note: \(Quoting.markdown(warning))\n\n"
    }
    text += "What was run:\n\n"
    for (name, words) in whatWasRun {
      text += "- \(Quoting.markdown(name)): \(Quoting.markdown(words))\n"
    }
    text += "\n"
    return text + tables.map(\.markdown).joined(separator: "\n")
  }

  /// `tables.tex`, for `\input`; needs the package booktabs.
  public var latex: String {
    "% Made by Tracemill \(Quoting.visible(results.version)); needs \\usepackage{booktabs}.\n"
      + whatWasRun.map { "% \(Quoting.visible($0.0)): \(Quoting.visible($0.1))\n" }.joined() + "\n"
      + tables.map(\.latex).joined(separator: "\n")
  }
}

extension ReportTable {
  /// A GitHub-flavoured Markdown table with its title and note.
  public var markdown: String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    var text = "## \(Quoting.markdown(title))\n\n" + line(header.map(Quoting.markdown))
    text += line(header.indices.map { $0 == 0 ? "---" : "---:" })
    for row in rows {
      text += line(
        row.map { $0.isStrong ? "**\(Quoting.markdown($0.text))**" : Quoting.markdown($0.text) })
    }
    return text + "\n\(Quoting.markdown(note))\n"
  }

  /// A LaTeX table with caption.
  public var latex: String {
    var text = """
      \\begin{table}
        \\caption{\(Quoting.latex("\(title). \(note)"))}
        \\centering
        \\begin{tabular}{l\(String(repeating: "r", count: max(0, header.count - 1)))}
          \\toprule
          \(header.map(Quoting.latex).joined(separator: " & ")) \\\\
          \\midrule

      """
    for row in rows {
      let cells = row.map { cell in
        let text = Quoting.latex(cell.text)
        return cell.isStrong ? "\\textbf{\(text)}" : text
      }
      text += "    \(cells.joined(separator: " & ")) \\\\\n"
    }
    return text + "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n"
  }
}
