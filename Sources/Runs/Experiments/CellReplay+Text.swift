import Experiments

extension CellReplay.Outcome {
  /// As JSON.
  package var object: [String: Any] {
    var object: [String: Any] = [
      "cell": cell.description, "metrics": outcome.metrics, "wall_s": outcome.wall,
      "cpu_s": outcome.cpu, "remarks": notes.texts,
    ]
    if let agrees { object["agrees_with_results"] = agrees }
    return object
  }

  /// For people.
  package var text: String {
    var table = TextTable(left: [0])
    for (name, value) in outcome.metrics.sorted(by: { $0.key < $1.key }) {
      table.add([name, significant(value, digits: 7)])
    }
    let lines = notes.map { "  NOTE: \($0)\n" }.joined()
    var text = "\(cell)\n\(lines)\(table.text)"
    if let agrees {
      text += agrees ? "  the same as in \(source)\n" : "  not the same as in \(source)\n"
    } else if isResultsFile {
      text += "  not finished in \(source) yet\n"
    }
    return text + written.map { "  wrote \($0)\n" }.joined()
  }

  /// What is wrong where its figures are not those of the results file; nil if nothing is.
  public var failure: RunError? {
    guard agrees == false else { return nil }
    return RunError(message: "\(cell): other than in \(source): an input or Tracemill changed")
  }
}
