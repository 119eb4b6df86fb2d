import ArgumentParser
import Configuration
import Experiments
import Foundation
import Runs
import Simulation
import Workload

/// `tracemill compare`: schedulers × workloads × clusters × seeds.
struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare schedulers on workloads and clusters over many seeds; write a report.",
    discussion: """
      An experiment is a YAML file (--print-example shows one), one that comes with the program \
      (--experiment study), or made of options. Results are kept in FOLDER/results.sqlite after \
      every cell: a run that was interrupted goes on where it was when the same command is given \
      again, and several processes may work on one file. Beside it are written results.json, \
      cells.csv, cells.parquet, tables.md, tables.tex, report.html and figures.

      Examples:
        tracemill compare --experiment study -o study
        tracemill compare --print-example > mine.yaml
        tracemill compare --experiment mine.yaml -o mine
        tracemill compare --workload tasks.parquet --cluster study:100 --scheduler best-fit \
      --scheduler random --seeds 10 -o quick
        tracemill compare --experiment mine.yaml --shard 3/64 -o shards/3
        tracemill merge shards/*/results.sqlite -o mine/results.sqlite && tracemill report mine/results.sqlite
      """)

  @Option(
    help: ArgumentHelp(
      "The experiment: a YAML file, or one of \(ShippedExperiments.names.joined(separator: ", ")).",
      valueName: "file"), completion: .file(extensions: ["yaml", "yml", "json"]))
  var experiment: String?

  @Option(
    help: ArgumentHelp("A workload, as for simulate; may be repeated.", valueName: "workload"))
  var workload: [String] = []

  @Option(help: ArgumentHelp("A cluster, as for simulate; may be repeated.", valueName: "cluster"))
  var cluster: [String] = []

  @Option(
    help: ArgumentHelp(
      "A scheduler, as for simulate; may be repeated. The first is the baseline.",
      valueName: "name"), completion: .list(NamedScheduler.names))
  var scheduler: [String] = []

  @Option(
    help: ArgumentHelp("Seeds 1 to this, in place of the experiment's own.", valueName: "number"))
  var seeds: Int?

  @OptionGroup var waits: WaitsOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where everything is written.", valueName: "folder"))
  var output = "results"

  @Flag(help: "Run each learned scheduler in the engine that it was trained in.")
  var asTrained = false

  @Flag(help: "Print an experiment file with comments, and do nothing else.")
  var printExample = false

  @Option(
    help: ArgumentHelp(
      "Run this share of the cells only, such as 3/64, every so many by their place; merge joins the results of all shards.",
      valueName: "i/n"))
  var shard: Shard?

  @Flag(
    help:
      "Keep what became of each task of every cell, as Parquet in folders that name the cell (tasks/workload=W/cluster=C/scheduler=S/seed=N)."
  )
  var keepTasks = false

  @Flag(help: "Run the cells only; `tracemill report` makes the rest.")
  var noReport = false

  @Flag(help: "Print results.json.")
  var json = false

  @OptionGroup var options: ExperimentOptions

  mutating func validate() throws {
    guard !printExample else { return }
    guard shard == nil || !json else {
      throw ValidationError("--json prints what all shards came to: merge, then report --json")
    }
    let hasParts = !workload.isEmpty || !cluster.isEmpty || !scheduler.isEmpty
    guard experiment == nil || !hasParts else {
      throw ValidationError("--experiment brings its own workloads, clusters and schedulers")
    }
    if experiment != nil { try options.refuse() }
    if experiment == nil {
      // A station is its own cluster.
      if cluster.isEmpty, workload.count == 1, workload[0].hasPrefix("mmc:") { cluster = workload }
      for (name, list) in [
        ("--workload", workload), ("--cluster", cluster), ("--scheduler", scheduler),
      ] where list.isEmpty {
        throw ValidationError("--experiment, or at least one \(name), is needed")
      }
    }
    if let seeds, !(1...1_000_000).contains(seeds) {
      throw ValidationError("--seeds is from 1 to 1000000")
    }
    for name in scheduler where !NamedScheduler.names.contains(name) && !name.contains(":") {
      throw ValidationError(NamedScheduler.noSuch(name))
    }
  }

  func run() async throws {
    if printExample {
      return try writeOutput(ShippedExperiments.text("example") ?? "")
    }
    let (definition, folder, file) = try definition()
    var job = ExperimentJob(definition, folder: folder, output: output)
    job.file = file
    (job.asTrained, job.shard, job.keepsTasks) = (asTrained, shard, keepTasks)
    job.reading = try options.reading.settings()
    try await job.runPrinting(
      chartLibrary: options.chart.library, writesReport: !noReport, json: json)
  }

  private func definition() throws -> (ExperimentDefinition, folder: String, ConfigurationFile?) {
    let here = FileManager.default.currentDirectoryPath
    let named = try experiment.map(NamedExperiment.init)
    var (definition, folder) = try named.map { ($0.definition, $0.folder) } ?? (parts(), here)
    let groupings = waits.groupings
    if !groupings.isEmpty { definition.waitsBy = groupings }
    if let seeds { definition.seeds = (1...UInt64(seeds)).map { $0 } }
    let issues = definition.issues()
    guard issues.isEmpty else {
      throw CommandFailure(lines: issues.map { "the experiment: \($0)" })
    }
    return (definition, folder, named?.file)
  }

  private func parts() throws -> ExperimentDefinition {
    do {
      var definition = try ExperimentDefinition(
        workloads: workload, clusters: cluster, schedulers: scheduler,
        seeds: (1...UInt64(seeds ?? 10)).map { $0 })
      try options.apply(to: &definition)
      return definition
    } catch let error as RunError {
      throw ValidationError(error.message)
    }
  }
}
