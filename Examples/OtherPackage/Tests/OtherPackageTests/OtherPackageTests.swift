import Diagnostics
import Experiments
import Fitting
import Foundation
import Generation
import Runs
import Simulation
import Testing
import TraceInput
import TraceParsing
import Workload
import WorkloadTestKit

/// What docs/architecture.md shows, registered from another package and used by name.
@Suite(.serialized) struct OtherPackageTests {
  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "other-package-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/trace", withIntermediateDirectories: true)
    let jobs = (0..<200).map { "\($0),\($0 * 3),\(1 + $0 % 4)" }
    let ends = (0..<200).map { "\($0),\($0 * 3 + 1),\($0 * 3 + 20 + $0 % 7)" }
    for (name, header, rows) in [
      ("jobs", "id,submit_s,cores", jobs), ("ends", "id,start_s,end_s", ends),
    ] {
      try ([header] + rows + [""]).joined(separator: "\n")
        .write(toFile: folder + "/trace/\(name).csv", atomically: true, encoding: .utf8)
    }
    PolicyCatalog.register(
      PolicyEntry(name: "most-free-cores", summary: "most free cores") { MostFreeCores() })
    Metric.register(restarts)
    Registry.register(TwoTableFormat())
    try Family.register(Dagum.family)
  }

  /// The format's trace on a named cluster, by its scheduler, sampled or not, to its metric.
  @Test(arguments: ["most-free-cores", "sampled:most-free-cores,d=2"])
  func aRun(scheduler: String) throws {
    let job = try SimulationJob(
      workload: folder + "/trace", cluster: "study:20", scheduler: scheduler)
    let run = try job.run(seed: 1)
    #expect(run.report.policy == scheduler)
    #expect(run.report.total[.finished] == 200)
    #expect(Metric("restarts")?.value(of: run.report) == 0)
    #expect(run.report.metricValues["restarts"] == 0)
  }

  @Test func aSource() throws {
    #expect(WorkloadTestKit.check { Metronome(count: 100) }.isEmpty)
    let layout = try ClusterLayout(.studyTiers(machines: 4), seed: 1)
    let report = try Simulator(cluster: layout, policy: MostFreeCores(), seed: 1)
      .run(Metronome(count: 100))
    #expect(report.total[.finished] == 100)
  }

  /// Fitted by its name with censoring, and generated from.
  @Test func aDistribution() throws {
    let family = try #require(Family(rawValue: "dagum"))
    #expect(Family.allCases.last == family)
    let law = try Law(family, [2.5, 0.7, 60])
    let part = TaskClass(
      name: "all", share: 1, runTime: law, cpu: try Law(.uniform, [1, 2]),
      memory: try Law(.uniform, [1, 2]))
    var source = try SyntheticWorkload(
      WorkloadModel(arrivals: ArrivalModel(rate: 1), classes: [part]), .tasks(3000), seed: 2)
    var (seen, cut): ([Double], [Double]) = ([], [])
    while let task = source.next() {
      let horizon = 30.0 + Double(seen.count % 100)
      let value = task.runTime.seconds
      if value <= horizon { seen.append(value) } else { cut.append(horizon) }
    }
    #expect(cut.count > 300)
    let fit = try Sample(seen, censored: cut).fit(family)
    for (estimate, truth) in zip(fit.parameters, law.parameters) {
      #expect(abs(estimate.value - truth) < 4 * estimate.standardError, "\(estimate)")
    }
    let stored = try JSONEncoder().encode(fit)
    #expect(try JSONDecoder().decode(Fit.self, from: stored) == fit)
  }

  @Test func aFormat() throws {
    let trace = try TraceOpener(formats: Registry.formats).open(folder + "/trace")
    #expect(trace.format == "two-table" && trace.tables.map(\.name) == ["jobs", "ends"])
    let stream = try trace.records(ReadOptions())
    var count = 0
    while try stream.next() != nil { count += 1 }
    #expect(count == 200)
  }
}
