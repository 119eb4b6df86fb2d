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
    var scorer: any NodeScorer
    var nodesAt: Double?
    var podsAt: Double?
  }
  private let state: Mutex<State>
  /// Counts and latencies.
  public let metrics: Metrics
  private let settings: Settings
  private let clock: @Sendable () -> Double
  private let readiness: (@Sendable () async -> Bool)?

  /// How the service behaves.
  public struct Settings: Sendable {
    /// A promise that the API server has not confirmed lapses after so many seconds.
    public var promiseSeconds = 30.0
    /// A view older than this, in seconds, is no ground for a decision.
    public var staleSeconds = 120.0
    /// Whether the nodes of each request are the view (no API server is watched).
    public var isStateless = false
    /// The default settings.
    public init() {}
  }

  /// - Parameters:
  ///   - readiness: whether the view is complete, where another keeps it.
  ///   - clock: seconds that never go back.
  public init(
    scorer: any NodeScorer, metrics: Metrics, settings: Settings = Settings(),
    readiness: (@Sendable () async -> Bool)? = nil,
    clock: @escaping @Sendable () -> Double = {
      Double(DispatchTime.now().uptimeNanoseconds) / 1e9
    }
  ) {
    state = Mutex(State(scorer: scorer))
    self.metrics = metrics
    self.settings = settings
    self.clock = clock
    self.readiness = readiness
  }

  // MARK: the view

  /// Applies what the API server says of nodes.
  public func update(nodes change: (inout ClusterView) -> Void) {
    update(change) { $0.nodesAt = $1 }
  }
  /// Applies what the API server says of pods.
  public func update(pods change: (inout ClusterView) -> Void) { update(change) { $0.podsAt = $1 } }

  private func update(
    _ change: (inout ClusterView) -> Void, _ mark: (inout State, Double) -> Void
  ) {
    let now = clock()
    state.withLock { state in
      change(&state.view)
      let lapsed = state.view.lapse(at: now)
      if lapsed > 0 { metrics.count("tracemill_lapsed_promises_total", by: lapsed) }
      mark(&state, now)
      metrics.set("tracemill_nodes", Double(state.view.nodes.count { $0.isThere }))
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

  // MARK: verbs

  /// The answer to a call, as the body of a response of status 200.
  ///
  /// - Throws: `ExtenderArguments.Refusal` for a body that cannot be read.
  public func answer(_ verb: Verb, _ body: [UInt8]) throws(ExtenderArguments.Refusal) -> [UInt8] {
    let start = clock()
    defer { metrics.took(verb.rawValue, clock() - start) }
    switch verb {
    case .filter: return filter(try ExtenderArguments(body))
    case .prioritize: return prioritize(try ExtenderArguments(body))
    case .preempt: return try preempt(body)
    }
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
  }

  private var degraded: Degraded? {
    if settings.isStateless { return nil }
    if !isReady { return .notReady }
    return age > settings.staleSeconds ? .stale : nil
  }

  private func filter(_ arguments: ExtenderArguments) -> [UInt8] {
    var failed: [(node: String, reason: String)] = []
    var kept: [Int] = []
    if let reason = degraded {
      metrics.count("tracemill_degraded_total", "verb=\"filter\",reason=\"\(reason.rawValue)\"")
      kept = Array(arguments.nodeNames.indices)
    } else {
      state.withLock { state in
        if settings.isStateless { Self.take(arguments, &state.view) }
        let shape = state.view.number(of: PodShape(arguments.pod))
        // A pod that was promised a place and is asked about again has not got it.
        state.view.withdraw(arguments.pod.uid)
        let amounts = state.view.amounts(of: shape)
        for (index, name) in arguments.nodeNames.enumerated() {
          // A node that the watch has not shown yet is the scheduler's to judge.
          guard let number = state.view.number(name) else {
            kept.append(index)
            continue
          }
          if let resource = state.view.shortage(of: amounts, on: number) {
            failed.append((name, "Insufficient \(resource)"))
          } else {
            kept.append(index)
          }
        }
      }
    }
    metrics.count(
      "tracemill_decisions_total", "verb=\"filter\",result=\"\(kept.isEmpty ? "none" : "some")\"")
    return Self.filterAnswer(arguments, kept: kept, failed: failed)
  }

  private static func filterAnswer(
    _ arguments: ExtenderArguments, kept: [Int], failed: [(node: String, reason: String)]
  ) -> [UInt8] {
    var text: [UInt8] = []
    if let items = arguments.nodeItems {
      text.reserveCapacity(items.reduce(256) { $0 + $1.count + 1 })
      text.append(json: "{\"Nodes\":{\"metadata\":{},\"items\":")
      text.append(jsonList: kept) { $1.append(contentsOf: arguments.body.bytes[items[$0]]) }
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
    if let reason = degraded {
      metrics.count("tracemill_degraded_total", "verb=\"prioritize\",reason=\"\(reason.rawValue)\"")
    } else {
      let now = clock()
      state.withLock { state in
        if settings.isStateless { Self.take(arguments, &state.view) }
        let shape = state.view.number(of: PodShape(arguments.pod))
        state.view.withdraw(arguments.pod.uid)
        state.scorer.changed(state.view.takeChanges(), on: state.view)
        let known = arguments.nodeNames.enumerated().compactMap { index, name in
          state.view.number(name).map { (index: index, number: $0) }
        }
        let raw = state.scorer.scores(shape, nodes: known.map(\.number), on: state.view)
        for (entry, score) in zip(known, ClusterView.extenderScores(raw)) {
          scores[entry.index] = score
        }
        // The best node is the likely one: what was promised counts until the watch says otherwise.
        if !settings.isStateless, let best = known.max(by: { scores[$0.index] < scores[$1.index] })
        {
          state.view.promise(
            arguments.pod, to: best.number, until: now + settings.promiseSeconds)
        }
      }
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

  /// All of kube-scheduler's candidates stay: which pods go is its decision.
  private func preempt(_ body: [UInt8]) throws(ExtenderArguments.Refusal) -> [UInt8] {
    let call: ExtenderPreemption
    do { call = try JSONDecoder().decode(ExtenderPreemption.self, from: Data(body)) } catch {
      throw ExtenderArguments.Refusal("preempt: \(error)")
    }
    metrics.count("tracemill_decisions_total", "verb=\"preempt\",result=\"some\"")
    var text: [UInt8] = []
    text.append(json: "{\"NodeNameToMetaVictims\":{")
    for (index, node) in call.victims.keys.sorted().enumerated() {
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
  private static func take(_ arguments: ExtenderArguments, _ view: inout ClusterView) {
    guard let items = arguments.nodeItems else { return }
    for item in items {
      let data = Data(arguments.body.bytes[item])
      if let node = try? JSONDecoder().decode(Node.self, from: data) { view.show(node) }
    }
  }
}
