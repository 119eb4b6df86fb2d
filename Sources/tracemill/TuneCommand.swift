import ArgumentParser
import Foundation
import Logging
import MARL
import Runs
import Tables
import TraceParsing

/// `tracemill tune`: the constants of the one-step rule, by random search.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Tune the one-step reward rule on a scenario.",
    discussion: """
      Random search on seeds that are used for nothing else, for all loads of the scenario together and \
      for each by itself. Use the result as scheduler one-step:FILE.

      Example:
        tracemill tune data/scenarios/study-100.yaml -o rule.json
      """)

  @Argument(help: ArgumentHelp("The scenario (YAML).", valueName: "scenario"))
  var scenario: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Where the constants go.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Draws of the first round; the second has half.", valueName: "number"))
  var draws = 300

  @Option(help: ArgumentHelp("What draws come from.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(
    name: [.customLong("threads"), .customLong("workers")],
    help: ArgumentHelp("Episodes at a time; the result is the same.", valueName: "number"))
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard (1...1_000_000).contains(draws) else { throw ValidationError("--draws is 1 to 1000000") }
    guard (1...1024).contains(workers) else { throw ValidationError("--threads is from 1 to 1024") }
  }

  func run() throws {
    var file = try ScenarioFile(path: scenario, logger: messages.logger)
    _ = try file.scenario(of: scenario)
    try file.measureUnits(workers: workers)
    let tuner = Tuner(
      file.scenarios[0], loads: file.loads, tasks: file.tasks, draws: draws, seed: seed)
    let logger = messages.logger
    let rule = try tuner.run(workers: workers) { logger?.info("\($0)") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try OutputFile.write(try encoder.encode(rule) + Data("\n".utf8), to: output)
    if json { return try writeOutput(String(decoding: encoder.encode(rule), as: UTF8.self) + "\n") }
    try writeOutput(rule.text + "  wrote \(output)\n")
  }
}
