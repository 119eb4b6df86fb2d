import Foundation
import Generation
import Runs
import TraceInput
import TraceParsing
import Workload

extension GenerateCommand {
  /// Compares what is drawn with a trace: as many tasks as it has, unless their number was given.
  func validate(_ source: SyntheticWorkload, against path: String) throws {
    let reading = try self.reading.settings()
    let meter = ReadMeter()
    let stream = try reading.open(path, meter: meter).records(reading.readOptions(meter: meter))
    let progress = Progress("reading \(path)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    var original = WorkloadSample(seed: seed)
    while let record = try stream.next() { original.add(record) }
    progress.finish()
    guard original.count > 0 else { throw CommandFailure(message: "\(path): no tasks to compare") }
    var tasks = source
    if knobs.tasks == nil, knobs.duration == nil {
      do {
        tasks = try SyntheticWorkload(source.model, .tasks(original.count), seed: seed)
      } catch { throw CommandFailure(error) }
    }
    var generated = WorkloadSample(seed: seed)
    while let record = tasks.next() { generated.add(record) }
    let comparison = WorkloadComparison(original: original, generated: generated)
    if let plots {
      try FitPlots(folder: plots).write(comparing: original, with: generated)
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try writeOutput(String(decoding: try encoder.encode(comparison), as: UTF8.self) + "\n")
    } else {
      try writeOutput(
        comparison.text(original: path, generated: workload, tasks: generated.count))
    }
  }
}
