import KubeObjects

/// The rules that decide on which nodes a pod may go, as kube-scheduler's default plugins have them:
/// NodeUnschedulable, TaintToleration, NodeAffinity, VolumeBinding and VolumeZone of bound claims, NodePorts,
/// NodeResourcesFit, InterPodAffinity, PodTopologySpread.
///
/// Made for one pod and one state of the view: O(nodes + pods that could matter); then a node costs
/// O(its own constraints).
public struct PodRules {
  private let shape: PodShape
  private let amounts: [Int64]
  /// Topology values that existing pods keep this pod from, by label.
  private var forbidden: [String: Set<String>] = [:]
  /// For each term of required affinity the topology values that meet it.
  private var near: [(term: PodAffinityTerm, values: Set<String>, isSelf: Bool)] = []
  /// For each term of required anti-affinity the topology values that break it.
  private var apart: [(key: String, values: Set<String>)] = []
  /// For each hard spread constraint the matching pods by domain, and the least count.
  private var spread:
    [(constraint: TopologySpreadConstraint, counts: [String: Int], least: Int, isSelf: Bool)] = []

  /// The rules for a pod of a shape.
  public init(_ number: Int32, on view: ClusterView) {
    shape = view.shapes[Int(number)]
    amounts = view.amounts(of: number)
    prepareAffinity(view)
    prepareSpread(view)
  }

  private mutating func prepareAffinity(_ view: ClusterView) {
    func value(_ node: Int32, _ key: String) -> String? { view.nodes[Int(node)].node.labels[key] }
    for (number, uids) in view.keepingAway {
      let other = view.shapes[Int(number)]
      for term in other.antiAffinity
      where shape.isMeant(by: term, in: other.namespace, own: other.labels) {
        for uid in uids {
          guard let pod = view.pods[uid], let value = value(pod.node, term.topologyKey) else {
            continue
          }
          forbidden[term.topologyKey, default: []].insert(value)
        }
      }
    }
    let affinity = shape.spec.affinity
    let wanted = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    let unwanted = shape.antiAffinity
    guard !wanted.isEmpty || !unwanted.isEmpty else { return }
    near = wanted.map {
      ($0, [], shape.isMeant(by: $0, in: shape.namespace, own: shape.labels))
    }
    apart = unwanted.map { ($0.topologyKey, []) }
    for pod in view.pods.values {
      let other = view.shapes[Int(pod.shape)]
      for index in near.indices
      where other.isMeant(by: near[index].term, in: shape.namespace, own: shape.labels) {
        if let value = value(pod.node, near[index].term.topologyKey) {
          near[index].values.insert(value)
        }
      }
      for (index, term) in unwanted.enumerated()
      where other.isMeant(by: term, in: shape.namespace, own: shape.labels) {
        if let value = value(pod.node, term.topologyKey) { apart[index].values.insert(value) }
      }
    }
  }

  private mutating func prepareSpread(_ view: ClusterView) {
    for constraint in shape.spec.spread where constraint.whenUnsatisfiable == "DoNotSchedule" {
      var counts: [String: Int] = [:]
      for state in view.nodes where state.isThere {
        guard let domain = state.node.labels[constraint.topologyKey] else { continue }
        if constraint.nodeAffinityPolicy != "Ignore", affinityReason(state.node) != nil { continue }
        if constraint.nodeTaintsPolicy == "Honor", taintReason(state.node) != nil { continue }
        var count = 0
        for uid in state.pods {
          guard let pod = view.pods[uid] else { continue }
          let other = view.shapes[Int(pod.shape)]
          guard other.namespace == shape.namespace, let selector = constraint.labelSelector,
            selector.matches(other.labels),
            (constraint.matchLabelKeys ?? []).allSatisfy({ other.labels[$0] == shape.labels[$0] })
          else { continue }
          count += 1
        }
        counts[domain, default: 0] += count
      }
      let isFew = counts.count < (constraint.minDomains ?? 1)
      spread.append(
        (
          constraint, counts, isFew ? 0 : counts.values.min() ?? 0,
          constraint.labelSelector?.matches(shape.labels) ?? false
        ))
    }
  }

  /// Whether a node's answer depends on that node and its pods alone.
  public var areLocal: Bool {
    forbidden.isEmpty && near.isEmpty && apart.isEmpty && spread.isEmpty
  }

  /// Why a node cannot take the pod, in kube-scheduler's words; nil if it can.
  public func reason(_ number: Int, on view: ClusterView) -> String? {
    let state = view.nodes[number]
    guard state.isThere else { return "node is gone" }
    if let reason = unschedulableReason(state.node) { return reason }
    if let reason = taintReason(state.node) { return reason }
    if let reason = affinityReason(state.node) { return reason }
    if !shape.spec.volumes.isEmpty, let reason = volumeReason(state.node) { return reason }
    if !shape.spec.hostPorts.isEmpty, portsClash(state, view) {
      return "node(s) didn't have free ports for the requested pod ports"
    }
    if let resource = view.shortage(of: amounts, on: number) {
      return resource == "pods" ? "Too many pods" : "Insufficient \(resource)"
    }
    if let reason = podAffinityReason(state.node) { return reason }
    return spreadReason(state.node)
  }

  private func unschedulableReason(_ node: Node) -> String? {
    guard node.spec?.unschedulable == true else { return nil }
    let taint = Taint(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule")
    return shape.spec.tolerations.contains { $0.tolerates(taint) }
      ? nil : "node(s) were unschedulable"
  }

  private func taintReason(_ node: Node) -> String? {
    for taint in node.spec?.taints ?? [] where taint.effect != "PreferNoSchedule" {
      if !shape.spec.tolerations.contains(where: { $0.tolerates(taint) }) {
        return "node(s) had untolerated taint {\(taint.key): \(taint.value ?? "")}"
      }
    }
    return nil
  }

  private func affinityReason(_ node: Node) -> String? {
    shape.selects(node) ? nil : "node(s) didn't match Pod's node affinity/selector"
  }

  private func volumeReason(_ node: Node) -> String? {
    shape.spec.volumes.allSatisfy { $0.matches(name: node.name, labels: node.labels) }
      ? nil : "node(s) had volume node affinity conflict"
  }

  private func portsClash(_ state: ClusterView.NodeState, _ view: ClusterView) -> Bool {
    state.pods.contains { uid in
      guard let pod = view.pods[uid] else { return false }
      let taken = view.shapes[Int(pod.shape)].spec.hostPorts
      return taken.contains { port in shape.spec.hostPorts.contains { $0.conflicts(with: port) } }
    }
  }

  private func podAffinityReason(_ node: Node) -> String? {
    let labels = node.labels
    // The first pod of a group that is to be together may go anywhere.
    let isFirst = near.allSatisfy { $0.values.isEmpty && $0.isSelf }
    for (term, values, _) in near {
      guard let value = labels[term.topologyKey], isFirst || values.contains(value) else {
        return "node(s) didn't match pod affinity rules"
      }
    }
    for (key, values) in apart {
      if let value = labels[key], values.contains(value) {
        return "node(s) didn't match pod anti-affinity rules"
      }
    }
    for (key, values) in forbidden {
      if let value = labels[key], values.contains(value) {
        return "node(s) didn't satisfy existing pods anti-affinity rules"
      }
    }
    return nil
  }

  private func spreadReason(_ node: Node) -> String? {
    for (constraint, counts, least, isSelf) in spread {
      guard let domain = node.labels[constraint.topologyKey] else {
        return "node(s) didn't match pod topology spread constraints (missing required label)"
      }
      if counts[domain, default: 0] + (isSelf ? 1 : 0) - least > constraint.maxSkew {
        return "node(s) didn't match pod topology spread constraints"
      }
    }
    return nil
  }
}
