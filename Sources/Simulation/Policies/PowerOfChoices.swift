// Power of d choices: the least loaded of d drawn at random (Mitzenmacher, TPDS 12, 2001).
import Workload

/// Draws d machines uniformly, with replacement, among those that can take the task, and places it
/// on the one with the smallest share of its CPU asked for; ties to the one drawn first.
///
/// Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 12 (2001).
public struct PowerOfChoices: PlacementPolicy {
  /// How many machines are drawn.
  public let choices: Int
  /// `power-of-two`, or `power-of-d` with another d.
  public var name: String { choices == 2 ? "power-of-two" : "power-of-\(choices)" }

  /// A policy that draws `choices` machines (at least 1).
  public init(choices: Int = 2) {
    precondition(choices > 0, "the power of d choices needs at least one choice")
    self.choices = choices
  }

  /// The share of CPU asked for, negated.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    cluster.score(task, into: &scores) { cluster, machine in -cluster.demand(machine) }
  }

  /// Takes the least loaded of those drawn. O(d) where many can take the task.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    guard var best = cluster.randomCandidate(for: task, using: &rng) else { return .wait }
    for _ in 1..<choices {
      guard let other = cluster.randomCandidate(for: task, using: &rng) else { break }
      if cluster.demand(other) < cluster.demand(best) { best = other }
    }
    return .machine(best)
  }
}
