/// A policy that says how good nodes are for a pod, and takes one.
public protocol NodeScorer: Sendable {
  /// Its name in metrics and logs.
  var name: String { get }

  /// Whether it chooses among waiting pods too, as min-min does.
  var choosesAmongPods: Bool { get }

  /// What has changed since the last call, in order.
  mutating func changed(_ changes: [ClusterView.Change], on view: ClusterView)

  /// A score for each of `nodes`, in their order; greater is better, nil where it would not go.
  mutating func scores(_ shape: Int32, nodes: [Int], on view: ClusterView) -> [Double?]

  /// The node that it takes of those that are allowed (a flag a node); nil for none. By default the first
  /// of the greatest score.
  mutating func choose(_ shape: Int32, allowed: [Bool], on view: ClusterView) -> Int?

  /// The pod that goes first, by its place in `waiting`, and its node; nil for none. By default the first
  /// pod that ``choose(_:allowed:on:)`` has a node for.
  mutating func choose(
    among waiting: [WaitingPod], on view: ClusterView
  ) -> (pod: Int, node: Int)?
}

/// A pod that waits for a decision.
public struct WaitingPod: Sendable {
  /// Its shape.
  public var shape: Int32
  /// Its run time in seconds, where it says one.
  public var estimate: Double?
  /// Where it may go: a flag a node.
  public var allowed: [Bool]
}

extension NodeScorer {
  public var choosesAmongPods: Bool { false }

  public mutating func choose(_ shape: Int32, allowed: [Bool], on view: ClusterView) -> Int? {
    let nodes = allowed.indices.filter { allowed[$0] }
    var best: (node: Int, score: Double)?
    for (node, score) in zip(nodes, scores(shape, nodes: nodes, on: view)) {
      if let score, score.isFinite, score > best?.score ?? -.infinity { best = (node, score) }
    }
    return best?.node
  }

  public mutating func choose(
    among waiting: [WaitingPod], on view: ClusterView
  ) -> (pod: Int, node: Int)? {
    for (index, pod) in waiting.enumerated() {
      if let node = choose(pod.shape, allowed: pod.allowed, on: view) { return (index, node) }
    }
    return nil
  }
}

extension ClusterView {
  /// Scores as an extender's answer has them: 0 (worst) to 10 (best), whole numbers.
  ///
  /// Linear from the least to the greatest; where all are equal, all are 10, so that the other plugins
  /// of kube-scheduler decide. A node without a score gets 0.
  public static func extenderScores(_ scores: [Double?]) -> [Int] {
    let known = scores.compactMap { $0 }.filter(\.isFinite)
    guard let least = known.min(), let greatest = known.max() else { return scores.map { _ in 0 } }
    return scores.map { score in
      guard let score, score.isFinite else { return 0 }
      guard greatest > least else { return 10 }
      return Int(((score - least) / (greatest - least) * 10).rounded())
    }
  }
}
