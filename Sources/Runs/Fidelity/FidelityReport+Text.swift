import Generation

extension FidelityStudy.Report {
  /// What was found, for people: tables, and the verdict in plain words.
  ///
  /// - Parameters:
  ///   - path: what the trace is called.
  ///   - name: what the model is called.
  public func text(original path: String, generated name: String) -> String {
    var text = comparison.text(original: path, generated: name, tasks: generated.count)
    if !detectability.isEmpty {
      text +=
        "\ncan a classifier tell generated jobs? (gradient-boosted trees of our own; 0.5: no, 1: always)\n"
      var table = TextTable(
        header: ["jobs in a row", "windows", "AUC", "95 %", "by"], left: [0, 4])
      for test in detectability {
        let (area, half) = (test.area.value, 1.96 * test.area.standardError)
        table.add([
          "\(test.length)", "\(test.originalWindows) + \(test.generatedWindows)", fixed(area, 3),
          "\(fixed(max(0, area - half), 3)) to \(fixed(min(1, area + half), 3))",
          test.signs.map { "\($0.feature) \(percent($0.importance))" }.joined(separator: ", "),
        ])
      }
      text += table.text
    }
    text += conclusions?.text ?? ""
    text += "\nverdict\n"
    var verdicts = (conclusions?.verdicts ?? []) + comparison.verdicts
    for test in detectability where test.length == 8 {
      let isFine = test.area.value <= 0.65
      verdicts.append(
        "8 jobs in a row: \(isFine ? "hard to tell from" : "easily told from") the trace's, AUC "
          + fixed(test.area.value, 2)
          + (isFine
            ? "" : ": " + test.signs.map(\.sentence).joined(separator: "; ")))
    }
    return text + verdicts.map { "  \($0)\n" }.joined()
  }
}
