import Foundation
import Runs
import Simulation
import TestSupport
import Testing
import TraceInput
import TraceParsing
import Workload

/// A library user gets the command line's figures by one call. Public API only.
@Suite struct SimulationJobTests {
  private let miniature = packageRoot.appendingPathComponent("data/google-2011-mini").path

  private func production() throws -> SimulationJob {
    var job = try SimulationJob(workload: miniature)
    job.selection.priority = PrioritySelection("production")
    return job
  }

  /// `tracemill simulate --workload data/google-2011-mini --priority production`: one task's constraints
  /// are met by no machine.
  /// A trace's records are read once: a second run is refused, behind adapters too, and not empty.
  @Test func aStreamIsReadOnce() throws {
    let trace = try TraceOpener(formats: Registry.formats).open(miniature)
    let simulator = Simulator(
      cluster: try ClusterLayout(.studyTiers(machines: 20), seed: 1), policy: FirstFit(), seed: 1)
    let stream = try trace.records(ReadOptions())
    let boxed = AnyWorkloadSource(try trace.records(ReadOptions()))
    for _ in 0..<2 {
      // What is not at its end yet goes on.
      #expect(try simulator.run(stream.prefix(10)).total.submitted == 10)
    }
    #expect(try simulator.run(stream).total.submitted > 100)
    #expect(try simulator.run(boxed).total.submitted > 100)
    for attempt in 0..<4 {
      let error = #expect(throws: SimulationError.self) {
        switch attempt {
        case 0: try simulator.run(stream)
        case 1: try simulator.run(stream.filter { _ in true }.scaleRunTimes(by: 2).prefix(5))
        case 2: try simulator.run(MergedSource([boxed]))
        default: try simulator.run(boxed)
        }
      }
      #expect("\(error.map { "\($0)" } ?? "")".contains("read to its end before"))
    }
  }

  /// The sample of README comes to the figure that its console shows: 9883 s.
  @Test func readmeSample() throws {
    let wait = try meanWait(of: miniature, under: "best-fit")
    #expect(Int(wait.rounded()) == 9883)
  }

  @Test func honoursTheRulesOfReplay() throws {
    let summary = try production().run(seed: 1)
    let total = summary.report.total
    #expect(total[.finished] == 283)
    #expect(total[.unplaceable] == 1)
    #expect(
      summary.report.unplaceable.filter { $0.count > 0 }.map(\.reason.name) == ["constraints"])
    #expect(summary.constraints.tasks == 129)
  }

  /// Without the constraints all of them run.
  @Test func leavesConstraintsOutWhenAsked() throws {
    var job = try production()
    job.engine.ignoreConstraints = true
    let total = try job.run(seed: 1).report.total
    #expect(total[.finished] == 284)
    #expect(total[.unplaceable] == 0)
  }

  /// Several seeds give what each of them gives alone.
  @Test func replicationsAreTheRunsOfTheirSeeds() async throws {
    let job = try SimulationJob(workload: "study:tasks=50", cluster: "study:10")
    let summary = try await job.replications(seeds: [3, 7])
    let alone = try job.run(seed: 7).report
    #expect(summary.reports.map(\.seed) == [3, 7])
    #expect(summary.reports[1].makespan == alone.makespan)
    #expect(summary.reports[0].makespan != alone.makespan)
  }

  @Test func wrongNamesAreToldOf() throws {
    #expect(throws: RunError.self) { try SimulationJob(workload: "study") }
    let job = try SimulationJob(workload: "study", cluster: "study:10", scheduler: "best-fti")
    let error = #expect(throws: RunError.self) { try job.run(seed: 1) }
    #expect(error?.message == "no scheduler 'best-fti'; did you mean 'best-fit'?")
  }
}
