import Experiments
import Foundation
import Simulation
import Workload

/// One cell of an experiment, run alone.
public struct CellReplay {
  /// What it came to.
  public struct Outcome {
    /// The cell.
    public let cell: CellID
    /// Its figures.
    public let outcome: CellOutcome
    /// Whether they are those of the results file; nil where the cell is not finished there, or the
    /// experiment was named and not its results.
    public let agrees: Bool?
    /// Whether a results file was named.
    public let isResultsFile: Bool
    /// What has to be said before its figures are read.
    public let notes: [Note]
    /// The experiment or its results file.
    let source: String
    /// The files that were written.
    let written: [String]
  }

  /// The experiment or its results file.
  public let source: String
  /// The cell.
  public let cell: CellID

  /// The cell that `FILE#WORKLOAD/CLUSTER/SCHEDULER/SEED` names; FILE is an experiment or a results file.
  public init(_ argument: String) throws {
    // A cell's own name has no '#'; a file's may.
    guard let place = argument.lastIndex(of: "#"),
      let cell = CellID(String(argument[argument.index(after: place)...]))
    else {
      throw RunError(
        message: "'\(argument)' is no cell: expected FILE#WORKLOAD/CLUSTER/SCHEDULER/SEED")
    }
    source = String(argument[..<place])
    self.cell = cell
  }

  /// Runs it, and writes what became of its tasks, the cluster's use and the machines' energy where
  /// `files` says so; a cell has no timeline and no file of decisions.
  public func run(
    reading: ReadingSettings = ReadingSettings(), files: ResultFiles = ResultFiles()
  ) throws -> Outcome {
    var recorded: CellRecord?
    let definition: ExperimentDefinition
    let folder: String
    if Self.isDatabase(source) {
      let store = try ResultsStore(reading: source)
      (definition, folder) = try store.experiment()
      recorded = try store.record(of: cell)
    } else {
      let named = try NamedExperiment(source)
      (definition, folder) = (named.definition, named.folder)
    }
    if let scheduler = definition.schedulers.first(where: { $0.name == cell.scheduler }) {
      var own = definition
      own.schedulers = [scheduler]
      let warnings = try ExperimentProvider(folder: folder, reading: reading)
        .settle(&own, asTrained: false)
      for warning in warnings { reading.logger?.warning("\(warning)") }
    }
    let outcome: CellOutcome
    let notes: [Note]
    do {
      let scheduler = definition.schedulers.first { $0.name == cell.scheduler }
      let cluster = definition.clusters.first { $0.name == cell.cluster }
      let options =
        if let scheduler, let cluster { definition.engine(of: scheduler, on: cluster).options } else
        {
          definition.engine.options
        }
      var results = try ResultWriter(path: files.tasks, slowdownBound: options.slowdownBound)
      let run = try CellRunner(
        definition, inputs: ExperimentProvider(folder: folder, reading: reading)
      ).run(cell, results: &results)
      try results.finish()
      if let path = files.series { try run.report.series.write(to: path) }
      if let path = files.machineEnergy { try run.report.energy.write(run.layout, to: path) }
      outcome = run.outcome
      notes = run.report.allNotes(options) + run.outcome.curves.notes
    } catch let error as UnknownCell {
      throw RunError(message: "\(source): \(error)")
    } catch let error as SimulationError {
      throw RunError(message: "\(cell): \(error)")
    }
    return Outcome(
      cell: cell, outcome: outcome, agrees: recorded.map { Self.same($0.outcome, outcome) },
      isResultsFile: Self.isDatabase(source), notes: notes, source: source, written: files.paths)
  }

  private static func same(_ a: CellOutcome, _ b: CellOutcome) -> Bool {
    // What is said of a run is no result of it.
    var (mine, others) = (a.curves, b.curves)
    (mine.notes, others.notes) = ([], [])
    return a.metrics.count == b.metrics.count && mine == others
      && a.metrics.allSatisfy { name, value in
        let other = b.metrics[name] ?? .infinity
        return value == other || !value.isFinite && !other.isFinite
      }
  }

  private static func isDatabase(_ path: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    return (try? handle.read(upToCount: 15)) == Data("SQLite format 3".utf8)
  }
}
