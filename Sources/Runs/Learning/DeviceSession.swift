import Foundation
import MARL
import Tables
import Workload

/// The training of a choice of devices, and its files.
public struct DeviceSession {
  private let scenario: DeviceScenario
  private let folder: String
  private var trainer: DeviceTrainer
  private var lines = ["generation,loss_mean,loss_best,step,validation"]
  private var seconds = 0.0
  private var notes: [Note] = []

  private var policyPath: String { folder + "/policy.safetensors" }
  private var curvePath: String { folder + "/policy.progress.csv" }

  /// A training that begins.
  ///
  /// - Parameters:
  ///   - scenario: what is trained.
  ///   - folder: where policy.safetensors and policy.progress.csv go; it is there.
  public init(_ scenario: DeviceScenario, folder: String) {
    self.scenario = scenario
    self.folder = folder
    trainer = scenario.trainer()
  }

  /// The best policy so far.
  public var policy: DeviceModel { trainer.best }

  /// Trains, writing the files at each validation and at the end.
  ///
  /// - Parameters:
  ///   - workers: runs at a time; the result is the same.
  ///   - limit: generations, at most; nil for all.
  ///   - report: is given a line a generation.
  public mutating func run(workers: Int, limit: Int? = nil, report: (String) -> Void = { _ in })
    throws
  {
    notes = try scenario.notes()
    for line in notes.texts { report("\(scenario.name): \(line)\n") }
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
      var line =
        "\(generation)/\(total)  GPUs left over FGD's \(fixed(Foundation.exp(progress.mean), 3))"
      line += ", best \(fixed(Foundation.exp(progress.best), 3))"
      line += "  step \(fixed(progress.step, 3))"
      if let value { line += "  whole cluster \(fixed(value, 3))" }
      report(line + "\n")
      guard validates else { continue }
      try OutputFile.write(policy.tensors.data(), to: policyPath)
      try OutputFile.write((lines.joined(separator: "\n") + "\n").utf8, to: curvePath)
    }
    seconds = processorSeconds() - start
  }

  private var validation: Double { Foundation.exp(trainer.bestLoss) }

  /// What it came to, for JSON.
  public var object: [String: Any] {
    [
      "policy": policyPath, "progress": curvePath, "generations": lines.count - 1,
      "runs": trainer.runs, "validation": validation, "cpu_seconds": seconds,
      "notes": notes.texts,
    ]
  }

  /// What it came to, for people.
  public var summary: String {
    "\(grouped(trainer.runs)) runs in \(fixed(seconds, 0)) CPU-seconds; on the whole cluster it leaves "
      + "\(fixed(validation, 3)) of the GPUs that FGD leaves\n"
      + "  wrote \(policyPath), which --scheduler device:\(policyPath) runs\n"
  }
}
