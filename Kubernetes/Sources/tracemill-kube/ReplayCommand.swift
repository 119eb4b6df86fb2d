import ArgumentParser
import Foundation
import KubeClient
import KubeObjects
import KubeRecording
import Logging
import Runs
import Simulation
import Workload

/// `tracemill-kube replay`.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Submit a workload as pods at its times, on fake nodes.",
    discussion: """
      Each task is a pod; it ends when it has run for its time, since fake nodes have no kubelet that would end it. \
      --nodes makes the machines of a cluster as nodes first, and removes them in the end. Do this on a cluster of \
      its own: pods that it makes run nothing.

      Example:
        tracemill-kube replay --workload study:tasks=1000,load=0.5,cores=262 --nodes study:20 --speed 60 \\
          --kubeconfig kwok.yaml --tasks waits.csv
      """)

  @Option(help: "A kubeconfig; without it the service account of the pod is used.")
  var kubeconfig: String?
  @Option(help: "The kubeconfig's context.") var context: String?
  @Option(help: "A trace, a record file or a generator, as tracemill simulate has it.")
  var workload: String
  @Option(help: "Machines that become nodes, as tracemill simulate's --cluster; none if left out.")
  var nodes: String?
  @Option(help: "Tasks at most.") var count = 10_000
  @Option(help: "Arrivals so many times as dense.") var scaleArrivals = 1.0
  @Option(help: "Seconds of the workload a second.") var speed = 1.0
  @Option(help: "The schedulerName of the pods.") var schedulerName = "tracemill"
  @Option(help: "The pods' namespace.") var namespace = "default"
  @Option(help: "Seconds to wait for the last pods.") var limit = 600.0
  @Option(help: "Seeds what is drawn.") var seed: UInt64 = 1
  @Option(help: "A CSV file with a line for each task.") var tasks: String?
  @Option(help: "trace, debug, info, warning or error.") var logLevel = "warning"

  func validate() throws {
    guard speed > 0, speed.isFinite, scaleArrivals > 0, scaleArrivals.isFinite else {
      throw ValidationError("--speed and --scale-arrivals are above 0")
    }
    guard (1...1_000_000).contains(count) else {
      throw ValidationError("--count \(count) is not from 1 to 1000000")
    }
    guard Logger.Level(rawValue: logLevel) != nil else {
      throw ValidationError("--log-level '\(logLevel)' is no level")
    }
  }

  func run() async throws {
    var logger = Logger(label: "tracemill-kube", factory: { _ in JSONLogHandler() })
    logger.logLevel = Logger.Level(rawValue: logLevel) ?? .warning
    let access =
      try kubeconfig.map { try APIAccess(kubeconfig: $0, context: context) } ?? .inCluster()
    let client = APIClient(access, connections: 40)
    let layout = try nodes.map { try NamedCluster($0).layout(seed: seed) }
    let records = try wanted(layout?.effectiveCores)
    guard let last = records.last, let first = records.first else {
      throw ValidationError("\(workload): has no task with a run time")
    }
    var names: [String] = []
    if let layout { names = try await makeNodes(layout, client) }
    var settings = Replayer.Settings()
    settings.speed = speed
    settings.schedulerName = schedulerName
    settings.namespace = namespace
    settings.label = "replay-\(ProcessInfo.processInfo.processIdentifier)"
    settings.calls = 32
    let replayer = Replayer(client, settings: settings, logger: logger)
    let span = (last.submit - first.submit).seconds / speed
    FileHandle.standardError.write(
      Data("\(records.count) pods within \(Int(span.rounded(.up))) s\n".utf8))
    await replayer.run(records, limit: limit)
    let outcomes = await replayer.outcomes
    let failures = await replayer.failures
    for name in names { _ = try? await client.send(.DELETE, "/api/v1/nodes/\(name)") }
    report(outcomes, failures)
    if let tasks { try write(outcomes, to: tasks) }
    if failures.count > 0 { throw ExitCode.failure }
  }

  /// The tasks with a run time, scaled.
  private func wanted(_ cores: Double?) throws -> [TaskRecord] {
    let source = try NamedWorkload(workload, seed: seed, cores: cores).source
    var records: [TaskRecord] = []
    while records.count < count, let record = try source.next() {
      guard record.runTime.isKnown, !record.flags.contains(.runTimeUnknown) else { continue }
      records.append(record)
    }
    guard scaleArrivals != 1, let first = records.first?.submit else { return records }
    return records.map { record in
      var record = record
      record.submit = first + (record.submit - first).scaled(by: 1 / scaleArrivals)
      return record
    }
  }

  private func makeNodes(_ layout: ClusterLayout, _ client: APIClient) async throws -> [String] {
    var names: [String] = []
    for (index, machine) in layout.machines.enumerated() where machine.isUp {
      // In the order of their numbers for whoever lists them by name, so that ties go as in a simulation.
      let name =
        "machine-" + String(repeating: "0", count: 6 - min("\(index)".count, 6)) + "\(index)"
      var offered = [
        "cpu": "\(machine.capacity.cpu.nano / 1_000_000)m",
        "memory": "\(machine.capacity.memory.rawValue)", "pods": "100000",
      ]
      if machine.capacity.milliGPU > 0 {
        offered["nvidia.com/gpu"] = "\(machine.capacity.milliGPU / 1000)"
      }
      let node: [String: Any] = [
        "apiVersion": "v1", "kind": "Node",
        "metadata": [
          "name": name, "labels": ["kubernetes.io/hostname": name, "tracemill/fake": "true"],
        ],
        "status": [
          "allocatable": offered, "capacity": offered,
          "conditions": [["type": "Ready", "status": "True", "reason": "Fake", "message": "fake"]],
        ] as [String: Any],
      ]
      let body = Array(try JSONSerialization.data(withJSONObject: node))
      let answer = try await client.send(.POST, "/api/v1/nodes", body: body)
      guard answer.status < 300 || answer.status == 409 else {
        throw APIFailure("node \(name): status \(answer.status): \(answer.words)")
      }
      names.append(name)
    }
    return names
  }

  private func report(_ outcomes: [Replayer.Outcome], _ failures: (count: Int, last: String)) {
    let waits = outcomes.compactMap(\.wait).sorted()
    print("tasks submitted  \(outcomes.count)")
    print("tasks started    \(waits.count)")
    if failures.count > 0 {
      print("not created      \(failures.count), the last: \(failures.last)")
    }
    guard !waits.isEmpty else { return }
    func figure(_ value: Double) -> String { String(format: "%.3f s", value) }
    print("wait, mean       \(figure(waits.reduce(0, +) / Double(waits.count)))")
    print("wait, median     \(figure(waits[waits.count / 2]))")
    print("wait, p95        \(figure(waits[waits.count * 95 / 100]))")
  }

  private func write(_ outcomes: [Replayer.Outcome], to path: String) throws {
    var text = "job_id,task_index,submit_s,wait_s,run_s,node\n"
    for outcome in outcomes.sorted(by: { $0.submit < $1.submit }) {
      text +=
        "\(outcome.task.job),\(outcome.task.index),\(outcome.submit),\(outcome.wait.map { "\($0)" } ?? ""),"
        + "\(outcome.run),\(outcome.node ?? "")\n"
    }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
