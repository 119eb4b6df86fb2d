import Experiments

extension ExperimentSummary {
  /// The headline tables for people; `strong` marks titles.
  package func text(_ strong: (String) -> String) -> String {
    guard !scenarios.isEmpty else { return "no finished cells\n" }
    var text = ""
    // Of many, what is across them says it in a screen.
    let areTold = scenarios.count <= 3 || !results.definition.outputs.contains(.markdown)
    for scenario in areTold ? scenarios : [] {
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
    if !areTold { text += "Each of the \(scenarios.count) scenarios has a table in tables.md.\n" }
    text += (notes + sameUnderEverySeed).map { $0 + "\n" }.joined()
    let percent = fixed(results.definition.level * 100, 0)
    text += "mean ± half-width of the \(percent) % interval over seeds"
    if scenarios.contains(where: { !$0.winners.isEmpty }) {
      text +=
        "; * the best mean, borne out by the comparison with \(results.definition.baselineName)"
      text += " (signed-rank test, Holm)"
    }
    return text + "\n"
  }

  /// Which schedulers come to the same under every seed, where there are several seeds.
  private var sameUnderEverySeed: [String] {
    guard results.definition.seeds.count > 1 else { return [] }
    let of = scenarios.map { $0.groups.filter(\.isTheSameUnderEverySeed).map(\.scheduler) }
    if let first = of.first, !first.isEmpty, of.allSatisfy({ $0 == first }) {
      return ["The same under every seed: \(first.joined(separator: ", "))."]
    }
    return zip(scenarios, of).filter { !$1.isEmpty }.map {
      "\($0.title): the same under every seed: \($1.joined(separator: ", "))."
    }
  }
}
