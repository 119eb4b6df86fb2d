import Foundation
import Simulation

extension CellCurves {
  /// Waits of all groups of tasks: by tenth of run time, and by class, size and user where these are told.
  var groupsOfTasks: [(by: String, group: WaitGroup)] {
    waitsByLength.enumerated().map { place, tenth in
      (
        "run-time",
        WaitGroup(name: "tenth \(place + 1)", count: tenth.count, mean: tenth.meanWait)
      )
    }
      + ["class", "size", "user"].flatMap { by in (waitGroups[by] ?? []).map { (by, $0) } }
  }
}

extension CellRecord {
  /// Waits of groups of its tasks, for tables: `run-time` (tenths, the shortest first), `class`, `size`,
  /// `user`.
  public var waits: [(by: String, group: WaitGroup)] { outcome.curves.groupsOfTasks }
}

extension ExperimentSummary {
  /// Waits of a group of tasks under a scheduler, of all seeds together.
  public struct WaitRow: Hashable, Sendable {
    /// What tells the groups apart: `run-time`, `class`, `size` or `user`.
    public var by: String
    /// Tasks that started, and their mean wait.
    public var group: WaitGroup
  }

  /// The waits of groups of tasks under a scheduler, of all seeds together: in the order of the first seed.
  public func waits(_ group: Group) -> [WaitRow] {
    var rows: [WaitRow] = []
    var places: [String: Int] = [:]
    for (by, one) in group.cells.flatMap(\.waits) {
      let key = "\(by)/\(one.name)"
      guard let place = places[key] else {
        places[key] = rows.count
        rows.append(WaitRow(by: by, group: one))
        continue
      }
      let known = rows[place].group
      let count = known.count + one.count
      let total = known.mean * Double(known.count) + one.mean * Double(one.count)
      rows[place].group = WaitGroup(name: one.name, count: count, mean: total / Double(count))
    }
    return rows
  }

  /// ``waits(_:)`` for `results.json`.
  func waitsJSON(_ group: Group) -> JSONValue {
    .array(
      waits(group).map { row in
        .object([
          ("by", .string(row.by)), ("group", .string(row.group.name)),
          ("tasks", .integer(row.group.count)), ("wait_mean_s", .number(row.group.mean)),
        ])
      })
  }
}

extension ExperimentReport {
  /// Whom an order of the queue serves, and who pays: waits by tenth of run time, size and user, and what is
  /// told of classes.
  var classes: ReportPage.Section {
    let waits: [(by: String, title: String, caption: String)] = [
      (
        "run-time", "Mean wait by run time",
        """
        Finished tasks of all seeds in ten equal parts by run time, the shortest first. The names are the \
        longest run times of the first seed's parts.
        """
      ),
      ("size", "Mean wait by size", "Tasks of all seeds by the cores that they ask for."),
      ("user", "Mean wait by user", "Tasks of all seeds; the users with the most tasks."),
    ]
    let figures = waits.flatMap { by, title, caption in
      multiples(
        summary.scenarios.enumerated().compactMap { waitFigure($1, $0, by, title, caption) })
    }
    return .init(id: "classes", title: "Who waits", blocks: figures + classFigures)
  }

  /// Nil where nobody waits, or there is one group only.
  private func waitFigure(
    _ scenario: ExperimentSummary.Scenario, _ index: Int, _ by: String, _ title: String,
    _ caption: String
  ) -> ReportFigure? {
    let rows = scenario.groups.map { group in summary.waits(group).filter { $0.by == by } }
    var names = rows.joined().map(\.group.name).uniqued
    if by == "user" { names = Array(names.prefix(12)) }
    let greatest = rows.joined().map(\.group.mean).max() ?? 0
    guard names.count > 1, greatest > 0 else { return nil }
    let scale = Figures.scale("s", upTo: greatest)
    let series = zip(scenario.groups, rows).map { group, rows in
      ReportFigure.Series(
        group.scheduler, style: style(group.scheduler),
        points: rows.compactMap { row in
          names.firstIndex(of: row.group.name).map {
            .init(Double($0), row.group.mean * scale.factor)
          }
        })
    }
    var categories = names
    if by == "run-time",
      let tenths = scenario.groups.first?.cells.first?.outcome.curves.waitsByLength,
      tenths.count == names.count
    {
      categories = tenths.map { "to \(Figures.readable($0.longest, unit: "s"))" }
    }
    return ReportFigure(
      id: id(by == "run-time" ? "wait-by-length" : "wait-by-\(by)", index),
      title: title + suffix(scenario), caption: caption, kind: .bars, x: .init(""),
      y: .init("mean wait, \(scale.unit)"), categories: categories, series: series)
  }
}
