import Experiments
import Runs

extension ExperimentJob {
  /// Runs with progress, and prints what came of it: what compare and sweep do.
  func runPrinting(chartLibrary: String?, writesReport: Bool = true, json: Bool) async throws {
    let display = CellProgress(definition.name, logger: reading.logger)
    let outcome = try await run {
      Interrupts.keeps("finished cells are in \(results); the same command goes on from there")
    } progress: {
      display.show($0)
    }
    display.finish()
    for note in outcome.notes { reading.logger?.warning("\(note)") }
    if let text = try outcome.shardText() {
      try writeOutput(text)
    } else if writesReport || json {
      let report = ReportFiles(
        store: results, folder: output, chartLibrary: chartLibrary, logger: reading.logger)
      try writeOutput(
        try report.answer(
          outcome.summary(), writes: writesReport, json: json, strong: Terminal.output.strong))
    }
    if let failure = outcome.failure { throw failure }
  }
}
