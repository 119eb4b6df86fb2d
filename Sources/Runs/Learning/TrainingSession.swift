import Foundation
import MARL
import Tables
import TraceParsing

/// Makes a folder where there is none, and takes out of it what killed processes left.
package func makeFolder(_ path: String) throws {
  try ensureFolder(path)
  OutputFile.removeFoundationLeftovers(in: path)
}

/// Training on its way, and its files.
public struct TrainingSession {
  private let file: ScenarioFile
  private let folder: String
  private var trainer: Trainer
  private var polish: EvolutionStrategy?

  /// The best policy so far.
  public var policy: PolicyModel { polish?.best ?? trainer.best ?? trainer.learner.model }

  private var policyPath: String { folder + "/policy.safetensors" }
  private var checkpointPath: String { folder + "/checkpoint.safetensors" }
  private var polishPath: String { folder + "/polish.safetensors" }

  /// A training that begins, or goes on from the checkpoint in its folder.
  ///
  /// - Parameters:
  ///   - file: what is trained.
  ///   - folder: where policy.safetensors, checkpoint.safetensors, policy.curve.csv and curve.svg go; it
  ///     is there.
  ///   - resume: whether a checkpoint is gone on from.
  ///   - from: a policy whose parameters it begins with; nil for random ones.
  public init(_ file: ScenarioFile, folder: String, resume: Bool = false, from: String? = nil)
    throws
  {
    self.file = file
    self.folder = folder
    let start = try from.map { path in
      try Self.naming(path) { try PolicyModel(path: path) }
    }
    let checkpoint = folder + "/checkpoint.safetensors"
    if resume, FileManager.default.fileExists(atPath: checkpoint) {
      trainer = try Self.naming(checkpoint) {
        try Trainer(file.scenarios, file.training, resuming: SafeTensors(path: checkpoint))
      }
    } else {
      trainer = try Trainer(file.scenarios, file.training, from: start)
    }
    let polish = folder + "/polish.safetensors"
    if resume, let settings = file.polish, FileManager.default.fileExists(atPath: polish) {
      self.polish = try Self.naming(polish) {
        try EvolutionStrategy(file.scenarios, settings, resuming: SafeTensors(path: polish))
      }
    }
  }

  private static func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as CheckpointError {
      throw RunError(message: "\(path): \(error)")
    }
  }

  /// Trains, writing the files at each validation and at the end.
  ///
  /// - Parameters:
  ///   - workers: episodes at a time; the result is the same.
  ///   - limit: iterations and generations more; nil for all.
  ///   - report: is given a line an iteration.
  public mutating func run(workers: Int, limit: Int? = nil, report: (String) -> Void = { _ in })
    throws
  {
    var left = limit ?? .max
    let start = processorSeconds()
    let before = trainer.decisions
    while !trainer.isDone, left > 0 {
      let iteration = try trainer.step(workers: workers)
      left -= 1
      let rate = Double(trainer.decisions - before) / max(processorSeconds() - start, 1e-9)
      report(Self.line(iteration, of: file.training.iterations, rate))
      if iteration.validation != nil { try save() }
    }
    try save()
    guard trainer.isDone, let settings = file.polish else { return }
    var polish = polish ?? EvolutionStrategy(file.scenarios, settings, from: policy)
    while !polish.isDone, left > 0 {
      let (reward, validation) = try polish.step(workers: workers)
      left -= 1
      if let validation {
        report(
          "polish \(polish.generation)/\(settings.generations)  \(short(Double(polish.decisions))) "
            + "decisions  R \(fixed(reward, 4))  validation "
            + validation.map { fixed($0, 4) }.joined(separator: " ") + "\n")
        try OutputFile.write(polish.checkpoint.data(), to: polishPath)
        try OutputFile.write(polish.best.tensors.data(), to: policyPath)
      }
    }
    self.polish = polish
    try OutputFile.write(polish.checkpoint.data(), to: polishPath)
    if polish.bestReward > -.infinity {
      try OutputFile.write(polish.best.tensors.data(), to: policyPath)
    }
  }

  private static func line(_ report: IterationReport, of total: Int, _ rate: Double) -> String {
    let terms = report.terms
    var line =
      "\(report.iteration)/\(total)  \(short(Double(report.decisions))) decisions  "
      + "R \(fixed(report.reward, 4))  S \(fixed(terms.service, 3))  C \(fixed(terms.completion, 3))  "
      + "E \(fixed(terms.energy, 3))  V \(fixed(terms.imbalance, 3))  "
      + "\(short(rate)) decisions per CPU-second"
    if let byLoad = report.validationByLoad {
      line += "  validation " + byLoad.map { fixed($0, 4) }.joined(separator: " ")
    }
    return line + "\n"
  }

  private func save() throws {
    try OutputFile.write(trainer.checkpoint.data(), to: checkpointPath)
    if let best = trainer.best, polish == nil {
      try OutputFile.write(best.tensors.data(), to: policyPath)
    }
    let curve = TrainingCurve(trainer.history)
    try OutputFile.write(curve.csv.utf8, to: TrainingCurve.path(beside: policyPath))
    try OutputFile.write(curve.svg.utf8, to: folder + "/curve.svg")
  }

  /// What it came to, for JSON.
  public var object: [String: Any] {
    var object: [String: Any] = [
      "policy": policyPath, "curve": TrainingCurve.path(beside: policyPath),
      "iterations": trainer.iteration, "decisions": trainer.decisions,
    ]
    // Before the first validation there is none.
    if trainer.bestReward.isFinite { object["validation"] = trainer.bestReward }
    if let polish {
      var part: [String: Any] = ["decisions": polish.decisions]
      if polish.bestReward.isFinite { part["validation"] = polish.bestReward }
      object["polish"] = part
    }
    return object
  }

  /// What it came to, for people.
  public var summary: String {
    var text =
      !trainer.bestReward.isFinite
      ? ""
      : "\(grouped(trainer.decisions)) decisions in \(grouped(trainer.iteration)) iterations; "
        + "best on the validation seeds \(fixed(trainer.bestReward, 4))\n"
    if let polish {
      text +=
        "\(grouped(polish.decisions)) decisions of polish; best there \(fixed(polish.bestReward, 4))\n"
    }
    return text + "  wrote \(policyPath)\n"
  }
}
