import Foundation
import Generation
import Runs
import TraceInput
import TraceParsing
import Workload

extension GenerateCommand {
  /// Holds what is drawn against a trace: as many tasks as it has, unless their number was given.
  func validate(_ source: SyntheticWorkload, against path: String) async throws {
    let progress = Progress(
      "comparing with \(path)", meter: ReadMeter(), logger: reading.logger)
    defer { progress.finish() }
    var study = FidelityStudy(trace: path)
    study.selection = selection.selection
    study.reading = try reading.settings()
    study.cluster = validateOn
    study.workloads = workloads
    let isGiven = knobs.tasks != nil || knobs.duration != nil
    let model = source.model
    let report = try await study.run(seed: seed) { count, seed in
      var tasks = source
      if !isGiven || seed != source.seed {
        do { tasks = try SyntheticWorkload(model, .tasks(count), seed: seed) } catch {
          throw RunError(error)
        }
      }
      var records: [TaskRecord] = []
      while let record = tasks.next() { records.append(record) }
      return records
    }
    progress.finish()
    if let plots {
      try FitPlots(folder: plots, logger: reading.logger).write(
        comparing: report.original, with: report.generated)
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      try writeOutput(String(decoding: try encoder.encode(report), as: UTF8.self) + "\n")
    } else {
      try writeOutput(report.text(original: path, generated: workload))
    }
  }
}
