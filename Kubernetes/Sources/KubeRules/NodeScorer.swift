/// Says how good nodes are for a pod.
public protocol NodeScorer: Sendable {
  /// Its name in metrics and logs.
  var name: String { get }

  /// Nodes have changed: what they offer, what they hold, whether they are there.
  mutating func changed(_ nodes: [Int], on view: ClusterView)

  /// A score for each of `nodes`, in their order; greater is better, nil where it would not go.
  mutating func scores(_ shape: Int32, nodes: [Int], on view: ClusterView) -> [Double?]
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
