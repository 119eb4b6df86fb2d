import ArgumentParser
import Foundation
import Logging
import MARL
import Runs
import Tables
import Workload

/// `tracemill evaluate`: schedulers on the same held-out episodes, by the reward and its terms.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Compare schedulers on the held-out episodes of a scenario, by their reward.",
    discussion: """
      All schedulers meet the same arrivals, gateways and machines. The first is compared with each of \
      the others by paired differences and their bootstrap interval (BCa, 95 %). oracle:NAME is NAME \
      with a view of no age. The units of energy and imbalance are the random policy's on tuning seeds.

      Example:
        tracemill evaluate data/scenarios/study-100.yaml --load 0.7 --tasks 10000 \
      marl:data/policies/study-100.safetensors one-step:data/policies/one-step-study-100.json \
      sampled:earliest-completion,d=3,weighted
      """)

  @Argument(help: ArgumentHelp("The scenario (YAML).", valueName: "scenario"))
  var scenario: String

  @Argument(
    help: ArgumentHelp(
      "Schedulers; `all` stands for the catalogue's and the usual samples.", valueName: "scheduler")
  )
  var schedulers: [String]

  @Option(help: ArgumentHelp("A load; the scenario's if none is given.", valueName: "load"))
  var load: [Double] = []

  @Option(help: ArgumentHelp("Tasks an episode; the scenario's if not given.", valueName: "number"))
  var tasks: Int?

  @Option(help: ArgumentHelp("Held-out seeds, consecutive.", valueName: "number"))
  var seeds = 40

  @Option(
    help: ArgumentHelp(
      "The first seed; all of them are in 1 to 999 or in 2001 to 9999.", valueName: "number"))
  var firstSeed = 1

  @Option(help: ArgumentHelp("Age of the view, in place of the scenario's.", valueName: "seconds"))
  var heartbeat: Double?

  @Option(
    help: ArgumentHelp("Candidates of learned schedulers, in place of their own.", valueName: "n"))
  var candidates: Int?

  @Option(
    name: [.customLong("threads"), .customLong("workers")],
    help: ArgumentHelp("Episodes at a time; the result is the same.", valueName: "number"))
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Run each learned scheduler in the engine that it was trained in.")
  var asTrained = false

  @Option(help: ArgumentHelp("Write every episode's reward and terms.", valueName: "file.csv"))
  var csv: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard (2...999).contains(seeds) else { throw ValidationError("--seeds is 2 to 999") }
    guard EpisodeSeed.heldOut(seeds, from: firstSeed) != nil else {
      throw ValidationError(
        "--first-seed \(firstSeed) with \(seeds) seeds leaves the seeds kept for evaluation, 1 to 999 "
          + "and 2001 to 9999; the others are for validation, tuning and training")
    }
    guard (1...1024).contains(workers) else { throw ValidationError("--threads is from 1 to 1024") }
    guard load.allSatisfy({ $0 > 0 && $0 <= 100 }) else {
      throw ValidationError("--load is more than 0, at most 100")
    }
    guard !schedulers.isEmpty else { throw ValidationError("there is no scheduler to evaluate") }
    if let tasks, !(1...ScenarioFile.taskLimit).contains(tasks) {
      throw ValidationError("--tasks is from 1 to \(ScenarioFile.taskLimit)")
    }
    if let heartbeat, !(heartbeat >= 0 && heartbeat <= 1e6) {
      throw ValidationError("--heartbeat is 0 to 1000000")
    }
    if let candidates, !(1...100_000).contains(candidates) {
      throw ValidationError("--candidates is 1 to 100000")
    }
  }

  func run() throws {
    var file = try ScenarioFile(path: scenario, logger: messages.logger)
    if let tasks { file.tasks = tasks }
    if !load.isEmpty { file.loads = load }
    try file.measureUnits(workers: workers)
    for index in file.scenarios.indices {
      if let heartbeat {
        file.scenarios[index].options.heartbeat = Microseconds(seconds: heartbeat)
      }
    }
    let seeds = EpisodeSeed.heldOut(seeds, from: firstSeed) ?? []
    let evaluation = try Evaluation(schedulers, candidates: candidates, asTrained: asTrained)
    for warning in try file.scenarios.flatMap(evaluation.warnings) {
      messages.logger?.warning("\(warning)")
    }
    var rows = Evaluation.csvHeader
    var objects: [[String: Any]] = []
    for (scenario, load) in file.scenarios.flatMap({ s in file.loads.map { (s, $0) } }) {
      let result = try evaluation.run(
        scenario, load: load, tasks: file.tasks, seeds: seeds, workers: workers
      ) { messages.logger?.info("load \(significant(load)): \($0)") }
      rows += result.csvRows
      objects += result.objects
      if !json { try writeOutput(result.text) }
    }
    if json { try writeOutput(jsonText(["results": objects, "notes": file.notes.texts]) + "\n") }
    guard let csv else { return }
    try OutputFile.write(rows.utf8, to: csv)
    if !json { try writeOutput("  wrote \(csv)\n") }
  }
}
