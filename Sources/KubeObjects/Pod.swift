import Foundation

/// meta/v1 ObjectMeta, what a scheduler reads of it.
public struct Metadata: Decodable, Hashable, Sendable {
  public var name: String
  public var namespace: String?
  public var uid: String?
  public var resourceVersion: String?
  public var labels: [String: String]?
  public var annotations: [String: String]?
  public var creationTimestamp: String?
  public var deletionTimestamp: String?
  public var ownerReferences: [OwnerReference]?

  /// meta/v1 OwnerReference.
  public struct OwnerReference: Decodable, Hashable, Sendable {
    public var kind: String
    public var name: String
    public var uid: String
    public var controller: Bool?
  }
}

/// An object of the API.
public protocol APIObject: Decodable, Sendable {
  var metadata: Metadata { get }
  /// What tells it from all others of its kind, and from an earlier one of its name where that matters.
  var identity: String { get }
  /// An object as it came.
  init(json: ArraySlice<UInt8>) throws
}

extension APIObject {
  public init(json: ArraySlice<UInt8>) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(json))
  }
}

/// core/v1 Pod, what a scheduler reads of it.
public struct Pod: APIObject, Hashable {
  public var metadata: Metadata
  public var spec: Spec
  public var status: Status?

  /// core/v1 PodSpec.
  public struct Spec: Decodable, Hashable, Sendable {
    public var nodeName: String?
    public var schedulerName: String?
    public var containers: [Container]
    public var initContainers: [Container]?
    public var overhead: ResourceList?
    public var nodeSelector: [String: String]?
    public var affinity: Affinity?
    public var tolerations: [Toleration]?
    public var topologySpreadConstraints: [TopologySpreadConstraint]?
    public var priority: Int32?
    public var priorityClassName: String?
    public var preemptionPolicy: String?
    public var schedulingGates: [Gate]?
    public var volumes: [Volume]?
    public var resourceClaims: [Claim]?
    public var hostNetwork: Bool?
    /// Amounts for the whole pod (1.34 and later).
    public var resources: Container.Resources?
  }

  /// core/v1 PodSchedulingGate.
  public struct Gate: Decodable, Hashable, Sendable { public var name: String }
  /// core/v1 PodResourceClaim.
  public struct Claim: Decodable, Hashable, Sendable { public var name: String }

  /// core/v1 Volume: whether it can bind the pod to nodes.
  public struct Volume: Decodable, Hashable, Sendable {
    public var name: String
    public var persistentVolumeClaim: ClaimSource?
    public var ephemeral: Empty?
    public var csi: Empty?
    public var awsElasticBlockStore: Empty?
    public var gcePersistentDisk: Empty?
    public var azureDisk: Empty?
    public var iscsi: Empty?
    public var rbd: Empty?

    /// core/v1 PersistentVolumeClaimVolumeSource.
    public struct ClaimSource: Decodable, Hashable, Sendable { public var claimName: String }
    /// Anything.
    public struct Empty: Decodable, Hashable, Sendable { public init(from decoder: any Decoder) {} }
  }

  /// core/v1 Container.
  public struct Container: Decodable, Hashable, Sendable {
    public var name: String
    public var resources: Resources?
    /// `Always` makes an init container a sidecar.
    public var restartPolicy: String?
    public var ports: [Port]?

    private enum Key: String, CodingKey { case name, resources, restartPolicy, ports }

    /// A container; lists that people made smaller may lack its name.
    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      name = try values.decodeIfPresent(String.self, forKey: .name) ?? ""
      resources = try values.decodeIfPresent(Resources.self, forKey: .resources)
      restartPolicy = try values.decodeIfPresent(String.self, forKey: .restartPolicy)
      ports = try values.decodeIfPresent([Port].self, forKey: .ports)
    }

    /// core/v1 ResourceRequirements.
    public struct Resources: Decodable, Hashable, Sendable {
      public var requests: ResourceList?
      public var limits: ResourceList?

      /// Requests; a limit stands in where there is no request, as the API server sees to it.
      public var effective: ResourceList {
        (limits ?? [:]).merging(requests ?? [:]) { _, request in request }
      }
    }

    /// core/v1 ContainerPort.
    public struct Port: Decodable, Hashable, Sendable {
      public var hostPort: Int?
      public var hostIP: String?
      public var `protocol`: String?
    }
  }

  /// core/v1 PodStatus.
  public struct Status: Decodable, Hashable, Sendable {
    public var phase: String?
    public var reason: String?
    public var containerStatuses: [ContainerStatus]?
    public var nominatedNodeName: String?
    public var startTime: String?
  }

  /// core/v1 ContainerStatus: when it ended.
  public struct ContainerStatus: Decodable, Hashable, Sendable {
    public struct State: Decodable, Hashable, Sendable {
      public struct Terminated: Decodable, Hashable, Sendable { public var finishedAt: String? }
      public var terminated: Terminated?
    }
    public var state: State?
  }

  /// `namespace/name`.
  public var key: String { "\(metadata.namespace ?? "default")/\(metadata.name)" }
  /// What tells it from an earlier pod of the same name.
  public var uid: String { metadata.uid ?? key }
  public var identity: String { uid }
  /// Whether it has ended and holds nothing.
  public var isOver: Bool { status?.phase == "Succeeded" || status?.phase == "Failed" }
  /// Its priority; 0 without one.
  public var priority: Int32 { spec.priority ?? 0 }

  /// What it holds on its node.
  public var requests: ResourceList { spec.requests }
}

extension Pod.Spec {
  /// What a pod of it holds on its node: the greater of what its containers hold together and what any init
  /// container needs beside the sidecars started before it, and the overhead.
  ///
  /// Source: k8s.io/component-helpers/resource, PodRequests.
  public var requests: ResourceList {
    var running: ResourceList = [:]
    for container in containers { running.add(container.resources?.effective ?? [:]) }
    var sidecars: ResourceList = [:]
    var starting: ResourceList = [:]
    for container in initContainers ?? [] {
      let request = container.resources?.effective ?? [:]
      var together = sidecars
      together.add(request)
      starting.raise(to: together)
      if container.restartPolicy == "Always" { sidecars.add(request) }
    }
    running.add(sidecars)
    running.raise(to: starting)
    // Amounts of the whole pod take the containers' place, resource by resource.
    if let whole = resources?.effective { running.merge(whole) { _, pod in pod } }
    running.add(overhead ?? [:])
    return running
  }
}

extension ResourceList {
  /// Adds each amount.
  mutating func add(_ other: ResourceList) { merge(other, uniquingKeysWith: +) }
  /// Raises each amount to the other's.
  mutating func raise(to other: ResourceList) { merge(other) { Swift.max($0, $1) } }
}

/// core/v1 Node, what a scheduler reads of it.
public struct Node: APIObject, Hashable {
  public var metadata: Metadata
  public var spec: Spec?
  public var status: Status?

  /// core/v1 NodeSpec.
  public struct Spec: Decodable, Hashable, Sendable {
    public var unschedulable: Bool?
    public var taints: [Taint]?
  }
  /// core/v1 NodeStatus.
  public struct Status: Decodable, Hashable, Sendable {
    public var allocatable: ResourceList?
    public var capacity: ResourceList?
  }

  /// A node of which only this is known.
  public init(
    name: String, labels: [String: String], allocatable: ResourceList, taints: [Taint],
    isUnschedulable: Bool
  ) {
    metadata = Metadata(name: name, labels: labels)
    spec = Spec(unschedulable: isUnschedulable, taints: taints)
    status = Status(allocatable: allocatable)
  }

  /// Whether scheduling sees no difference: a node's heartbeat changes much else.
  public func isAlike(_ other: Node) -> Bool {
    metadata.name == other.metadata.name && metadata.labels == other.metadata.labels
      && metadata.uid == other.metadata.uid && spec == other.spec
      && allocatable == other.allocatable
  }

  /// Without what scheduling does not read: annotations of real nodes are long.
  public var lean: Node {
    var node = self
    node.metadata.annotations = nil
    node.metadata.ownerReferences = nil
    return node
  }

  /// Its name.
  public var name: String { metadata.name }
  public var identity: String { name }
  /// Its labels.
  public var labels: [String: String] { metadata.labels ?? [:] }
  /// What pods may hold of it.
  public var allocatable: ResourceList { status?.allocatable ?? status?.capacity ?? [:] }
}
