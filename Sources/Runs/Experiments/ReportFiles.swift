import Experiments
import Foundation
import Logging
import Tables
import TraceParsing

/// The files that an experiment leaves behind, apart from its results file.
public struct ReportFiles {
  /// The results file, as the user names it.
  public let store: String
  /// Where they are written.
  public let folder: String
  private let chartLibrary: String?
  private let logger: Logger?

  /// - Parameters:
  ///   - store: the results file, as the user names it.
  ///   - folder: where the files are written.
  ///   - chartLibrary: Chart.js, if packages do not have it.
  ///   - logger: is told what is not installed.
  public init(store: String, folder: String, chartLibrary: String? = nil, logger: Logger? = nil) {
    self.store = store
    self.folder = folder
    self.chartLibrary = chartLibrary
    self.logger = logger
  }

  /// The results file's folder, or one of its name in the current folder where that cannot be written to.
  package static func folder(beside results: String, logger: Logger?) -> String {
    let folder = URL(fileURLWithPath: results).deletingLastPathComponent().relativePath
    guard access(folder, W_OK) != 0 else { return folder }
    let elsewhere = URL(fileURLWithPath: folder).lastPathComponent + "-report"
    logger?.warning(
      "\(folder) cannot be written to: the report goes to \(elsewhere); -o says where else")
    return elsewhere
  }

  /// Writes the files unless `writes` is false, and returns what is printed: results.json, or the headline tables
  /// for people with the paths that were written.
  package func answer(
    _ summary: ExperimentSummary, writes: Bool = true, json: Bool, strong: (String) -> String
  ) throws -> String {
    let written = writes ? try write(summary) : []
    return json
      ? summary.json(source: store).text(isIndented: true) + "\n"
      : summary.text(strong) + written.map { "wrote \($0)\n" }.joined()
  }

  /// Writes what the experiment asks for; returns the paths.
  public func write(_ summary: ExperimentSummary) throws -> [String] {
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
      case .csv:
        written.append(try cells(summary, "cells.csv"))
        written.append(try waits(summary, "waits.csv"))
      case .parquet:
        written.append(try cells(summary, "cells.parquet"))
        written.append(try waits(summary, "waits.parquet"))
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
      let page = ExperimentReport(summary, source: store).page
      let place = folder + "/figures"
      // Titles name the scenario only where there are several.
      let scope = summary.scenarios.count == 1 ? [summary.scenarios[0].title + "."] : []
      let drawn = try PageFiles.draw(
        page.figures, notes: scope + page.notices, into: place, formats: formats)
      if !drawn { logger?.warning("gnuplot is not installed: \(place) has scripts only") }
      written.append(place)
    }
    return written
  }

  /// The waits of every cell's groups of tasks, a row each.
  private func waits(_ summary: ExperimentSummary, _ name: String) throws -> String {
    struct Row: Sendable {
      var cell: CellID
      var by: String
      var group: WaitGroup
    }
    let path = folder + "/" + name
    let definition = summary.results.definition
    let rows = summary.results.cells.flatMap { record in
      record.waits.map { Row(cell: record.cell, by: $0.by, group: $0.group) }
    }
    func label(
      _ name: String, _ names: [String], _ get: @escaping @Sendable (borrowing Row) -> String
    ) -> TableColumn<Row> {
      let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
      return TableColumn(name, .label(names, { places[get($0)] ?? 0 }))
    }
    let columns: [TableColumn<Row>] = [
      label("workload", definition.workloads.map(\.name)) { $0.cell.workload },
      label("cluster", definition.clusters.map(\.name)) { $0.cell.cluster },
      label("scheduler", definition.schedulers.map(\.name)) { $0.cell.scheduler },
      TableColumn("seed", .integer { Int64(clamping: $0.cell.seed) }),
      label("by", Set(rows.map(\.by)).sorted()) { $0.by },
      label("group", Set(rows.map(\.group.name)).sorted()) { $0.group.name },
      TableColumn("tasks", .integer { Int64($0.group.count) }),
      TableColumn("wait_mean_s", .number { $0.group.mean }),
    ]
    let writer = try TableFileKind(path: path).writer(path: path, columns: columns)
    for row in rows { try writer.write(row) }
    try writer.finish()
    return path
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
    columns += definition.axisColumns(records)
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
