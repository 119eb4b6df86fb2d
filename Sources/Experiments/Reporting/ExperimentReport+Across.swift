import Foundation
import Simulation

extension ExperimentReport {
  /// The comparison over workloads, loads and clusters: a table and a figure for each metric.
  var across: ReportPage.Section {
    guard summary.scenarios.count > 1 else {
      return .init(id: "across", title: "Across scenarios", blocks: [])
    }
    let metrics = summary.metrics.filter { metric in
      summary.scenarios.contains { !summary.isConstant(metric, in: $0) }
    }
    var blocks: [ReportPage.Block] = []
    for (place, metric) in metrics.enumerated() {
      blocks.append(.figure(figure(metric)))
      let table = summary.acrossTable(metric)
      blocks.append(place == 0 ? .table(table) : .folded(table))
    }
    return .init(id: "across", title: "Across scenarios", blocks: blocks)
  }

  /// A metric against what a sweep varies, or by scenario.
  func figure(_ metric: Metric) -> ReportFigure {
    let means = summary.scenarios.flatMap(\.groups).compactMap {
      $0.estimates[metric.name]?.moments.mean
    }.filter(\.isFinite)
    let scale = metric.scale(upTo: Self.median(means.filter { $0 > 0 }))
    let axis = summary.sweepAxis
    let series = definition.schedulers.map(\.name).map { name in
      ReportFigure.Series(
        name, style: style(name), hasMarks: true,
        points: summary.scenarios.enumerated().compactMap { place, scenario in
          guard
            let estimate = scenario.groups.first(where: { $0.scheduler == name })?
              .estimates[metric.name], estimate.moments.mean.isFinite
          else { return nil }
          return .init(
            axis?.values[place] ?? Double(place), estimate.moments.mean * scale.factor,
            yInterval: estimate.interval.flatMap { $0.range(times: scale.factor, atLeast: 0) })
        }.sorted { $0.x < $1.x })
    }
    let positive = means.filter { $0 > 0 }
    let isWide = positive.count == means.count && (positive.max() ?? 1) > 30 * (positive.min() ?? 1)
    let unit = scale.unit.isEmpty ? "" : ", \(scale.unit)"
    return ReportFigure(
      id: id("across", metric, 0), title: "\(metric.title) against \(axis?.key ?? "scenario")",
      caption: """
        Mean over seeds; the band is the \(ExperimentSummary.percent(definition.level)) interval of the mean.
        """,
      kind: axis == nil ? .bars : .lines, x: .init(axis?.key ?? ""),
      y: .init(metric.title + unit, isLogarithmic: axis != nil && isWide),
      categories: axis == nil ? summary.scenarios.map(\.title) : [], series: series)
  }

  private static func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }
}

extension ExperimentSummary {
  /// The one number in which the scenarios differ, and what it is in each: a sweep's key, or the load;
  /// nil where they differ in something else.
  public var sweepAxis: (key: String, values: [Double])? {
    let definition = results.definition
    let keys = definition.sweptKeys
    for key in keys.isEmpty ? ["load"] : keys {
      let values = scenarios.map { scenario -> Double? in
        let cell = CellID(
          workload: scenario.workload, cluster: scenario.cluster, scheduler: "", seed: 0)
        return definition.parameter(key, of: cell)
          ?? (key == "load" ? definition.load(of: scenario.workload) : nil)
      }
      let known = values.compactMap(\.self)
      guard known.count == scenarios.count, Set(known).count == known.count else { continue }
      return (key, known)
    }
    return nil
  }

  /// A metric of every scheduler in every scenario.
  public func acrossTable(_ metric: Metric) -> ReportTable {
    let axis = sweepAxis
    let names = results.definition.schedulers.map(\.name)
    let rows = scenarios.enumerated().map { place, scenario in
      let scale = scale(metric, scenario)
      return [
        ReportTable.Cell(
          axis.map { String(format: "%g", $0.values[place]) } ?? scenario.title)
      ]
        + names.map { name in
          let estimate = scenario.groups.first { $0.scheduler == name }?.estimates[metric.name]
          let mean = estimate?.moments.mean ?? .nan
          let text = Figures.mean(
            mean * scale.factor,
            halfWidth: estimate?.interval.map { $0.halfWidth * scale.factor })
          return .init(
            mean.isFinite && !scale.unit.isEmpty ? "\(text) \(scale.unit)" : text, value: mean,
            isStrong: scenario.winners[metric.name] == name)
        }
    }
    return ReportTable(
      title: "\(metric.title) by \(axis?.key ?? "scenario") and scheduler",
      note: """
        Mean ± half-width of the \(Self.percent(results.definition.level)) interval over seeds. Bold: the \
        best mean, where the comparison with \(results.definition.baselineName) bears it out.
        """,
      header: [axis?.key ?? "scenario"] + names, rows: rows)
  }
}
