import Foundation
import KubeClient
import KubeObjects
import KubeRules
import KubeServer
import Logging

/// Decides for pods whose `schedulerName` is its own, and binds them.
///
/// A pod is decided at once where a node takes it. One that fits nowhere waits, with growing pauses, and
/// is tried anew when nodes or pods have changed. A pod with a constraint that is not honoured is not
/// taken: it stays pending with an event that names the constraint. Pods are not preempted.
public actor PodScheduler {
  /// How the scheduler behaves.
  public struct Settings: Sendable {
    /// Pods of this `schedulerName` are its own.
    public var name = "tracemill"
    /// Bindings at a time.
    public var bindings = 16
    /// A promise that the API server has not confirmed lapses after so many seconds.
    public var promiseSeconds = 30.0
    /// The pause after the first failure, doubling up to ``longestPause``, in seconds.
    public var firstPause = 1.0
    /// The longest pause between two tries, in seconds.
    public var longestPause = 10.0
    /// The default settings.
    public init() {}
  }

  private struct Pending {
    var pod: Pod
    var order: Int
    var notBefore: Double
    var pause: Double
    var told: String?
  }

  private let client: APIClient
  private let settings: Settings
  private let metrics: Metrics
  private let logger: Logger
  private var view = ClusterView()
  private var scorer: any NodeScorer
  private var pending: [String: Pending] = [:]
  private var order = 0
  private var inFlight = 0
  private var isListed = (nodes: false, pods: false)
  private var isLeading = false
  private var events = 0

  /// - Parameter scorer: the policy.
  public init(
    _ client: APIClient, scorer: any NodeScorer, settings: Settings = Settings(), metrics: Metrics,
    logger: Logger
  ) {
    self.client = client
    self.scorer = scorer
    self.settings = settings
    self.metrics = metrics
    self.logger = logger
  }

  private var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  /// Whether nodes and pods have been listed.
  public var isReady: Bool { isListed.nodes && isListed.pods }

  /// Whether it may bind.
  public func lead(_ leads: Bool) {
    isLeading = leads
    metrics.set("tracemill_leader", leads ? 1 : 0)
    decide()
  }

  // MARK: what the API server says

  /// Nodes have changed.
  public func take(nodes event: WatchEvent<Node>) {
    switch event {
    case .listed(let nodes):
      for node in nodes { view.show(node) }
      view.keepOnly(nodes: Set(nodes.map(\.name)))
      isListed.nodes = true
    case .shown(let node): view.show(node)
    case .removed(let node): view.removeNode(node.name)
    case .alive: return
    }
    metrics.set("tracemill_nodes", Double(view.nodes.count { $0.isThere }))
    retry()
    decide()
  }

  /// Pods have changed.
  public func take(pods event: WatchEvent<Pod>) {
    switch event {
    case .listed(let pods):
      let uids = Set(pods.map(\.uid))
      for uid in pending.keys where !uids.contains(uid) { pending[uid] = nil }
      for pod in pods { show(pod) }
      view.keepOnly(pods: uids)
      isListed.pods = true
      retry()
    case .shown(let pod): show(pod)
    case .removed(let pod):
      pending[pod.uid] = nil
      view.removePod(pod.uid)
      retry()
    case .alive: return
    }
    metrics.set("tracemill_pods", Double(view.pods.count))
    decide()
  }

  private func show(_ pod: Pod) {
    let isOurs =
      pod.spec.schedulerName == settings.name && (pod.spec.nodeName ?? "").isEmpty && !pod.isOver
      && pod.metadata.deletionTimestamp == nil
    if isOurs {
      if view.pods[pod.uid]?.promisedUntil != nil { return }
      order += pending[pod.uid] == nil ? 1 : 0
      var entry = pending[pod.uid] ?? Pending(pod: pod, order: order, notBefore: 0, pause: 0)
      if entry.pod != pod { entry.notBefore = 0 }
      entry.pod = pod
      pending[pod.uid] = entry
    } else {
      pending[pod.uid] = nil
      let wasThere = view.pods[pod.uid] != nil
      view.show(pod)
      if wasThere && pod.isOver { retry() }
    }
  }

  /// Something has changed that may let a waiting pod in.
  private func retry() {
    for uid in pending.keys where pending[uid]!.pause > 0 {
      pending[uid]!.notBefore = min(pending[uid]!.notBefore, now + 0.2)
    }
  }

  // MARK: decisions

  /// Decides for all pods whose time it is: the greatest priority first, then first come.
  public func decide() {
    guard isLeading, isReady else { return }
    let lapsed = view.lapse(at: now)
    if lapsed > 0 { metrics.count("tracemill_lapsed_promises_total", by: lapsed) }
    let time = now
    let due = pending.values.filter { $0.notBefore <= time }.sorted {
      $0.pod.priority != $1.pod.priority ? $0.pod.priority > $1.pod.priority : $0.order < $1.order
    }
    for entry in due {
      guard inFlight < settings.bindings else { break }
      decide(entry)
    }
    metrics.set("tracemill_queue_pods", Double(pending.count))
  }

  private func decide(_ entry: Pending) {
    let pod = entry.pod
    let start = now
    defer { metrics.took("schedule", now - start) }
    if let constraint = pod.unknownConstraint {
      metrics.count("tracemill_refused_pods_total")
      return wait(entry, "not taken: \(settings.name) does not honour \(constraint)")
    }
    let shape = view.number(of: PodShape(pod))
    let rules = PodRules(shape, on: view)
    var reasons: [String: Int] = [:]
    var feasible: [Int] = []
    for number in view.nodes.indices where view.nodes[number].isThere {
      if let reason = rules.reason(number, on: view) {
        reasons[reason, default: 0] += 1
      } else {
        feasible.append(number)
      }
    }
    scorer.changed(view.takeChanges(), on: view)
    let scores = scorer.scores(shape, nodes: feasible, on: view)
    // The first of the best, in the order of the nodes' numbers.
    var best: (node: Int, score: Double)?
    for (node, score) in zip(feasible, scores) {
      if let score, score.isFinite, score > best?.score ?? -.infinity { best = (node, score) }
    }
    guard let best else {
      let list = reasons.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
        .map { "\($0.value) \($0.key)" }
      let count = view.nodes.count { $0.isThere }
      let refused = feasible.isEmpty ? [] : ["\(feasible.count) refused by \(scorer.name)"]
      return wait(
        entry,
        "0/\(count) nodes are available: \((list + refused).joined(separator: ", "))")
    }
    metrics.count("tracemill_decisions_total", "verb=\"schedule\",result=\"some\"")
    pending[pod.uid] = nil
    view.promise(pod, to: best.node, until: now + settings.promiseSeconds)
    inFlight += 1
    let name = view.nodes[best.node].node.name
    Task { await self.bind(entry, to: name) }
  }

  private func wait(_ entry: Pending, _ words: String) {
    metrics.count("tracemill_decisions_total", "verb=\"schedule\",result=\"none\"")
    var entry = entry
    entry.pause = min(max(entry.pause * 2, settings.firstPause), settings.longestPause)
    entry.notBefore = now + entry.pause
    let isNews = entry.told != words
    entry.told = words
    pending[entry.pod.uid] = entry
    let pause = entry.pause
    Task {
      if isNews { await self.tell(entry.pod, "FailedScheduling", "Warning", words) }
      try? await Task.sleep(for: .seconds(pause))
      self.decide()
    }
  }

  private func bind(_ entry: Pending, to node: String) async {
    let problem = await Binding(entry.pod, node: node).post(client)
    inFlight -= 1
    if let problem {
      metrics.count("tracemill_bindings_total", "result=\"failed\"")
      view.withdraw(entry.pod.uid)
      logger.warning("\(entry.pod.key): binding to \(node): \(problem)")
      if !problem.isFinal {
        var entry = entry
        entry.pause = min(max(entry.pause * 2, settings.firstPause), settings.longestPause)
        entry.notBefore = now + entry.pause
        pending[entry.pod.uid] = entry
      }
    } else {
      metrics.count("tracemill_bindings_total", "result=\"bound\"")
      logger.debug("\(entry.pod.key) on \(node)")
    }
    decide()
  }

  /// Writes an event of a pod; that it cannot be written is no reason to stop.
  private func tell(_ pod: Pod, _ reason: String, _ kind: String, _ words: String) async {
    events += 1
    let time = ISO8601DateFormatter().string(from: Date())
    let namespace = pod.metadata.namespace ?? "default"
    let event: [String: Any] = [
      "apiVersion": "v1", "kind": "Event",
      "metadata": ["generateName": "\(pod.metadata.name.prefix(200)).", "namespace": namespace],
      "involvedObject": [
        "kind": "Pod", "name": pod.metadata.name, "namespace": namespace, "uid": pod.uid,
        "apiVersion": "v1",
      ],
      "reason": reason, "message": String(words.prefix(1000)), "type": kind, "count": 1,
      "firstTimestamp": time, "lastTimestamp": time, "source": ["component": settings.name],
    ]
    guard let body = try? JSONSerialization.data(withJSONObject: event) else { return }
    _ = try? await client.send(
      .POST, "/api/v1/namespaces/\(namespace)/events", body: Array(body))
  }
}
