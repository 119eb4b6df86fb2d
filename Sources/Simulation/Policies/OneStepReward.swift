// One-step reward: the sampled machine of greatest expected reward, were the task the last.
import PortableMath
import Workload

/// Places each task on the sampled machine where 0.4 × its service level + 0.3 × its completion - its
/// energy - its part in the imbalance is expected to be greatest.
///
/// Ours, after the reward of the original study (John, 2026). Candidates are sampled, and scores
/// perturbed by Gumbel noise, so that agents with the same view do not herd (McFadden,
/// "Conditional logit analysis of qualitative choice behavior", 1973).
public struct OneStepReward: PlacementPolicy {
  /// What may be tuned.
  public struct Constants: Hashable, Sendable, Codable {
    /// Machines drawn (≥ 1).
    public var candidates = 14
    /// How they are drawn.
    public var weighting = CandidateSampler.Weighting.weighted
    /// Expected wait where the task does not fit, in units of the backlog (≥ 0).
    public var backlog = 1.0
    /// Expected wait, in seconds, on a machine that would be left with nothing free (≥ 0).
    public var riskSeconds = 10.0
    /// The free share of a machine at which that risk has fallen to 1/e (> 0).
    public var riskScale = 0.15
    /// Width of the deadline's edge, in units of the task's reference time (> 0).
    public var softness = 0.2
    /// Weight of the energy over ``energyUnit``; 0.2 is the reward's own.
    public var energyWeight = StudyReward.energy
    /// Weight of the imbalance; the variance term's unit is a full machine at mean load.
    public var balanceWeight = StudyReward.imbalance
    /// Scale of the Gumbel noise (≥ 0).
    public var noise = 0.02
    /// Joules a task that count as 1.
    public var energyUnit = 800.0

    /// Constants that do well on the study's cluster at load 0.7.
    public init() {}
  }

  /// What it was tuned to.
  public let constants: Constants
  private var sampler: CandidateSampler
  private var ledger = SentLedger()

  /// A rule with these constants.
  public init(_ constants: Constants = Constants()) {
    self.constants = constants
    sampler = CandidateSampler(constants.weighting)
  }

  /// `one-step`.
  public var name: String { "one-step" }
  /// True.
  public var goesByEstimates: Bool { true }

  /// Prepares the draws.
  public mutating func runBegan(on cluster: borrowing Cluster) {
    sampler.prepare(cluster)
    ledger.reset(cluster)
  }

  /// Takes the candidate of greatest score. O(d²) where most can take the task.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    sampler.draw(max(constants.candidates, 1), for: task, on: cluster, using: &rng)
    var best: Int?
    var greatest = -Double.infinity
    for machine in sampler.drawn {
      var score = score(task, on: Int(machine), cluster)
      if constants.noise > 0 { score -= constants.noise * log(-log(rng.openUniform())) }
      if best == nil || score > greatest { (greatest, best) = (score, Int(machine)) }
    }
    guard let best else { return .wait }
    ledger.note(task, to: best, on: cluster)
    return .machine(best)
  }

  /// The expected rewards, without noise.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    cluster.score(task, into: &scores) { cluster, machine in score(task, on: machine, cluster) }
  }

  private func score(_ task: TaskView, on machine: Int, _ cluster: borrowing Cluster) -> Double {
    let view = cluster.view(of: machine, for: task, ledger)
    let reference = max(task.estimate.isKnown ? task.estimate.seconds : 1, 1e-6)
    let cores = max(view.capacity.cpu.value, 1e-9)
    let memory = max(view.capacity.memory.gibibytes, 1e-9)
    let cpuShare = task.request.cpu.value / cores
    let room = min(
      view.free.cpu.value / cores - cpuShare,
      (view.free.memory.gibibytes - task.request.memory.gibibytes) / memory)
    let run = reference / view.speed
    var completion = run + (view.isAsleep ? view.wakeSeconds : 0)
    if task.gateway >= 0, Int(task.gateway) != machine { completion += 0.05 }
    if room >= 0, view.queued == 0 {
      completion += constants.riskSeconds * exp(-room / max(constants.riskScale, 1e-3))
    } else {
      completion +=
        constants.riskSeconds + constants.backlog * max(view.cpuBacklog, view.memoryBacklog)
    }
    let slack = (task.deadline - cluster.now).seconds - completion
    let met =
      task.deadline.isKnown
      ? 1 / (1 + exp(-slack / (max(constants.softness, 1e-3) * reference))) : 1
    let isEmpty = view.running == 0 && view.queued == 0
    let energy =
      run * (view.dynamicWatts * cpuShare + (isEmpty ? view.idleWatts : 0))
      + (view.isAsleep ? 60 * view.idleWatts : 0)
    let utilisation = 1 - view.free.cpu.value / cores
    let mean = cluster.totalClaimed.cpu.value / max(cluster.totalCapacity.cpu.value, 1e-9)
    return StudyReward.service * StudyReward.weight(of: task.priorityClass) * (2 * met - 1)
      + StudyReward.completion * (1 - min(1, completion / (3 * reference)))
      - constants.energyWeight * energy / constants.energyUnit
      - constants.balanceWeight * run * cpuShare * (utilisation + cpuShare / 2 - mean)
  }
}
