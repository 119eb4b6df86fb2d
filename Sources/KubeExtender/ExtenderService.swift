import Foundation
import KubeObjects
import KubeRules
import Synchronization

/// Answers kube-scheduler's extender calls from a view of the cluster and a policy.
///
/// One lock guards view and policy: kube-scheduler sends its filter calls one at a time, and a decision
/// is short. What cannot be answered well is answered as if this extender were not there: every node
/// passes with equal scores, and metrics say how often and why.
public final class ExtenderService: Sendable {
  private struct State: Sendable {
    var view = ClusterView()
    var chooser: NodeChooser
    /// Whole nodes as they came last, by name: most are the same in the next request.
    var items: [String: [UInt8]] = [:]
    var nodesAt: Double?
    var podsAt: Double?
  }
  private let state: Mutex<State>
  /// The last request: filter and prioritize of one pod come with the same bytes as a rule.
  private let last = Mutex<ExtenderArguments?>(nil)
  /// Counts and latencies.
  public let metrics: Metrics
  private let settings: Settings
  private let clock: @Sendable () -> Double
  private let readiness: (@Sendable () async -> Bool)?
  private let viewAge: (@Sendable () async -> Double)?

  /// How the service behaves.
  public struct Settings: Sendable {
    /// A promise that the API server has not confirmed lapses after so many seconds.
    public var promiseSeconds = 30.0
    /// A view older than this, in seconds, is no ground for a decision.
    public var staleSeconds = 120.0
    /// Whether the nodes of each request are the view (no API server is watched).
    public var isStateless = false
    /// An answer that cannot be begun within so many seconds, since the view is being changed, is one that
    /// lets every node pass.
    public var deadlineSeconds = 1.0
    /// Whether filter answers with the policy's node alone. kube-scheduler takes a single node without asking
    /// for scores, its own or an extender's: one call a pod instead of two, and the policy alone decides.
    public var decidesInFilter = false
    /// The default settings.
    public init() {}
  }

  /// - Parameters:
  ///   - scorer: the policy.
  ///   - metrics: counts what is answered.
  ///   - settings: how the service behaves.
  ///   - readiness: whether the view is complete, where another keeps it.
  ///   - viewAge: the same of ``age``.
  ///   - clock: seconds that never go back.
  public init(
    scorer: any NodeScorer, metrics: Metrics, settings: Settings = Settings(),
    readiness: (@Sendable () async -> Bool)? = nil,
    viewAge: (@Sendable () async -> Double)? = nil,
    clock: @escaping @Sendable () -> Double = {
      Double(DispatchTime.now().uptimeNanoseconds) / 1e9
    }
  ) {
    state = Mutex(State(chooser: NodeChooser(scorer)))
    self.metrics = metrics
    self.settings = settings
    self.clock = clock
    self.readiness = readiness
    self.viewAge = viewAge
  }

  // MARK: the view

  /// Applies what the API server says of nodes.
  ///
  /// - Parameters:
  ///   - change: changes the view.
  ///   - isPart: whether it is part of a list whose end is still to come.
  public func update(nodes change: (inout ClusterView) -> Void, isPart: Bool = false) {
    update(change) { if !isPart { $0.nodesAt = $1 } }
  }
  /// Applies what the API server says of pods.
  ///
  /// - Parameters:
  ///   - change: changes the view.
  ///   - isPart: whether it is part of a list whose end is still to come.
  public func update(pods change: (inout ClusterView) -> Void, isPart: Bool = false) {
    update(change) { if !isPart { $0.podsAt = $1 } }
  }

  private func update(
    _ change: (inout ClusterView) -> Void, _ mark: (inout State, Double) -> Void
  ) {
    let now = clock()
    state.withLock { state in
      change(&state.view)
      let lapsed = state.view.lapse(at: now)
      if lapsed > 0 { metrics.count("tracemill_lapsed_promises_total", by: lapsed) }
      mark(&state, now)
      // Nobody may ever ask: what has changed is not kept for it.
      if state.nodesAt != nil, state.podsAt != nil { state.chooser.follow(&state.view) }
      state.view.tidy()
      metrics.set("tracemill_nodes", Double(state.view.nodeCount))
      metrics.set("tracemill_pods", Double(state.view.pods.count))
    }
  }

  /// Whether nodes and pods have been listed.
  public var isReady: Bool {
    settings.isStateless || state.withLock { $0.nodesAt != nil && $0.podsAt != nil }
  }

  /// The same, of whoever keeps the view.
  public func isReadyNow() async -> Bool { await readiness?() ?? isReady }

  /// Seconds since the API server was last heard; infinite before the first list.
  public var age: Double {
    let now = clock()
    return state.withLock { state in
      guard let nodes = state.nodesAt, let pods = state.podsAt else { return .infinity }
      return now - min(nodes, pods)
    }
  }

  /// The same, of whoever keeps the view.
  public func ageNow() async -> Double { await viewAge?() ?? age }

  // MARK: verbs

  /// The answer to a call, as the body of a response of status 200.
  ///
  /// - Throws: `ExtenderArguments.Refusal` for a body that cannot be read.
  public func answer(_ verb: Verb, _ body: [UInt8]) throws(ExtenderArguments.Refusal) -> [UInt8] {
    let start = clock()
    defer { metrics.took(verb.rawValue, clock() - start) }
    switch verb {
    case .filter: return filter(try arguments(body))
    case .prioritize: return prioritize(try arguments(body))
    case .preempt: return try preempt(body)
    }
  }

  private func arguments(
    _ body: [UInt8]
  ) throws(ExtenderArguments.Refusal) -> ExtenderArguments {
    if let known = last.withLock({ $0 }), known.body.bytes == body { return known }
    let arguments = try ExtenderArguments(body)
    last.withLock { $0 = body.count <= 8 << 20 ? arguments : nil }
    return arguments
  }

  /// What an extender is asked.
  public enum Verb: String, Sendable, CaseIterable {
    case filter
    case prioritize
    case preempt
  }

  /// Why a decision cannot be made.
  private enum Degraded: String {
    case notReady = "not-ready"
    case stale
    case late
  }

  /// Decides, or says why it cannot: the view is not complete, old, or not to be had in time.
  private func decide(_ body: (inout State) -> Void) -> Degraded? {
    let begin = clock()
    while true {
      let answer: Degraded?? = state.withLockIfAvailable { state in
        if !settings.isStateless {
          guard let nodes = state.nodesAt, let pods = state.podsAt else { return .notReady }
          if clock() - min(nodes, pods) > settings.staleSeconds { return .stale }
        }
        body(&state)
        return nil
      }
      if let answer { return answer }
      if clock() - begin > settings.deadlineSeconds { return .late }
      Thread.sleep(forTimeInterval: 0.0002)
    }
  }

  private func filter(_ arguments: ExtenderArguments) -> [UInt8] {
    var failed: [(node: String, reason: String)] = []
    var kept: [Int] = []
    let now = clock()
    let degraded = decide { state in
      if settings.isStateless { Self.take(arguments, &state) }
      let shape = state.view.number(of: PodShape(arguments.pod))
      // A pod that was promised a place and is asked about again has not got it.
      state.view.withdraw(arguments.pod.uid)
      let amounts = state.view.amounts(of: shape)
      for (index, name) in arguments.nodeNames.enumerated() {
        // A node that the watch has not shown yet is the scheduler's to judge.
        if let number = state.view.number(name),
          let resource = state.view.shortage(of: amounts, on: number)
        {
          failed.append((name, "Insufficient \(resource)"))
        } else {
          kept.append(index)
        }
      }
      guard settings.decidesInFilter, kept.count > 1 else { return }
      let known = kept.compactMap { index in
        state.view.number(arguments.nodeNames[index]).map { (index: index, number: $0) }
      }
      let raw = state.chooser.scores(shape, nodes: known.map(\.number), on: &state.view)
      // Where the policy takes none of them, all are kube-scheduler's to choose from.
      guard let best = Self.best(raw) else { return }
      kept = [known[best].index]
      promise(arguments.pod, shape, to: known[best].number, &state, now)
    }
    if let degraded {
      metrics.count("tracemill_degraded_total", "verb=\"filter\",reason=\"\(degraded.rawValue)\"")
      kept = Array(arguments.nodeNames.indices)
    }
    metrics.count(
      "tracemill_decisions_total", "verb=\"filter\",result=\"\(kept.isEmpty ? "none" : "some")\"")
    return Self.filterAnswer(arguments, kept: kept, failed: failed)
  }

  /// The place of the first greatest of finite scores; nil if there is none.
  private static func best(_ scores: [Double?]) -> Int? {
    var best: (place: Int, score: Double)?
    for (place, score) in scores.enumerated() {
      if let score, score.isFinite, score > best?.score ?? -.infinity { best = (place, score) }
    }
    return best?.place
  }

  /// A node of a watched view counts as taken until the watch says otherwise.
  private func promise(
    _ pod: Pod, _ shape: Int32, to node: Int, _ state: inout State, _ now: Double
  ) {
    guard !settings.isStateless else { return }
    state.view.promise(pod, shape, to: node, until: now + settings.promiseSeconds)
  }

  private static func filterAnswer(
    _ arguments: ExtenderArguments, kept: [Int], failed: [(node: String, reason: String)]
  ) -> [UInt8] {
    var text: [UInt8] = []
    if let items = arguments.nodeItems {
      text.reserveCapacity(items.reduce(256) { $0 + $1.count + 1 })
      text.append(json: "{\"Nodes\":{\"metadata\":{},\"items\":")
      text.append(jsonList: kept) { arguments.append(item: $0, to: &$1) }
      text.append(json: "},\"NodeNames\":null")
    } else {
      text.append(json: "{\"Nodes\":null,\"NodeNames\":")
      text.append(jsonList: kept) { $1.append(jsonString: arguments.nodeNames[$0]) }
    }
    text.append(json: ",\"FailedNodes\":{")
    for (index, entry) in failed.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      text.append(jsonString: entry.node)
      text.append(UInt8(ascii: ":"))
      text.append(jsonString: entry.reason)
    }
    text.append(json: "},\"FailedAndUnresolvableNodes\":{},\"Error\":\"\"}")
    return text
  }

  private func prioritize(_ arguments: ExtenderArguments) -> [UInt8] {
    var scores = [Int](repeating: 0, count: arguments.nodeNames.count)
    let now = clock()
    let degraded = decide { state in
      if settings.isStateless { Self.take(arguments, &state) }
      let shape = state.view.number(of: PodShape(arguments.pod))
      state.view.withdraw(arguments.pod.uid)
      let known = arguments.nodeNames.enumerated().compactMap { index, name in
        state.view.number(name).map { (index: index, number: $0) }
      }
      let raw = state.chooser.scores(shape, nodes: known.map(\.number), on: &state.view)
      for (entry, score) in zip(known, ClusterView.extenderScores(raw)) {
        scores[entry.index] = score
      }
      // The best node is the likely one: what was promised counts until the watch says otherwise.
      if let best = known.max(by: { scores[$0.index] < scores[$1.index] }) {
        promise(arguments.pod, shape, to: best.number, &state, now)
      }
    }
    if let degraded {
      metrics.count(
        "tracemill_degraded_total", "verb=\"prioritize\",reason=\"\(degraded.rawValue)\"")
    }
    metrics.count("tracemill_decisions_total", "verb=\"prioritize\",result=\"some\"")
    metrics.set("tracemill_score_spread", Double((scores.max() ?? 0) - (scores.min() ?? 0)))
    var text: [UInt8] = []
    text.append(jsonList: arguments.nodeNames.indices) { index, text in
      text.append(json: "{\"Host\":")
      text.append(jsonString: arguments.nodeNames[index])
      text.append(json: ",\"Score\":")
      text.append(contentsOf: String(scores[index]).utf8)
      text.append(UInt8(ascii: "}"))
    }
    return text
  }

  /// kube-scheduler's candidates stay, but for nodes on which by this view, promises and all, the pod would
  /// not fit even then. Which pods go is kube-scheduler's decision.
  private func preempt(_ body: [UInt8]) throws(ExtenderArguments.Refusal) -> [UInt8] {
    let call = try ExtenderPreemption(body)
    var nodes = call.victims.keys.sorted()
    let degraded = decide { state in
      guard !settings.isStateless else { return }
      let shape = state.view.number(of: PodShape(call.pod))
      state.view.withdraw(call.pod.uid)
      nodes.removeAll { name in
        guard let number = state.view.number(name) else { return false }
        return !state.view.fits(shape, on: number, without: Set(call.victims[name]!.uids))
      }
    }
    if let degraded {
      metrics.count(
        "tracemill_degraded_total", "verb=\"preempt\",reason=\"\(degraded.rawValue)\"")
    }
    metrics.count(
      "tracemill_decisions_total", "verb=\"preempt\",result=\"\(nodes.isEmpty ? "none" : "some")\"")
    var text: [UInt8] = []
    text.append(json: "{\"NodeNameToMetaVictims\":{")
    for (index, node) in nodes.enumerated() {
      let victims = call.victims[node]!
      if index > 0 { text.append(UInt8(ascii: ",")) }
      text.append(jsonString: node)
      text.append(json: ":{\"Pods\":")
      text.append(jsonList: victims.uids) { uid, text in
        text.append(json: "{\"UID\":")
        text.append(jsonString: uid)
        text.append(UInt8(ascii: "}"))
      }
      text.append(json: ",\"NumPDBViolations\":")
      text.append(contentsOf: String(victims.violations).utf8)
      text.append(UInt8(ascii: "}"))
    }
    text.append(json: "}}")
    return text
  }

  /// The nodes of a request become the view, empty as they came.
  private static func take(_ arguments: ExtenderArguments, _ state: inout State) {
    guard let items = arguments.nodeItems else { return }
    if state.items.count > 2 * items.count + 1000 { state.items.removeAll() }
    for (name, item) in zip(arguments.nodeNames, items) {
      let bytes = arguments.body.bytes[item]
      if let known = state.items[name], known.elementsEqual(bytes) { continue }
      state.items[name] = Array(bytes)
      if let node = try? JSONDecoder().decode(Node.self, from: Data(bytes)) {
        state.view.show(node)
      }
    }
  }
}
