import Foundation
import Runs
import Simulation
import TestSupport
import Testing

/// A recording of a cluster, and kube-scheduler's rules on it.
@Suite struct KubernetesTests {
  private static let head =
    "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"

  /// Two nodes, of which one has an SSD, and four pods that end after ten seconds, two of which want the SSD.
  private func recording() throws -> String {
    let folder = NSTemporaryDirectory() + "tracemill-recording-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var pods = ""
    for index in 0..<4 {
      let uid = #""uid":"u\#(index)","job_id":7,"task_index":\#(index)"#
      let spec = index < 2 ? #""nodeSelector":{"disk":"ssd"},"# : ""
      pods +=
        #"{\#(uid),"submit_us":\#(1_000_000 * index),"user":"u1","cpu_cores":2,"memory_bytes":1073741824,"gpu_milli":0,"priority":0,"scheduler":"default-scheduler","owner":"Job","pod":{"metadata":{"name":"p\#(index)"},"spec":{\#(spec)"containers":[{"name":"c","resources":{"requests":{"cpu":"2","memory":"1Gi"}}}]}}}"#
        + "\n"
      pods +=
        #"{\#(uid),"first_schedule_us":\#(1_000_000 * index + 500_000),"machine_id":1}"# + "\n"
      pods += #"{\#(uid),"end_us":\#(1_000_000 * index + 10_500_000),"outcome":"finished"}"# + "\n"
    }
    try Data(pods.utf8).write(to: URL(fileURLWithPath: folder + "/pods.jsonl"))
    var nodes = ""
    for (index, disk) in ["hdd", "ssd"].enumerated() {
      nodes +=
        #"{"machine_id":\#(index),"cpu_cores":4,"memory_bytes":8589934592,"gpu_milli":0,"platform":"m","node":{"metadata":{"name":"n\#(index)","labels":{"disk":"\#(disk)"}},"spec":{},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}}}"#
        + "\n"
    }
    try Data(nodes.utf8).write(to: URL(fileURLWithPath: folder + "/nodes.jsonl"))
    return folder
  }

  private func configuration(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "kube-\(UUID().uuidString).yaml"
    try Data((Self.head + text).utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private struct Machines: ResultSink {
    var of: [Int32: Int64] = [:]
    var waits: [Int32: Double] = [:]
    var used: Set<Int64> = []
    mutating func record(_ result: TaskResult) {
      of[result.id.index] = result.machine
      used.insert(result.machine)
      waits[result.id.index] = result.wait.seconds
    }
  }

  @Test func constraintsOfARecordingAreHonoured() throws {
    let folder = try recording()
    let job = try SimulationJob(
      workload: folder, cluster: folder, scheduler: "kube:" + configuration(""))
    var results = Machines()
    _ = try job.run(seed: 1, telling: &results)
    // The two that want the SSD fill its node; least allocated puts the others elsewhere.
    #expect(results.of == [0: 1, 1: 1, 2: 0, 3: 0])
    #expect(results.waits.values.allSatisfy { $0 == 0 })
  }

  @Test func strategiesDiffer() throws {
    let most = try configuration(
      """
      profiles:
      - pluginConfig:
        - name: NodeResourcesFit
          args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}
        plugins:
          score: {disabled: [{name: NodeResourcesBalancedAllocation}]}

      """)
    // Machines of one size: on a large one among small ones both would put everything.
    let cluster = NSTemporaryDirectory() + "kube-\(UUID().uuidString).yaml"
    try Data("groups: [{ count: 4, cores: 8, memoryGiB: 32 }]\n".utf8).write(
      to: URL(fileURLWithPath: cluster))
    defer { try? FileManager.default.removeItem(atPath: cluster) }
    var used: [Int] = []
    for path in [try configuration(""), most] {
      let job = try SimulationJob(
        workload: "poisson:rate=1000,run=1000,cpu=1,memory=0.1,tasks=8", cluster: cluster,
        scheduler: "kube:" + path)
      var results = Machines()
      _ = try job.run(seed: 1, telling: &results)
      used.append(results.used.count)
    }
    #expect(used[0] > used[1])
  }

  @Test(arguments: [
    ("apiVersion: v7\nkind: KubeSchedulerConfiguration\n", "apiVersion"),
    (head + "percentageOfNodesToScore: 200\n", "percentageOfNodesToScore"),
    (
      head
        + "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Odd}}}]}]\n",
      "type"
    ),
  ])
  func mistakesAreNamed(text: String, what: String) throws {
    let path = NSTemporaryDirectory() + "kube-\(UUID().uuidString).yaml"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    do {
      _ = try NamedScheduler("kube:" + path)
      Issue.record("\(text) was taken")
    } catch {
      #expect("\(error)".contains(what))
    }
  }

  @Test func whatIsNotModelledIsSaid() throws {
    let path = try configuration(
      """
      extenders: [{urlPrefix: http://x}]
      profiles: [{plugins: {score: {enabled: [{name: MyPlugin}]}}}]

      """)
    let notes = try NamedScheduler("kube:" + path).notes
    #expect(notes.count == 2 && notes[1].scope == "MyPlugin" && notes[1].kind == .notModelled)
  }
}
