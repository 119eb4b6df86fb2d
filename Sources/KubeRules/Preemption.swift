/// Which pods would have to go for another to come.
public struct Preemption: Sendable {
  /// The node.
  public let node: Int
  /// UIDs of the pods that go, in order.
  public let victims: [String]
}

extension ClusterView {
  /// Nodes that are looked at closely, at most.
  private static var preemptionCandidates: Int { 100 }

  /// The node on which a pod of a shape fits once pods of lesser priority are gone, and those; nil if there
  /// is none.
  ///
  /// As kube-scheduler's default: as many victims as can stay do, the greatest priority first; then the node
  /// whose greatest victim is least, whose victims' priorities add up to least, and that has the fewest.
  /// Disruption budgets are the API server's to judge when the victims are evicted. O(pods).
  public mutating func preemption(for shape: Int32) -> Preemption? {
    let priority = shapes[Int(shape)].priority
    guard !shapes[Int(shape)].spec.neverPreempts else { return nil }
    let amounts = amounts(of: shape)
    var best: (cost: [Int64], plan: Preemption)?
    var looked = 0
    for node in nodes.indices where nodes[node].isThere && looked < Self.preemptionCandidates {
      let lesser = lesserPods(on: node, than: priority)
      guard !lesser.isEmpty, fits(amounts, on: node, without: lesser) else { continue }
      looked += 1
      guard let victims = victims(shape, node, lesser) else { continue }
      let priorities = victims.map { Int64(shapes[Int(pods[$0]!.shape)].priority) }
      let cost = [
        priorities.max() ?? .min, priorities.reduce(0) { $0 + $1 + 1 << 31 },
        Int64(victims.count),
      ]
      if best.map({ cost.lexicographicallyPrecedes($0.cost) }) ?? true {
        best = (cost, Preemption(node: node, victims: victims))
      }
    }
    return best?.plan
  }

  /// Whether a pod of a shape fits on a node once other pods have gone.
  public func fits(_ shape: Int32, on node: Int, without gone: Set<String>) -> Bool {
    fits(amounts(of: shape), on: node, without: gone.filter { pods[$0]?.node == Int32(node) })
  }

  /// Pods that the API server has shown there; one that is only promised cannot be evicted.
  private func lesserPods(on node: Int, than priority: Int32) -> [String] {
    nodes[node].pods.filter { uid in
      guard let pod = pods[uid], pod.promisedUntil == nil else { return false }
      return shapes[Int(pod.shape)].priority < priority
    }
  }

  private func fits(
    _ amounts: [Int64], on node: Int, without gone: some Collection<String>
  ) -> Bool {
    var held = nodes[node].held
    for uid in gone {
      for (index, amount) in self.amounts(of: pods[uid]!.shape).enumerated() {
        held[index] -= amount
      }
    }
    let offered = nodes[node].offered
    return amounts.indices.allSatisfy { index in
      amounts[index] == 0
        || (index < offered.count ? offered[index] : 0) - (index < held.count ? held[index] : 0)
          >= amounts[index]
    }
  }

  private mutating func victims(_ shape: Int32, _ node: Int, _ lesser: [String]) -> [String]? {
    func priority(_ uid: String) -> Int32 { pods[uid].map { shapes[Int($0.shape)].priority } ?? 0 }
    let order = lesser.sorted {
      priority($0) != priority($1) ? priority($0) > priority($1) : $0 < $1
    }
    var lifted: [(uid: String, pod: PodState)] = []
    for uid in order { if let pod = lift(uid) { lifted.append((uid, pod)) } }
    var victims: [String] = []
    let isPossible = PodRules(shape, on: self).reason(node, on: self) == nil
    for (uid, pod) in lifted {
      putBack(uid, pod)
      guard isPossible, PodRules(shape, on: self).reason(node, on: self) != nil else { continue }
      victims.append(uid)
      _ = lift(uid)
    }
    for (uid, pod) in lifted where victims.contains(uid) { putBack(uid, pod) }
    return isPossible ? victims : nil
  }
}
