import ArgumentParser
import Foundation
import Runs
import Tables

/// `tracemill calibrate`: a simulator held against what really happened.
struct CalibrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract:
      "Replay a trace, compare waits with those it recorded, and find the nearest settings.",
    discussion: """
      Queue orders, backfilling, depth, a delay of dispatch, overcommitment and the number of machines are \
      tried, the more promising the more tasks; every point is shown. Where the trace records no waits there is \
      nothing to compare.

      Examples:
        tracemill calibrate cluster-trace-gpu-v2023 -o calibrated.yaml
        tracemill calibrate log.swf --cluster mine.yaml --candidates 40
      """)

  @Argument(help: ArgumentHelp("The trace.", valueName: "trace"), completion: .file())
  var trace: String

  @Option(help: ArgumentHelp("Its machines; the trace's own if not given.", valueName: "cluster"))
  var cluster: String?

  @Option(help: ArgumentHelp("Settings that are tried at first.", valueName: "number"))
  var candidates = 24

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write an experiment with the nearest settings here.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("What all chance comes from.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      """
      Write figures of waits and of use over time to this folder: data, gnuplot scripts, and SVG and PDF if gnuplot \
      is there.
      """, valueName: "folder"))
  var plots: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Reading") var reading: TraceOptions

  mutating func validate() throws {
    guard (1...1000).contains(candidates) else {
      throw ValidationError("--candidates is from 1 to 1000")
    }
  }

  func run() async throws {
    var study = CalibrationStudy(workload: trace, cluster: cluster ?? trace)
    study.selection = selection.selection
    study.reading = try reading.settings()
    study.candidates = candidates
    study.seed = seed
    let found = try await study.search()
    let calibration = found.calibration
    if let plots {
      try FitPlots(folder: plots).write(
        recorded: found.recorded, nearest: found.nearest, defaults: found.defaults)
    }
    if let output {
      let file = try OutputFile(path: output)
      try file.write(calibration.experiment)
      try file.commit()
    }
    guard json else { return try writeOutput(calibration.text) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try writeOutput(String(decoding: try encoder.encode(calibration), as: UTF8.self) + "\n")
  }
}
