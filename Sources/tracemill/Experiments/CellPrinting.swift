import Experiments
import Runs

/// `tracemill simulate --cell`: one cell of an experiment, run alone.
enum CellPrinting {
  static func run(
    _ argument: String, _ reading: ReadingSettings, files: ResultFiles, json: Bool
  ) throws {
    let replay = try CellReplay(argument)
    let result = try replay.run(reading: reading, files: files)
    let (cell, source, outcome, agrees) = (
      result.cell, replay.source, result.outcome, result.agrees
    )
    if json {
      var object: [String: Any] = [
        "cell": cell.description, "metrics": outcome.metrics, "wall_s": outcome.wall,
        "cpu_s": outcome.cpu,
      ]
      if let agrees { object["agrees_with_results"] = agrees }
      try writeOutput(try jsonText(object) + "\n")
    } else {
      var table = TextTable(left: [0])
      for (name, value) in outcome.metrics.sorted(by: { $0.key < $1.key }) {
        table.add([name, significant(value, digits: 7)])
      }
      var text = "\(cell)\n\(table.text)"
      if let agrees {
        text +=
          agrees ? "  the same as in \(source)\n" : "  not the same as in \(source)\n"
      } else if result.isResultsFile {
        text += "  not finished in \(source) yet\n"
      }
      for path in files.paths { text += "  wrote \(path)\n" }
      try writeOutput(text)
    }
    if agrees == false {
      throw CommandFailure(
        message: "\(cell): other than in \(source): an input or Tracemill changed")
    }
  }
}
