import ArgumentParser
import Foundation
import Logging
import MARL
import Runs
import Tables
import TraceParsing

/// `tracemill combine`: policies trained for different loads or tasks as one.
struct CombineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "combine",
    abstract:
      "Make one policy of several, each for a cluster as busy or tasks as long as it was trained for.",
    discussion: """
      Examples:
        tracemill combine low.safetensors high.safetensors --at 0.35 -o policy.safetensors
        tracemill combine short.safetensors long.safetensors --at-run-time 60 -o policy.safetensors
      """)

  @Argument(
    help: ArgumentHelp(
      "Policies, for the idlest cluster or the shortest tasks first.", valueName: "policy"))
  var policies: [String]

  @Option(
    help: ArgumentHelp(
      "Load from which the next policy takes over: the CPU work offered of late over what machines can do, or the share of CPU claimed if that is more.",
      valueName: "load")
  )
  var at: [Double] = []

  @Option(
    help: ArgumentHelp(
      "Mean run time of the tasks of late from which the next policy takes over.",
      valueName: "seconds"))
  var atRunTime: [Double] = []

  @Option(name: .shortAndLong, help: ArgumentHelp("Where the policy goes.", valueName: "file"))
  var output: String

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard at.isEmpty != atRunTime.isEmpty else {
      throw ValidationError("policies are combined by --at or by --at-run-time")
    }
    guard policies.count >= 2, at.count + atRunTime.count == policies.count - 1 else {
      throw ValidationError(
        "\(policies.count) policies need \(max(policies.count - 1, 1)) "
          + (at.isEmpty ? "--at-run-time" : "--at"))
    }
    guard (at + atRunTime).allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw ValidationError("--at and --at-run-time are more than 0")
    }
  }

  func run() throws {
    try PolicyModel.combine(policies, loads: at, runTimes: atRunTime, to: output)
    try writeOutput(
      json
        ? jsonText([
          "policy": output, "policies": policies, "at": at, "at_run_time": atRunTime,
        ]) + "\n"
        : "  wrote \(output)\n")
  }
}
