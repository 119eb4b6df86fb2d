import ArgumentParser
import Foundation
import MARL
import Runs

/// `tracemill train`: a learned scheduler.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract:
      "Train a learned scheduler on a scenario: where tasks go, which is next, or which GPUs they get.",
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
    switch try OrderScenario.decision(path: scenario) {
    case .order: return try trainOrder()
    case .device: return try trainDevice()
    case .placement, nil: break
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

  /// Learns which machine and device a task gets.
  private func trainDevice() throws {
    guard !resume, from == nil else {
      throw ValidationError(
        "--resume and --from are for decision: placement; a choice of devices is trained in one go")
    }
    let scenario = try DeviceScenario(path: scenario)
    try makeFolder(output)
    var session = DeviceSession(scenario, folder: output)
    try session.run(
      workers: workers, limit: stopAfter, report: messages.quiet ? { _ in } : writeError)
    try writeOutput(json ? jsonText(session.object) + "\n" : session.summary)
  }

  /// Learns which task that waits is next.
  private func trainOrder() throws {
    guard !resume, from == nil else {
      throw ValidationError(
        "--resume and --from are for decision: placement; an order is trained in one go")
    }
    let scenario = try OrderScenario(path: scenario)
    try makeFolder(output)
    var session = OrderSession(scenario, folder: output)
    try session.run(
      workers: workers, limit: stopAfter, report: messages.quiet ? { _ in } : writeError)
    try writeOutput(json ? jsonText(session.object) + "\n" : session.summary)
  }
}
