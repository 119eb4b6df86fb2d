import Runs

/// `tracemill simulate --cell`: one cell of an experiment, run alone.
enum CellPrinting {
  static func run(
    _ argument: String, _ reading: ReadingSettings, files: ResultFiles, json: Bool
  ) throws {
    let outcome = try CellReplay(argument).run(reading: reading, files: files)
    try writeOutput(json ? try jsonText(outcome.object) + "\n" : outcome.text)
    if let failure = outcome.failure { throw failure }
  }
}
