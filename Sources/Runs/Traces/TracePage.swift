import Experiments
import TraceParsing
import Workload

extension TraceSummary {
  /// The trace as a page: what `inspect` prints, with charts of arrivals, sizes and fitted laws.
  public func page(_ overview: WorkloadOverview?) -> ReportPage {
    typealias Cell = ReportTable.Cell
    func count(_ value: Int) -> Cell { Cell(grouped(value), value: Double(value)) }
    let tableRows = tables.map { table -> [Cell] in
      let survey = survey(of: table.name)
      let known = survey?.firstTime.isKnown == true
      return [
        Cell(table.name), count(table.parts), count(survey?.rows ?? report.rows[table.name] ?? 0),
        Cell(known ? span(survey?.firstTime.seconds ?? 0) : "–"),
        Cell(known ? span(survey?.lastTime.seconds ?? 0) : "–"),
      ]
    }
    let shown = Outcome.allCases.filter { outcome in
      classes.values.contains { $0[Int(outcome.rawValue)] > 0 }
    }
    let outcomeRows = classes.sorted { $0.key > $1.key }.map { kind, counts in
      [Cell(kind.name), count(counts.reduce(0, +))] + shown.map { count(counts[Int($0.rawValue)]) }
    }
    let sizeRows = margins.filter { $0.values.count > 0 }.map { margin in
      [Cell(margin.name)] + margin.cells.dropFirst().map { Cell($0) }
    }
    var eventRows: [[Cell]] = []
    for table in tables {
      for event in survey(of: table.name)?.events ?? [] where event.count > 0 {
        eventRows.append([Cell(table.name), Cell(event.name), count(event.count)])
      }
    }
    var sections = [
      ReportPage.Section(
        id: "tables", title: "Tables",
        blocks: [
          .facts([("Trace", path), ("Format", format)]),
          .table(
            ReportTable(
              title: "Tables", note: "",
              header: ["table", "files", "rows", "first time", "last time"], rows: tableRows)),
          .folded(
            ReportTable(
              title: "Events", note: "", header: ["table", "event", "rows"], rows: eventRows)),
          .code(machines?.text ?? ""),
        ]),
      ReportPage.Section(
        id: "tasks", title: "Tasks",
        blocks: [
          .facts(
            [("Tasks", grouped(records)), ("Attempts", grouped(attempts))]
              + zip(Self.flagNames, flags).filter { $1 > 0 }.map { ("Tasks " + $0.1, grouped($1)) }),
          .table(
            ReportTable(
              title: "Tasks by class and outcome", note: "",
              header: ["class", "tasks"] + shown.map(\.name), rows: outcomeRows)),
          .table(
            ReportTable(
              title: "Sizes",
              note: """
                1.0 in a trace whose requests are normalised is taken as \(significant(scale.cores)) \
                cores and \(significant(scale.memory.gibibytes)) GiB.
                """,
              header: ["", "unit", "n", "min", "p10", "p50", "p90", "p99", "max", "mean"],
              rows: sizeRows)),
        ]),
    ]
    if let overview, overview.tasks > 0 {
      sections.append(
        .init(
          id: "shapes", title: "Arrivals and sizes",
          blocks: overview.blocks(name: "All tasks", isSeeded: false)))
    }
    var waits: [ReportPage.Block] = []
    let wait = margins[1]
    if wait.values.count > 0 {
      let tails = CellCurves.tails.prefix { $0 * Double(wait.values.count) >= 1 - 1e-9 }
      let values = wait.values.quantiles(tails.map { 1 - $0 }).map { $0 * wait.scale }
      waits.append(
        .figure(
          ReportFigure(
            id: "wait", title: "Wait time",
            caption: "Share of tasks that waited longer; those that did not wait are off the axis.",
            kind: .lines, x: .init("wait, s", isLogarithmic: true),
            y: .init("share of tasks beyond", isLogarithmic: true),
            series: [
              .init(
                "tasks", style: 0, hasMarks: true, points: zip(values, tails).map { .init($0, $1) })
            ])))
    }
    sections.append(.init(id: "waits", title: "Waiting", blocks: waits))
    let oddRows = oddities.map { [Cell($0), count($1)] }
    sections.append(
      .init(
        id: "odd", title: "To know",
        blocks: [
          .table(
            ReportTable(title: "Oddities", note: "", header: ["what", "count"], rows: oddRows))
        ]))
    return ReportPage(
      title: path.split(separator: "/").last.map(String.init) ?? path,
      subtitle: "A \(format) trace", sections: sections, generator: "Tracemill \(Toolkit.version)"
    )
  }
}
