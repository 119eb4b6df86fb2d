import Experiments
import TraceParsing
import Workload

extension TraceSummary {
  /// The trace as a page: what `inspect` prints, with charts of arrivals, sizes and fitted laws.
  ///
  /// - Parameters:
  ///   - overview: distributions and fitted laws of its tasks.
  ///   - activity: its hours, users and machines.
  public func page(
    _ overview: WorkloadOverview?, activity: TraceActivity? = nil
  ) -> ReportPage {
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
      [Cell(margin.name), Cell(margin.unit)]
        + margin.cells.dropFirst(2).map { Cell($0, value: Double($0.filter { $0 != "," }) ?? .nan) }
    }
    var eventRows: [[Cell]] = []
    for table in tables {
      for event in survey(of: table.name)?.events ?? [] where event.count > 0 {
        eventRows.append([Cell(table.name), Cell(event.name), count(event.count)])
      }
    }
    var sections = [
      ReportPage.Section(
        id: "answer", title: "At a glance", blocks: [.lead(sentence), .notices(missing)]),
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
          .table(
            ReportTable(
              title: "Machines at the start", note: "", header: ["cores", "GiB", "machines"],
              rows: (machines?.kinds ?? []).map { kind in
                [
                  Cell(kind.cores.map { significant($0) } ?? "–", value: kind.cores),
                  Cell(kind.memory.map { significant($0) } ?? "–", value: kind.memory),
                  count(kind.machines),
                ]
              })),
        ]),
      ReportPage.Section(
        id: "tasks", title: "Tasks",
        blocks: [
          .facts(
            [
              ("\(unit.prefix(1).uppercased())\(unit.dropFirst())", grouped(records)),
              ("Attempts", grouped(attempts)),
            ]
              + zip(Self.flagNames, flags).filter { $1 > 0 }.map {
                ("Of them " + $0.1, grouped($1))
              }),
          .table(
            ReportTable(
              title: "\(unit.prefix(1).uppercased())\(unit.dropFirst()) by class and outcome",
              note: "",
              header: ["class", unit] + shown.map(\.name), rows: outcomeRows)),
          .table(
            ReportTable(
              title: "Sizes",
              note: isNormalised
                ? "1.0 in the trace is taken as \(significant(scale.cores)) cores and "
                  + "\(significant(scale.memory.gibibytes)) GiB."
                : "",
              header: ["", "unit", "n", "min", "p10", "p50", "p90", "p99", "max", "mean"],
              rows: sizeRows)),
        ]),
    ]
    if let overview, overview.tasks > 0 {
      sections.append(
        .init(
          id: "shapes", title: "Arrivals and sizes",
          blocks: overview.blocks(name: "All \(unit)", isSeeded: false, noun: unit)))
    }
    let steps = use.steps
    if steps.count > 1 {
      let scale = Figures.scale("s", upTo: Double(steps.count) * use.width)
      sections.append(
        .init(
          id: "use", title: "Use over time",
          blocks: [
            .figure(
              ReportFigure(
                id: "use", title: "Cores that tasks held",
                caption:
                  "By their last attempts, as the trace tells it; what was evicted is not counted."
                  + (useNote.map { " " + $0.prefix(1).uppercased() + $0.dropFirst() + "." } ?? ""),
                kind: .lines, x: .init("time since the first start, \(scale.unit)"),
                y: .init("cores"),
                series: [
                  .init(
                    "cores", style: 0,
                    points: steps.enumerated().map {
                      .init((Double($0) + 0.5) * use.width * scale.factor, $1)
                    })
                ]))
          ]))
    }
    var waits: [ReportPage.Block] = []
    let wait = margins[1]
    if wait.values.count > 0 {
      waits.append(
        .figure(
          ReportFigure(
            id: "wait", title: "Wait time",
            caption: """
              Share of \(unit) that waited at least so long; those that did not wait are off the axis.
              """,
            kind: .lines, x: .init("wait, s", isLogarithmic: true),
            y: .init("share of \(unit) at least as long", isLogarithmic: true),
            series: [
              .init(unit, style: 0, hasMarks: true, points: wait.values.curve(scale: wait.scale))
            ])))
    }
    sections.append(.init(id: "waits", title: "Waiting", blocks: waits))
    let users = users
    sections +=
      activity?.sections(unit: unit) { user in users?[user] ?? "" } ?? []
    let oddRows = oddities.map { [Cell($0), count($1)] }
    sections.append(
      .init(
        id: "odd", title: "To know",
        blocks: [
          .table(
            ReportTable(title: "Oddities", note: "", header: ["what", "count"], rows: oddRows))
        ] + (notes.isEmpty ? [] : [.list(notes.texts)])))
    return ReportPage(
      title: path.split(separator: "/").last.map(String.init) ?? path,
      subtitle: "A trace of \(grouped(records)) \(unit), read as \(format)", sections: sections,
      generator: "Tracemill \(Toolkit.version)"
    )
  }

  /// What the rows are of.
  package var unit: String {
    report.rows["job_events"] != nil && report.rows["task_events"] == nil ? "jobs" : "tasks"
  }

  /// What, how many, how long.
  private var sentence: String {
    let all = Double(max(1, records))
    let outcomes = Outcome.allCases.map { outcome in
      (outcome.name, classes.values.reduce(0) { $0 + $1[Int(outcome.rawValue)] })
    }.filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }
    var text = counted(records, String(unit.dropLast()))
    if let arrivalWords { text += " (\(arrivalWords))" }
    if !outcomes.isEmpty {
      text +=
        ": "
        + outcomes.prefix(3).map { "\(percent(Double($0.1) / all)) \($0.0)" }
        .joined(separator: ", ")
    }
    let run = margins[0]
    if run.values.count > 0 {
      text += ". Half of those that ended ran for less than "
      text += span(run.values.quantile(0.5) * run.scale)
      if let limit = run.productLimit, let median = limit.median {
        text += "; with the \(grouped(run.cutOff)) cut off counted (Kaplan-Meier), \(span(median))"
      }
    }
    return text + "."
  }

  /// What is not there.
  private var missing: [String] {
    var lines: [String] = []
    for table in tables where !table.missing.isEmpty {
      lines.append(
        "\(table.name): \(grouped(table.missingCount)) parts are missing between the others.")
    }
    for (margin, what) in [(1, "waits"), (2, "CPU requests"), (3, "memory requests")]
    where records > 0 && margins[margin].values.count == 0 {
      lines.append("No \(what): the table does not tell.")
    }
    if classes.count == 1, classes.keys.first == .unknown {
      lines.append("No priorities, and so no classes.")
    }
    return lines
  }
}
