import ArgumentParser
import Runs

/// `tracemill rounds`: jobs that share GPUs of several types in rounds.
struct RoundsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rounds",
    abstract: "Let jobs share GPUs of several types in rounds, under policies of shares.",
    discussion: """
      Each kind of job has a throughput on each type of GPU. The file has it, the GPUs and the jobs; \
      docs/learning/rounds.md explains its keys. Policies: fifo and fifo-aware (first come, first served; the \
      fastest type with room), las and las-aware (the same time for all; max-min fairness of throughput), allox \
      and allox-preemptive (the least sum of completion times by a matching; who runs keeps its type, or not).

      Example:
        tracemill rounds mine.yaml
      """)

  @Argument(help: ArgumentHelp("What is shared (YAML).", valueName: "file"), completion: .file())
  var scenario: String

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  func run() throws {
    let table = try RoundTable(RoundScenario(path: scenario)) { messages.logger?.info("\($0)") }
    try writeOutput(json ? jsonText(table.object) + "\n" : table.text)
  }
}
