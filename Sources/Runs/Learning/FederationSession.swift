import Foundation
import MARL
import Tables
import TraceParsing

/// Federated training on its way, and its files.
public struct FederationSession {
  private let folder: String
  private var federation: Federation

  /// A training that begins, or goes on from the checkpoint in its folder, which is made.
  public init(_ file: ScenarioFile, folder: String, resume: Bool = false) throws {
    self.folder = folder
    try makeFolder(folder)
    let path = "\(folder)/checkpoint.safetensors"
    guard resume, FileManager.default.fileExists(atPath: path) else {
      federation = try Federation(
        file.scenarios, file.training, localIterations: file.localIterations,
        momentum: file.momentum)
      return
    }
    do {
      federation = try Federation(
        file.scenarios, file.training, localIterations: file.localIterations,
        momentum: file.momentum, resuming: SafeTensors(path: path))
    } catch let error as CheckpointError {
      throw RunError(message: "\(path): \(error)")
    }
  }

  /// The best policy so far.
  public var policy: PolicyModel { federation.best ?? federation.model }

  /// Trains, writing the files at each validation and at the end; `report` is given a line a round.
  public mutating func run(workers: Int, limit: Int? = nil, report: (String) -> Void = { _ in })
    throws
  {
    var left = limit ?? .max
    while !federation.isDone, left > 0 {
      let round = try federation.step(workers: workers)
      left -= 1
      var line =
        "round \(round.round)/\(federation.rounds)  \(short(Double(round.decisions))) decisions  R "
        + round.rewards.map { fixed($0, 4) }.joined(separator: " ")
      if let validation = round.validation {
        line += "  validation " + validation.map { fixed($0, 4) }.joined(separator: " ")
        try save()
      }
      report(line + "\n")
    }
    try save()
  }

  private func save() throws {
    try OutputFile.write(federation.checkpoint.data(), to: "\(folder)/checkpoint.safetensors")
    try OutputFile.write(policy.tensors.data(), to: "\(folder)/policy.safetensors")
  }

  /// What it came to, for people.
  public var summary: String {
    "\(counted(federation.decisions, "decision")) of \(counted(federation.clusters.count, "cluster")) in "
      + "\(grouped(federation.round)) rounds; best on the validation seeds "
      + "\(fixed(federation.bestReward, 4))\n  wrote \(folder)/policy.safetensors\n"
  }
}
