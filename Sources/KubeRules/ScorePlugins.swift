import KubeObjects

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How good nodes are for a pod, as kube-scheduler's score plugins have it: whole numbers from 0 to 100 a
/// plugin, times its weight.
///
/// Source: pkg/scheduler/framework/plugins of Kubernetes 1.20.2, and of 1.30 where that differs. ImageLocality
/// is left out: it gives 0 where nodes list no images. Defaults of topology spread by services and owners are
/// left out too.
public struct ScorePlugins: Sendable {
  /// A plugin by the name that a KubeSchedulerConfiguration has for it.
  public enum Plugin: String, CaseIterable, Sendable {
    case resourcesFit = "NodeResourcesFit"
    case balancedAllocation = "NodeResourcesBalancedAllocation"
    case interPodAffinity = "InterPodAffinity"
    case nodeAffinity = "NodeAffinity"
    case podTopologySpread = "PodTopologySpread"
    case taintToleration = "TaintToleration"
  }

  /// What NodeResourcesFit prefers.
  public enum Strategy: Hashable, Sendable {
    /// Nodes with much left.
    case leastAllocated
    /// Nodes with little left.
    case mostAllocated
    /// A score (0 to 100) by utilisation in percent, linear between points in ascending order.
    case requestedToCapacityRatio([Point])
  }

  /// A corner of a function of utilisation.
  public struct Point: Hashable, Sendable {
    /// In percent.
    public var utilisation: Int64
    /// 0 to 100.
    public var score: Int64
    /// A corner.
    public init(utilisation: Int64, score: Int64) {
      self.utilisation = utilisation
      self.score = score
    }
  }

  /// Which release's arithmetic: plugins' rounding has changed.
  public enum Era: Hashable, Sendable {
    /// Until 1.22 (kubescheduler.config.k8s.io/v1beta1).
    case early
    /// From 1.23 on.
    case late
  }

  /// Weights of the plugins that count.
  public var weights: [Plugin: Int64]
  /// What NodeResourcesFit prefers.
  public var strategy: Strategy
  /// What NodeResourcesFit looks at, with weights.
  public var resources: [(name: String, weight: Int64)] = [("cpu", 1), ("memory", 1)]
  /// What NodeResourcesBalancedAllocation looks at.
  public var balanced = ["cpu", "memory"]
  /// What a pod on a node that requires this one's nearness adds (InterPodAffinityArgs).
  public var hardPodAffinityWeight: Int64 = 1
  /// The release.
  public var era: Era

  /// The defaults of a release.
  public init(era: Era) {
    self.era = era
    strategy = .leastAllocated
    switch era {
    case .early:
      weights = [
        .resourcesFit: 1, .balancedAllocation: 1, .interPodAffinity: 1, .nodeAffinity: 1,
        .podTopologySpread: 2, .taintToleration: 1,
      ]
    case .late:
      weights = [
        .resourcesFit: 1, .balancedAllocation: 1, .interPodAffinity: 2, .nodeAffinity: 2,
        .podTopologySpread: 2, .taintToleration: 3,
      ]
    }
  }

  /// Scores of nodes.
  public struct Scores: Sendable {
    /// Weighted sums, in the order of the nodes.
    public var totals: [Int64]
    /// What each plugin gives, 0 to 100, before its weight.
    public var parts: [Plugin: [Int64]]
  }

  /// Scores the nodes on which a pod of a shape may go. O(nodes × resources), and O(pods) where affinity or
  /// spread are soft.
  public func scores(_ number: Int32, nodes: [Int], on view: ClusterView) -> Scores {
    let shape = view.shapes[Int(number)]
    var scores = Scores(totals: Array(repeating: 0, count: nodes.count), parts: [:])
    for plugin in Plugin.allCases {
      guard let weight = weights[plugin], weight > 0 else { continue }
      let part = part(plugin, shape, number, nodes, view)
      for index in nodes.indices { scores.totals[index] += weight * part[index] }
      scores.parts[plugin] = part
    }
    return scores
  }

  private func part(
    _ plugin: Plugin, _ shape: PodShape, _ number: Int32, _ nodes: [Int], _ view: ClusterView
  ) -> [Int64] {
    switch plugin {
    case .resourcesFit: nodes.map { fit(shape, number, $0, view) }
    case .balancedAllocation: nodes.map { balance(shape, number, $0, view) }
    case .nodeAffinity: nodeAffinity(shape, nodes, view)
    case .taintToleration: taints(shape, nodes, view)
    case .interPodAffinity: interPodAffinity(shape, nodes, view)
    case .podTopologySpread: spread(shape, nodes, view)
    }
  }

  // MARK: resources

  /// What a node would have promised with the pod, and what it offers. CPU and memory of containers that ask
  /// for none count as 100m and 200 MiB, unless `isExact`.
  private func load(
    _ resource: String, _ shape: PodShape, _ number: Int32, _ node: Int, _ view: ClusterView,
    isExact: Bool = false
  ) -> (requested: Int64, offered: Int64) {
    guard let index = view.resources.firstIndex(of: resource) else { return (0, 0) }
    let state = view.nodes[node]
    let offered = index < state.offered.count ? state.offered[index] : 0
    if index < 2, !isExact {
      return (state.presumed[index] + shape.presumed[index], offered)
    }
    let amounts = view.amounts(of: number)
    let held = index < state.held.count ? state.held[index] : 0
    return (held + (index < amounts.count ? amounts[index] : 0), offered)
  }

  private func fit(_ shape: PodShape, _ number: Int32, _ node: Int, _ view: ClusterView) -> Int64 {
    var sum: Int64 = 0
    var weights: Int64 = 0
    for (name, weight) in resources {
      let (requested, offered) = load(name, shape, number, node, view)
      if era == .late {
        // Resources that a node does not have, and extended ones that the pod does not ask for, do not count.
        let isExtended = !["cpu", "memory", "ephemeral-storage"].contains(name)
        if offered == 0 || isExtended && shape.requests[name] == nil { continue }
      }
      let score: Int64
      switch strategy {
      case .leastAllocated:
        score = offered == 0 || requested > offered ? 0 : (offered - requested) * 100 / offered
      case .mostAllocated:
        if era == .late {
          score = offered == 0 ? 0 : min(requested, offered) * 100 / offered
        } else {
          score = offered == 0 || requested > offered ? 0 : requested * 100 / offered
        }
      case .requestedToCapacityRatio(let points):
        let used =
          offered == 0 || requested > offered ? 100 : 100 - (offered - requested) * 100 / offered
        score = Self.score(points, at: used)
        if score <= 0 { continue }
      }
      sum += score * weight
      weights += weight
    }
    guard weights > 0 else { return 0 }
    if case .requestedToCapacityRatio = strategy {
      return Int64((Double(sum) / Double(weights)).rounded(.toNearestOrAwayFromZero))
    }
    return sum / weights
  }

  private static func score(_ points: [Point], at used: Int64) -> Int64 {
    for (index, point) in points.enumerated() where used <= point.utilisation {
      guard index > 0 else { return point.score }
      let before = points[index - 1]
      return before.score
        + (point.score - before.score) * (used - before.utilisation)
        / (point.utilisation - before.utilisation)
    }
    return points.last?.score ?? 0
  }

  private func balance(
    _ shape: PodShape, _ number: Int32, _ node: Int, _ view: ClusterView
  ) -> Int64 {
    var shares: [Double] = []
    for name in era == .early ? ["cpu", "memory"] : balanced {
      let (requested, offered) = load(name, shape, number, node, view, isExact: era == .late)
      if era == .late {
        if offered == 0 { continue }
        shares.append(min(Double(requested) / Double(offered), 1))
      } else {
        shares.append(offered == 0 ? 1 : Double(requested) / Double(offered))
      }
    }
    if era == .early {
      if shares.contains(where: { $0 >= 1 }) { return 0 }
      return Int64((1 - abs(shares[0] - shares[1])) * 100)
    }
    var deviation = 0.0
    if shares.count == 2 {
      deviation = abs(shares[0] - shares[1]) / 2
    } else if shares.count > 2 {
      let mean = shares.reduce(0, +) / Double(shares.count)
      deviation =
        (shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(shares.count)).squareRoot()
    }
    return Int64((1 - deviation) * 100)
  }

  // MARK: labels and taints

  private func nodeAffinity(_ shape: PodShape, _ nodes: [Int], _ view: ClusterView) -> [Int64] {
    let terms =
      shape.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    guard !terms.isEmpty else { return nodes.map { _ in 0 } }
    let sums = nodes.map { number in
      let node = view.nodes[number].node
      return terms.reduce(Int64(0)) { sum, term in
        term.preference.matchesPreference(name: node.name, labels: node.labels)
          ? sum + Int64(term.weight) : sum
      }
    }
    let greatest = sums.max() ?? 0
    return greatest == 0 ? sums : sums.map { 100 * $0 / greatest }
  }

  private func taints(_ shape: PodShape, _ nodes: [Int], _ view: ClusterView) -> [Int64] {
    let counts = nodes.map { number in
      Int64(
        (view.nodes[number].node.spec?.taints ?? []).count { taint in
          taint.effect == "PreferNoSchedule"
            && !shape.spec.tolerations.contains { $0.tolerates(taint) }
        })
    }
    let greatest = counts.max() ?? 0
    return greatest == 0 ? counts.map { _ in 100 } : counts.map { 100 - 100 * $0 / greatest }
  }

  // MARK: other pods

  private func interPodAffinity(
    _ shape: PodShape, _ nodes: [Int], _ view: ClusterView
  ) -> [Int64] {
    var counts: [String: [String: Int64]] = [:]
    func add(_ term: PodAffinityTerm, _ node: Int32, _ weight: Int64) {
      guard weight != 0, let value = view.nodes[Int(node)].node.labels[term.topologyKey] else {
        return
      }
      counts[term.topologyKey, default: [:]][value, default: 0] += weight
    }
    let near = shape.spec.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution
    let apart =
      shape.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution
    let hasOwn = !(near ?? []).isEmpty || !(apart ?? []).isEmpty
    for pod in view.pods.values {
      let other = view.shapes[Int(pod.shape)]
      let theirs = other.spec.affinity
      if !hasOwn && theirs?.podAffinity == nil && theirs?.podAntiAffinity == nil { continue }
      for term in near ?? []
      where other.isMeant(by: term.podAffinityTerm, in: shape.namespace, own: shape.labels) {
        add(term.podAffinityTerm, pod.node, Int64(term.weight))
      }
      for term in apart ?? []
      where other.isMeant(by: term.podAffinityTerm, in: shape.namespace, own: shape.labels) {
        add(term.podAffinityTerm, pod.node, -Int64(term.weight))
      }
      for term in theirs?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
      where shape.isMeant(by: term, in: other.namespace, own: other.labels) {
        add(term, pod.node, hardPodAffinityWeight)
      }
      for term in theirs?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
      where shape.isMeant(by: term.podAffinityTerm, in: other.namespace, own: other.labels) {
        add(term.podAffinityTerm, pod.node, Int64(term.weight))
      }
      for term in theirs?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
      where shape.isMeant(by: term.podAffinityTerm, in: other.namespace, own: other.labels) {
        add(term.podAffinityTerm, pod.node, -Int64(term.weight))
      }
    }
    guard !counts.isEmpty else { return nodes.map { _ in 0 } }
    let sums = nodes.map { number in
      let labels = view.nodes[number].node.labels
      return counts.reduce(Int64(0)) { sum, entry in
        sum + (labels[entry.key].flatMap { entry.value[$0] } ?? 0)
      }
    }
    var (least, greatest) = (sums.min() ?? 0, sums.max() ?? 0)
    if era == .early { (least, greatest) = (min(least, 0), max(greatest, 0)) }
    guard greatest > least else { return nodes.map { _ in 0 } }
    return sums.map { Int64(100 * (Double($0 - least) / Double(greatest - least))) }
  }

  private func spread(_ shape: PodShape, _ nodes: [Int], _ view: ClusterView) -> [Int64] {
    let constraints = shape.spec.spread.filter { $0.whenUnsatisfiable == "ScheduleAnyway" }
    // Without a soft constraint every node has raw score 0, which normalises to 100.
    guard !constraints.isEmpty else { return nodes.map { _ in 100 } }
    let host = "kubernetes.io/hostname"
    func hasAll(_ node: Int) -> Bool {
      constraints.allSatisfy { view.nodes[node].node.labels[$0.topologyKey] != nil }
    }
    func matching(_ node: Int, _ constraint: TopologySpreadConstraint) -> Int64 {
      Int64(
        view.nodes[node].pods.count { uid in
          guard let pod = view.pods[uid] else { return false }
          let other = view.shapes[Int(pod.shape)]
          return other.namespace == shape.namespace
            && (constraint.labelSelector?.matches(other.labels) ?? false)
            && (constraint.matchLabelKeys ?? []).allSatisfy { other.labels[$0] == shape.labels[$0] }
        })
    }
    let eligible = nodes.map(hasAll)
    var counts: [[String: Int64]] = constraints.map { _ in [:] }
    for (index, constraint) in constraints.enumerated() where constraint.topologyKey != host {
      for (place, node) in nodes.enumerated() where eligible[place] {
        counts[index][view.nodes[node].node.labels[constraint.topologyKey]!] = 0
      }
      for node in view.nodes.indices where view.nodes[node].isThere && hasAll(node) {
        let state = view.nodes[node]
        guard constraint.nodeAffinityPolicy == "Ignore" || shape.selects(state.node) else {
          continue
        }
        let value = state.node.labels[constraint.topologyKey]!
        if counts[index][value] != nil { counts[index][value]! += matching(node, constraint) }
      }
    }
    let weights = constraints.indices.map { index in
      let size =
        constraints[index].topologyKey == host
        ? eligible.count { $0 } : counts[index].count
      return log(Double(size + 2))
    }
    let raw: [Int64?] = nodes.enumerated().map { place, node in
      guard eligible[place] else { return nil }
      var score = 0.0
      for (index, constraint) in constraints.enumerated() {
        let value = view.nodes[node].node.labels[constraint.topologyKey]!
        let count =
          constraint.topologyKey == host ? matching(node, constraint) : counts[index][value] ?? 0
        score += Double(count) * weights[index] + Double(constraint.maxSkew - 1)
      }
      return era == .early ? Int64(score) : Int64(score.rounded(.toNearestOrAwayFromZero))
    }
    let known = raw.compactMap { $0 }
    let (least, greatest) = (known.min() ?? 0, max(known.max() ?? 0, 0))
    return raw.map { score in
      guard let score else { return 0 }
      return greatest == 0 ? 100 : 100 * (greatest + least - score) / greatest
    }
  }
}
