import Experiments
import Foundation
import Simulation

/// What became of each task of every cell, as Parquet in folders that name the cell, as Hive lays tables out:
/// `workload=W/cluster=C/scheduler=S/seed=N/tasks.parquet`.
public struct KeptTasks: Sendable {
  private let folder: String
  private let definition: ExperimentDefinition

  /// - Parameters:
  ///   - folder: where they go; it is made.
  ///   - definition: the experiment.
  public init(folder: String, _ definition: ExperimentDefinition) {
    (self.folder, self.definition) = (folder, definition)
  }

  /// The file of a cell.
  public func file(of cell: CellID) -> String { place(of: cell) + "/tasks.parquet" }

  private func place(of cell: CellID) -> String {
    let parts = [
      ("workload", cell.workload), ("cluster", cell.cluster), ("scheduler", cell.scheduler),
      ("seed", String(cell.seed)),
    ]
    return folder + "/" + parts.map { "\($0)=\(Self.coded($1))" }.joined(separator: "/")
  }

  /// As Hive writes what cannot be in a folder's name.
  private static func coded(_ value: String) -> String {
    value.isEmpty
      ? "__HIVE_DEFAULT_PARTITION__"
      : value.utf8.reduce(into: "") { text, byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f,
          0x2e where text != "":
          text.unicodeScalars.append(Unicode.Scalar(byte))
        default:
          let hex = String(byte, radix: 16, uppercase: true)
          text += "%" + (hex.count == 1 ? "0" : "") + hex
        }
      }
  }

  /// Runs a cell and keeps its tasks: the file appears when it is complete.
  public func run(_ cell: CellID, by runner: CellRunner) throws -> CellOutcome {
    let place = place(of: cell)
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let cluster = definition.clusters.first { $0.name == cell.cluster }
    let scheduler = definition.schedulers.first { $0.name == cell.scheduler }
    guard let cluster, let scheduler else { throw UnknownCell(cell: cell, definition: definition) }
    var results = try ResultWriter(
      path: file(of: cell),
      slowdownBound: definition.engine(of: scheduler, on: cluster).options.slowdownBound)
    let run = try runner.run(cell, results: &results)
    try results.finish()
    return run.outcome
  }

  /// What is to be said of finished cells whose tasks are not here; nil if there are none.
  public func note(of cells: [CellID]) -> String? {
    let absent = cells.filter { !FileManager.default.fileExists(atPath: file(of: $0)) }
    guard let first = absent.first else { return nil }
    return "\(absent.count) cells were done before --keep-tasks: their tasks are not kept, "
      + "\(first) first (simulate --cell runs one again)"
  }
}
