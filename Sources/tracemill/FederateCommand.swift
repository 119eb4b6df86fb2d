import ArgumentParser
import Foundation
import MARL
import Runs

/// `tracemill federate`: one policy for clusters that keep their experience to themselves.
struct FederateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "federate",
    abstract: "Train one policy for several clusters that share policies and no experience.",
    discussion: """
      The scenario has a list of clusters. fedavg averages the policies that they train (McMahan et al. \
      2017), with momentum if the scenario says so, while critics stay where they are; fedprox also pulls them together (Li et al. 2020); pooled trains on all experience in one \
      place, isolated one policy a cluster: each method on the same number of episodes of each cluster. \
      The table says what the policies come to on held-out episodes; the first method is compared with the \
      others by paired differences and their bootstrap interval (BCa, 95 %).

      Examples:
        tracemill federate data/scenarios/federated.yaml -o out/federated
        tracemill federate data/scenarios/federated.yaml -o out/federated \
      --method fedavg fedprox pooled isolated
      """)

  @Argument(help: ArgumentHelp("The scenario (YAML), with clusters.", valueName: "scenario"))
  var scenario: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where policies and checkpoints go.", valueName: "folder"))
  var output: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("fedavg, fedprox, pooled, isolated: one or more.", valueName: "method"))
  var method: [FederationMethod] = [.fedavg]

  @Flag(help: "Go on from the folder's checkpoints, where there are any.")
  var resume = false

  @Option(help: ArgumentHelp("Stop each method after so many rounds more.", valueName: "number"))
  var stopAfter: Int?

  @Option(help: ArgumentHelp("Held-out seeds, consecutive; 0 for no table.", valueName: "number"))
  var seeds = 40

  @Option(
    help: ArgumentHelp(
      "The first seed; all of them are in 1 to 999 or in 2001 to 9999.", valueName: "number"))
  var firstSeed = 2001

  @Option(
    name: [.customLong("threads"), .customLong("workers")],
    help: ArgumentHelp(
      "Clusters or episodes at a time; the result is the same.", valueName: "number"))
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard (1...1024).contains(workers) else { throw ValidationError("--threads is from 1 to 1024") }
    guard seeds == 0 || (seeds > 1 && EpisodeSeed.heldOut(seeds, from: firstSeed) != nil) else {
      throw ValidationError(
        "--seeds is 0, or 2 and more that begin with --first-seed and stay in 1 to 999 or 2001 to 9999"
      )
    }
    if let stopAfter, stopAfter < 1 { throw ValidationError("--stop-after is at least 1") }
    guard Set(method.map(\.rawValue)).count == method.count, !method.isEmpty else {
      throw ValidationError("--method names each method once")
    }
  }

  func run() throws {
    var file = try ScenarioFile(path: scenario, logger: messages.logger)
    for method in method { try method.check(file, scenario) }
    try file.measureUnits(workers: workers)
    var trained: [FederationTable.Entry] = []
    do {
      for method in method {
        trained += try method.train(
          file, folder: "\(output)/\(method.rawValue)", resume: resume, workers: workers,
          limit: stopAfter,
          report: { if !messages.quiet { writeError("\(method.rawValue): \($0)") } },
          conclude: { if !json { try writeOutput($0) } })
      }
    } catch let error as TrainingError {
      throw CommandFailure(message: "\(scenario): \(error)")
    }
    guard let held = EpisodeSeed.heldOut(seeds, from: firstSeed) else { return }
    let table = try FederationTable(trained, file, seeds: held, workers: workers)
    try writeOutput(json ? jsonText(["results": table.objects]) + "\n" : table.text)
  }
}

extension FederationMethod: ExpressibleByArgument {}
