import ArgumentParser
import Foundation
import MARL
import Runs

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

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard (1...1024).contains(workers) else { throw ValidationError("--threads is from 1 to 1024") }
    if let stopAfter, stopAfter < 1 { throw ValidationError("--stop-after is at least 1") }
  }

  func run() throws {
    if let session = try SearchSession(path: scenario, folder: output) {
      return try search(session)
    }
    var file = try ScenarioFile(path: scenario, logger: messages.logger)
    guard file.training.iterations > 0 || file.polish != nil else {
      throw CommandFailure(
        message:
          "\(scenario): training.iterations is 0 and there is no polish; there is nothing to do")
    }
    try file.measureUnits(workers: workers)
    try makeFolder(output)
    do {
      var session = try TrainingSession(file, folder: output, resume: resume, from: from)
      try session.run(
        workers: workers, limit: stopAfter, report: messages.quiet ? { _ in } : writeError)
      try writeOutput(json ? jsonText(session.object) + "\n" : session.summary)
    } catch let error as TrainingError {
      throw CommandFailure(message: "\(scenario): \(error)")
    }
  }

  /// Learns which task that waits is next, which devices a task gets, or which stages get executors.
  private func search(_ session: SearchSession) throws {
    guard !resume, from == nil else {
      throw ValidationError(
        "--resume and --from are for decision: placement; others are trained in one go")
    }
    try makeFolder(output)
    var session = session
    try session.run(
      workers: workers, limit: stopAfter, report: messages.quiet ? { _ in } : writeError)
    try writeOutput(json ? jsonText(session.object) + "\n" : session.summary)
  }
}
