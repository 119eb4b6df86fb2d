import Foundation
import KubeClient
import KubeObjects
import NIOHTTP1

/// What of a pod stands in other objects: its group's size, the nodes of its volumes.
struct PodFacts: Sendable {
  /// So many of its group start together; nil if it is of none.
  var groupSize: Int?
  /// Where its volumes are: one term of each selector must hold.
  var volumes: [NodeAffinity.Selector] = []
  /// Why it cannot be decided about, in words.
  var refusal: String?
}

extension Pod {
  /// Labels that name a pod's group: those of the scheduler plugins' coscheduling, the present and the
  /// earlier one.
  static let groupLabels = [
    "scheduling.x-k8s.io/pod-group", "pod-group.scheduling.sigs.k8s.io/name",
  ]
  /// The label with the group's size, where no PodGroup object says it.
  static let sizeLabel = "pod-group.scheduling.sigs.k8s.io/min-available"
  /// The annotation with an estimate of the run time, in seconds.
  static let estimateAnnotation = "tracemill/estimate-seconds"

  /// `namespace/name` of its group; nil if it is of none.
  var group: String? {
    Self.groupLabels.lazy.compactMap { metadata.labels?[$0] }.first { !$0.isEmpty }
      .map { "\(metadata.namespace ?? "default")/\($0)" }
  }

  /// How long it says it will run, in seconds.
  var estimate: Double? {
    metadata.annotations?[Self.estimateAnnotation].flatMap { Double($0) }
      .flatMap { $0.isFinite && $0 > 0 && $0 < 1e9 ? $0 : nil }
  }

  /// Claims of volumes by name, those of ephemeral volumes too.
  var claims: [String] {
    (spec.volumes ?? []).compactMap { volume in
      volume.persistentVolumeClaim?.claimName
        ?? (volume.ephemeral == nil ? nil : "\(metadata.name)-\(volume.name)")
    }
  }

  /// Whether something must be looked up before it can be decided about.
  var needsFacts: Bool { group != nil || !claims.isEmpty }
}

/// Looks up what pods refer to.
struct PodFactsReader: Sendable {
  let client: APIClient

  private struct Claim: Decodable {
    struct Spec: Decodable {
      var volumeName: String?
      var accessModes: [String]?
    }
    struct Status: Decodable { var phase: String? }
    var spec: Spec
    var status: Status?
  }
  private struct Volume: Decodable {
    struct Spec: Decodable {
      struct Affinity: Decodable { var required: NodeAffinity.Selector? }
      var nodeAffinity: Affinity?
    }
    var metadata: Metadata
    var spec: Spec
  }
  private struct Group: Decodable {
    struct Spec: Decodable { var minMember: Int? }
    var spec: Spec?
  }

  /// What is known of a pod now.
  func facts(_ pod: Pod) async -> PodFacts {
    var facts = PodFacts()
    do {
      if let group = pod.group { facts.groupSize = try await size(of: group, pod) }
      for claim in pod.claims { facts.volumes += try await places(of: claim, pod) }
    } catch let failure as APIFailure {
      facts.refusal = failure.description
    } catch {
      facts.refusal = "\(error)"
    }
    return facts
  }

  private func get<T: Decodable>(_ path: String) async throws -> T? {
    let answer = try await client.send(.GET, path, timeout: .seconds(10))
    if answer.status == 404 { return nil }
    guard answer.status == 200 else {
      throw APIFailure("\(path): status \(answer.status): \(answer.words)")
    }
    return try JSONDecoder().decode(T.self, from: Data(answer.body))
  }

  private func size(of group: String, _ pod: Pod) async throws -> Int {
    if let text = pod.metadata.labels?[Pod.sizeLabel] {
      guard let size = Int(text), (1...100_000).contains(size) else {
        throw APIFailure("label \(Pod.sizeLabel) is no number")
      }
      return size
    }
    let parts = group.split(separator: "/", maxSplits: 1)
    let object: Group? = try await get(
      "/apis/scheduling.x-k8s.io/v1alpha1/namespaces/\(APIPath.escaped(String(parts[0])))/podgroups/"
        + APIPath.escaped(String(parts[1])))
    guard let size = object?.spec?.minMember else {
      throw APIFailure("pod group \(group): no PodGroup says its size, nor label \(Pod.sizeLabel)")
    }
    return size
  }

  private func places(of claim: String, _ pod: Pod) async throws -> [NodeAffinity.Selector] {
    let namespace = APIPath.escaped(pod.metadata.namespace ?? "default")
    let object: Claim? = try await get(
      "/api/v1/namespaces/\(namespace)/persistentvolumeclaims/\(APIPath.escaped(claim))")
    guard let object else { throw APIFailure("claim \(claim) of a volume is not there") }
    guard object.spec.accessModes?.contains("ReadWriteOncePod") != true else {
      throw APIFailure("not taken: claim \(claim) is ReadWriteOncePod, which is not honoured")
    }
    guard object.status?.phase == "Bound", let name = object.spec.volumeName else {
      throw APIFailure("claim \(claim) is not bound to a volume")
    }
    let volume: Volume? = try await get("/api/v1/persistentvolumes/\(APIPath.escaped(name))")
    guard let volume else { throw APIFailure("volume \(name) of claim \(claim) is not there") }
    var selectors = volume.spec.nodeAffinity?.required.map { [$0] } ?? []
    // Volumes of before 1.17 say by a label where they are.
    let zones = (volume.metadata.labels ?? [:]).filter { label, _ in
      ["topology.kubernetes.io/", "failure-domain.beta.kubernetes.io/"].contains {
        label == $0 + "zone" || label == $0 + "region"
      }
    }
    for (label, value) in zones.sorted(by: { $0.key < $1.key }) {
      let values = value.components(separatedBy: "__")
      selectors.append(
        .init(nodeSelectorTerms: [.init(label: label, in: values)]))
    }
    return selectors
  }
}
