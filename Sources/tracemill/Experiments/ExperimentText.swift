import Experiments
import Runs

extension ExperimentSummary {
  /// The headline tables for a terminal.
  var text: String {
    var text = ""
    for scenario in scenarios {
      let table = headlineTable(scenario)
      var lines = TextTable(header: table.header.map { $0 })
      for row in table.rows { lines.add(row.map { $0.text + ($0.isStrong ? " *" : "") }) }
      text += Terminal.output.strong(scenario.title) + "\n" + lines.text + "\n"
    }
    guard !text.isEmpty else { return "no finished cells\n" }
    for scenario in scenarios {
      for remark in remarks(scenario) { text += "\(scenario.title): NOTE: \(remark)\n" }
      if let note = unfinishedNote(scenario) { text += "\(scenario.title): \(note)\n" }
      let fixed = scenario.groups.filter(\.isTheSameUnderEverySeed).map(\.scheduler)
      guard !fixed.isEmpty else { continue }
      text += "\(scenario.title): the same under every seed: \(fixed.joined(separator: ", "))\n"
    }
    let percent = fixed(results.definition.level * 100, 0)
    text += "mean ± half-width of the \(percent) % interval over seeds"
    if scenarios.contains(where: { !$0.winners.isEmpty }) {
      text += "; * better than every other scheduler (signed-rank test, Holm)"
    }
    return text + "\n"
  }
}
