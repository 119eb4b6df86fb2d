import Experiments

extension ExperimentSummary {
  /// The headline tables for people; `strong` marks titles.
  package func text(_ strong: (String) -> String) -> String {
    guard !scenarios.isEmpty else { return "no finished cells\n" }
    var text = ""
    for scenario in scenarios {
      let table = headlineTable(scenario)
      var lines = TextTable(header: table.header.map { $0 })
      for row in table.rows { lines.add(row.map { $0.text + ($0.isStrong ? " *" : "") }) }
      text += strong(scenario.title) + "\n" + lines.text + "\n"
    }
    if scenarios.count > 1, let metric = leading {
      let table = acrossTable(metric)
      var lines = TextTable(header: table.header)
      for row in table.rows { lines.add(row.map { $0.text + ($0.isStrong ? " *" : "") }) }
      text += strong(table.title) + "\n" + lines.text + "\n"
    }
    text += answer.map { $0 + "\n" }.joined() + "\n"
    for scenario in scenarios {
      for warning in warnings(scenario) {
        text += (scenarios.count > 1 ? "\(scenario.title): " : "") + warning + "\n"
      }
      let fixed = scenario.groups.filter(\.isTheSameUnderEverySeed).map(\.scheduler)
      guard !fixed.isEmpty else { continue }
      text += "\(scenario.title): the same under every seed: \(fixed.joined(separator: ", "))\n"
    }
    let percent = fixed(results.definition.level * 100, 0)
    text += "mean ± half-width of the \(percent) % interval over seeds"
    if scenarios.contains(where: { !$0.winners.isEmpty }) {
      text +=
        "; * the best mean, borne out by the comparison with \(results.definition.baselineName)"
      text += " (signed-rank test, Holm)"
    }
    return text + "\n"
  }
}
