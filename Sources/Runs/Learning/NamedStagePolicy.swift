import Foundation
import MARL
import Simulation

/// A policy of stages by its name: one of `StagePolicies`, with `:PARAMETER` where it has one, or `stage:FILE`.
struct NamedStagePolicy {
  private enum Kind {
    case rule(any StagePolicy)
    case learned(StageModel, name: String)
  }

  private let kind: Kind

  /// - Parameter folder: where a file is that is not given by a whole path.
  init(_ text: String, folder: String) throws {
    let prefix = LearnedDecision.stage.prefix
    guard text.hasPrefix(prefix) else {
      kind = .rule(try Self.rule(text))
      return
    }
    let name = String(text.dropFirst(prefix.count))
    // One that is there comes before one of the program's.
    let path = LearningFile.place("file:" + name, in: folder)
    do {
      let model = try StageModel(
        SafeTensors(
          try NamedScheduler.contents(path) { _ in ShippedPolicies.stage(name) }))
      let label = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      kind = .learned(model, name: prefix + label)
    } catch let error as CheckpointError {
      throw RunError(message: "\(path): \(error)")
    }
  }

  /// The policy on graphs.
  func policy(_ tables: StageTables) -> any StagePolicy {
    switch kind {
    case .rule(let policy): policy
    case .learned(let model, let name): model.policy(named: name, on: tables)
    }
  }

  /// Whether it could be one; a file is not looked at.
  static func check(_ text: String) throws {
    if !text.hasPrefix(LearnedDecision.stage.prefix) { _ = try rule(text) }
  }

  private static func rule(_ text: String) throws -> any StagePolicy {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let entry = StagePolicies.all.first(where: { $0.name == name }) else {
      throw RunError(
        message: unknownName("policy", name, among: StagePolicies.all.map(\.name))
          + "; a learned one is \(LearnedDecision.stage.prefix)FILE")
    }
    guard parts.count > 1 else { return entry.make(entry.parameter ?? 0) }
    guard entry.parameter != nil else {
      throw RunError(message: "policy \(name) has no parameter: '\(text)'")
    }
    guard let value = Double(parts[1]), entry.range.contains(value) else {
      throw RunError(
        message:
          "policy \(name): '\(parts[1])' is no number from \(significant(entry.range.lowerBound)) "
          + "to \(significant(entry.range.upperBound))")
    }
    return entry.make(value)
  }
}
