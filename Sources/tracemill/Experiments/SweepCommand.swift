import ArgumentParser
import Experiments
import Foundation
import Runs
import Simulation
import TraceParsing
import Workload

/// `tracemill sweep`: an experiment over the values of some keys, or the value at which a condition ends.
struct SweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Vary keys of workload, cluster, engine or scheduler: a metric against them.",
    discussion: """
      Keys: load, tasks, duration, rate, cores, estimates (parameters of presets, scenarios and profiles), those \
      of mmc: and poisson: (run, law, cv, ...), and any key deep in a scenario (classes.short.share, \
      arrivals.bursts.factor, classes[0].runTime.mu); machines (of study:N, tiers:N or a specification, whose \
      groups keep their shares); workload.KEY (scaleArrivals, scaleRunTimes, sample, from, to, tasks); cluster.KEY \
      and cluster.GROUP.KEY (a number of every group of a specification, or of one, such as cores or \
      sleepAfterSeconds); engine.KEY (any of an experiment's engine, such as queue, depth or \
      network.rackLatency); scheduler.KEY (a parameter in a scheduler's name, such as d of sampled:best-fit,d=3).

      A value is a number, a time or a word; a list is a,b,c (a;b;c where values have commas), a range from:to:step. \
      Several --vary are run in all combinations. What is written is what compare writes, with the figure and the \
      table of every metric against the key first, and the keys as columns of cells.csv. The same command again goes \
      on where it was.

      --find asks for the value at which a condition ends, by bisection between the ends of --vary: where the \
      interval of the mean over seeds lies on one side of the limit, it holds or fails with that confidence; \
      between the two nearest such values more seeds are needed to tell. With --shard the runs that are needed \
      next are shared out, round after round; `tracemill plan` writes the scripts.

      Examples:
        tracemill sweep --workload study --cluster study:100 --scheduler first-fit --scheduler best-fit \
      --vary load=0.5:0.95:0.05 -o sweep
        tracemill sweep --workload tasks.parquet --cluster mine.yaml --scheduler first-fit \
      --vary machines=20:60:5 --metric wait_p99_s
        tracemill sweep --workload study:tasks=5000 --cluster study:100 --scheduler first-fit \
      --vary load=0.3:1.1 --find 'load where wait_p99_s < 60' --seeds 20
      """)

  @Option(
    help: ArgumentHelp(
      "An experiment to take everything else from, as for compare.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var experiment: String?

  @Option(help: ArgumentHelp("The workload, as for simulate.", valueName: "workload"))
  var workload: String?

  @Option(help: ArgumentHelp("The cluster, as for simulate.", valueName: "cluster"))
  var cluster: String?

  @Option(
    help: ArgumentHelp(
      "A scheduler, as for simulate; may be repeated. The first is the baseline.", valueName: "name"
    ),
    completion: .list(NamedScheduler.names))
  var scheduler: [String] = []

  @Option(
    help: ArgumentHelp(
      "What is varied, and its values: load=0.5:0.95:0.05; may be repeated.",
      valueName: "key=values"))
  var vary: [Variation]

  @Option(
    help: ArgumentHelp(
      "Where a condition ends: 'KEY where METRIC < NUMBER', or >.", valueName: "condition"))
  var find: SweepCondition?

  @Option(
    help: ArgumentHelp(
      "With --find: do this share of the runs that are needed next, such as 3/64; --output is a .points file.",
      valueName: "i/n"))
  var shard: Shard?

  @Option(
    help: ArgumentHelp(
      "With --find: .points files of shards, or folders of them, whose runs are not run again; may be repeated.",
      valueName: "file"))
  var known: [String] = []

  @Option(
    help: ArgumentHelp(
      "A metric of tables and figures, the first first; may be repeated.", valueName: "name"),
    completion: .list(Metric.catalogue.map(\.name)))
  var metric: [String] = []

  @OptionGroup var waits: WaitsOptions

  @Option(help: ArgumentHelp("Seeds 1 to this.", valueName: "number"))
  var seeds = 10

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where everything is written; nothing with --find but for a shard.", valueName: "folder"))
  var output = "sweep"

  @Flag(help: "Run each learned scheduler in the engine that it was trained in, but for --vary.")
  var asTrained = false

  @Flag(help: "Print results.json, or what was found as JSON.")
  var json = false

  @OptionGroup var options: ExperimentOptions

  mutating func validate() throws {
    if experiment != nil { try options.refuse() }
    guard (1...1_000_000).contains(seeds) else {
      throw ValidationError("--seeds is from 1 to 1000000")
    }
    if experiment == nil {
      // A station is its own cluster.
      if cluster == nil, let workload, workload.hasPrefix("mmc:") { cluster = workload }
      guard workload != nil, cluster != nil, !scheduler.isEmpty else {
        throw ValidationError(
          "--experiment, or --workload, --cluster and at least one --scheduler, are needed")
      }
    }
    for name in metric + (find.map { [$0.metric] } ?? []) where Metric(name) == nil {
      throw ValidationError(unknownName("metric", name, among: Metric.catalogue.map(\.name)))
    }
    for name in scheduler
    where NamedScheduler.file(name) == nil && NamedScheduler.policy(named: name) == nil {
      throw ValidationError(NamedScheduler.noSuch(name))
    }
    let obstacle =
      shard != nil && !output.hasSuffix(".points")
      ? "--shard writes a .points file: -o FILE.points"
      : SearchJob.obstacle(
        find, vary, seeds: seeds, isShared: shard != nil || !known.isEmpty,
        hasWaits: !waits.waitsBy.isEmpty)
    if let obstacle { throw ValidationError(obstacle) }
  }

  func run() async throws {
    let here = FileManager.default.currentDirectoryPath
    let reading = try options.reading.settings()
    var (base, folder) =
      try experiment.map {
        let named = try NamedExperiment($0)
        return (named.definition, named.folder)
      } ?? (parts(), here)
    if !waits.groupings.isEmpty { base.waitsBy = waits.groupings }
    base.seeds = (1...UInt64(seeds)).map { $0 }
    base.lead(with: metric)
    // What is varied goes before what it was trained in.
    let warnings = try ExperimentProvider(folder: folder, reading: reading)
      .settle(&base, asTrained: asTrained)
    if find != nil { for warning in warnings { reading.logger?.warning("\(warning)") } }
    let sweep = Sweep(base, folder: folder, reading: reading)
    if let find {
      var job = SearchJob(sweep, find, vary[0])
      (job.shard, job.known, job.output) = (shard, known, output)
      return try writeOutput(await job.run(threads: reading.threads, json: json))
    }
    var definition = try sweep.definition(ExperimentAxes(vary))
    if experiment == nil { definition.nameWhatStays() }
    var job = ExperimentJob(definition, folder: folder, output: output)
    job.reading = reading
    try await job.runPrinting(chartLibrary: options.chart.library, json: json)
  }

  private func parts() throws -> ExperimentDefinition {
    var definition = try ExperimentDefinition(
      workloads: [workload ?? ""], clusters: [cluster ?? ""], schedulers: scheduler, seeds: [1])
    definition.name = "sweep of \(vary.map(\.key).joined(separator: ", "))"
    // Named by what is varied, until it is known what stays.
    (definition.workloads[0].name, definition.clusters[0].name) = ("workload", "cluster")
    try options.apply(to: &definition)
    return definition
  }
}

extension Variation: ReadFromText, ExpressibleByArgument {}

extension SweepCondition: ReadFromText, ExpressibleByArgument {}
