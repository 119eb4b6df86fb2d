import Foundation
import MARL
import Tables

/// The training of an order of the queue, and its files.
public struct OrderSession {
  private let scenario: OrderScenario
  private let folder: String
  private var trainer: OrderTrainer
  private var lines = ["generation,loss_mean,loss_best,step,validation"]
  private var validation = Double.nan
  private var seconds = 0.0

  private var policyPath: String { folder + "/policy.safetensors" }
  private var curvePath: String { folder + "/policy.progress.csv" }

  /// A training that begins.
  ///
  /// - Parameters:
  ///   - scenario: what is trained.
  ///   - folder: where policy.safetensors and policy.progress.csv go; it is there.
  public init(_ scenario: OrderScenario, folder: String) {
    self.scenario = scenario
    self.folder = folder
    trainer = scenario.trainer()
  }

  /// The best policy so far.
  public var policy: OrderModel {
    var model = trainer.best
    model.environment = TrainingEnvironment(ofOrder: scenario.options)
    return model
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
    for line in scenario.notes.texts + scenario.constantInputs {
      report("\(scenario.name): \(line)\n")
    }
    let start = processorSeconds()
    let total = min(scenario.training.generations, limit ?? .max)
    for generation in 1...total {
      let validates = generation == total || generation % scenario.training.validationEvery == 0
      let progress = try trainer.step(workers: workers, validates: validates)
      let value = progress.validation.map { Foundation.exp($0) }
      lines.append(
        [
          "\(generation)", "\(progress.mean)", "\(progress.best)", "\(progress.step)",
          value.map { "\($0)" } ?? "",
        ].joined(separator: ","))
      var line = "\(generation)/\(total)  loss \(fixed(Foundation.exp(progress.mean), 2))"
      line += ", best \(fixed(Foundation.exp(progress.best), 2))"
      line += "  step \(fixed(progress.step, 3))"
      if let value { line += "  validation \(fixed(value, 2))" }
      report(line + "\n")
      guard validates else { continue }
      validation = Foundation.exp(trainer.bestLoss)
      try OutputFile.write(policy.tensors.data(), to: policyPath)
      try OutputFile.write((lines.joined(separator: "\n") + "\n").utf8, to: curvePath)
    }
    seconds = processorSeconds() - start
  }

  /// What it came to, for JSON.
  public var object: [String: Any] {
    [
      "policy": policyPath, "progress": curvePath, "generations": lines.count - 1,
      "runs": trainer.runs, "validation": validation,
      "validation_start": Foundation.exp(trainer.startLoss), "cpu_seconds": seconds,
      "notes": scenario.notes.texts,
    ]
  }

  /// What it came to, for people.
  public var summary: String {
    "\(grouped(trainer.runs)) runs of \(grouped(scenario.length)) tasks in \(fixed(seconds, 0)) CPU-seconds; "
      + "best on the validation sequences \(fixed(validation, 2)), smallest area "
      + "\(fixed(Foundation.exp(trainer.startLoss), 2))"
      + (trainer.bestLoss < trainer.startLoss
        ? "\n" : ": nothing better was found, the policy is smallest area first\n")
      + "  wrote \(policyPath), which --scheduler order:\(policyPath) runs\n"
  }
}
