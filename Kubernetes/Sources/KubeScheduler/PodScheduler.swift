import Foundation
import KubeClient
import KubeExtender
import KubeObjects
import KubeRules
import Logging

/// Decides for pods whose `schedulerName` is its own, and binds them.
///
/// A pod is decided at once where a node takes it. One that fits nowhere waits, with growing pauses, and
/// is tried anew when nodes or pods have changed; if it may, it makes room first by evicting pods of lesser
/// priority. A pod with a constraint that is not honoured is not taken: it stays pending with an event that
/// names the constraint.
public actor PodScheduler {
  /// A pod whose victims are going.
  private struct Nomination {
    var entry: PodQueue.Entry
    var node: Int
    var victims: Set<String>
    var until: Double
  }

  private let client: APIClient
  private let settings: Settings
  private let metrics: Metrics
  private let logger: Logger
  private let reader: PodFactsReader
  private let events: PodEvents
  private var view = ClusterView()
  private var chooser: NodeChooser
  private var queue = PodQueue()
  private var nominations: [String: Nomination] = [:]
  /// Pods that are being looked up or bound, which are in no queue.
  private var away: Set<String> = []
  /// Shapes that fit nowhere, and why, until something changes for the better.
  private var hopeless: [PodShape: String] = [:]
  private var inFlight = 0
  private var isListed = (nodes: false, pods: false)
  /// When nodes and pods were last heard of.
  private var heardAt = (nodes: -Double.infinity, pods: -Double.infinity)
  private var isLeading = false
  private var wakeAt: Double?
  private var isBetterAt: Double?

  /// - Parameter scorer: the policy.
  public init(
    _ client: APIClient, scorer: any NodeScorer, settings: Settings = Settings(), metrics: Metrics,
    logger: Logger
  ) {
    self.client = client
    self.settings = settings
    self.metrics = metrics
    self.logger = logger
    chooser = NodeChooser(scorer)
    reader = PodFactsReader(client: client)
    events = PodEvents(client: client, component: settings.name)
  }

  private var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  /// Whether nodes and pods have been listed.
  public var isReady: Bool { isListed.nodes && isListed.pods }

  /// Seconds since the API server was last heard; infinite before the first list.
  public var age: Double { now - min(heardAt.nodes, heardAt.pods) }

  /// Whether it may bind.
  public func lead(_ leads: Bool) {
    isLeading = leads
    metrics.set("tracemill_leader", leads ? 1 : 0)
    decide()
  }

  // MARK: what the API server says

  /// Nodes have changed.
  public func take(nodes event: WatchEvent<Node>) {
    heardAt.nodes = now
    switch event {
    case .page(let nodes): for node in nodes { view.show(node) }
    case .listed(let names):
      view.keepOnly(nodes: names)
      isListed.nodes = true
    case .shown(let node): view.show(node)
    case .removed(let node): view.removeNode(node.name)
    case .alive: return
    }
    metrics.set("tracemill_nodes", Double(view.nodeCount))
    isBetter()
    decide()
  }

  /// Pods have changed.
  public func take(pods event: WatchEvent<Pod>) {
    heardAt.pods = now
    switch event {
    case .page(let pods): for pod in pods { show(pod) }
    case .listed(let uids):
      for uid in queue.uids where !uids.contains(uid) { queue.remove(uid) }
      for uid in nominations.keys where !uids.contains(uid) { forget(uid) }
      view.keepOnly(pods: uids)
      for uid in Set(nominations.values.flatMap(\.victims)) where view.pods[uid] == nil {
        victimIsGone(uid)
      }
      isListed.pods = true
      isBetter()
    case .shown(let pod): show(pod)
    case .removed(let pod): gone(pod.uid)
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
      // What is being decided comes back by itself.
      if away.contains(pod.uid) || nominations[pod.uid] != nil { return }
      if view.pods[pod.uid]?.promisedUntil != nil { return }
      queue.add(pod)
      return
    }
    forget(pod.uid)
    let wasThere = view.pods[pod.uid] != nil
    view.show(pod)
    if wasThere && view.pods[pod.uid] == nil { gone(pod.uid) }
  }

  private func gone(_ uid: String) {
    forget(uid)
    view.removePod(uid)
    victimIsGone(uid)
    isBetter()
  }

  private func forget(_ uid: String) {
    queue.remove(uid)
    if nominations.removeValue(forKey: uid) != nil { view.withdraw(uid) }
  }

  /// Something has changed that may let a waiting pod in: they try again a little later, all at once. The more
  /// there are the later, 10 to 200 ms, so that trying takes a small part of the time.
  private func isBetter() {
    hopeless.removeAll()
    guard isBetterAt == nil else { return }
    isBetterAt = now + min(max(2e-5 * Double(queue.count), 0.01), 0.2)
  }

  // MARK: decisions

  /// Decides for all pods whose time it is: the greatest priority first, then first come.
  public func decide() {
    guard isReady else { return }
    // A standby follows too: it may lead at any time, and changes are not kept.
    chooser.follow(&view)
    view.tidy()
    guard isLeading else { return }
    let time = now
    let lapsed = view.lapse(at: time)
    if lapsed > 0 {
      metrics.count("tracemill_lapsed_promises_total", by: lapsed)
      isBetter()
    }
    for (uid, nomination) in nominations where nomination.until < time {
      // The victims have not gone: it begins anew.
      forget(uid)
      queue.put(nomination.entry)
    }
    let all = isBetterAt.map { $0 <= time } ?? false
    if all { isBetterAt = nil }
    queue.wake(at: time, all: all)
    if chooser.scorer.choosesAmongPods { decideBatches() } else { decideInTurn() }
    metrics.set("tracemill_queue_pods", Double(queue.count))
    wakeLater()
  }

  private func decideInTurn() {
    while inFlight < settings.bindings, let entry = queue.next() {
      guard isTakeable(entry) else { continue }
      if let group = entry.group {
        decide(group: group, with: entry)
      } else {
        decide(entry)
      }
    }
  }

  /// Whether a pod can be decided about now; if not, it waits or is looked up.
  private func isTakeable(_ entry: PodQueue.Entry) -> Bool {
    let pod = entry.pod
    if let constraint = pod.unknownConstraint {
      metrics.count("tracemill_refused_pods_total")
      wait(entry, "not taken: \(settings.name) does not honour \(constraint)")
      return false
    }
    guard pod.needsFacts else { return true }
    guard let facts = entry.facts else {
      away.insert(pod.uid)
      Task { await self.lookUp(entry) }
      return false
    }
    if let refusal = facts.refusal {
      var entry = entry
      entry.facts = nil
      wait(entry, refusal)
      return false
    }
    return true
  }

  private func lookUp(_ entry: PodQueue.Entry) async {
    var entry = entry
    entry.facts = await reader.facts(entry.pod)
    away.remove(entry.pod.uid)
    queue.put(entry)
    decide()
  }

  private func shape(_ entry: PodQueue.Entry) -> PodShape {
    PodShape(entry.pod, volumes: entry.facts?.volumes ?? [])
  }

  private func decide(_ entry: PodQueue.Entry) {
    let start = now
    defer { metrics.took("schedule", now - start) }
    let shape = shape(entry)
    if let words = hopeless[shape] { return wait(entry, words) }
    let number = view.number(of: shape)
    if let node = chooser.choose(number, on: &view) {
      promise(entry, number, node)
      return bind(entry)
    }
    if settings.preempts, let plan = view.preemption(for: number) {
      return preempt(entry, number, plan)
    }
    let words = chooser.reasons(number, on: view)
    hopeless[shape] = words
    wait(entry, words)
  }

  private func promise(_ entry: PodQueue.Entry, _ shape: Int32, _ node: Int) {
    metrics.count("tracemill_decisions_total", "verb=\"schedule\",result=\"some\"")
    view.promise(entry.pod, shape, to: node, until: now + settings.promiseSeconds)
  }

  /// All of a group that wait start together, or none.
  private func decide(group: String, with first: PodQueue.Entry) {
    let start = now
    defer { metrics.took("schedule", now - start) }
    var members = [first]
    for entry in queue.take(group: group) where isTakeable(entry) { members.append(entry) }
    let size = members.compactMap { $0.facts?.groupSize }.max() ?? 1
    let namespace = first.pod.metadata.namespace ?? "default"
    let placed = view.pods.values.count { state in
      let shape = view.shapes[Int(state.shape)]
      return shape.namespace == namespace
        && Pod.groupLabels.contains { shape.labels[$0].map { "\(namespace)/\($0)" } == group }
    }
    guard members.count + placed >= size else {
      for entry in members {
        wait(entry, "pod group \(group): \(members.count + placed) of \(size) pods are there")
      }
      return
    }
    var chosen: [PodQueue.Entry] = []
    var left: [(entry: PodQueue.Entry, words: String)] = []
    for entry in members {
      let number = view.number(of: shape(entry))
      if let node = chooser.choose(number, on: &view) {
        promise(entry, number, node)
        chosen.append(entry)
      } else {
        left.append((entry, chooser.reasons(number, on: view)))
      }
    }
    guard chosen.count + placed >= size else {
      let words = left.first.map { ": " + $0.words } ?? ""
      for entry in chosen { view.withdraw(entry.pod.uid) }
      for entry in members {
        wait(
          entry,
          "pod group \(group): \(chosen.count + placed) of \(size) pods have a node\(words)")
      }
      return
    }
    for entry in chosen { bind(entry) }
    for (entry, words) in left { wait(entry, words) }
  }

  /// A policy that chooses among waiting pods sees the first of them.
  private func decideBatches() {
    while inFlight < settings.bindings {
      var batch: [(entry: PodQueue.Entry, shape: Int32)] = []
      while batch.count < settings.batch, let entry = queue.next() {
        guard isTakeable(entry) else { continue }
        if let group = entry.group {
          decide(group: group, with: entry)
        } else {
          batch.append((entry, view.number(of: shape(entry))))
        }
      }
      guard !batch.isEmpty else { return }
      while inFlight < settings.bindings {
        let start = now
        guard
          let chosen = chooser.choose(
            among: batch.map { ($0.shape, $0.entry.pod.estimate) }, on: &view)
        else { break }
        metrics.took("schedule", now - start)
        let (entry, shape) = batch.remove(at: chosen.pod)
        promise(entry, shape, chosen.node)
        bind(entry)
        if batch.isEmpty { break }
      }
      if inFlight >= settings.bindings {
        for (entry, _) in batch { queue.put(entry) }
        return
      }
      // What the policy has no place for fails one by one, and says why.
      for (entry, _) in batch { decide(entry) }
    }
  }

  private func wait(_ entry: PodQueue.Entry, _ words: String) {
    metrics.count("tracemill_decisions_total", "verb=\"schedule\",result=\"none\"")
    var entry = entry
    let isNews = entry.told != words
    entry.told = words
    put(entry)
    if isNews { Task { await events.tell(entry.pod, "FailedScheduling", "Warning", words) } }
  }

  private func put(_ entry: PodQueue.Entry) {
    var entry = entry
    entry.pause = min(max(entry.pause * 2, settings.firstPause), settings.longestPause)
    queue.put(entry, until: now + entry.pause)
  }

  private func wakeLater() {
    let times = [queue.nextWake(), isBetterAt, nominations.values.map(\.until).min()]
    guard let next = times.compactMap({ $0 }).min() else { return }
    if let wakeAt, wakeAt <= next, wakeAt > now { return }
    wakeAt = next
    Task {
      // Never more often than this, whatever there is to wait for.
      try? await Task.sleep(for: .seconds(max(next - self.now, 0.01)))
      self.woke(next)
    }
  }

  private func woke(_ time: Double) {
    guard wakeAt == time else { return }
    wakeAt = nil
    decide()
  }

  // MARK: preemption

  /// Evicts a plan's victims. The place counts as taken at once, so that nobody else takes it.
  private func preempt(_ entry: PodQueue.Entry, _ shape: Int32, _ plan: Preemption) {
    metrics.count("tracemill_preemptions_total")
    let keys = plan.victims.compactMap { uid in view.pods[uid].map { (uid, $0.key) } }
    let until = now + settings.promiseSeconds * 4
    view.promise(entry.pod, shape, to: plan.node, until: until)
    nominations[entry.pod.uid] = Nomination(
      entry: entry, node: plan.node, victims: Set(plan.victims), until: until)
    let node = view.nodes[plan.node].node.name
    logger.info("\(entry.pod.key): \(keys.count) pods go from \(node)")
    Task {
      for (uid, key) in keys {
        guard let problem = await Eviction(key, uid: uid).post(client) else { continue }
        if problem.isFinal {
          victimIsGone(uid)
        } else {
          return notEvicted(entry, key, problem.description)
        }
      }
      for (uid, key) in keys {
        await events.tell(
          key: key, uid: uid, "Preempted", "Normal", "Preempted by \(entry.pod.key) on \(node)")
      }
    }
  }

  private func notEvicted(_ entry: PodQueue.Entry, _ key: String, _ words: String) {
    guard nominations[entry.pod.uid] != nil else { return }
    forget(entry.pod.uid)
    wait(entry, "\(key) cannot be evicted: \(words)")
    decide()
  }

  private func victimIsGone(_ uid: String) {
    for (pod, var nomination) in nominations where nomination.victims.remove(uid) != nil {
      nominations[pod] = nomination.victims.isEmpty ? nil : nomination
      guard nomination.victims.isEmpty else { continue }
      if view.pods[pod] != nil, view.nodes[nomination.node].isThere {
        bind(nomination.entry)
      } else {
        view.withdraw(pod)
        queue.put(nomination.entry)
      }
    }
  }

  // MARK: bindings

  /// Creates the binding that was promised.
  private func bind(_ entry: PodQueue.Entry) {
    guard let node = view.pods[entry.pod.uid]?.node else { return queue.put(entry) }
    inFlight += 1
    away.insert(entry.pod.uid)
    let name = view.nodes[Int(node)].node.name
    Task { await self.post(entry, to: name) }
  }

  private func post(_ entry: PodQueue.Entry, to node: String) async {
    let uid = entry.pod.uid
    let binding = Binding(entry.pod, node: node)
    var problem = await binding.post(client)
    var pause = 0.2
    // It may be bound although no answer came: the place stays taken, and nobody else gets it, until the
    // server says.
    while let unknown = problem, unknown.isUnknown, view.pods[uid]?.promisedUntil != nil {
      logger.warning("\(entry.pod.key): binding to \(node): \(unknown); again")
      view.prolong(uid, until: now + settings.promiseSeconds)
      try? await Task.sleep(for: .seconds(pause))
      pause = min(pause * 2, 5)
      problem = await binding.post(client)
    }
    inFlight -= 1
    away.remove(uid)
    if let problem, view.pods[uid] == nil || view.pods[uid]?.promisedUntil != nil {
      metrics.count("tracemill_bindings_total", "result=\"failed\"")
      logger.warning("\(entry.pod.key): binding to \(node): \(problem)")
      // One that is bound already, here or elsewhere, the watch will show; until then it counts here.
      if !problem.isConflict {
        view.withdraw(uid)
        isBetter()
        if !problem.isFinal { put(entry) }
      }
    } else {
      metrics.count("tracemill_bindings_total", "result=\"bound\"")
      logger.debug("\(entry.pod.key) on \(node)")
    }
    decide()
  }
}
