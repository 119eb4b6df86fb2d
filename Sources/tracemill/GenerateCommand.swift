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
      "The layout to write: records, google-2011 (a new folder), swf (as .swf says), batsim, wfformat (a new folder), slurm-simulator or kubernetes.",
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
    if let output { try write(source, argument.scenario, to: output) }
    if let validateAgainst {
      try await validate(source, against: validateAgainst)
    }
  }

  private func write(
    _ source: SyntheticWorkload, _ scenario: WorkloadScenario, to output: String
  ) throws {
    let options = try reading.settings().readOptions(meter: ReadMeter())
    let stream = RecordStream(
      generated: source, dependencies: parts == nil ? try source.dependencies() : DependencyTable(),
      users: source.userNames, lastTime: scenario.extent.duration ?? .zero)
    let layout = toFormat.of(output)
    let begin = warmUp?.value ?? .zero
    let writer = try RecordOutput(
      layout, path: output, rowsPerPart: rowsPerPart, format: "tracemill generate", stream: stream,
      begin: begin, firstJob: scenario.model.details == nil ? 0 : Self.firstJob, options)
    var summary = GenerationSummary(scenario: scenario, output: output)
    var isFull = false
    try source.forEachPart(threads: reading.work.threads, while: { !isFull }) { records in
      for record in records {
        if record.submit >= begin {
          summary.add(record, begin: begin)
        } else if record.end.isKnown, record.end < begin {
          continue
        }
        if layout == .google2011 {
          try writer.write(record, attempts: Self.attempts(of: record, source))
        } else {
          try writer.write(record)
        }
      }
      if let parts, let last = records.last {
        isFull = writer.isFull(parts: parts, before: last.submit)
      }
    }
    summary.leftOut = try writer.finish(parts: parts)
    if parts != nil, scenario.model.graph != nil { summary.leftOut["jobs' graphs"] = summary.jobs }
    try writeSummary(json ? try jsonText(summary.object) + "\n" : summary.text, of: [output])
  }

  /// The first job number of traces with a trace's details: Google's have ten digits too.
  private static let firstJob: Int64 = 6_250_000_000

  /// A task's attempts; where its class leaves ends open, one that begins at once and succeeds.
  private static func attempts(
    of record: TaskRecord, _ source: SyntheticWorkload
  ) -> [TaskAttempt] {
    let attempts = source.attempts(of: record)
    guard attempts.isEmpty else { return attempts }
    return [
      TaskAttempt(
        submit: record.submit, start: record.submit, end: record.submit + record.runTime,
        outcome: .finished)
    ]
  }
}

/// What was drawn, for people and for machines.
private struct GenerationSummary {
  let scenario: WorkloadScenario
  let output: String
  var tasks = 0
  var jobs = 0
  var last = Microseconds.zero
  var coreSeconds = 0.0
  /// Ends of tasks that run on, with their cores, in steps of time: what of the work falls after the last
  /// submission is only known then.
  private var ends = OverhangingWork()
  var leftOut: [String: Int] = [:]

  init(scenario: WorkloadScenario, output: String) {
    self.scenario = scenario
    self.output = output
  }

  mutating func add(_ record: TaskRecord, begin: Microseconds) {
    tasks += 1
    if record.id.index == 0 { jobs += 1 }
    last = max(last, record.submit - begin)
    coreSeconds += record.request.cpu.value * record.runTime.seconds
    ends.add(
      from: (record.submit - begin).seconds, for: record.runTime.seconds,
      cores: record.request.cpu.value)
  }

  /// Cores that are busy on average while tasks come, if all run at once.
  private var offeredMeanwhile: Double {
    last > .zero ? (coreSeconds - ends.after(last.seconds)) / last.seconds : 0
  }

  private var offered: Double { last > .zero ? coreSeconds / last.seconds : 0 }

  var text: String {
    var text = "drew     \(grouped(tasks)) tasks of \(grouped(jobs)) jobs, "
    text += "submitted over \(span(last.seconds))\n"
    text += "busy     \(significant(offered)) cores on average if all run at once"
    text += " (the model's mean: \(significant(scenario.model.offeredCores)))\n"
    if offeredMeanwhile < 0.95 * scenario.model.offeredCores {
      text +=
        "NOTE     \(significant(offeredMeanwhile)) cores on average while tasks come: the model's load "
      text +=
        "is a mean over all time, and what runs beyond the last submission, or before as much has "
      text += "begun, is missing here; a longer --duration with --warm-up comes nearer\n"
    }
    for (what, count) in leftOut.sorted(by: { $0.key < $1.key }) {
      text += "lost     \(grouped(count)) \(what): no place in the output's layout\n"
    }
    return text + "wrote    \(output)\n"
  }

  var object: [String: Any] {
    [
      "tasks": tasks, "jobs": jobs, "last_submit_s": last.seconds, "busy_cores": offered,
      "busy_cores_while_tasks_come": offeredMeanwhile,
      "model_busy_cores": scenario.model.offeredCores, "left_out": leftOut, "output": output,
    ]
  }
}

/// How much of the tasks' work lies beyond a time that is known only at the end: core-seconds by when they
/// are worked, in bins that double in width as the time grows.
private struct OverhangingWork {
  /// Core-seconds and core-ends by bin: a task's work beyond t is cores × (end - t).
  private var cores: [Double] = []
  private var ends: [Double] = []
  private var width = 1.0
  private static let limit = 4096

  mutating func add(from start: Double, for length: Double, cores amount: Double) {
    let end = start + length
    while end / width >= Double(Self.limit) { merge() }
    let bin = Int(end / width)
    while cores.count <= bin {
      cores.append(0)
      ends.append(0)
    }
    cores[bin] += amount
    ends[bin] += amount * end
  }

  private mutating func merge() {
    width *= 2
    let half = (cores.count + 1) / 2
    for bin in 0..<half {
      let second = 2 * bin + 1 < cores.count
      cores[bin] = cores[2 * bin] + (second ? cores[2 * bin + 1] : 0)
      ends[bin] = ends[2 * bin] + (second ? ends[2 * bin + 1] : 0)
    }
    cores.removeLast(cores.count - half)
    ends.removeLast(ends.count - half)
  }

  /// Core-seconds worked after `time`, to the width of a bin.
  func after(_ time: Double) -> Double {
    var sum = 0.0
    for bin in cores.indices where Double(bin + 1) * width > time {
      sum += max(ends[bin] - cores[bin] * time, 0)
    }
    return sum
  }
}
