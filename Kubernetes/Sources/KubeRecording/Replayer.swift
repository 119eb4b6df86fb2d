import Foundation
import KubeClient
import KubeObjects
import Logging
import Workload

/// Submits tasks as pods at their times, and ends each when it has run for its time: fake nodes have no kubelet
/// that would.
///
/// Time may be pressed: at a speed of 60 a minute of the workload is a second. Pods carry the label
/// `tracemill/replay`; no other pod is touched.
public actor Replayer {
  /// How a workload is replayed.
  public struct Settings: Sendable {
    /// Seconds of the workload a second.
    public var speed = 1.0
    /// Who is to schedule the pods.
    public var schedulerName = "tracemill"
    /// Where the pods go.
    public var namespace = "default"
    /// What this replay's pods are labelled with.
    public var label = "replay"
    /// Calls at a time.
    public var calls = 16
    /// The default settings.
    public init() {}
  }

  /// What became of a task, in seconds of the workload.
  public struct Outcome: Sendable {
    public var task: TaskID
    public var submit: Double
    public var wait: Double?
    public var run: Double
    public var node: String?
  }

  private struct Life {
    var task: TaskRecord
    var submitted: Double
    var bound: Double?
    var node: String?
  }

  private let client: APIClient
  private let settings: Settings
  private let logger: Logger
  private var lives: [String: Life] = [:]
  private var start = 0.0
  /// What became of the tasks, in the order in which they ended.
  public private(set) var outcomes: [Outcome] = []
  /// Pods that could not be created, and why the last could not.
  public private(set) var failures: (count: Int, last: String) = (0, "")

  /// A replay by a client.
  public init(_ client: APIClient, settings: Settings, logger: Logger) {
    self.client = client
    self.settings = settings
    self.logger = logger
  }

  private var clock: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  /// Replays tasks in order of submission, and returns when all have ended or `limit` seconds have passed
  /// after the last submission.
  public func run(_ tasks: [TaskRecord], limit: Double) async {
    let path = "/api/v1/namespaces/\(APIPath.escaped(settings.namespace))/pods"
    let watcher = Watcher<Pod>(
      client, path: path,
      query: "labelSelector=tracemill/replay=\(APIPath.escaped(settings.label))",
      logger: logger)
    let watching = Task { await watcher.run { await self.take($0) } }
    defer { watching.cancel() }
    start = clock
    let origin = tasks.first?.submit ?? .zero
    await withTaskGroup(of: Void.self) { group in
      var open = 0
      for task in tasks {
        let due = start + (task.submit - origin).seconds / settings.speed
        if due > clock { try? await Task.sleep(for: .seconds(due - clock)) }
        if open >= settings.calls {
          await group.next()
          open -= 1
        }
        open += 1
        group.addTask { await self.submit(task, path) }
      }
    }
    let end = clock + limit
    while outcomes.count + failures.count < tasks.count, clock < end {
      try? await Task.sleep(for: .seconds(0.05))
    }
    for life in lives.values {
      outcomes.append(outcome(life))
    }
  }

  private func name(_ task: TaskRecord) -> String {
    "\(settings.label)-\(task.id.job)-\(task.id.index)"
  }

  private func submit(_ task: TaskRecord, _ path: String) async {
    let name = name(task)
    var requests: [String: String] = [:]
    if task.request.cpu > .zero {
      requests["cpu"] = "\((task.request.cpu.nano + 999_999) / 1_000_000)m"
    }
    if task.request.memory > .zero { requests["memory"] = "\(task.request.memory.rawValue)" }
    var resources: [String: Any] = ["requests": requests]
    if task.request.milliGPU > 0 {
      let gpus = ["nvidia.com/gpu": "\((task.request.milliGPU + 999) / 1000)"]
      resources = ["requests": requests.merging(gpus) { $1 }, "limits": gpus]
    }
    var metadata: [String: Any] = ["name": name, "labels": ["tracemill/replay": settings.label]]
    if task.estimate.isKnown {
      metadata["annotations"] = [
        "tracemill/estimate-seconds": "\(task.estimate.seconds / settings.speed)"
      ]
    }
    let pod: [String: Any] = [
      "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
      "spec": [
        "schedulerName": settings.schedulerName, "terminationGracePeriodSeconds": 0,
        "containers": [["name": "task", "image": "none", "resources": resources]],
      ] as [String: Any],
    ]
    lives[name] = Life(task: task, submitted: clock)
    do {
      let body = Array(try JSONSerialization.data(withJSONObject: pod))
      let answer = try await client.send(.POST, path, body: body)
      guard answer.status >= 300 else { return }
      throw APIFailure("status \(answer.status): \(answer.words)")
    } catch {
      lives[name] = nil
      failures = (failures.count + 1, "\(error)")
    }
  }

  private func take(_ event: WatchEvent<Pod>) {
    switch event {
    case .page(let pods): for pod in pods { show(pod) }
    case .shown(let pod): show(pod)
    case .removed, .listed, .alive: return
    }
  }

  private func show(_ pod: Pod) {
    let name = pod.metadata.name
    guard var life = lives[name], life.bound == nil, let node = pod.spec.nodeName, !node.isEmpty
    else { return }
    life.bound = clock
    life.node = node
    lives[name] = life
    let due = clock + life.task.runTime.seconds / settings.speed
    Task {
      if due > self.clock { try? await Task.sleep(for: .seconds(due - self.clock)) }
      await self.end(name)
    }
  }

  private func outcome(_ life: Life) -> Outcome {
    Outcome(
      task: life.task.id, submit: (life.submitted - start) * settings.speed,
      wait: life.bound.map { ($0 - life.submitted) * settings.speed },
      run: life.task.runTime.seconds, node: life.node)
  }

  /// The pod has run for its time: it succeeds, and is deleted.
  private func end(_ name: String) async {
    guard let life = lives.removeValue(forKey: name) else { return }
    outcomes.append(outcome(life))
    let path =
      "/api/v1/namespaces/\(APIPath.escaped(settings.namespace))/pods/\(APIPath.escaped(name))"
    let body = Array("{\"status\":{\"phase\":\"Succeeded\"}}".utf8)
    do {
      _ = try await client.send(
        .PATCH, path + "/status", body: body, type: "application/merge-patch+json")
      _ = try await client.send(.DELETE, path + "?gracePeriodSeconds=0")
    } catch {
      logger.warning("\(name): \(error)")
    }
  }
}
