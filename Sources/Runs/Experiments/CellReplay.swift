import Experiments
import Foundation
import Simulation

/// `tracemill simulate --cell`: one cell of an experiment, run alone.
struct CellReplay {
  private let source: String
  private let cell: CellID

  /// `FILE#WORKLOAD/CLUSTER/SCHEDULER/SEED`; FILE is an experiment or a results file.
  init(_ argument: String) throws {
    let parts = argument.split(separator: "#", maxSplits: 1).map(String.init)
    guard parts.count == 2, let cell = CellID(parts[1]) else {
      throw CommandFailure(
        message: "'\(argument)' is no cell: expected FILE#WORKLOAD/CLUSTER/SCHEDULER/SEED")
    }
    source = parts[0]
    self.cell = cell
  }

  func run(_ reading: TraceOptions, json: Bool) throws {
    var recorded: CellRecord?
    let definition: ExperimentDefinition
    let folder: String
    if Self.isDatabase(source) {
      let store = try ResultsStore(path: source)
      (definition, folder) = try store.experiment()
      recorded = try store.record(of: cell)
    } else {
      (definition, folder) = try CompareCommand.definition(source)
    }
    let outcome: CellOutcome
    do {
      outcome = try CellRunner(
        definition, inputs: ExperimentProvider(folder: folder, reading: reading)
      ).run(cell).outcome
    } catch let error as UnknownCell {
      throw CommandFailure(message: "\(source): \(error)")
    } catch let error as SimulationError {
      throw CommandFailure(message: "\(cell): \(error)")
    }
    let agrees = recorded.map { Self.same($0.outcome, outcome) }
    if json {
      var object: [String: Any] = [
        "cell": cell.description, "metrics": outcome.metrics, "wall_s": outcome.wall,
        "cpu_s": outcome.cpu,
      ]
      if let agrees { object["agrees_with_results"] = agrees }
      try writeOutput(try tracemill.json(object) + "\n")
    } else {
      var table = TextTable(left: [0])
      for (name, value) in outcome.metrics.sorted(by: { $0.key < $1.key }) {
        table.add([name, significant(value, digits: 7)])
      }
      var text = "\(cell)\n\(table.text)"
      if let agrees {
        text +=
          agrees ? "  the same as in \(source)\n" : "  not the same as in \(source)\n"
      } else if Self.isDatabase(source) {
        text += "  not finished in \(source) yet\n"
      }
      try writeOutput(text)
    }
    if agrees == false {
      throw CommandFailure(
        message: "\(cell): other than in \(source): an input or Tracemill changed")
    }
  }

  private static func same(_ a: CellOutcome, _ b: CellOutcome) -> Bool {
    a.metrics.count == b.metrics.count && a.curves == b.curves
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
