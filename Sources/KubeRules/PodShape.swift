import KubeObjects

/// What scheduling knows of a pod apart from its name: pods of one template share one.
public struct PodShape: Hashable, Sendable {
  /// Its namespace.
  public let namespace: String
  /// Its labels.
  public let labels: [String: String]
  /// What it holds, by resource name; `pods` is 1.
  public let requests: ResourceList
  /// CPU (thousandths) and memory (bytes) with 100m and 200 MiB for each container that asks for none, as
  /// kube-scheduler scores by.
  public let presumed: [Int64]
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
    /// Where its volumes are: a term of each must hold.
    public let volumes: [NodeAffinity.Selector]
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
  ///
  /// - Parameter volumes: where its claims' volumes are, which other objects say.
  public init(_ pod: Pod, volumes: [NodeAffinity.Selector] = []) {
    namespace = pod.metadata.namespace ?? "default"
    labels = pod.metadata.labels ?? [:]
    requests = pod.requests.filter { $0.value > .zero }.merging(["pods": Quantity("1")!]) { $1 }
    presumed = pod.presumed
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
      neverPreempts: pod.spec.preemptionPolicy == "Never", volumes: volumes)
  }

  /// A pod of one container of which only this is known.
  public init(requests: ResourceList, priority: Int32) {
    namespace = "default"
    labels = [:]
    self.requests = requests.filter { $0.value > .zero }.merging(["pods": Quantity("1")!]) { $1 }
    let (cpu, memory) = (requests["cpu"]?.milli ?? 0, requests["memory"]?.units ?? 0)
    presumed = [cpu > 0 ? cpu : 100, memory > 0 ? memory : 200 << 20]
    self.priority = priority
    spec = Constraints(
      nodeSelector: [:], affinity: nil, tolerations: [], spread: [], hostPorts: [],
      neverPreempts: false, volumes: [])
  }

  /// Whether a node is one that its selector and its required node affinity ask for.
  func selects(_ node: Node) -> Bool {
    let labels = node.labels
    return spec.nodeSelector.allSatisfy { labels[$0] == $1 }
      && (spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?
        .matches(name: node.name, labels: labels) ?? true)
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
  /// Source: pkg/scheduler/util/non_zero.go, calculatePodResourceRequest of noderesources.
  fileprivate var presumed: [Int64] {
    func amount(_ container: Container, _ name: String, _ usual: Int64) -> Int64 {
      guard let quantity = container.resources?.effective[name] else { return usual }
      return name == "cpu" ? quantity.milli : quantity.units
    }
    return [("cpu", Int64(100)), ("memory", 200 << 20)].map { name, usual in
      var sum = spec.containers.reduce(Int64(0)) {
        $0.addingReportingOverflow(amount($1, name, usual)).partialValue
      }
      for container in spec.initContainers ?? [] {
        let own = amount(container, name, usual)
        if container.restartPolicy == "Always" { sum &+= own } else { sum = max(sum, own) }
      }
      if let more = spec.overhead?[name] { sum &+= name == "cpu" ? more.milli : more.units }
      return min(max(sum, 0), 1 << 50)
    }
  }

  /// A constraint that this scheduler does not honour, in words; nil if it honours all of them.
  ///
  /// A pod with one is not taken: it stays pending, with an event that says this.
  public var unknownConstraint: String? {
    if let gate = spec.schedulingGates?.first { return "scheduling gate \(gate.name)" }
    if let claim = spec.resourceClaims?.first { return "resource claim \(claim.name)" }
    for volume in spec.volumes ?? [] {
      if volume.csi != nil || volume.awsElasticBlockStore != nil || volume.gcePersistentDisk != nil
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
