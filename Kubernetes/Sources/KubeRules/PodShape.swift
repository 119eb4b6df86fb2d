import KubeObjects

/// What scheduling knows of a pod apart from its name: pods of one template share one.
public struct PodShape: Hashable, Sendable {
  /// Its namespace.
  public let namespace: String
  /// Its labels.
  public let labels: [String: String]
  /// What it holds, by resource name; `pods` is 1.
  public let requests: ResourceList
  /// Its priority.
  public let priority: Int32
  /// What binds it to nodes.
  public let spec: Constraints

  /// The constraints of a pod's specification.
  public struct Constraints: Hashable, Sendable {
    public let nodeSelector: [String: String]
    public let affinity: Affinity?
    public let tolerations: [Toleration]
    public let spread: [TopologySpreadConstraint]
    public let hostPorts: [HostPort]
    public let neverPreempts: Bool
  }

  /// A port that a pod takes on its node.
  public struct HostPort: Hashable, Sendable {
    public let number: Int
    public let ip: String
    public let `protocol`: String

    /// Whether both cannot be on one node.
    func conflicts(with other: HostPort) -> Bool {
      number == other.number && `protocol` == other.protocol
        && (ip == other.ip || ip == "0.0.0.0" || other.ip == "0.0.0.0")
    }
  }

  /// The shape of a pod.
  public init(_ pod: Pod) {
    namespace = pod.metadata.namespace ?? "default"
    labels = pod.metadata.labels ?? [:]
    requests = pod.requests.filter { $0.value > .zero }.merging(["pods": Quantity("1")!]) { $1 }
    priority = pod.priority
    let containers =
      pod.spec.containers
      + (pod.spec.initContainers ?? []).filter {
        $0.restartPolicy == "Always"
      }
    spec = Constraints(
      nodeSelector: pod.spec.nodeSelector ?? [:], affinity: pod.spec.affinity,
      tolerations: pod.spec.tolerations ?? [], spread: pod.spec.topologySpreadConstraints ?? [],
      hostPorts: containers.flatMap { $0.ports ?? [] }.compactMap { port in
        guard let number = port.hostPort, number > 0 else { return nil }
        let ip = port.hostIP.flatMap { $0.isEmpty ? nil : $0 } ?? "0.0.0.0"
        return HostPort(number: number, ip: ip, protocol: port.protocol ?? "TCP")
      },
      neverPreempts: pod.spec.preemptionPolicy == "Never")
  }

  /// The terms that must keep other pods away.
  var antiAffinity: [PodAffinityTerm] {
    spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  }

  /// Whether a term of a pod in `namespace` with labels `own` means this pod.
  func isMeant(by term: PodAffinityTerm, in namespace: String, own: [String: String]) -> Bool {
    let names = term.namespaces ?? []
    // Labels of namespaces are not watched; an empty selector is every namespace.
    let isEveryNamespace =
      term.namespaceSelector.map {
        ($0.matchLabels ?? [:]).isEmpty && ($0.matchExpressions ?? []).isEmpty
      } ?? false
    guard
      isEveryNamespace || names.contains(self.namespace)
        || (names.isEmpty && term.namespaceSelector == nil && namespace == self.namespace)
    else { return false }
    guard let selector = term.labelSelector, selector.matches(labels) else { return false }
    return (term.matchLabelKeys ?? []).allSatisfy { own[$0] == nil || labels[$0] == own[$0] }
      && (term.mismatchLabelKeys ?? []).allSatisfy { own[$0] == nil || labels[$0] != own[$0] }
  }
}

extension Pod {
  /// A constraint that this scheduler does not honour, in words; nil if it honours all of them.
  ///
  /// A pod with one is not taken: it stays pending, with an event that says this.
  public var unknownConstraint: String? {
    if let gate = spec.schedulingGates?.first { return "scheduling gate \(gate.name)" }
    if let claim = spec.resourceClaims?.first { return "resource claim \(claim.name)" }
    for volume in spec.volumes ?? [] {
      if volume.persistentVolumeClaim != nil || volume.ephemeral != nil || volume.csi != nil
        || volume.awsElasticBlockStore != nil || volume.gcePersistentDisk != nil
        || volume.azureDisk != nil || volume.iscsi != nil || volume.rbd != nil
      {
        return "volume \(volume.name), which can bind the pod to nodes"
      }
    }
    let affinity = spec.affinity
    let terms =
      (affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
      + (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
    for term in terms {
      guard let selector = term.namespaceSelector else { continue }
      if !(selector.matchLabels ?? [:]).isEmpty || !(selector.matchExpressions ?? []).isEmpty {
        return "affinity to pods by the labels of namespaces"
      }
    }
    let selectors =
      affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
      ?? []
    for requirement in selectors.flatMap({ ($0.matchExpressions ?? []) + ($0.matchFields ?? []) })
    where !requirement.isKnown {
      return "node affinity operator \(requirement.operator)"
    }
    for constraint in spec.topologySpreadConstraints ?? []
    where !["DoNotSchedule", "ScheduleAnyway"].contains(constraint.whenUnsatisfiable) {
      return "topology spread \(constraint.whenUnsatisfiable)"
    }
    return nil
  }
}
