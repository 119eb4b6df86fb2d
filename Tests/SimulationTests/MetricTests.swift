import Foundation
import Generation
import Simulation
import Testing
import Workload

/// The one list of metrics.
@Suite struct MetricTests {
  private func report() throws -> SimulationReport {
    let source = PoissonSource(
      rate: 1, runTime: Microseconds(seconds: 30),
      request: Resources(cpu: Cores(2), memory: Bytes(gibibytes: 2)), count: 200, seed: 5)
    return try Simulator(
      cluster: ClusterLayout(.studyTiers(machines: 3), seed: 1), policy: FirstFit(), seed: 1
    ).run(source)
  }

  @Test func everyNameIsThereOnce() {
    let names = Metric.catalogue.map(\.name)
    #expect(Set(names).count == names.count)
    for metric in Metric.catalogue {
      #expect(Metric(metric.name) == metric)
      #expect(metric.sentence.hasSuffix(".") && !metric.title.isEmpty)
      #expect(metric.unit != "s" || metric.name.hasSuffix("_s"), "\(metric.name)")
    }
    for name in Metric.headline { #expect(Metric(name) != nil) }
    #expect(Metric("wait_men_s") == nil)
    // Classes have the names that a scenario gives them.
    #expect(Metric("wait_mean_s.nobody")?.name == "wait_mean_s.nobody")
    #expect(Metric("energy_kwh.batch") == nil, "energy of idle machines is no class's")
  }

  @Test func valuesAreThoseOfTheReport() throws {
    let report = try report()
    let values = report.metricValues
    #expect(values["wait_mean_s"] == report.total.wait.mean * 1e-6)
    #expect(values["wait_p99_s"] == report.total.wait.quantile(0.99) * 1e-6)
    #expect(values["deadlines_met"]?.isNaN == true, "no task has a deadline")
    #expect(values["energy_kwh"] == report.energy.total.kilowattHours)
    #expect(values["tasks_finished"] == 200)
    let kind = try #require(report.classes.first)
    let name = "completion_mean_s." + kind.priorityClass.name
    #expect(values[name] == kind.metrics.completion.mean * 1e-6)
    #expect(Metric(name)?.value(of: report) == values[name])
  }

  @Test func namesOfOlderFilesAreRead() {
    #expect(Metric("sla_percent")?.name == "deadlines_met")
    #expect(Metric("sla_percent.batch")?.name == "deadlines_met.batch")
    #expect(Metric.current("sla_percent.batch", 50) == ("deadlines_met.batch", 0.5))
    #expect(Metric.current("wait_mean_s", 50) == ("wait_mean_s", 50))
  }

  /// docs/metrics.md lists them, with unit, direction and sentence.
  @Test func theDocumentIsTheList() throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appendingPathComponent("docs/metrics.md"), encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    let expected = Metric.catalogue.map { metric in
      let better = metric.better == .none ? "" : metric.better.rawValue
      return "| `\(metric.name)` | \(metric.unit) | \(better) | \(metric.sentence) |"
    }
    #expect(rows == expected)
  }
}
