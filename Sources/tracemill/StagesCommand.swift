import ArgumentParser
import Foundation
import Runs

/// `tracemill stages`: jobs of stages that share executors.
struct StagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages",
    abstract: "Let jobs made of stages share executors, under policies of stages.",
    discussion: """
      A job is a graph of stages; a stage is so many tasks, whose times hang on how many executors the job has. \
      The file has the executors, the arrivals and the file of graphs; docs/learning/stages.md explains its keys. \
      Policies: fair (equal shares), weighted-fair:EXPONENT, fifo, sjf and sjf-cp (least work left first; its \
      critical path first), capped:PARAMETER and yielding:PARAMETER (least work left first, at most \
      √(work in seconds / PARAMETER) executors a job, of all its work or of what is left), stage:FILE (a learned one).

      Example:
        tracemill stages mine.yaml
      """)

  @Argument(help: ArgumentHelp("What is shared (YAML).", valueName: "file"), completion: .file())
  var scenario: String

  @Option(
    help: ArgumentHelp(
      "The graphs (JSON, may be compressed); without it the file says where they are.",
      valueName: "file"),
    completion: .file())
  var graphs: String?

  @Option(
    help: ArgumentHelp(
      "A policy in place of those of the file; may be given several times.", valueName: "policy"))
  var policy: [String] = []

  @Option(
    name: [.customLong("threads"), .customLong("workers")],
    help: ArgumentHelp("Runs at a time; the result is the same.", valueName: "number"))
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard (1...1024).contains(workers) else { throw ValidationError("--threads is from 1 to 1024") }
  }

  func run() throws {
    let table = try StageTable(
      StageScenario(path: scenario, graphs: graphs, policies: policy), workers: workers
    ) {
      messages.logger?.info("\($0)")
    }
    try writeOutput(json ? jsonText(table.object) + "\n" : table.text)
  }
}
