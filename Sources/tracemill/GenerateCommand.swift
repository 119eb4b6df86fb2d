import ArgumentParser
import Fitting
import Foundation
import Generation
import Runs
import Tables
import TraceInput
import TraceParsing
import Workload

/// `tracemill generate`: synthetic workloads, in any layout that the toolkit writes.
struct GenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Draw a workload from a preset, a fitted profile or a scenario, and write it.",
    discussion: """
      The workload is a preset (\(WorkloadModel.presetNames.joined(separator: ", "))), a profile that \
      tracemill fit -o wrote, or a scenario in YAML; --print-scenario writes one to start from.

      Examples:
        tracemill generate study --tasks 100000 -o tasks.parquet
        tracemill generate study --load 0.85 --cluster study:100 --duration 7d -o week.csv.zst
        tracemill generate study --print-scenario > mine.yaml
        tracemill generate profile.json --validate-against clusterdata-2011-2 --plots plots
        tracemill generate google-2011-tasks --to-format google-2011 --parts 20 --warm-up 29d -o made
      """)

  @Argument(help: ArgumentHelp("The preset, profile or scenario.", valueName: "workload"))
  var workload: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where the tasks go: .parquet, .csv, .csv.gz, .csv.zst or .swf, or what --to-format says.",
      valueName: "out"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The layout to write: records, google-2011 (a new folder), swf (as .swf says), batsim, wfformat and opendc (new folders), slurm-simulator or kubernetes.",
      valueName: "layout"))
  var toFormat = RecordLayout.records

  @Option(help: ArgumentHelp("Rows of a part of google-2011.", valueName: "rows"))
  var rowsPerPart = Google2011TraceWriter.defaultRowsPerPart

  @Option(
    help: ArgumentHelp(
      "So many full parts of google-2011 instead of a number of tasks; the trace ends with them.",
      valueName: "parts"))
  var parts: Int?

  @Option(
    help: ArgumentHelp(
      "Draw this time before a google-2011 trace too; it begins with the tasks then open.",
      valueName: "time"))
  var warmUp: TraceTime?

  @Flag(help: "Print the workload as a commented scenario, and draw nothing.")
  var printScenario = false

  @Option(
    help: ArgumentHelp(
      "Compare what is drawn with this trace, and say what the model does not capture.",
      valueName: "trace"))
  var validateAgainst: String?

  @Option(
    help: ArgumentHelp(
      "Write plots of the comparison to this folder: data, gnuplot scripts, SVG if gnuplot is there.",
      valueName: "folder"))
  var plots: String?

  @Option(
    help: ArgumentHelp(
      "Workloads drawn for the conclusions about eight schedulers; 0 for no conclusions.",
      valueName: "number"))
  var workloads = 20

  @Option(
    help: ArgumentHelp(
      "The cluster of the conclusions, instead of equal machines that suit the trace.",
      valueName: "cluster"))
  var validateOn: String?

  @Option(help: ArgumentHelp("What all chance comes from.", valueName: "number"))
  var seed: UInt64 = 1

  @Flag(help: "Print the summary as JSON.")
  var json = false

  @OptionGroup(title: "Workload") var knobs: WorkloadKnobs
  @OptionGroup(title: "Tasks of the trace that is compared") var selection: SelectionOptions
  @OptionGroup(title: "Reading and writing") var reading: TraceOptions

  mutating func validate() throws {
    guard printScenario || output != nil || validateAgainst != nil else {
      throw ValidationError("give -o, --validate-against or --print-scenario")
    }
    if let output, toFormat.of(output) == .records {
      do { _ = try TableFileKind(path: output) } catch { throw ValidationError("\(error)") }
    }
    guard (1...1_000_000_000).contains(rowsPerPart) else {
      throw ValidationError("--rows-per-part is from 1 to 1000000000")
    }
    if let parts {
      guard (1...100_000).contains(parts) else {
        throw ValidationError("--parts is from 1 to 100000")
      }
      guard knobs.tasks == nil, knobs.duration == nil else {
        throw ValidationError("--parts excludes --tasks and --duration")
      }
    }
    if warmUp != nil, parts == nil, knobs.duration == nil {
      throw ValidationError("--warm-up needs --parts or --duration")
    }
    if parts != nil || warmUp != nil, output.map({ toFormat.of($0) }) != .google2011 {
      throw ValidationError("--parts and --warm-up are for --to-format google-2011")
    }
    guard (0...1000).contains(workloads) else {
      throw ValidationError("--workloads is from 0 to 1000")
    }
    guard plots == nil || validateAgainst != nil else {
      throw ValidationError("--plots is for --validate-against")
    }
  }

  func run() async throws {
    var argument = try NamedModel(
      workload, margins: knobs.margins, arrivals: knobs.arrivals, dependence: knobs.dependence)
    try knobs.apply(to: &argument, cores: try knobs.cores(reading: reading.settings(), seed: seed))
    for note in argument.notes { reading.logger?.notice("\(note)") }
    if printScenario {
      let tasks = argument.scenario.extent.tasks ?? NamedModel.defaultTasks
      return try writeOutput(argument.scenario.model.scenario(named: workload, tasks: tasks))
    }
    if let warmUp, let duration = argument.scenario.extent.duration {
      argument.scenario.extent.duration = duration + warmUp.value
    }
    let source = try argument.source(seed: seed, isEndless: parts != nil)
    if let output {
      let job = GenerationJob(
        source, argument.scenario, output: output, layout: toFormat, rowsPerPart: rowsPerPart,
        parts: parts, begin: warmUp?.value ?? .zero)
      let summary = try job.write(try reading.settings())
      try writeSummary(json ? try jsonText(summary.object) + "\n" : summary.text, of: [output])
    }
    if let validateAgainst {
      try await validate(source, against: validateAgainst)
    }
  }
}
