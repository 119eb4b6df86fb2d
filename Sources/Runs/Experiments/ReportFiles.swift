import Experiments
import Foundation
import Logging
import TraceParsing

/// The files that an experiment leaves behind, apart from its results file.
struct ReportFiles {
  /// The results file, as the user names it.
  let store: String
  let folder: String
  let chartLibrary: String?
  let logger: Logger?

  /// Writes what the experiment asks for; returns the paths.
  func write(_ summary: ExperimentSummary) throws -> [String] {
    let kinds = summary.results.definition.outputs
    var written: [String] = []
    func put(_ name: String, _ text: String) throws {
      let file = try OutputFile(path: folder + "/" + name)
      try file.write(text)
      try file.commit()
      written.append(folder + "/" + name)
    }
    for kind in ReportOutput.allCases where kinds.contains(kind) {
      switch kind {
      case .json: try put("results.json", summary.json(source: store).text(isIndented: true) + "\n")
      case .csv: written.append(try cells(summary, "cells.csv"))
      case .parquet: written.append(try cells(summary, "cells.parquet"))
      case .markdown: try put("tables.md", summary.markdown)
      case .latex: try put("tables.tex", summary.latex)
      case .html:
        let library = try PageFiles.chartLibrary(chartLibrary, logger: logger)
        try put(
          "report.html", ExperimentReport(summary, source: store).page.html(chartLibrary: library))
      case .svg, .pdf: continue
      }
    }
    let formats = [ReportOutput.svg, .pdf].filter(kinds.contains).map(\.rawValue)
    if !formats.isEmpty {
      let figures = ExperimentReport(summary, source: store).page.figures
      let place = folder + "/figures"
      let drawn = try PageFiles.draw(figures, into: place, formats: formats)
      if !drawn { logger?.warning("gnuplot is not installed: \(place) has scripts only") }
      written.append(place)
    }
    return written
  }

  /// Every cell with every metric, a row each.
  private func cells(_ summary: ExperimentSummary, _ name: String) throws -> String {
    let path = folder + "/" + name
    let records = summary.results.cells
    let definition = summary.results.definition
    let processes = summary.results.processes.map { "\($0.host):\($0.pid)" }
    func label(
      _ name: String, _ names: [String], _ get: @escaping @Sendable (borrowing CellRecord) -> String
    ) -> TableColumn<CellRecord> {
      let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
      return TableColumn(name, .label(names, { places[get($0)] ?? 0 }))
    }
    var columns: [TableColumn<CellRecord>] = [
      label("workload", definition.workloads.map(\.name)) { $0.cell.workload },
      label("cluster", definition.clusters.map(\.name)) { $0.cell.cluster },
      label("scheduler", definition.schedulers.map(\.name)) { $0.cell.scheduler },
      TableColumn("seed", .integer { Int64(clamping: $0.cell.seed) }),
    ]
    if !processes.isEmpty {
      columns.append(TableColumn("process", .label(processes, { $0.process })))
    }
    columns += [
      TableColumn("wall_s", .number { $0.outcome.wall }),
      TableColumn("cpu_s", .number { $0.outcome.cpu }),
    ]
    for metric in Set(records.flatMap(\.outcome.metrics.keys)).sorted() {
      columns.append(
        TableColumn(
          metric, nullable: true,
          .number { record in
            let value = record.outcome.metrics[metric] ?? .nan
            return value.isFinite ? value : nil
          }))
    }
    let writer = try TableFileKind(path: path).writer(path: path, columns: columns)
    for record in records { try writer.write(record) }
    try writer.finish()
    return path
  }
}

extension ExperimentSummary {
  /// The headline tables for a terminal.
  var text: String {
    var text = ""
    for scenario in scenarios {
      let table = headlineTable(scenario)
      var lines = TextTable(header: table.header.map { $0 })
      for row in table.rows { lines.add(row.map { $0.text + ($0.isStrong ? " *" : "") }) }
      text += Terminal.output.strong(scenario.title) + "\n" + lines.text + "\n"
    }
    guard !text.isEmpty else { return "no finished cells\n" }
    for scenario in scenarios {
      if let note = unfinishedNote(scenario) { text += "\(scenario.title): \(note)\n" }
      let fixed = scenario.groups.filter(\.isTheSameUnderEverySeed).map(\.scheduler)
      guard !fixed.isEmpty else { continue }
      text += "\(scenario.title): the same under every seed: \(fixed.joined(separator: ", "))\n"
    }
    let percent = fixed(results.definition.level * 100, 0)
    text += "mean ± half-width of the \(percent) % interval over seeds"
    if scenarios.contains(where: { !$0.winners.isEmpty }) {
      text += "; * better than every other scheduler (signed-rank test, Holm)"
    }
    return text + "\n"
  }
}
