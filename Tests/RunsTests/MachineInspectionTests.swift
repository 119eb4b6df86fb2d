import Foundation
import Runs
import TestSupport
import Testing
import TraceInput
import TraceParsing

/// `inspect` shows the machines of every format that knows any.
@Suite struct MachineInspectionTests {
  private static let mini = packageRoot.appendingPathComponent("data").path

  private func machines(_ path: String) throws -> [String: Any]? {
    let summary = try TraceSummary(path: path, reading: ReadingSettings())
    #expect(summary.text.contains(" at the start, ") == (summary.machines != nil))
    return summary.object["machines"] as? [String: Any]
  }

  @Test(arguments: ["google-2011-mini", "google-2019", "alibaba-2018"])
  func everyTraceThatComesWithUs(_ name: String) throws {
    let seen = try #require(try machines("\(Self.mini)/\(name)"))
    let list = try #require(
      try ReadingSettings().open("\(Self.mini)/\(name)", meter: ReadMeter())
        .machineEvents(ReadOptions()))
    #expect(seen["ever"] as? Int == Set(list.events.map(\.machine)).count)
  }

  /// `kubectl get nodes -o json` by itself: a cluster, and nothing to replay.
  @Test func machinesOfATraceWithoutItsTasks() throws {
    let folder = TemporaryFolder()
    func node(_ name: String, _ cpu: String, _ gpus: String) -> String {
      """
      {"kind": "Node", "metadata": {"name": "\(name)", "labels": {}},
       "status": {"allocatable": {"cpu": "\(cpu)", "memory": "8Gi"\(gpus)}}}
      """
    }
    let nodes = [node("a", "3500m", ""), node("b", "8", #", "nvidia.com/gpu": "2""#)]
    let path = try folder.write(
      #"{"kind": "List", "items": ["# + nodes.joined(separator: ",") + "]}", to: "nodes.json")
    let seen = try #require(try machines(path))
    #expect(seen["ever"] as? Int == 2)
    let layout = try NamedCluster(path).layout(seed: 1)
    #expect(layout.effectiveCores == 11.5)
    var job = try SimulationJob(workload: "poisson:rate=1,run=1,tasks=20", cluster: path)
    job.scheduler = "best-fit"
    #expect(try job.run(seed: 1).report.total[.finished] == 20)
    job.workload = path
    #expect { _ = try job.run(seed: 1) } throws: { error in
      "\(error)".contains(
        "the machines of kubernetes-pods; records are made of the table of its tasks")
    }
    // One that is wrong says where.
    let broken = try folder.write(
      #"{"kind": "List", "items": ["# + node("a", "many", "") + "]}", to: "broken.json")
    #expect { _ = try NamedCluster(broken).layout(seed: 1) } throws: { error in
      "\(error)".contains("broken.json:1") && "\(error)".contains("many")
    }
  }

  /// A trace of machines only, asked for by its table's name or not; a table that its format does not have is told.
  @Test(
    arguments: [
      ("alibaba-2017", "alibaba-2017", "server_event"),
      ("alibaba-2018/machine_meta.csv", "alibaba-2018", "machine_meta"),
      ("google-2011-mini/machine_events", "google-2011", "machine_events"),
      ("google-2019/machine_events-000000000000.json", "google-2019", "machine_events"),
    ])
  func machinesAlone(_ path: String, _ format: String, _ table: String) throws {
    #expect((try machines("\(Self.mini)/\(path)")?["ever"] as? Int ?? 0) > 0)
    var reading = ReadingSettings()
    reading.table = table
    let summary = try TraceSummary(path: "\(Self.mini)/\(path)", reading: reading)
    #expect(summary.machines != nil)
    reading.table = "nothing"
    #expect {
      _ = try TraceSummary(path: "\(Self.mini)/\(path)", reading: reading)
    } throws: {
      "\($0)".contains("no table 'nothing' in \(format); there are ")
    }
  }

  @Test func machinesOfAMappingAndOfAHeader() throws {
    let folder = TemporaryFolder()
    try folder.write(
      "; MaxProcs: 128\n; Computer: x\n1 0 1 9 4 -1 -1 4 9 -1 1 1 1 1 1 1 -1 -1\n", to: "a.swf")
    #expect(try machines(folder("a.swf"))?["at_start"] as? Int == 1)
    #expect(
      try TraceSummary(path: folder("a.swf"), reading: ReadingSettings()).text
        .contains("1 machine at the start"))
    try folder.write("submit_us,run_us\n0,1\n", to: "b.csv")
    #expect(try machines(folder("b.csv")) == nil)
    try folder.write(
      "file: jobs\ncolumns: {submit_us: at, run_us: took}\n"
        + "machines: {file: hosts, columns: {machine_id: host, cpu_cores: cores}}\n", to: "m.yaml")
    try folder.write("at,took\n0,1\n", to: "t/jobs.csv")
    try folder.write("host,cores\na,4\nb,8\nc,8\n", to: "t/hosts.csv")
    var reading = ReadingSettings()
    reading.columns = folder("m.yaml")
    let summary = try TraceSummary(path: folder("t"), reading: reading)
    #expect((summary.object["machines"] as? [String: Any])?["at_start"] as? Int == 3)
    #expect(summary.text.contains("3 machines at the start, 3 ever"))
  }
}
