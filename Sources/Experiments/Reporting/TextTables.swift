import Foundation
import Quoting

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
  /// The headline table of a scenario: a row a scheduler, a column a metric.
  public func headlineTable(_ scenario: Scenario) -> ReportTable {
    let level = Self.percent(results.definition.level)
    let fixed = scenario.groups.filter(\.isTheSameUnderEverySeed).map(\.scheduler)
    let rows = scenario.groups.map { group in
      [ReportTable.Cell(group.scheduler)]
        + metrics.map { metric in
          let estimate = group.estimates[metric.name]
          let mean = estimate?.moments.mean ?? .nan
          return .init(
            Figures.mean(mean, halfWidth: estimate?.interval?.halfWidth), value: mean,
            isStrong: scenario.winners[metric.name] == group.scheduler)
        } + [.init(String(group.cells.count), value: Double(group.cells.count))]
    }
    return ReportTable(
      title: scenario.title,
      note: """
        Mean ± half-width of the \(level) interval (Student's t) over seeds. Bold: better than every \
        other scheduler by the signed-rank test on common seeds, Holm-corrected over all pairs. A value \
        without ± was the same under every seed.
        """ + (fixed.isEmpty ? "" : " " + Self.fixedNote(fixed, scenario))
          + (unfinishedNote(scenario).map { " " + $0 } ?? ""),
      header: ["scheduler"] + metrics.map(\.heading) + ["seeds"], rows: rows)
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
  static func fixedNote(_ names: [String], _ scenario: Scenario) -> String {
    """
    Seeds change nothing for \(names.joined(separator: ", ")): nothing is drawn in \(scenario.workload) or \
    \(scenario.cluster), and nothing is left to chance in the scheduler. Its figures are exact for these \
    inputs, have no interval and need no test; how they would differ on other inputs they do not say.
    """
  }

  /// The others against the baseline in a scenario.
  public func comparisonTable(_ scenario: Scenario) -> ReportTable {
    let level = Self.percent(results.definition.level)
    let rows = scenario.comparisons.map { comparison -> [ReportTable.Cell] in
      let paired = comparison.paired
      let interval = comparison.interval.map {
        "\(Figures.significant($0.lower, digits: 3)) to \(Figures.significant($0.upper, digits: 3))"
      }
      return [
        .init(comparison.scheduler), .init(Metric(comparison.metric)?.heading ?? comparison.metric),
        .init(
          Figures.significant(paired.meanDifference, digits: 3), value: paired.meanDifference,
          isStrong: comparison.isSignificant),
        .init(interval ?? "–"),
        .init(
          comparison.adjustedP.map(Figures.pValue) ?? "exact", value: comparison.adjustedP,
          isStrong: comparison.isSignificant),
        .init(
          paired.cohensD.map { Figures.significant($0, digits: 2) } ?? "–", value: paired.cohensD),
        .init(
          Figures.significant(paired.test.rankBiserial, digits: 2), value: paired.test.rankBiserial),
        .init(Figures.significant(paired.cliffsDelta, digits: 2), value: paired.cliffsDelta),
        .init(String(paired.count), value: Double(paired.count)),
      ]
    }
    return ReportTable(
      title: "\(scenario.title): difference from \(results.definition.baselineName)",
      note: """
        Mean of paired differences with its \(level) interval; p of the two-sided Wilcoxon signed-rank \
        test, Holm-corrected over all comparisons by the metric; d: Cohen's d of the differences; r: \
        rank-biserial correlation; δ: Cliff's delta. Bold: significant at \
        \(String(format: "%.3g", 1 - results.definition.level)). Exact: neither scheduler leaves anything to \
        the seed, so there is nothing to test.
        """,
      header: ["scheduler", "metric", "difference", "interval", "p", "d", "r", "δ", "pairs"],
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
    return text + tables.map(\.markdown).joined(separator: "\n")
  }

  /// `tables.tex`, for `\input`; needs the package booktabs.
  public var latex: String {
    "% Made by Tracemill \(Quoting.visible(results.version)); needs \\usepackage{booktabs}.\n\n"
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
