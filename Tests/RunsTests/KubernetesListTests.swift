import Experiments
import Foundation
import Runs
import Simulation
import TestSupport
import Testing
import TraceInput

/// `kubectl`'s lists as a workload on their own nodes, and what is said of nodes that took no work.
@Suite struct KubernetesListTests {
  private static func pod(_ number: Int, _ spec: String) -> String {
    #"{"kind":"Pod","metadata":{"name":"p\#(number)","namespace":"lab","uid":"u\#(number)","creationTimestamp":"2024-03-01T10:00:0\#(number)Z"},"#
      + #""spec":{\#(spec)"containers":[{"name":"x","resources":{"requests":{"cpu":"1"}}}]},"#
      + #""status":{"phase":"Succeeded","startTime":"2024-03-01T10:00:0\#(number)Z","containerStatuses":[{"state":{"terminated":{"finishedAt":"2024-03-01T10:01:00Z"}}}]}}"#
  }

  private static func node(_ name: String, _ labels: String, _ spec: String) -> String {
    #"{"kind":"Node","metadata":{"name":"\#(name)","labels":{\#(labels)}},"spec":{\#(spec)},"#
      + #""status":{"allocatable":{"cpu":"8","memory":"8Gi"}}}"#
  }

  private func lists() throws -> (folder: TemporaryFolder, path: String) {
    let folder = TemporaryFolder()
    let items = [
      Self.pod(1, ""), Self.pod(2, #""nodeSelector":{"disk":"ssd"},"#),
      Self.pod(
        3, #""tolerations":[{"key":"gpu","operator":"Exists"}],"nodeSelector":{"gpu":"yes"},"#),
      Self.pod(4, #""nodeSelector":{"disk":"tape"},"#),
      Self.node("a", #""disk":"ssd""#, ""),
      Self.node("b", #""gpu":"yes""#, #""taints":[{"key":"gpu","effect":"NoSchedule"}]"#),
      Self.node("c", "", #""unschedulable":true"#),
    ]
    let path = try folder.write(
      #"{"kind":"List","items":["# + items.joined(separator: ",\n") + "]}\n", to: "all.json")
    return (folder, path)
  }

  private struct Machines: ResultSink {
    var of: [Int64: Int64] = [:]
    mutating func record(_ result: TaskResult) { of[result.id.job] = result.machine }
  }

  @Test func selectorsAndTaintsBindPodsToNodes() throws {
    let (folder, path) = try lists()
    defer { withExtendedLifetime(folder) {} }
    let layout = try NamedCluster(path).layout(seed: 1)
    #expect(layout.machines.count == 3)
    for scheduler in ["first-fit", "round-robin", "best-fit"] {
      let job = try SimulationJob(workload: path, cluster: path, scheduler: scheduler)
      var results = Machines()
      let summary = try job.run(seed: 1, telling: &results)
      // All four are bound: the plain pod cannot go to the tainted node.
      #expect(summary.constraints.tasks == 4)
      #expect(summary.report.total[.finished] == 3)
      let numbers = layout.machines.map(\.number)
      let jobs = try ReadingSettings().open(path, meter: ReadMeter()).records(ReadOptions())
      var order: [Int64] = []
      while let record = try jobs.next() { order.append(record.id.job) }
      #expect(results.of[order[1]] == numbers[0])
      #expect(results.of[order[2]] == numbers[1])
      #expect(results.of[order[0]] != numbers[1])
    }
    var engine = EngineSettings()
    engine.ignoreConstraints = true
    let free = try SimulationJob(workload: path, cluster: path, engine: engine)
    #expect(try free.run(seed: 1).report.total[.finished] == 4)
  }

  @Test func nodesThatTookNoWorkAreSaidEverywhere() throws {
    let (folder, path) = try lists()
    defer { withExtendedLifetime(folder) {} }
    let said =
      "took no work when they were listed, and count as machines: 1 unschedulable, of 3 nodes"
    let summary = ClusterSummary(try NamedCluster(path).layout(seed: 1), name: path)
    #expect(summary.machines == 3 && summary.text.contains(said))
    #expect(try NamedCluster(path).file().contains("# \(said)"))
    #expect(try TraceSummary(path: path, reading: ReadingSettings()).text.contains(said))
    let run = try SimulationJob(workload: path, cluster: path).run(seed: 1)
    #expect(run.text.contains(said) && run.allNotes.contains { $0.text == said })
  }

  @Test func nodesOfSlurmThatTookNoWork() throws {
    let folder = TemporaryFolder()
    let states = [
      "IDLE", "DOWN*", "MIXED+DRAIN", "IDLE+DRAIN", "ALLOCATED", "FUTURE",
      "IDLE+CLOUD+POWERED_DOWN",
    ]
    let path = try folder.write(
      states.enumerated().map { "NodeName=n\($0) CPUTot=4 RealMemory=1000 State=\($1)\n" }.joined(),
      to: "nodes.txt")
    let summary = ClusterSummary(try NamedCluster(path).layout(seed: 1), name: path)
    #expect(summary.machines == 6)
    #expect(
      summary.notes.map(\.text) == [
        "took no work when they were listed, and count as machines: 1 down, 1 draining, 1 drained, of 6 nodes",
        "nodes that do not exist yet (FUTURE) are no machines: 1",
      ])
  }
}
