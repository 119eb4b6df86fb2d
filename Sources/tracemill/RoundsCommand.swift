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
    let scenario = try RoundScenario(path: scenario)
    let results = try scenario.policies.map { policy in
      messages.logger?.info("\(policy)")
      return try scenario.run(policy)
    }
    if json {
      let object: [String: Any] = [
        "name": scenario.name, "jobs": scenario.jobs.count, "measured": scenario.measured.count,
        "policies": results.map(\.object),
      ]
      return try writeOutput(jsonText(object) + "\n")
    }
    var table = TextTable(
      header: ["policy", "mean h", "longest h", "rounds", "GPU use"], left: [0])
    for result in results {
      table.add([
        result.policy, fixed(result.meanHours, 2), fixed(result.longestHours, 1),
        grouped(result.rounds), fixed(result.use, 3),
      ])
    }
    try writeOutput(
      "\(scenario.name): time from arrival to end of \(grouped(scenario.measured.count)) of "
        + "\(grouped(scenario.jobs.count)) jobs\n" + table.text)
  }
}
