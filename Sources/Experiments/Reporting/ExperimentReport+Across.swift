import Foundation
import Simulation

extension ExperimentReport {
  /// The comparison over workloads, loads and clusters: figures and a table for each metric.
  var across: ReportPage.Section {
    guard summary.scenarios.count > 1 else {
      return .init(id: "across", title: "Across scenarios", blocks: [])
    }
    let metrics = summary.metrics.filter { metric in
      summary.scenarios.contains { !summary.isConstant(metric, in: $0) }
    }
    var blocks: [ReportPage.Block] = []
    for (place, metric) in metrics.enumerated() {
      blocks += multiples(figures(metric))
      let table = summary.acrossTable(metric)
      blocks.append(place == 0 ? .table(table) : .folded(table))
    }
    return .init(id: "across", title: "Across scenarios", blocks: blocks)
  }

  /// A metric against what is varied, a figure for each family; of scenarios that stand alone, in one figure
  /// where they have the size of one scale, or else a figure each.
  private func figures(_ metric: Metric) -> [ReportFigure] {
    let families = summary.families
    let lone = families.filter { $0.axis == nil }.flatMap(\.places)
    var figures = families.enumerated().filter { $1.axis != nil }.map { number, family in
      lines(metric, family, number, of: families.count)
    }
    let typical = lone.map { place in
      Self.median(
        summary.scenarios[place].groups.compactMap { $0.estimates[metric.name]?.moments.mean }
          .filter(\.isFinite))
    }
    if lone.count > 1, (typical.max() ?? 0) <= 10 * (typical.min() ?? 0) {
      figures.append(bars(metric, lone))
    } else {
      figures += lone.filter { !summary.isConstant(metric, in: summary.scenarios[$0]) }.map {
        levels(metric, summary.scenarios[$0], $0)
      }
    }
    // One caption for all of them.
    let way =
      metric.better == .none
      ? "" : metric.better == .lower ? " Less is better." : " More is better."
    for place in figures.indices {
      figures[place].caption =
        "Mean over seeds with the \(level) interval of the mean, a band or a whisker.\(way)"
    }
    return figures.filter { !$0.isEmpty }
  }

  private func estimates(
    _ metric: Metric, _ name: String, _ places: [Int]
  ) -> [ExperimentSummary.Estimate?] {
    places.map { place in
      summary.scenarios[place].groups.first { $0.scheduler == name }?.estimates[metric.name]
    }
  }

  /// Means with their intervals, at `x`.
  private func series(
    _ metric: Metric, _ places: [Int], _ x: [Double], _ factor: Double
  ) -> [ReportFigure.Series] {
    definition.schedulers.map(\.name).map { name in
      ReportFigure.Series(
        name, style: style(name), hasMarks: true,
        points: zip(x, estimates(metric, name, places)).compactMap { x, estimate in
          guard let estimate, estimate.moments.mean.isFinite else { return nil }
          let mean = estimate.moments.mean
          return .init(
            x, mean * factor,
            yInterval: estimate.interval.flatMap {
              $0.range(times: factor, in: metric.possible(about: mean))
            })
        }.sorted { $0.x < $1.x })
    }
  }

  private var level: String { ExperimentSummary.percent(definition.level) }

  private func lines(
    _ metric: Metric, _ family: ExperimentSummary.Family, _ number: Int, of families: Int
  ) -> ReportFigure {
    let axis = family.axis ?? ("", [])
    let means = definition.schedulers.flatMap { estimates(metric, $0.name, family.places) }
      .compactMap { $0?.moments.mean }.filter(\.isFinite)
    let positive = means.filter { $0 > 0 }
    let scale = metric.scale(upTo: Self.median(positive))
    let isWide = positive.count == means.count && (positive.max() ?? 1) > 30 * (positive.min() ?? 1)
    return ReportFigure(
      id: id("across", metric, number),
      title: Self.capitalised(metric.title) + " against \(axis.key)"
        + (families > 1 ? ": \(family.title)" : ""),
      caption: "", kind: .lines, x: .init(axis.key),
      y: .init(Self.label(metric, scale.unit), isLogarithmic: isWide),
      series: series(metric, family.places, axis.values, scale.factor))
  }

  private func bars(_ metric: Metric, _ places: [Int]) -> ReportFigure {
    let means = definition.schedulers.flatMap { estimates(metric, $0.name, places) }
      .compactMap { $0?.moments.mean }.filter { $0.isFinite && $0 > 0 }
    let scale = metric.scale(upTo: Self.median(means))
    return ReportFigure(
      id: id("across", metric, summary.families.count),
      title: Self.capitalised(metric.title) + " by scenario",
      caption: "", kind: .bars, x: .init(""), y: .init(Self.label(metric, scale.unit)),
      categories: places.map { summary.scenarios[$0].title },
      series: series(metric, places, places.indices.map(Double.init), scale.factor))
  }

  private static func label(_ metric: Metric, _ unit: String) -> String {
    unit.isEmpty ? metric.title : "\(metric.title), \(unit)"
  }

  private static func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }
}

extension ExperimentSummary {
  /// Scenarios that differ in one number only: a sweep's key, or the load that is asked for.
  struct Family {
    /// What they have in common.
    var title: String
    /// Which of the scenarios.
    var places: [Int]
    /// The number that they differ in, and what it is in each; nil for a scenario that stands alone.
    var axis: (key: String, values: [Double])?
  }

  /// The scenarios by what they have in common.
  var families: [Family] {
    if let families = familiesOfAxes { return families }
    let definition = results.definition
    var order: [WorkloadDefinition] = []
    var members: [[Int]] = []
    for (place, scenario) in scenarios.enumerated() {
      guard let known = definition.workloads.first(where: { $0.name == scenario.workload }) else {
        continue
      }
      var common = known.withoutLoad
      common.name = scenario.cluster
      if definition.load(of: scenario.workload) != nil,
        let family = order.firstIndex(of: common)
      {
        members[family].append(place)
      } else {
        order.append(common)
        members.append([place])
      }
    }
    return zip(order, members).map { common, places in
      let loads = places.compactMap { definition.load(of: scenarios[$0].workload) }
      let isVaried = places.count > 1 && Set(loads).count == places.count
      return Family(
        title: isVaried
          ? "\(common.source.prefix { $0 != ":" }) on \(common.name)" : scenarios[places[0]].title,
        places: places, axis: isVaried ? ("load", loads) : nil)
    }.flatMap { family in
      family.axis != nil || family.places.count == 1
        ? [family]
        : family.places.map { Family(title: scenarios[$0].title, places: [$0], axis: nil) }
    }
  }

  /// The axes that tell scenarios apart, the slowest first, with their value in each as it is written; axes of
  /// schedulers are none.
  var scenarioAxes: [(key: String, values: [String])] {
    let definition = results.definition
    return (definition.varied?.keys ?? []).compactMap { key in
      let values = scenarios.map { definition.setting(key, in: $0) }
      return values.contains { $0 != nil } ? (key, values.map { $0 ?? "–" }) : nil
    }
  }

  /// Scenarios against the first axis of numbers, a family for each of what else they differ in; nil where there
  /// is no such axis.
  private var familiesOfAxes: [Family]? {
    let definition = results.definition
    let axes = scenarioAxes.map(\.key)
    func number(_ key: String, _ scenario: Scenario) -> Double? {
      definition.parameter(
        key,
        of: CellID(workload: scenario.workload, cluster: scenario.cluster, scheduler: "", seed: 0))
    }
    guard let main = axes.first(where: { key in scenarios.allSatisfy { number(key, $0) != nil } })
    else { return nil }
    let others = axes.filter { $0 != main }
    // Names before axes varied them, where there are several.
    func names<Part: VariedPart>(_ parts: [Part]) -> [String: String] {
      let names = Dictionary(parts.map { ($0.name, $0.base ?? $0.name) }) { first, _ in first }
      return Set(names.values).count > 1 ? names : [:]
    }
    let (workloads, clusters) = (names(definition.workloads), names(definition.clusters))
    var order: [String] = []
    var members: [String: [Int]] = [:]
    for (place, scenario) in scenarios.enumerated() {
      let parts = [workloads[scenario.workload], clusters[scenario.cluster]].compactMap(\.self)
      let settings = others.compactMap { key in
        definition.setting(key, in: scenario).map { "\(key) \($0)" }
      }
      let title = ([parts.joined(separator: " on ")] + settings).filter { !$0.isEmpty }
        .joined(separator: ", ")
      if members[title] == nil { order.append(title) }
      members[title, default: []].append(place)
    }
    let families = order.map { title in
      let places = members[title] ?? []
      return Family(
        title: title, places: places,
        axis: (main, places.compactMap { number(main, scenarios[$0]) }))
    }
    // Axes that go together with it leave one scenario to each family: those are no lines.
    let isAxis = families.contains { $0.places.count > 1 }
    guard isAxis, families.allSatisfy({ Set($0.axis?.values ?? []).count == $0.places.count })
    else {
      let values = scenarios.compactMap { number(main, $0) }
      guard Set(values).count == scenarios.count else { return nil }
      return [Family(title: "", places: Array(scenarios.indices), axis: (main, values))]
    }
    return families
  }

  /// A metric of every scheduler in every scenario.
  public func acrossTable(_ metric: Metric) -> ReportTable {
    let families = families
    let axis = families.count == 1 ? families[0].axis : nil
    // Where axes tell scenarios apart, a column for each of them.
    let axes = scenarioAxes
    let isTold =
      axes.count > 1
      && Set(scenarios.indices.map { place in axes.map { $0.values[place] } })
        .count == scenarios.count
    let heads = isTold ? axes.map(\.key) : [axis?.key ?? "scenario"]
    let names = results.definition.schedulers.map(\.name)
    // One unit for all, unless some would be too small in it.
    let sizes = scenarios.flatMap(\.groups).compactMap { $0.estimates[metric.name]?.moments.mean }
      .filter { $0.isFinite && $0 != 0 }.map(abs)
    let common = metric.scale(upTo: sizes.max() ?? 0)
    let isReadable = (sizes.min() ?? 0) * common.factor >= 0.1
    let rows = scenarios.enumerated().map { place, scenario in
      let scale = isReadable ? common : scale(metric, scenario)
      let head =
        isTold
        ? axes.map { $0.values[place] }
        : [axis.map { String(format: "%g", $0.values[place]) } ?? scenario.title]
      return head.map { ReportTable.Cell($0) }
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
      title: "\(metric.title) by \(heads.joined(separator: ", ")) and scheduler",
      note: """
        Mean ± half-width of the \(Self.percent(results.definition.level)) interval over seeds. Bold: the \
        best mean, where the comparison with \(results.definition.baselineName) bears it out; of equals \
        none is bold.
        """,
      header: heads + names, rows: rows)
  }
}

extension WorkloadDefinition {
  /// Itself but for the load that it is asked to be.
  fileprivate var withoutLoad: WorkloadDefinition {
    var other = self
    other.parameters?["load"] = nil
    let parts = source.split(separator: ":", maxSplits: 1)
    if parts.count == 2 {
      let rest = parts[1].split(separator: ",").filter { !$0.hasPrefix("load=") }
      other.source = "\(parts[0]):\(rest.joined(separator: ","))"
    }
    return other
  }
}
