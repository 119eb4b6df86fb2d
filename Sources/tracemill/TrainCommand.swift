import ArgumentParser
import Foundation
import MARL
import Simulation

/// `tracemill train`: a learned scheduler.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a learned scheduler on a scenario.",
    discussion: """
      The folder gets policy.safetensors (best on the validation seeds: the scheduler \
      marl:FOLDER/policy.safetensors), checkpoint.safetensors (to go on from), \
      policy.curve.csv (which reports of `tracemill compare` show) and curve.svg. The result depends on the scenario alone, not on the number of workers, nor on \
      whether training was interrupted and resumed.

      Examples:
        tracemill train data/scenarios/study-100.yaml -o out/policy
        tracemill train data/scenarios/study-100.yaml -o out/policy --resume
      """)

  @Argument(help: ArgumentHelp("The scenario (YAML).", valueName: "scenario"))
  var scenario: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Where everything goes.", valueName: "folder"))
  var output: String

  @Flag(help: "Go on from the folder's checkpoint, if there is one.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Begin with the parameters of this policy; what is resumed has begun already.",
      valueName: "checkpoint"))
  var from: String?

  @Option(help: ArgumentHelp("Stop after so many iterations more.", valueName: "number"))
  var stopAfter: Int?

  @Option(
    name: [.customLong("threads"), .customLong("workers")],
    help: ArgumentHelp("Episodes at a time; the result is the same.", valueName: "number"))
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard (1...1024).contains(workers) else { throw ValidationError("--threads is from 1 to 1024") }
    if let stopAfter, stopAfter < 1 { throw ValidationError("--stop-after is at least 1") }
  }

  func run() throws {
    var file = try ScenarioFile(path: scenario)
    guard file.training.iterations > 0 || file.polish != nil else {
      throw CommandFailure(
        message:
          "\(scenario): training.iterations is 0 and there is no polish; there is nothing to do")
    }
    try file.measureUnits(workers: workers)
    try makeFolder(output)
    do {
      var session = try TrainingSession(file, folder: output, resume: resume, from: from)
      try session.run(
        workers: workers, limit: stopAfter, report: messages.quiet ? { _ in } : writeError)
      try writeOutput(json ? tracemill.json(session.object) + "\n" : session.summary)
    } catch let error as TrainingError {
      throw CommandFailure(message: "\(scenario): \(error)")
    }
  }
}

/// Makes a folder where there is none.
func makeFolder(_ path: String) throws {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw CommandFailure(message: "\(path): cannot be made")
  }
}

/// Training on its way, and its files.
struct TrainingSession {
  private let file: ScenarioFile
  private let folder: String
  private var trainer: Trainer
  private var polish: EvolutionStrategy?

  /// The best policy so far.
  var policy: PolicyModel { polish?.best ?? trainer.best ?? trainer.learner.model }

  private var policyPath: String { folder + "/policy.safetensors" }
  private var checkpointPath: String { folder + "/checkpoint.safetensors" }
  private var polishPath: String { folder + "/polish.safetensors" }

  init(_ file: ScenarioFile, folder: String, resume: Bool, from: String?) throws {
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
      throw CommandFailure(message: "\(path): \(error)")
    }
  }

  mutating func run(workers: Int, limit: Int?, report: (String) -> Void) throws {
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
        try polish.checkpoint.write(path: polishPath)
        try polish.best.tensors.write(path: policyPath)
      }
    }
    self.polish = polish
    try polish.checkpoint.write(path: polishPath)
    if polish.bestReward > -.infinity { try polish.best.tensors.write(path: policyPath) }
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
    try trainer.checkpoint.write(path: checkpointPath)
    if let best = trainer.best, polish == nil { try best.tensors.write(path: policyPath) }
    let curve = TrainingCurve(trainer.history)
    do {
      try curve.csv.write(
        toFile: TrainingCurve.path(beside: policyPath), atomically: true, encoding: .utf8)
      try curve.svg.write(toFile: folder + "/curve.svg", atomically: true, encoding: .utf8)
    } catch {
      throw CommandFailure(message: "\(folder): cannot be written to")
    }
  }

  var object: [String: Any] {
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

  var summary: String {
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
