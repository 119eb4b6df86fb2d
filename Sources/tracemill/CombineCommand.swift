import ArgumentParser
import Foundation
import Logging
import MARL

/// `tracemill combine`: policies trained for different loads as one.
struct CombineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "combine",
    abstract:
      "Make one policy of several, each acting while the cluster is as busy as it was trained for.",
    discussion: """
      Example:
        tracemill combine low.safetensors high.safetensors --at 0.35 -o policy.safetensors
      """)

  @Argument(help: ArgumentHelp("Policies, for the idlest cluster first.", valueName: "policy"))
  var policies: [String]

  @Option(
    help: ArgumentHelp(
      "Share of the cluster's CPU claimed at which the next policy takes over.", valueName: "share")
  )
  var at: [Double]

  @Option(name: .shortAndLong, help: ArgumentHelp("Where the policy goes.", valueName: "file"))
  var output: String

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard policies.count >= 2, at.count == policies.count - 1 else {
      throw ValidationError("\(policies.count) policies need \(max(policies.count - 1, 1)) --at")
    }
    guard at.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw ValidationError("--at is between 0 and 1")
    }
  }

  func run() throws {
    let parts = try policies.map { path in
      do { return try PolicyModel(path: path) } catch let error as CheckpointError {
        throw CommandFailure(message: "\(path): \(error)")
      }
    }
    do {
      try PolicyModel.gated(parts, at: at).tensors.write(path: output)
    } catch let error as TrainingError {
      throw CommandFailure(message: "\(error)")
    } catch let error as CheckpointError {
      throw CommandFailure(message: "\(output): \(error)")
    }
    for (index, path) in policies.enumerated() {
      let from = index == 0 ? 0 : at[index - 1]
      messages.logger?.debug("from \(significant(100 * from)) % of the CPU claimed: \(path)")
    }
    try writeOutput(
      json
        ? tracemill.json(["policy": output, "policies": policies, "at": at]) + "\n"
        : "  wrote \(output)\n")
  }
}
