import Configuration
import Experiments
import Foundation
import Testing

/// What an experiment file says reaches the store and comes back.
@Suite struct DefinitionTests {
  /// A key that is added to a workload and left out of what is kept would change every cell in silence.
  @Test func nothingOfAWorkloadIsLostOnTheWay() throws {
    var workload = WorkloadDefinition(name: "w", source: "log.swf")
    (workload.from, workload.to, workload.priority, workload.sample) = (1, 2, "0-1", 0.5)
    (workload.tasks, workload.starts, workload.scaleArrivals) = (3, [4, 5], 6)
    workload.select = ["partition=cpu"]
    (workload.scaleRunTimes, workload.parameters, workload.words) = (
      7, ["load": 0.5], ["law": "gamma"]
    )
    workload.base = "log"
    for child in Mirror(reflecting: workload).children {
      let isNil =
        Mirror(reflecting: child.value).displayStyle == .optional
        && Mirror(reflecting: child.value).children.isEmpty
      #expect(!isNil, "\(child.label ?? "") is to be set here")
    }
    let data = try JSONEncoder().encode(workload)
    #expect(try JSONDecoder().decode(WorkloadDefinition.self, from: data) == workload)
  }

  /// One sequence under two seeds would be two observations of one thing.
  @Test func thereAreNoMoreSeedsThanSequences() throws {
    let text = """
      name: x
      seeds: 3
      workloads: [{ source: log.swf, tasks: 10, starts: [0, 100] }]
      clusters: [study:10]
      schedulers: [first-fit]
      """
    var definition = try ExperimentDefinition(ConfigurationFile(text: text, name: "x.yaml"))
    #expect(
      definition.issues().map(\.description) == [
        "workloads[0].starts: has 2 sequences: seeds are from 1 to 2"
      ])
    definition.seeds = [1, 2]
    #expect(definition.issues().isEmpty)
  }

  /// Sequences of a log: each seed has its own start, and the same for every scheduler.
  @Test func sequencesNeedTheirLength() {
    let text = """
      name: x
      seeds: 2
      workloads: [{ source: log.swf, starts: [0, 1.5] }]
      clusters: [study:10]
      schedulers: [first-fit]
      """
    #expect {
      _ = try ExperimentDefinition(ConfigurationFile(text: text, name: "x.yaml"))
    } throws: { error in
      "\(error)".contains("starts") && "\(error)".contains("no whole number")
    }
  }
}
