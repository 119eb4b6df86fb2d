import ArgumentParser
import Experiments
import ExternalSchedulers
import Foundation
import Generation
import Runs
import Simulation
import Tables
import TraceInput
import TraceParsing
import Workload

/// `tracemill simulate`: a workload through a scheduler on a cluster.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Run a workload on a cluster under a scheduler.",
    discussion: """
      Workloads: a trace, a file made by `tracemill convert`, or \
      poisson:rate=0.5,run=20,cpu=1,memory=2,tasks=10000 (per second, seconds, cores, GiB; run times are \
      constant, or law=exponential, lognormal or gamma with cv=), mmc:c=4,load=0.8,run=100 (a machine of c \
      cores besides, with theory printed beside it), or \
      a preset (\(WorkloadModel.presetNames.joined(separator: ", "))) such as study:tasks=1000,load=0.4, \
      a scenario (.yaml) or a fitted profile (.json), as for generate, with the same parameters after a \
      colon.
      Clusters: a trace with machine_events, a specification (.yaml, .json), or study:100 (the \
      original study's three tiers, any number of machines), or tiers:100 (the same with speeds 1.5, 1 \
      and 0.6, and sleep).
      Schedulers: \(NamedScheduler.catalogue.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")); \
      sampled:RULE,d=3 and sampled:RULE,d=3,weighted (one of \
      \(PolicyCatalog.sampledNames.joined(separator: ", ")) among machines drawn at random, or by capacity) and \
      sampled:RULE,d=8,neighbours (half of them the gateway's machine and its neighbours); one-step:FILE \
      (tuned by `tracemill tune`); marl:FILE and order:FILE (trained by `tracemill train`: where tasks go, and which is next); \
      kube:FILE (kube-scheduler's score plugins, by a KubeSchedulerConfiguration); \
      plugin:./FILE.so (a shared object, see tracemill.h) and 'process:COMMAND' (a program that answers \
      lines of JSON), both of which run the code that you name. These come with the \
      program: \(NamedScheduler.names.filter { $0.contains(":") }.joined(separator: ", ")).

      Examples:
        tracemill simulate --workload jobs.parquet --cluster clusterdata-2011-2
        tracemill simulate --workload poisson:rate=5,run=60 --cluster study:100 --scheduler best-fit
        tracemill simulate --workload tasks.parquet --cluster cells.yaml --scheduler random \
      --seed 7 -o results.parquet
        tracemill simulate --cell 'study/results.sqlite#study/three-tiers/Random/7'
      """)

  @Option(help: ArgumentHelp("The workload.", valueName: "workload"), completion: .file())
  var workload: String = ""

  @Option(
    help: ArgumentHelp(
      """
      Instead of all that: one cell of an experiment, FILE#WORKLOAD/CLUSTER/SCHEDULER/SEED, where FILE \
      is the experiment or its results.sqlite.
      """, valueName: "cell"))
  var cell: String?

  @Option(
    help: ArgumentHelp(
      "The cluster; the workload's own trace if it is not given.", valueName: "cluster"))
  var cluster: String?

  @Option(
    help: ArgumentHelp("The scheduler.", valueName: "name"),
    completion: .list(NamedScheduler.names))
  var scheduler = "first-fit"

  @Flag(help: "Set the engine to what the learned scheduler was trained in.")
  var asTrained = false

  @Option(
    help: ArgumentHelp(
      "How long a scheduler that is a program (process:COMMAND) may take for an answer.",
      valueName: "time"))
  var schedulerTimeout = TraceTime("10s") ?? .zero

  @Option(help: ArgumentHelp("What all chance comes from.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      """
      Run under so many seeds, from --seed on, on all threads, and print means with 95 % \
      confidence intervals.
      """, valueName: "number"))
  var replications = 1

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write what became of each task: .parquet, .csv, .csv.gz or .csv.zst.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Write the cluster's use over time, likewise.", valueName: "file"))
  var series: String?

  @Option(help: ArgumentHelp("Write each machine's energy, likewise.", valueName: "file"))
  var machineEnergy: String?

  @Option(
    help: ArgumentHelp(
      """
      Write a picture of the schedule: .html (machines over time in a browser) or .perfetto-trace \
      (for https://ui.perfetto.dev).
      """, valueName: "file"))
  var timeline: String?

  @Option(
    help: ArgumentHelp(
      """
      Write every decision, likewise: the machine with its score, the next best, and what a task that \
      must wait lacks and behind whom it waited.
      """, valueName: "file"))
  var decisions: String?

  @OptionGroup var waits: WaitsOptions

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Selection") var replay: ReplayOptions
  @OptionGroup(title: "Reading") var reading: TraceOptions
  @OptionGroup(title: "Reading") var leniency: LenientOption

  mutating func validate() throws {
    // Files are opened when the run begins: what is wrong with them is no wrong usage.
    if NamedScheduler.file(scheduler) == nil, NamedScheduler.policy(named: scheduler) == nil,
      !ExternalScheduler.isOne(scheduler)
    {
      throw ValidationError(NamedScheduler.noSuch(scheduler))
    }
    guard cell != nil || !workload.isEmpty else {
      throw ValidationError(
        "--workload is needed: a trace, a record file, a scenario or a preset such as study:load=0.5"
      )
    }
    if cell != nil { try validateCell() }
    if let timeline, !Timeline.endings.contains(where: timeline.hasSuffix) {
      throw ValidationError(
        "--timeline \(timeline): expected a name that ends in \(Timeline.endings.joined(separator: " or "))"
      )
    }
    guard (1...1_000_000).contains(replications) else {
      throw ValidationError("--replications is from 1 to 1000000")
    }
    guard replications == 1 || files.paths.isEmpty else {
      throw ValidationError(
        "-o, --series, --machine-energy, --timeline and --decisions are of one run: leave them out with --replications"
      )
    }
    guard replications == 1 || workload != "-" else {
      throw ValidationError("standard input can be read only once: no --replications")
    }
    for path in files.paths where path != timeline {
      do { _ = try TableFileKind(path: path) } catch { throw ValidationError("\(error)") }
    }
    let names = files.paths.map { URL(fileURLWithPath: $0).standardized.path }
    guard Set(names).count == names.count else {
      throw ValidationError(
        "-o, --series, --machine-energy, --timeline and --decisions are different files")
    }
  }

  /// A cell is run as its experiment says: what would change it is refused, not ignored.
  private func validateCell() throws {
    let standard = try Self.parse(["--workload", "tasks", "--cluster", "machines"])
    var given: [String] = []
    if !workload.isEmpty { given.append("--workload") }
    if cluster != nil { given.append("--cluster") }
    if scheduler != standard.scheduler { given.append("--scheduler") }
    if seed != standard.seed { given.append("--seed") }
    if replications != standard.replications { given.append("--replications") }
    if replay.ignoreConstraints { given.append("--ignore-constraints") }
    if replay.scaleArrivals != 1 { given.append("--scale-arrivals") }
    if replay.scaleRunTimes != 1 { given.append("--scale-run-times") }
    if replay.atStart != standard.replay.atStart { given.append("--at-start") }
    if timeline != nil { given.append("--timeline") }
    if decisions != nil { given.append("--decisions") }
    if engine.settings != standard.engine.settings { given.append("options of the engine") }
    guard given.isEmpty else {
      throw ValidationError(
        "a cell is run as its experiment says: leave out \(given.joined(separator: ", "))")
    }
  }

  /// The files that are asked for.
  private var files: ResultFiles {
    ResultFiles(
      tasks: output, series: series, machineEnergy: machineEnergy, timeline: timeline,
      decisions: decisions)
  }

  func run() async throws {
    let reading = try self.reading.settings(isLenient: leniency.lenient)
    if let cell { return try CellPrinting.run(cell, reading, files: files, json: json) }
    var settings = engine.settings
    settings.atStart = replay.atStart
    settings.ignoreConstraints = replay.ignoreConstraints
    if asTrained, !NamedScheduler.isLearned(scheduler) {
      throw ValidationError(NamedScheduler.nothingLearned)
    }
    if NamedScheduler.file(scheduler) != nil {
      let named = try NamedScheduler(scheduler)
      if asTrained {
        try named.setEnvironment(&settings)
        try EngineOptions.requireMeaning(settings)
      }
      if let warning = named.warning(in: settings.options) {
        reading.logger?.warning("\(scheduler) \(warning)")
      }
      for note in named.notes { reading.logger?.notice("\(scheduler): \(note)") }
    }
    var job = try SimulationJob(
      workload: workload, cluster: cluster, scheduler: scheduler, engine: settings)
    job.scaleArrivals = replay.scaleArrivals
    job.scaleRunTimes = replay.scaleRunTimes
    job.waitsBy = waits.groupings
    job.selection = selection.selection
    job.reading = reading
    if ExternalScheduler.isOne(scheduler) {
      job.givenPolicy = try ExternalScheduler.policy(
        scheduler, timeout: schedulerTimeout.value.seconds)
    }
    if replications > 1 {
      let summary = try await job.replications(
        seeds: (0..<UInt64(replications)).map { seed &+ $0 })
      try writeOutput(json ? jsonText(summary.object) + "\n" : summary.text)
      if let failure = summary.reports.failure { throw failure }
      return
    }
    let meter = ReadMeter()
    let progress = Progress("simulating \(workload)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    let summary = try job.run(seed: seed, files: files, meter: meter)
    progress.finish(summary.report.total.submitted + summary.report.warmUpTasks)
    if let note = rejectNote(summary.rejects) { reading.logger?.warning("\(note)") }
    try writeSummary(json ? jsonText(summary.object) + "\n" : summary.text, of: files.paths)
    if let failure = [summary.report].failure { throw failure }
  }
}
