/// Chooses nodes for pods: the rules say where one may go, the policy where it goes.
///
/// For shapes whose rules look at one node at a time (all but pod affinity and topology spread) it keeps a
/// flag a node, and looks again only at nodes that have changed. A decision then costs what the policy's
/// search costs, and O(changes since the last decision of the shape).
public struct NodeChooser: Sendable {
  /// The policy.
  public private(set) var scorer: any NodeScorer

  private struct Key: Hashable {
    let requests: [String: Int128]
    let spec: PodShape.Constraints
  }
  private struct Candidates {
    var allowed: [Bool]
    var place: Int
  }
  private var kept: [Key: Candidates] = [:]
  /// Shapes that are kept at most.
  private static let limit = 256
  /// Nodes that have changed; the first is the change of number `begin`.
  private var journal: [Int32] = []
  private var begin = 0

  /// A chooser by a policy.
  public init(_ scorer: any NodeScorer) { self.scorer = scorer }

  /// Takes in what has changed.
  public mutating func follow(_ view: inout ClusterView) {
    let changes = view.takeChanges()
    guard !changes.isEmpty else { return }
    scorer.changed(changes, on: view)
    for change in changes { journal.append(Int32(change.node)) }
    if journal.count > 4 * view.nodes.count + 4096 {
      // Whoever has not followed for so long looks at every node.
      begin += journal.count
      journal.removeAll()
    }
  }

  /// Where a pod of a shape may go: a flag a node, and whether there is any.
  public mutating func allowed(_ shape: Int32, on view: inout ClusterView) -> [Bool] {
    follow(&view)
    let rules = PodRules(shape, on: view)
    guard rules.areLocal else {
      return view.nodes.indices.map { rules.reason($0, on: view) == nil }
    }
    let pod = view.shapes[Int(shape)]
    let key = Key(requests: pod.requests.mapValues(\.nano), spec: pod.spec)
    let end = begin + journal.count
    if var known = kept.removeValue(forKey: key), known.place >= begin {
      // Taken out, so that the flags are changed where they are.
      while known.allowed.count < view.nodes.count { known.allowed.append(false) }
      for node in journal[(known.place - begin)...] {
        known.allowed[Int(node)] = rules.reason(Int(node), on: view) == nil
      }
      known.place = end
      kept[key] = known
      return known.allowed
    }
    if kept.count >= Self.limit { kept.removeAll(keepingCapacity: true) }
    let allowed = view.nodes.indices.map { rules.reason($0, on: view) == nil }
    kept[key] = Candidates(allowed: allowed, place: end)
    return allowed
  }

  /// The node for a pod of a shape; nil if it has to wait.
  public mutating func choose(_ shape: Int32, on view: inout ClusterView) -> Int? {
    let allowed = allowed(shape, on: &view)
    return scorer.choose(shape, allowed: allowed, on: view)
  }

  /// The pod that goes first, and its node; nil if all have to wait.
  public mutating func choose(
    among pods: [(shape: Int32, estimate: Double?)], on view: inout ClusterView
  ) -> (pod: Int, node: Int)? {
    let waiting = pods.map {
      WaitingPod(
        shape: $0.shape, estimate: $0.estimate, allowed: allowed($0.shape, on: &view))
    }
    return scorer.choose(among: waiting, on: view)
  }

  /// Scores of nodes for a pod of a shape, as ``NodeScorer/scores(_:nodes:on:)`` has them.
  public mutating func scores(
    _ shape: Int32, nodes: [Int], on view: inout ClusterView
  ) -> [Double?] {
    follow(&view)
    return scorer.scores(shape, nodes: nodes, on: view)
  }

  /// Why a pod of a shape has to wait, in kube-scheduler's words. O(nodes).
  public func reasons(_ shape: Int32, on view: ClusterView) -> String {
    let rules = PodRules(shape, on: view)
    var counts: [String: Int] = [:]
    var nodes = 0
    var feasible = 0
    for number in view.nodes.indices where view.nodes[number].isThere {
      nodes += 1
      if let reason = rules.reason(number, on: view) {
        counts[reason, default: 0] += 1
      } else {
        feasible += 1
      }
    }
    var list = counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
      .map { "\($0.value) \($0.key)" }
    if feasible > 0 { list.append("\(feasible) refused by \(scorer.name)") }
    return "0/\(nodes) nodes are available: \(list.joined(separator: ", "))"
  }
}
