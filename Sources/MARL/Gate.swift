import Simulation
import Workload

/// Which of a policy's networks decides: one for each range of how busy the cluster seems and of how long the
/// task runs.
///
/// A mixture of experts (Jacobs, Jordan, Nowlan and Hinton, "Adaptive mixtures of local experts", Neural
/// Computation 3, 1991) whose gate is given, not learned. Where a task runs much longer than a view is old,
/// the view is as good as the truth; in a cluster with room, waiting is no danger: these want other networks.
public struct Gate: Hashable, Sendable, Codable {
  /// Shares of the cluster's CPU claimed, ascending, between 0 and 1, from which on the next network decides.
  public var shares: [Double]
  /// Run times in reference seconds, ascending, from which on the next network decides.
  public var runTimes: [Double]

  /// A gate; without bounds there is one network.
  public init(shares: [Double] = [], runTimes: [Double] = []) {
    self.shares = shares
    self.runTimes = runTimes
  }

  /// Networks between which it chooses: those of the quietest cluster first, by run time.
  public var count: Int { (shares.count + 1) * (runTimes.count + 1) }

  /// Whether all bounds are in range and ascend.
  public var isValid: Bool {
    [shares, runTimes].allSatisfy { zip($0, $0.dropFirst()).allSatisfy { $0 < $1 } }
      && shares.allSatisfy { $0 > 0 && $0 < 1 } && runTimes.allSatisfy { $0 > 0 && $0.isFinite }
  }

  /// The network for a task.
  func network(for task: TaskView, on cluster: borrowing Cluster) -> Int {
    let (used, whole) = (cluster.totalClaimed.cpu.nano, cluster.totalCapacity.cpu.nano)
    let share = Double(used) / Double(max(whole, 1))
    let seconds = task.estimate.isKnown ? task.estimate.seconds : 0
    return shares.count { $0 <= share } * (runTimes.count + 1) + runTimes.count { $0 <= seconds }
  }
}

extension PolicyModel {
  /// A policy of policies that are alike but for their networks, each acting between two of `shares` of the
  /// cluster's CPU claimed or two of `runTimes`; either may be given, and the parts may be gated by the other.
  ///
  /// - Throws: ``TrainingError/invalid(_:)`` where parts do not go together.
  public static func gated(
    _ parts: [PolicyModel], shares: [Double] = [], runTimes: [Double] = []
  ) throws -> PolicyModel {
    guard let first = parts.first, shares.isEmpty != runTimes.isEmpty,
      parts.count == max(shares.count, runTimes.count) + 1,
      shares.isEmpty ? first.gate.runTimes.isEmpty : first.gate.shares.isEmpty,
      parts.allSatisfy({
        $0.networks.count == $0.gate.count && $0.architecture == first.architecture
          && $0.gate == first.gate && $0.choice == first.choice && $0.candidates == first.candidates
          && $0.networks[0].layers == first.networks[0].layers
      })
    else {
      throw TrainingError.invalid(
        "policies go together if there is one more than bounds, and all have the same layers, the same choice "
          + "among the same candidates, and the same gate, which does not have bounds of this kind yet"
      )
    }
    var model = first
    if shares.isEmpty {
      model.gate.runTimes = runTimes
      model.networks = first.networks.indices.flatMap { share in parts.map { $0.networks[share] } }
    } else {
      model.gate.shares = shares
      model.networks = parts.flatMap(\.networks)
    }
    guard model.gate.isValid else {
      throw TrainingError.invalid("bounds ascend; shares are between 0 and 1, run times above 0")
    }
    return model
  }
}
