// A rule among a few machines drawn at random (Mitzenmacher, IEEE TPDS 12, 2001, for any rule).
import Workload

/// A policy that takes the machine of least cost.
public protocol ScoredPolicy: PlacementPolicy {
  /// What placing the task on the machine, which can take it, costs; never NaN. Infinite where the
  /// rule would rather not.
  func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double
}

extension ScoredPolicy {
  /// Takes the cheapest machine, ties to the lowest index. O(n).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in cost(of: task, on: machine, in: cluster) }
  }

  /// The costs, negated; where the rule would rather not, the least number there is.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    cluster.score(task, into: &scores) { cluster, machine in
      max(-cost(of: task, on: machine, in: cluster), -.greatestFiniteMagnitude)
    }
  }
}

/// Another policy's rule among `choices` machines drawn at random, ties to the one drawn first.
///
/// Called `sampled:RULE,d=D`, `sampled:RULE,d=D,weighted` or `…,neighbours` on the command line.
public struct Sampled: PlacementPolicy {
  /// How many machines are drawn (at least 1).
  public let choices: Int
  private var rule: any ScoredPolicy
  /// As its rule does.
  public var goesByEstimates: Bool { rule.goesByEstimates }
  /// Whether the rule does.
  public var goesByPower: Bool { rule.goesByPower }
  private var sampler: CandidateSampler

  /// `rule` among `choices` (at least 1) machines.
  public init(_ rule: any ScoredPolicy, choices: Int, _ weighting: CandidateSampler.Weighting) {
    precondition(choices > 0, "a sample needs at least one machine")
    self.rule = rule
    self.choices = choices
    sampler = CandidateSampler(weighting)
  }

  /// As on the command line.
  public var name: String {
    "sampled:\(rule.name),d=\(choices)"
      + (sampler.weighting == .uniform ? "" : ",\(sampler.weighting.rawValue)")
  }

  /// Prepares the rule and the draws.
  public mutating func runBegan(on cluster: borrowing Cluster) {
    rule.runBegan(on: cluster)
    sampler.prepare(cluster)
  }

  /// Tells the rule.
  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    rule.machineChanged(machine, on: cluster)
  }

  /// Tells the rule.
  public mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {
    rule.taskEnded(result, on: cluster)
  }

  /// The rule's, of all machines.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    rule.scores(task, on: cluster, into: &scores)
  }

  /// Takes the cheapest of those drawn. O(d²) where many can take the task.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    sampler.draw(choices, for: task, on: cluster, using: &rng)
    guard var best = sampler.drawn.first else { return .wait }
    var least = rule.cost(of: task, on: Int(best), in: cluster)
    for machine in sampler.drawn.dropFirst() {
      let cost = rule.cost(of: task, on: Int(machine), in: cluster)
      if Cluster.isLess(cost, than: least) { (least, best) = (cost, machine) }
    }
    return .machine(Int(best))
  }
}
