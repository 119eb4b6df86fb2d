import Foundation
import Simulation

/// What an experiment answers, in sentences made of the same verdicts as its tables.
extension ExperimentSummary {
  /// The first metric of the tables that says who is better and is not the same for all; nil if there
  /// is none.
  public var leading: Metric? {
    let judged = metrics.filter { $0.better != .none }
    return judged.first { metric in scenarios.contains { !isConstant(metric, in: $0) } }
      ?? judged.first
  }

  /// Whether a metric is the same number under every seed of every scheduler, or no number at all.
  public func isConstant(_ metric: Metric, in scenario: Scenario) -> Bool {
    let values = scenario.groups.flatMap(\.cells).compactMap { $0.outcome.metrics[metric.name] }
      .filter(\.isFinite)
    guard let first = values.first else { return true }
    return values.allSatisfy { PairedComparison.difference($0, first) == 0 }
  }

  /// The answer in a sentence or two: who, by how much, how sure, at what price. One for each scenario.
  public var answer: [String] {
    guard let metric = leading else { return [] }
    if let along = alongTheAxes(metric) { return along }
    let sentences = scenarios.map { scenario in
      (scenarios.count > 1 ? "\(scenario.title): " : "") + answer(metric, scenario)
        + remainder(metric, scenario)
    }
    guard scenarios.count > 1 else { return sentences }
    return [overall(metric)].compactMap(\.self) + sentences
  }

  /// Of a scheduler that has no other beside it, a sentence for each axis; nil where there is more to say.
  private func alongTheAxes(_ metric: Metric) -> [String]? {
    guard results.definition.schedulers.count == 1, scenarios.count > 1 else { return nil }
    var sentences: [String] = []
    for family in families {
      guard let axis = family.axis else { return nil }
      let means = family.places.map {
        scenarios[$0].groups.first?.estimates[metric.name]?.moments.mean ?? .nan
      }
      let values = zip(axis.values, means).map { value, mean in
        "\(metric.readable(mean, beside: means)) at \(String(format: "%g", value))"
      }
      sentences.append(
        "\(families.count > 1 ? family.title + ": " : "")\(results.definition.baselineName)'s "
          + "\(metric.title) by \(axis.key) is "
          + (values.count > 6 ? "\(values[0]), …, \(values[values.count - 1])" : Self.list(values))
          + ".")
    }
    return sentences
  }

  /// How often each scheduler is better than the baseline.
  private func overall(_ metric: Metric) -> String? {
    let baseline = results.definition.baselineName
    // Whoever has no result anywhere is named in the sentence of each scenario.
    let missing = scenarios.map { Set(withoutResult(metric, $0)) }
    func isMissing(_ name: String) -> Bool { missing.allSatisfy { $0.contains(name) } }
    guard !isMissing(baseline) else { return nil }
    let names = results.definition.schedulers.map(\.name).filter {
      $0 != baseline && !isMissing($0)
    }
    // Those of one count together, the greatest count first.
    func counts(_ verdicts: Set<Verdict>) -> [(count: Int, names: [String])] {
      let counts = names.map { name in
        scenarios.count { verdicts.contains($0.comparison(name, metric.name)?.verdict ?? .equal) }
      }
      return Set(counts).subtracting([0]).sorted(by: >).map { count in
        (count, zip(names, counts).filter { $1 == count }.map(\.0))
      }
    }
    func words(_ judged: String, _ verdict: Verdict) -> [String] {
      counts([verdict]).enumerated().map { place, entry in
        let list = Self.list(entry.names)
        let count = entry.count == scenarios.count ? "all \(entry.count)" : "\(entry.count)"
        guard place == 0 else { return "\(list) in \(count)" }
        return "\(list) \(entry.names.count == 1 ? "is" : "are") \(judged) in \(count)"
      }
    }
    let told = Set(counts([.better, .worse]).flatMap(\.names))
    let untold = names.filter { !told.contains($0) }
    let parts =
      [words("better", .better), words("worse", .worse)].filter { !$0.isEmpty }
      .map { $0.joined(separator: ", ") }
      + (untold.isEmpty ? [] : ["\(Self.list(untold)) cannot be told from it in any"])
    guard !parts.isEmpty else { return nil }
    return "By \(metric.title), against \(baseline), over \(scenarios.count) scenarios: "
      + parts.joined(separator: "; ") + "."
  }

  /// Schedulers that have no figure of a metric in a scenario: all their cells failed, or it does not exist there.
  private func withoutResult(_ metric: Metric, _ scenario: Scenario) -> [String] {
    results.definition.schedulers.map(\.name).filter { name in
      let group = scenario.groups.first { $0.scheduler == name }
      return group?.estimates[metric.name]?.moments.mean.isFinite != true
    }
  }

  /// Whom the answer is not about.
  private func remainder(_ metric: Metric, _ scenario: Scenario) -> String {
    let missing = withoutResult(metric, scenario)
    guard !missing.isEmpty else { return "" }
    return " \(Self.list(missing)) \(missing.count == 1 ? "has" : "have") no result."
  }

  /// `a`, `a and b`, `a, b and c`.
  static func list(_ names: [String]) -> String {
    guard names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
  }

  private func answer(_ metric: Metric, _ scenario: Scenario) -> String {
    let baseline = results.definition.baselineName
    let missing = withoutResult(metric, scenario)
    let judged = missing.isEmpty ? "" : " with a result"
    let of = scenario.comparisons.filter {
      $0.metric == metric.name && !missing.contains($0.scheduler)
    }
    let least = metric.better == .lower ? "least" : "most"
    func mean(_ group: Group) -> Double { group.estimates[metric.name]?.moments.mean ?? .nan }
    func value(_ scheduler: String) -> String {
      let group = scenario.groups.first { $0.scheduler == scheduler }
      return metric.readable(group.map(mean) ?? .nan, beside: scenario.groups.map(mean))
    }
    guard !of.isEmpty, !missing.contains(baseline) else {
      let known = scenario.groups.filter { mean($0).isFinite }
      guard !known.isEmpty else { return "There is no \(metric.title)." }
      return known.map { "\($0.scheduler)'s \(metric.title) is \(value($0.scheduler))" }
        .joined(separator: "; ") + "."
    }
    if let winner = scenario.winners[metric.name] {
      guard winner != baseline, let comparison = scenario.comparison(winner, metric.name) else {
        return "\(baseline) has the \(least) \(metric.title): \(value(baseline)). "
          + "Every other scheduler\(judged) is worse (\(sureness(of)))."
      }
      return "\(winner) has the \(least) \(metric.title): \(value(winner)), where \(baseline) has "
        + "\(value(baseline)): \(change(comparison, scenario)) (\(sureness([comparison]))). "
        + price(of: winner, but: metric, scenario)
    }
    let told = of.filter { $0.verdict.isTold }
    if !told.isEmpty {
      return "Against \(baseline), whose \(metric.title) is \(value(baseline)): "
        + told.map {
          "\($0.scheduler) \(value($0.scheduler)), \(change($0, scenario)) (\(sureness([$0])))"
        }.joined(separator: "; ") + "."
    }
    if of.allSatisfy({ $0.verdict == .equal }) {
      return "Every scheduler\(judged) has the same \(metric.title): \(value(baseline))."
    }
    let isUndecided = of.contains { $0.verdict == .undecided }
    var text =
      isUndecided
      ? "No scheduler's \(metric.title) can be told from \(baseline)'s, which is "
      : "No scheduler is judged against \(baseline), whose \(metric.title) is "
    text += value(baseline) + ": "
    text += of.map { comparison in
      let words =
        switch comparison.verdict {
        case .equal: "the same"
        case .lessWork: "but it did less work, and is not judged"
        default: "(\(sureness([comparison])))"
        }
      return "\(comparison.scheduler) \(value(comparison.scheduler))"
        + (comparison.verdict == .undecided ? " " : ", ") + words
    }.joined(separator: "; ")
    return text + "."
  }

  /// What the winner by one metric costs by the others.
  private func price(of winner: String, but metric: Metric, _ scenario: Scenario) -> String {
    let worse = scenario.comparisons.filter {
      $0.scheduler == winner && $0.metric != metric.name && $0.verdict == .worse
    }
    guard !worse.isEmpty else { return "No other metric of the table is told to be worse." }
    return "The price: "
      + worse.map { comparison in
        "\(Metric(comparison.metric)?.title ?? comparison.metric) \(change(comparison, scenario))"
      }.joined(separator: ", ") + "."
  }

  /// `80 % less`, or by how much where the baseline has 0.
  public func change(_ comparison: Comparison, _ scenario: Scenario) -> String {
    let difference = comparison.paired.meanDifference
    guard difference != 0 else { return "the same" }
    let baseline = scenario.groups.first { $0.scheduler == results.definition.baselineName }
    let mean = baseline?.estimates[comparison.metric]?.moments.mean ?? .nan
    let way = difference < 0 ? "less" : "more"
    let metric = Metric(comparison.metric)
    if metric?.isShare == true {
      return "\(Figures.significant(abs(difference) * 100, digits: 2)) points \(way)"
    }
    let share = abs(difference / mean)
    guard share.isFinite, share < 10 else {
      return "\(metric?.readable(abs(difference)) ?? "") \(way)"
    }
    return "\(Figures.significant(share * 100, digits: 2)) % \(way)"
  }

  /// `p < 0.001, 20 seeds`, or that it is exact.
  private func sureness(_ comparisons: [Comparison]) -> String {
    let tested = comparisons.compactMap(\.adjustedP)
    guard let p = tested.max() else { return "exact: the same under every seed" }
    let pairs = comparisons.filter { !$0.isExact }.map(\.paired.count).min() ?? 0
    let text =
      "p \(p < 0.001 ? "" : "= ")\(Figures.pValue(p)), \(pairs) seed\(pairs == 1 ? "" : "s")"
    guard let needed = seedsToTell, pairs < needed else { return text }
    return text + "; with fewer than \(needed) seeds nothing can be told"
  }

  /// The least number of seeds with which the first of the family of tests could be significant; nil
  /// where nothing is tested.
  var seedsToTell: Int? {
    guard let metric = leading else { return nil }
    let family = scenarios.flatMap(\.comparisons).count { $0.metric == metric.name && !$0.isExact }
    guard family > 0 else { return nil }
    let alpha = 1 - results.definition.level
    return (1...60).first { pow(2, 1 - Double($0)) * Double(family) <= alpha + 1e-12 }
  }

  /// What has to be known before any figures are believed: of each scenario, what holds of several said
  /// once. Where only numbers differ, their least and greatest; ``warnings(_:)`` has each.
  public var notes: [String] {
    var places: [(warning: SaidAlike, scenarios: [String])] = []
    for scenario in scenarios {
      for warning in warnings(scenario) {
        let said = SaidAlike(warning)
        if let place = places.firstIndex(where: { $0.warning.isAlike(said) }) {
          places[place].warning.join(said)
          places[place].scenarios.append(scenario.title)
        } else {
          places.append((said, [scenario.title]))
        }
      }
    }
    return [failureNote].compactMap(\.self)
      + places.map { warning, titles in
        guard scenarios.count > 1 else { return warning.text }
        let all = titles.count == scenarios.count
        return "\(all ? "All \(scenarios.count) scenarios" : Self.list(titles)): \(warning.text)"
      }
  }

  /// Which runs failed; nil where none did.
  private var failureNote: String? {
    let failures = results.failures
    guard let first = failures.first else { return nil }
    let others = failures.count == 1 ? "" : ", and \(Figures.grouped(failures.count - 1)) more"
    let all = Figures.grouped(results.counts.total)
    return "\(Figures.grouped(failures.count)) of \(all) runs failed and "
      + "are in no figure: \(first.cell)\(others): \(first.message)"
  }

  /// What has to be known before a scenario's figures are believed.
  public func warnings(_ scenario: Scenario) -> [String] {
    var warnings: [String] = []
    func names(_ groups: [Group]) -> String { groups.map(\.scheduler).joined(separator: ", ") }
    warnings += notes(scenario).map { $0.text + "." }
    if let note = unfinishedNote(scenario) { warnings.append(note) }
    warnings += loads(scenario)
    let waits = scenario.groups.map { $0.mean("wait_max_s") }
    if !waits.isEmpty, waits.allSatisfy({ $0 == 0 }) {
      warnings.append(
        "Nobody waited under any scheduler: at this load there is nothing to tell apart.")
    }
    let growing = scenario.groups.filter { group in
      group.cells.count(where: \.isQueueGrowing) * 2 > group.cells.count
    }
    if !growing.isEmpty {
      warnings.append(
        """
        The queue was still growing when the last task was submitted (\(names(growing))): waits and \
        completion times are those of this length of run, and longer runs have greater ones.
        """)
    }
    for scheduler in results.definition.schedulers {
      guard let warning = scheduler.warning,
        scenario.groups.contains(where: { $0.scheduler == scheduler.name })
      else { continue }
      warnings.append("\(scheduler.name) \(warning).")
    }
    for comparison in scenario.comparisons where comparison.verdict == .lessWork {
      let title = Metric(comparison.metric)?.title ?? comparison.metric
      warnings.append(
        "\(comparison.scheduler) and \(results.definition.baselineName) did not do the same work: "
          + "the better \(title) is of the one that did less, and is not judged.")
    }
    return warnings
  }

  /// Where another load was reached than was asked for: of the scheduler that reached most, since a load that
  /// is offered and not worked is a scheduler's doing.
  private func loads(_ scenario: Scenario) -> [String] {
    func reached(_ group: Group) -> Double { group.mean("cpu_utilisation") }
    guard
      let best = scenario.groups.filter({ reached($0).isFinite }).max(by: {
        reached($0) < reached($1)
      })
    else { return [] }
    let note = LoadReached(
      asked: best.mean("load_asked"), offered: best.mean("load_offered"),
      placeable: best.mean("load_placeable"), reached: reached(best),
      isGrowing: best.cells.count(where: \.isQueueGrowing) * 2 > best.cells.count
    ).note
    return note.map { [$0.text.prefix(1).uppercased() + $0.text.dropFirst() + "."] } ?? []
  }
}
