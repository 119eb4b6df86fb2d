import Foundation
import Logging
import MARL
import TraceParsing
import Workload

/// A training of whatever its scenario says is learned: what `tracemill train` does, whole or shared by processes.
///
/// Processes that share one do so in rounds: all know what jobs (episodes, runs of a search's points) came to so far,
/// and each does its share of those that are needed next. The process that has the folder goes on from what is known.
public struct TrainingJob {
  /// The scenario's file.
  public var scenario: String
  /// Where everything goes.
  public var folder: String
  /// Whether it goes on from the folder's checkpoint, if there is one.
  public var resume = false
  /// A policy whose parameters it begins with; nil for none.
  public var from: String?
  /// Iterations more, at most; nil for all.
  public var limit: Int?
  /// `.rollouts` files of what jobs came to, and folders of them.
  public var known: [String] = []
  /// Which of the jobs that are needed next are done, and nothing else.
  public var shard: Shard?
  /// The file that a shard writes.
  public var rollouts: String?
  /// Whether it ends where what is known ends.
  public var endsWithKnown = false

  /// A training from its beginning.
  public init(scenario: String, folder: String) {
    (self.scenario, self.folder) = (scenario, folder)
  }

  /// Trains, and returns what is printed.
  ///
  /// - Parameters:
  ///   - workers: episodes at a time; the result is the same.
  ///   - json: whether what is printed is JSON.
  ///   - logger: is told what was left out or assumed of the scenario.
  ///   - report: is given a line an iteration.
  /// - Throws: ``RunError`` for what is wrong with the scenario, and for files of another training.
  public func run(
    workers: Int, json: Bool, logger: Logger? = nil, report: (String) -> Void = { _ in }
  ) throws -> String {
    guard shard != nil || endsWithKnown || !known.isEmpty else {
      return try train(nil, workers, json, logger, report)
    }
    let work = try work()
    let results = try KnownJobs.joined(known, ending: ".rollouts", of: work)?.results ?? [:]
    let share: SharedJobs.Share =
      shard.map { .some($0) } ?? (endsWithKnown ? SharedJobs.Share.none : .all)
    let jobs = SharedJobs(known: results.compactMapValues { $0 }, share: share)
    do {
      let text = try train(jobs, workers, json, logger, report)
      guard shard != nil else { return text }
      return try told([:], of: 0, "", work, json)
    } catch let ended as SharedJobs.Ended {
      return try told(ended.made, of: ended.batch, ended.scope, work, json)
    }
  }

  /// Joins `.rollouts` files of one training to one, and returns what is printed.
  ///
  /// - Parameters:
  ///   - paths: files, and folders of them; none is changed.
  ///   - output: the file to write; its bytes do not hang on how the files are grouped.
  ///   - json: whether what is printed is JSON.
  /// - Throws: ``RunError`` that names a file that is damaged, of another training, or came to something else for a
  ///   job than another; `TraceError` where it cannot be written.
  public static func merge(_ paths: [String], to output: String, json: Bool) throws -> String {
    try KnownJobs.merge(paths, ending: ".rollouts", to: output, json: json)
  }

  /// What the jobs depend on besides the checkpoint, which their places name.
  private func work() throws -> SharedWork {
    var files: [String] = []
    for path in [scenario] + (from.map { [$0] } ?? []) {
      files.append(try FileDigest.sha256.ofFile(path))
    }
    return try SharedWork(
      "training", "of \(URL(fileURLWithPath: scenario).lastPathComponent)", of: files)
  }

  private func train(
    _ jobs: SharedJobs?, _ workers: Int, _ json: Bool, _ logger: Logger?,
    _ report: (String) -> Void
  ) throws -> String {
    func sharing(_ scope: String, _ body: () throws -> Void) throws {
      if let jobs { try jobs.sharing(scope, body) } else { try body() }
    }
    if var session = try SearchSession(path: scenario, folder: folder) {
      guard !resume, from == nil else {
        throw RunError(
          message:
            "--resume and --from are for decision: placement; others are trained in one go")
      }
      try makeFolder(folder)
      try sharing("search") { try session.run(workers: workers, limit: limit, report: report) }
      return json ? try jsonText(session.object) + "\n" : session.summary
    }
    var file = try ScenarioFile(path: scenario, logger: logger)
    guard file.training.iterations > 0 || file.polish != nil else {
      throw RunError(
        message:
          "\(scenario): training.iterations is 0 and there is no polish; there is nothing to do")
    }
    try sharing("units") { try file.measureUnits(workers: workers) }
    try makeFolder(folder)
    do {
      var session = try TrainingSession(file, folder: folder, resume: resume, from: from)
      try sharing(try checkpoint()) {
        try session.run(workers: workers, limit: limit, report: report)
      }
      return json ? try jsonText(session.object) + "\n" : session.summary
    } catch let error as TrainingError {
      throw RunError(message: "\(scenario): \(error)")
    }
  }

  /// What the training goes on from.
  private func checkpoint() throws -> String {
    guard resume else { return "start" }
    let files = ["checkpoint", "polish"].map { "\(folder)/\($0).safetensors" }
    return try files.filter { FileManager.default.fileExists(atPath: $0) }
      .map { try FileDigest.sha256.ofFile($0) }.joined(separator: " ")
  }

  /// What a shard did, or what is needed next.
  private func told(
    _ made: [SharedJobs.Place: Data], of batch: Int, _ scope: String, _ work: SharedWork,
    _ json: Bool
  ) throws -> String {
    if shard != nil, let rollouts {
      try KnownJobs(work, made.mapValues { .some($0) }).write(to: rollouts)
    }
    let part = ["units", "search"].contains(scope) ? scope : "training"
    guard !json else {
      return try jsonText([
        "runs": made.count, "runs_of_round": batch, "part": part,
        "shard": shard.map { "\($0)" } ?? NSNull(), "output": rollouts ?? NSNull(),
      ]) + "\n"
    }
    guard let shard else { return "next     \(counted(batch, "run")) of \(part)\n" }
    return
      "shard    \(shard): \(counted(made.count, "run")) of the \(grouped(batch)) of \(part)\n"
      + "wrote    \(rollouts ?? "")\n"
  }
}

/// What jobs came to, encoded.
typealias KnownJobs = KnownFile<SharedJobs.Place, Data>
