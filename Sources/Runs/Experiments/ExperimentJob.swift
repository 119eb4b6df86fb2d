import Configuration
import Experiments
import Foundation
import Simulation
import Workload

/// A whole experiment: what `tracemill compare` and `tracemill sweep` do, by one call.
///
/// Finished cells are kept in `results.sqlite` of the output folder: a job that was interrupted goes on where it
/// was when it is run again, and several processes may work on one folder.
public struct ExperimentJob: Sendable {
  /// What is run.
  public var definition: ExperimentDefinition
  /// What relative paths in the definition begin from.
  public var folder: String
  /// The file that says so, if one does: mistakes are told with its lines.
  public var file: ConfigurationFile?
  /// The folder where results go; it is made if need be.
  public var output: String
  /// Whether learned schedulers run in the engine that they learned in.
  public var asTrained = false
  /// How traces are read, with how many threads cells are run, and who is told of what is odd.
  public var reading = ReadingSettings()
  /// Which of the cells are run; all if nil.
  public var shard: Shard?
  /// Whether what became of each task of each cell is kept, in `tasks` of the output folder.
  public var keepsTasks = false

  /// A job that runs all cells of `definition`.
  public init(_ definition: ExperimentDefinition, folder: String, output: String) {
    (self.definition, self.folder, self.output) = (definition, folder, output)
  }

  /// The results file.
  public var results: String { output + "/results.sqlite" }

  /// What a job came to.
  public struct Outcome: Sendable {
    let store: ResultsStore
    let shard: Shard?
    /// The results file.
    public let results: String
    /// Cells that failed; all others are in the results file.
    public let failed: [FailedCell]
    /// What is to be known of what was kept.
    public let notes: [String]

    /// The figures of all cells that are done, by whichever process.
    ///
    /// - Throws: `StoreError` if the results file cannot be read.
    public func summary() throws -> ExperimentSummary { ExperimentSummary(try store.results()) }

    /// What a shard came to, for people; nil if all cells were asked for.
    package func shardText() throws -> String? {
      guard let shard else { return nil }
      let counts = try store.counts()
      return "shard    \(shard): \(counts.done) of its \(counts.total) cells are in \(results)\n"
    }

    /// What it came to, for machines.
    package func object() throws -> [String: Any] {
      let counts = try store.counts()
      return [
        "results": results, "cells": counts.total, "done": counts.done, "notes": notes,
        "shard": shard.map { "\($0)" } ?? NSNull(),
      ]
    }

    /// The cells that failed, as an error of several lines; those that failed alike are told of once. Nil if none
    /// did.
    public var failure: RunError? {
      guard !failed.isEmpty else { return nil }
      var lines = ["\(counted(failed.count, "cell")) failed; finished cells are kept in \(results)"]
      var seen: [String] = []
      for cell in failed where !seen.contains(cell.message) {
        seen.append(cell.message)
        let others = failed.count { $0.message == cell.message } - 1
        lines.append(
          "  \(cell.cell)" + (others > 0 ? " and \(others) more" : "") + ": \(cell.message)")
      }
      return RunError(lines: lines)
    }
  }

  /// Runs the cells that are not done yet.
  ///
  /// - Parameters:
  ///   - begun: is called when the results file is there, before the first cell is run.
  ///   - progress: is told how far the run has come.
  /// - Returns: what it came to; a cell that fails does not end the others.
  /// - Throws: ``RunError`` with every problem of the definition, before anything is written; `StoreError` where
  ///   the results file is another experiment's or cannot be written.
  public func run(
    begun: () -> Void = {}, progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
  ) async throws -> Outcome {
    let provider = ExperimentProvider(folder: folder, reading: reading)
    var definition = definition
    let warnings = try provider.settle(&definition, asTrained: asTrained)
    let problems = provider.problems(definition)
    guard problems.isEmpty else {
      throw RunError(lines: file.map { $0.placing(problems) } ?? problems)
    }
    for warning in warnings { reading.logger?.warning("\(warning)") }
    try ensureFolder(output)
    let store = try ResultsStore(path: results, creates: true)
    try store.begin(
      definition, folder: folder, version: Toolkit.version,
      inputs: try provider.inputFiles(definition), shard: shard)
    begun()

    let kept = KeptTasks(folder: output + "/tasks", definition)
    let run: ExperimentRunner.RunCell =
      if keepsTasks {
        { runner, cell in try kept.run(cell, by: runner) }
      } else {
        { runner, cell in try runner.run(cell).outcome }
      }
    let runner = try ExperimentRunner(
      store, inputs: provider, version: Toolkit.version, threads: reading.threads,
      makesOverviews: shard.map { $0.number == 1 } ?? true, cell: run)
    let failed = try await runner.run(progress: progress)
    let note = keepsTasks ? try kept.note(of: store.results().cells.map(\.cell)) : nil
    return Outcome(
      store: store, shard: shard, results: results, failed: failed, notes: note.map { [$0] } ?? [])
  }
}
