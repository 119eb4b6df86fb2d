import Foundation
import MARL
import Tables
import Workload

/// A training by search, and its files: of an order of the queue, or of a choice of devices or stages.
public struct SearchSession {
  private let scenario: any SearchScenario
  private let folder: String
  private var trainer: any SearchTrainer
  private var lines = ["generation,loss_mean,loss_best,step,validation"]
  private var seconds = 0.0
  private var notes: [Note] = []

  private var policyPath: String { folder + "/policy.safetensors" }
  private var curvePath: String { folder + "/policy.progress.csv" }

  /// A training that begins.
  ///
  /// - Parameters:
  ///   - scenario: what is trained.
  ///   - folder: where policy.safetensors and policy.progress.csv go; it is there when it runs.
  public init(_ scenario: any SearchScenario, folder: String) {
    self.scenario = scenario
    self.folder = folder
    trainer = scenario.trainer()
  }

  /// The training that a scenario file asks for, at its beginning; nil where it is one of where tasks go.
  ///
  /// - Parameters:
  ///   - path: the scenario.
  ///   - folder: where its files go.
  /// - Throws: ``RunError`` with every mistake in the file.
  public init?(path: String, folder: String) throws {
    let decision = try LearningFile(path: path).read { root -> LearnedDecision? in
      root.ignoreOtherKeys()
      return root["decision"] == nil
        ? .placement : root.choice("decision", of: LearnedDecision.self)
    }
    switch decision {
    case .order: self.init(try OrderScenario(path: path), folder: folder)
    case .device: self.init(try DeviceScenario(path: path), folder: folder)
    case .stage: self.init(try StageTrainingScenario(path: path), folder: folder)
    case .placement: return nil
    }
  }

  /// Trains, writing the files at each validation and at the end.
  ///
  /// - Parameters:
  ///   - workers: runs at a time; the result is the same.
  ///   - limit: generations, at most; nil for all.
  ///   - report: is given a line a generation.
  public mutating func run(workers: Int, limit: Int? = nil, report: (String) -> Void = { _ in })
    throws
  {
    let (words, training) = (scenario.words, scenario.training as any SearchSettings)
    notes = try scenario.notes()
    for line in notes.texts + scenario.constantInputs { report("\(scenario.name): \(line)\n") }
    let start = processorSeconds()
    let total = min(training.generations, limit ?? .max)
    for generation in 1...total {
      let validates = generation == total || generation % training.validationEvery == 0
      let progress = try trainer.step(workers: workers, validates: validates)
      let value = progress.validation.map { Foundation.exp($0) }
      lines.append(
        [
          "\(generation)", "\(progress.mean)", "\(progress.best)", "\(progress.step)",
          value.map { "\($0)" } ?? "",
        ].joined(separator: ","))
      var line = "\(generation)/\(total)  \(words.loss) \(text(progress.mean))"
      line += ", best \(text(progress.best))"
      line += "  step \(fixed(progress.step, 3))"
      if let validation = progress.validation {
        line += "  \(words.validation) \(text(validation))"
      }
      report(line + "\n")
      guard validates else { continue }
      try OutputFile.write(trainer.policy.data(), to: policyPath)
      try OutputFile.write((lines.joined(separator: "\n") + "\n").utf8, to: curvePath)
    }
    seconds = processorSeconds() - start
  }

  /// A loss, of its logarithm.
  private func text(_ logarithm: Double) -> String {
    fixed(Foundation.exp(logarithm), scenario.words.digits)
  }

  /// What it came to, for JSON.
  public var object: [String: Any] {
    [
      "policy": policyPath, "progress": curvePath, "generations": lines.count - 1,
      "runs": trainer.runs, "validation": Foundation.exp(trainer.bestLoss),
      "validation_start": Foundation.exp(trainer.startLoss), "cpu_seconds": seconds,
      "notes": notes.texts,
    ]
  }

  /// What it came to, for people.
  public var summary: String {
    let words = scenario.words
    return
      "\(grouped(trainer.runs)) runs\(words.runs) in \(fixed(seconds, 0)) CPU-seconds; "
      + words.result(text(trainer.bestLoss), text(trainer.startLoss))
      + (trainer.bestLoss < trainer.startLoss
        ? "\n" : ": nothing better was found, the policy is \(words.start)\n")
      + "  wrote \(policyPath), which \(words.decision.option) \(words.decision.prefix)\(policyPath) runs\n"
  }
}
