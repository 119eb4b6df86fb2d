import Experiments
import Foundation
import Runs
import Workload

/// An experiment run to its end on a results file, and its report: what compare and sweep do.
struct CompareRun {
  let definition: ExperimentDefinition
  /// What relative paths begin from.
  let folder: String
  let output: String
  let chartLibrary: String?
  let writesReport: Bool
  let json: Bool
  /// Whether learned schedulers run in the engine that they learned in.
  let asTrained: Bool
  let reading: ReadingSettings
  /// Which of the cells are run; all if nil.
  var shard: Shard?
  /// Whether what became of each task is kept.
  var keepsTasks = false

  func run() async throws {
    let provider = ExperimentProvider(folder: folder, reading: reading)
    var definition = definition
    let warnings = try provider.settle(&definition, asTrained: asTrained)
    let problems = provider.problems(definition)
    guard problems.isEmpty else {
      throw CommandFailure(lines: problems)
    }
    for warning in warnings { reading.logger?.warning("\(warning)") }
    do {
      try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(message: "\(output): cannot be made: \(error.localizedDescription)")
    }
    let path = output + "/results.sqlite"
    let store = try ResultsStore(path: path, creates: true)
    try store.begin(
      definition, folder: folder, version: Toolkit.version,
      inputs: try provider.inputFiles(definition), shard: shard)
    Interrupts.keeps("finished cells are in \(path); the same command goes on from there")

    let display = CellProgress(definition.name, logger: reading.logger)
    let kept = KeptTasks(folder: output + "/tasks", definition)
    let run: ExperimentRunner.RunCell =
      if keepsTasks {
        { runner, cell in try kept.run(cell, by: runner) }
      } else {
        { runner, cell in try runner.run(cell).outcome }
      }
    let runner = try ExperimentRunner(
      store, inputs: provider, version: Toolkit.version, threads: reading.threads,
      makesOverviews: shard.map { $0.number == 1 } ?? true, cell: run)
    let failed = try await runner.run { display.show($0) }
    display.finish()

    if keepsTasks, let note = try kept.note(of: store.results().cells.map(\.cell)) {
      reading.logger?.warning("\(note)")
    }
    if let shard {
      let counts = try store.counts()
      try writeOutput(
        "shard    \(shard): \(counts.done) of its \(counts.total) cells are in \(path)\n")
    } else if writesReport || json {
      let report = ReportFiles(
        store: path, folder: output, chartLibrary: chartLibrary, logger: reading.logger)
      let summary = ExperimentSummary(try store.results())
      let written = writesReport ? try report.write(summary) : []
      try writeOutput(
        json
          ? summary.json(source: path).text(isIndented: true) + "\n"
          : summary.text(Terminal.output.strong) + written.map { "wrote \($0)\n" }.joined())
    }
    guard failed.isEmpty else { throw CommandFailure(lines: Self.failureLines(failed, path)) }
  }

  /// Cells that failed alike are told of once.
  private static func failureLines(_ failed: [FailedCell], _ path: String) -> [String] {
    var lines = ["\(counted(failed.count, "cell")) failed; finished cells are kept in \(path)"]
    var seen: [String] = []
    for cell in failed where !seen.contains(cell.message) {
      seen.append(cell.message)
      let others = failed.count { $0.message == cell.message } - 1
      lines.append(
        "  \(cell.cell)" + (others > 0 ? " and \(others) more" : "") + ": \(cell.message)")
    }
    return lines
  }
}
