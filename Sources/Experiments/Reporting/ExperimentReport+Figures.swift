import Foundation
import Simulation
import Workload

extension ExperimentReport {
  var distributions: ReportPage.Section {
    let kinds = [
      ("wait", "Waiting time", "s"), ("completion", "Completion time", "s"),
      ("bounded_slowdown", "Bounded slowdown", ""),
    ]
    let blocks = kinds.flatMap { name, title, unit in
      multiples(summary.scenarios.enumerated().map { tail($1, $0, name, title, unit) })
    }
    return .init(id: "distributions", title: "Distributions", blocks: blocks)
  }

  /// The share of tasks beyond a value: of the tasks of all seeds together, with a band from the seed
  /// that has the least to the one that has the most.
  private func tail(
    _ scenario: ExperimentSummary.Scenario, _ index: Int, _ name: String, _ title: String,
    _ unit: String
  ) -> ReportFigure {
    let series = scenario.groups.map { group in
      ReportFigure.Series(
        group.scheduler, style: style(group.scheduler),
        points: Self.pooled(group.cells.compactMap { $0.outcome.curves.tails[name] }))
    }
    let label = title.lowercased()
    return ReportFigure(
      id: id("ccdf-" + name.replacingOccurrences(of: "_", with: "-"), index),
      title: title + suffix(scenario),
      caption: """
        Share of the tasks of all seeds that have more than a value; the band reaches from the seed with \
        the least share to the one with the most. Tasks at 0 cannot be shown on the logarithmic axis: a curve \
        begins at the share that is above 0.
        """,
      kind: .lines, x: .init(unit.isEmpty ? label : "\(label), \(unit)", isLogarithmic: true),
      y: .init("share of tasks beyond", isLogarithmic: true), series: series)
  }

  /// Tails of several runs as one: the share of all their tasks beyond each edge.
  static func pooled(_ tails: [CellCurves.Tail]) -> [ReportFigure.Point] {
    let tails = tails.filter { $0.count > 0 }
    let all = tails.reduce(0) { $0 + $1.count }
    guard let first = tails.map(\.first).min(),
      let last = tails.map({ $0.first + $0.beyond.count }).max()
    else { return [] }
    return (max(0, first - 1)..<min(last, CellCurves.edges.count)).map { place in
      let shares = tails.map { Double($0[place]) / Double($0.count) }
      let least = shares.min() ?? 0
      let most = shares.max() ?? 0
      return ReportFigure.Point(
        CellCurves.edges[place],
        Double(tails.reduce(0) { $0 + $1[place] }) / Double(all),
        yInterval: least < most ? least...most : nil)
    }
  }

  var usage: ReportPage.Section {
    let kinds: [(String, String, String, Double, KeyPath<CellCurves.Series, [Double]>)] = [
      ("cpu", "CPU in use", "share of CPU, %", 100, \.cpu),
      ("memory", "Memory in use", "share of memory, %", 100, \.memory),
      ("waiting", "Tasks waiting", "tasks waiting", 1, \.waiting),
    ]
    let blocks = kinds.flatMap { name, title, label, factor, value in
      multiples(
        summary.scenarios.enumerated().compactMap {
          use($1, $0, name, title, label, factor, value)
        })
    }
    return .init(id: "use", title: "Utilisation and queue over time", blocks: blocks)
  }

  /// A share or the queue over time, mean over seeds; nil where it is the same all the time.
  private func use(
    _ scenario: ExperimentSummary.Scenario, _ index: Int, _ name: String, _ title: String,
    _ label: String, _ factor: Double, _ value: KeyPath<CellCurves.Series, [Double]>
  ) -> ReportFigure? {
    let curves = scenario.groups.flatMap(\.cells).map(\.outcome.curves)
    let start = curves.compactMap(\.series.start.first).min() ?? 0
    let end =
      curves.compactMap { curves -> Double? in
        guard let start = curves.series.start.last, let length = curves.series.length.last
        else { return nil }
        return start + length
      }.max() ?? 0
    let submitted = curves.compactMap(\.lastSubmit).max()
    // What follows the last submission is shown as far as a third of what came before it.
    let shown = submitted.map { min(end, $0 + ($0 - start) / 3) } ?? end
    let scale = Figures.scale("s", upTo: shown - start)
    let series = scenario.groups.map { group in
      let average = Self.average(
        group.cells.map(\.outcome.curves.series), value, from: start, to: shown)
      return ReportFigure.Series(
        group.scheduler, style: style(group.scheduler),
        points: average.map { .init(($0.time - start) * scale.factor, $0.value * factor) })
    }
    let values = series.flatMap(\.points).map(\.y)
    guard values.contains(where: { $0 != values[0] }) else { return nil }
    let drain = submitted.map {
      let begin = ($0 - start) * scale.factor
      return begin...max(begin, (shown - start) * scale.factor)
    }
    return ReportFigure(
      id: id("use-" + name, index), title: title + suffix(scenario),
      caption: """
        Mean over seeds; a run that has ended counts as empty. Shaded: nothing is submitted any more; the \
        drain is shown as far as a third of the time before it.
        """, kind: .lines,
      x: .init("time, \(scale.unit)"), y: .init(label), series: series,
      shaded: drain.map { $0.lowerBound < $0.upperBound ? [$0] : [] } ?? [])
  }

  /// Series of several runs averaged over 120 steps of equal length.
  static func average(
    _ series: [CellCurves.Series], _ value: KeyPath<CellCurves.Series, [Double]>,
    from begin: Double, to end: Double
  ) -> [(time: Double, value: Double)] {
    let steps = 120
    let width = (end - begin) / Double(steps)
    guard width > 0, !series.isEmpty else { return [] }
    var sums = Array(repeating: 0.0, count: steps)
    for one in series {
      let values = one[keyPath: value]
      for (place, absolute) in one.start.enumerated() {
        let start = absolute - begin
        let stop = start + one.length[place]
        guard stop > 0, start < end - begin else { continue }
        var step = Int(min(Double(steps - 1), max(0, start / width)))
        while step < steps, Double(step) * width < stop {
          let overlap = min(stop, Double(step + 1) * width) - max(start, Double(step) * width)
          if overlap > 0 { sums[step] += values[place] * overlap }
          step += 1
        }
      }
    }
    return sums.enumerated().map {
      (begin + (Double($0.offset) + 0.5) * width, $0.element / width / Double(series.count))
    }
  }

  var energy: ReportPage.Section {
    var blocks: [ReportPage.Block] = []
    for (index, scenario) in summary.scenarios.enumerated() {
      func estimate(_ group: ExperimentSummary.Group, _ name: String) -> (
        Double, ClosedRange<Double>?
      ) {
        let values = group.cells.compactMap { $0.outcome.metrics[name] }.filter(\.isFinite)
        let interval = Self.interval(values, level: definition.level)
        let mean = Moments(values).mean
        let possible = Metric.catalogue.first { $0.name == name }?.possible(about: mean)
        return (mean, interval.flatMap { $0.range(in: possible ?? 0 ... .infinity) })
      }
      let points = scenario.groups.map { group in
        let (energy, met) = (estimate(group, "energy_kwh"), estimate(group, "deadlines_met"))
        return (
          group.scheduler,
          ReportFigure.Point(energy.0, met.0, yInterval: met.1, xInterval: energy.1)
        )
      }
      // Nothing to weigh where either is the same for all.
      guard Set(points.map(\.1.x)).count > 1, Set(points.map(\.1.y)).count > 1,
        points.allSatisfy({ $0.1.x.isFinite && $0.1.y.isFinite })
      else { continue }
      var series = points.map { name, point in
        ReportFigure.Series(name, style: style(name), points: [point])
      }
      let front = Self.front(points.map(\.1))
      if front.count > 1 {
        series.append(
          ReportFigure.Series(
            "Pareto front", style: 8, isDashed: true, points: front.map { .init($0.x, $0.y) }))
      }
      blocks.append(
        .figure(
          ReportFigure(
            id: id("pareto", index), title: "Energy against deadlines met" + suffix(scenario),
            caption: """
              Means over seeds with \(ExperimentSummary.percent(definition.level)) intervals. Up and to \
              the left is better; on the front, one can be bettered only at the other's cost.
              """,
            kind: .scatter, x: .init("energy, kWh"), y: .init("deadlines met, share"),
            series: series)))
    }
    return .init(id: "energy", title: "Energy and service", blocks: blocks)
  }

  /// The interval of a mean; nil where all values are equal.
  private static func interval(_ values: [Double], level: Double) -> ConfidenceInterval? {
    Moments(values).variance > 0 ? .t(values, level: level) : nil
  }

  /// Points that no other betters in both: less on x, more on y.
  static func front(_ points: [ReportFigure.Point]) -> [ReportFigure.Point] {
    var front: [ReportFigure.Point] = []
    for point in points.sorted(by: { ($0.x, -$0.y) < ($1.x, -$1.y) })
    where point.y > front.last?.y ?? -.infinity {
      front.append(point)
    }
    return front
  }

  /// The names that tasks are told apart by: the workload's own, or those of priorities.
  private static func classNames(_ cells: [CellRecord]) -> [String] {
    let own = cells.first?.outcome.curves.classNames ?? []
    return (own.isEmpty ? PriorityClass.allCases.map(\.name) : own).filter { kind in
      cells.contains { $0.outcome.metrics["tasks_submitted.\(kind)"] != nil }
    }
  }

  /// What is told of classes, with intervals.
  var classFigures: [ReportPage.Block] {
    let metrics = [
      ("wait_mean_s", "Mean wait by class"), ("bounded_slowdown_mean", "Slowdown by class"),
      ("deadlines_met", "Deadlines met by class"),
    ]
    return metrics.flatMap { name, title in
      multiples(
        summary.scenarios.enumerated().compactMap { index, scenario in
          Metric(name).flatMap { classFigure($0, title, scenario, index) }
        })
    }
  }

  private func classFigure(
    _ metric: Metric, _ title: String, _ scenario: ExperimentSummary.Scenario, _ index: Int
  ) -> ReportFigure? {
    let kinds = Self.classNames(scenario.groups.flatMap(\.cells))
    guard kinds.count > 1 else { return nil }
    func found(_ group: ExperimentSummary.Group, _ kind: String) -> [Double] {
      group.cells.compactMap { $0.outcome.metrics["\(metric.name).\(kind)"] }.filter(\.isFinite)
    }
    let all = scenario.groups.flatMap { group in kinds.flatMap { found(group, $0) } }
    guard all.contains(where: { $0 != all[0] }) else { return nil }
    let scale = metric.scale(upTo: all.max() ?? 0)
    let series = scenario.groups.map { group in
      ReportFigure.Series(
        group.scheduler, style: style(group.scheduler),
        points: kinds.enumerated().compactMap { place, kind in
          let values = found(group, kind)
          guard !values.isEmpty else { return nil }
          let interval = Self.interval(values, level: definition.level)
          let mean = Moments(values).mean
          return .init(
            Double(place), mean * scale.factor,
            yInterval: interval.flatMap {
              $0.range(times: scale.factor, in: metric.possible(about: mean))
            })
        })
    }
    return ReportFigure(
      id: id("class-" + metric.name.replacingOccurrences(of: "_", with: "-"), index),
      title: title + suffix(scenario),
      caption: "Mean over seeds with \(ExperimentSummary.percent(definition.level)) intervals.",
      kind: .bars, x: .init(""),
      y: .init(metric.title + (scale.unit.isEmpty ? "" : ", \(scale.unit)")),
      categories: kinds, series: series)
  }

  var learning: ReportPage.Section {
    let curves = definition.schedulers.compactMap { scheduler in
      results.learning[scheduler.name].map { (scheduler.name, $0) }
    }
    let series = curves.flatMap { name, curve in
      [
        ReportFigure.Series(
          name, style: style(name), points: curve.exploring.map { .init($0.decisions, $0.reward) }),
        ReportFigure.Series(
          "\(name), validation", style: style(name), hasMarks: true,
          points: curve.validation.map { .init($0.decisions, $0.reward) }),
      ].filter { !$0.points.isEmpty }
    }
    guard !series.isEmpty else { return .init(id: "learning", title: "Learning", blocks: []) }
    return .init(
      id: "learning", title: "Learning",
      blocks: [
        .figure(
          ReportFigure(
            id: "learning-curve", title: "Learning curves",
            caption: """
              As recorded in training: mean reward of an episode while agents explore, and as they act in \
              use, on seeds kept for validation. Rewards of different scenarios do not compare.
              """,
            kind: .lines, x: .init("decisions"), y: .init("reward"), series: series))
      ])
  }

  var workloads: ReportPage.Section {
    let parts = definition.workloads.enumerated().compactMap { index, workload in
      results.overviews[workload.name].map { overview in
        (
          workload.name,
          overview.blocks(
            name: workload.name, index: definition.workloads.count > 1 ? index + 1 : nil)
        )
      }
    }
    return .init(id: "workloads", title: "Workloads", blocks: Self.folded(parts))
  }

  var provenance: ReportPage.Section {
    let cells = results.cells
    var blocks: [ReportPage.Block] = [
      .facts([
        ("Begun", timestamp(results.began)), ("Version", results.version),
        ("Results file", source),
        (
          "Processor time", Figures.significant(cells.reduce(0) { $0 + $1.outcome.cpu }) + " s"
        ),
      ]),
      .table(
        ReportTable(
          title: "Processes", note: "",
          header: ["host", "process", "Tracemill", "system", "cores", "begun", "runs"],
          rows: results.processes.map {
            [
              .init($0.host), .init(String($0.pid)), .init($0.version), .init($0.system),
              .init(String($0.cores)), .init(timestamp($0.began)), .init(String($0.cells)),
            ]
          })),
      .table(
        ReportTable(
          title: "Inputs", note: "", header: ["file", "bytes", "SHA-256"],
          rows: results.inputs.map {
            [.init($0.path), .init(String($0.bytes)), .init($0.sha256)]
          })),
    ]
    let shown = 2000
    blocks.append(
      .folded(
        ReportTable(
          title: cells.count > shown ? "The first \(shown) runs" : "All runs",
          note: "Each command runs its run again, alone, and compares it with the results file.",
          header: ["run"] + summary.metrics.map(\.heading) + ["command"],
          rows: cells.prefix(shown).map { record in
            [.init(record.cell.description)]
              + summary.metrics.map { metric in
                let value = record.outcome.metrics[metric.name] ?? .nan
                return .init(Figures.significant(value, digits: 6), value: value)
              } + [.init(summary.command(record.cell, source: source))]
          })))
    return .init(id: "provenance", title: "Provenance", blocks: blocks)
  }
}
