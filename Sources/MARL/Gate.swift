import Simulation
import Workload

/// Which of a policy's networks decides: one for each range of how busy the cluster seems and of how long
/// its tasks run.
///
/// A mixture of experts (Jacobs, Jordan, Nowlan and Hinton, "Adaptive mixtures of local experts", Neural
/// Computation 3, 1991) whose gate is given, not learned. Where tasks run much longer than a view is old,
/// the view is as good as the truth; in a cluster with room, waiting is no danger: these want other networks.
public struct Gate: Hashable, Sendable, Codable {
  /// Loads, ascending and above 0, from which on the next network decides. The load is the greater of what is
  /// offered (`Cluster.offeredLoad`, which tells how busy a cluster that fills up is going to be) and of the
  /// share of CPU claimed (which tells more where tasks are few and long).
  public var loads: [Double]
  /// Mean run times of the tasks of late (`Cluster.offeredRunTime`) in reference seconds, ascending, from which on
  /// the next network decides.
  public var runTimes: [Double]

  /// A gate; without bounds there is one network.
  public init(loads: [Double] = [], runTimes: [Double] = []) {
    self.loads = loads
    self.runTimes = runTimes
  }

  /// Networks between which it chooses: those of the quietest cluster first, by run time.
  public var count: Int { (loads.count + 1) * (runTimes.count + 1) }

  /// Whether all bounds are in range and ascend.
  public var isValid: Bool {
    [loads, runTimes].allSatisfy { bounds in
      zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }
        && bounds.allSatisfy { $0 > 0 && $0.isFinite }
    }
  }

  /// The network that decides now. O(bounds).
  func network(on cluster: borrowing Cluster) -> Int {
    let (used, whole) = (cluster.totalClaimed.cpu.nano, cluster.totalCapacity.cpu.nano)
    let load = max(cluster.offeredLoad, Double(used) / Double(max(whole, 1)))
    let seconds = cluster.offeredRunTime
    return loads.count { $0 <= load } * (runTimes.count + 1) + runTimes.count { $0 <= seconds }
  }
}

extension PolicyModel {
  /// A policy of policies that are alike but for their networks, each acting between two of `loads` or two
  /// of `runTimes`; either may be given. The parts may be gated by the other, and if not at the same bounds, then
  /// the whole is gated at all of them.
  ///
  /// - Throws: ``TrainingError/invalid(_:)`` where parts do not go together.
  public static func gated(
    _ parts: [PolicyModel], loads: [Double] = [], runTimes: [Double] = []
  ) throws -> PolicyModel {
    let byLoad = runTimes.isEmpty
    guard let first = parts.first, loads.isEmpty != runTimes.isEmpty,
      parts.count == max(loads.count, runTimes.count) + 1,
      parts.allSatisfy({
        $0.networks.count == $0.gate.count && $0.architecture == first.architecture
          && (byLoad ? $0.gate.loads : $0.gate.runTimes).isEmpty
          && $0.choice == first.choice && $0.candidates == first.candidates
          && $0.networks[0].layers == first.networks[0].layers
      })
    else {
      throw TrainingError.invalid(
        "policies go together if there is one more than bounds, and all have the same layers, the same choice "
          + "among the same candidates, and a gate that does not have bounds of this kind yet")
    }
    let inner = Set(parts.flatMap { byLoad ? $0.gate.runTimes : $0.gate.loads }).sorted()
    /// The network of a part from a bound of the other kind on.
    func network(_ part: PolicyModel, from bound: Double) -> Network {
      part.networks[(byLoad ? part.gate.runTimes : part.gate.loads).count { $0 <= bound }]
    }
    var model = first
    if !parts.allSatisfy({ $0.environment == first.environment }) { model.environment = nil }
    if byLoad {
      model.gate = Gate(loads: loads, runTimes: inner)
      model.networks = parts.flatMap { part in ([0] + inner).map { network(part, from: $0) } }
    } else {
      model.gate = Gate(loads: inner, runTimes: runTimes)
      model.networks = ([0] + inner).flatMap { bound in parts.map { network($0, from: bound) } }
    }
    guard model.gate.isValid else {
      throw TrainingError.invalid("bounds ascend and are above 0")
    }
    return model
  }
}
