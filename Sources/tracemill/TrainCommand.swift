import ArgumentParser
import Foundation
import Runs
import Workload

/// `tracemill train`: a learned scheduler.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract:
      "Train a learned scheduler on a scenario: where tasks go, which is next, which GPUs they get, or which stages get executors.",
    discussion: """
      The folder gets policy.safetensors (best on the validation seeds: the scheduler \
      marl:FOLDER/policy.safetensors), checkpoint.safetensors (to go on from), \
      policy.curve.csv (which reports of `tracemill compare` show) and curve.svg. The result depends on the scenario alone, not on the number of workers, nor on \
      whether training was interrupted and resumed.

      Examples:
        tracemill train data/scenarios/study-100.yaml -o out/policy
        tracemill train data/scenarios/study-100.yaml -o out/policy --resume
      """)

  @Argument(help: ArgumentHelp("The scenario (YAML).", valueName: "scenario"))
  var scenario: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Where everything goes.", valueName: "folder"))
  var output: String

  @Flag(help: "Go on from the folder's checkpoint, if there is one.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Begin with the parameters of this policy; what is resumed has begun already.",
      valueName: "checkpoint"))
  var from: String?

  @Option(help: ArgumentHelp("Stop after so many iterations more.", valueName: "number"))
  var stopAfter: Int?

  @Option(
    name: [.customLong("threads"), .customLong("workers")],
    help: ArgumentHelp("Episodes at a time; the result is the same.", valueName: "number"))
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Option(
    help: ArgumentHelp(
      "Do this share of the episodes that are needed next, such as 3/8, and nothing else.",
      valueName: "i/n"))
  var shard: Shard?

  @Option(
    help: ArgumentHelp("What a shard's episodes came to: a .rollouts file.", valueName: "file"))
  var rollouts: String?

  @Option(
    help: ArgumentHelp(
      ".rollouts files of shards, or folders of them, whose episodes are not run again; may be repeated.",
      valueName: "file"))
  var known: [String] = []

  @Flag(help: "End where --known ends, and say how many episodes are needed next.")
  var onlyKnown = false

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard (1...1024).contains(workers) else { throw ValidationError("--threads is from 1 to 1024") }
    guard (shard == nil) == (rollouts == nil), rollouts?.hasSuffix(".rollouts") ?? true else {
      throw ValidationError("--shard goes with --rollouts FILE.rollouts")
    }
    if let stopAfter, stopAfter < 1 { throw ValidationError("--stop-after is at least 1") }
  }

  func run() throws {
    var job = TrainingJob(scenario: scenario, folder: output)
    (job.resume, job.from, job.limit) = (resume, from, stopAfter)
    (job.known, job.shard, job.rollouts) = (known, shard, rollouts)
    job.endsWithKnown = onlyKnown
    try writeOutput(
      job.run(
        workers: workers, json: json, logger: messages.logger,
        report: messages.quiet ? { _ in } : writeError))
  }
}
