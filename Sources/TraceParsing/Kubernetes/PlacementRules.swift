import KubeObjects

/// What binds a pod to nodes by these nodes' own labels and taints: its node selector, the node affinity that it
/// requires, and which taints it tolerates. Pods of one template have equal ones.
public struct PlacementRules: Hashable, Sendable {
  /// Labels that a node must have.
  public let nodeSelector: [String: String]
  /// Of which a node must meet one term; nil asks for nothing.
  public let required: NodeAffinity.Selector?
  /// The taints that it bears.
  public let tolerations: [Toleration]

  /// What a pod's specification says.
  public init(_ spec: Pod.Spec) {
    nodeSelector = spec.nodeSelector ?? [:]
    required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    tolerations = spec.tolerations ?? []
  }

  /// Whether kube-scheduler would put such a pod on a node: `PreferNoSchedule` keeps nobody away.
  ///
  /// Source: kube-scheduler's filter plugins NodeAffinity and TaintToleration.
  public func allows(_ node: KubernetesNode) -> Bool {
    nodeSelector.allSatisfy { node.labels[$0] == $1 }
      && (required?.matches(name: node.name, labels: node.labels) ?? true)
      && node.taints.allSatisfy { taint in
        taint.effect == "PreferNoSchedule" || tolerations.contains { $0.tolerates(taint) }
      }
  }
}

/// What pods ask of places as one line of text, in the words of kubectl's selectors.
enum PlacementText {
  /// `a=1,b=2`, in the order of the names.
  static func labels(_ labels: [String: String]) -> String {
    labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }

  /// `key in (a,b)`, `!key`, `key>5`, joined by commas.
  static func requirements(_ list: [Requirement]) -> String {
    list.map { requirement in
      let (key, values) = (requirement.key, (requirement.values ?? []).joined(separator: ","))
      return switch requirement.operator {
      case "In": "\(key) in (\(values))"
      case "NotIn": "\(key) notin (\(values))"
      case "Exists": key
      case "DoesNotExist": "!\(key)"
      case "Gt": "\(key)>\(values)"
      case "Lt": "\(key)<\(values)"
      default: "\(key) \(requirement.operator) (\(values))"
      }
    }.joined(separator: ",")
  }

  /// Terms of which one must hold, joined by ` | `; those that are liked have their weight before them: `50: gpu`.
  static func nodeAffinity(_ affinity: NodeAffinity?) -> String {
    func term(_ term: NodeSelectorTerm) -> String {
      requirements((term.matchExpressions ?? []) + (term.matchFields ?? []))
    }
    guard let affinity else { return "" }
    let needed =
      affinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.map(term) ?? []
    let liked = (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map {
      "\($0.weight): \(term($0.preference))"
    }
    return joined([needed.joined(separator: " | ")] + liked)
  }

  /// `app in (web) on zone`: pods, and the label of which nodes that are near each other have the same value. All must hold.
  static func podAffinity(_ affinity: PodAffinity?) -> String {
    func term(_ term: PodAffinityTerm) -> String {
      joined(
        [
          term.labelSelector.map(selector) ?? "no pods",
          term.namespaces.map { "in \($0.joined(separator: ","))" } ?? "",
          term.namespaceSelector.map { "in namespaces (\(selector($0)))" } ?? "",
          "on \(term.topologyKey)",
        ], " ")
    }
    guard let affinity else { return "" }
    return joined(
      (affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term)
        + (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map {
          "\($0.weight): \(term($0.podAffinityTerm))"
        })
  }

  private static func selector(_ selector: LabelSelector) -> String {
    let text = joined(
      [labels(selector.matchLabels ?? [:]), requirements(selector.matchExpressions ?? [])], ",")
    return text.isEmpty ? "all pods" : text
  }

  /// `app=web within 1 over zone`, `… (liked)`.
  static func spread(_ list: [TopologySpreadConstraint]) -> String {
    joined(
      list.map { constraint in
        let pods = constraint.labelSelector.map(selector) ?? "no pods"
        let isLiked = constraint.whenUnsatisfiable == "ScheduleAnyway"
        return "\(pods) within \(constraint.maxSkew) over \(constraint.topologyKey)"
          + (isLiked ? " (liked)" : "")
      })
  }

  /// `key=value:effect`, `key:effect` of any value, `*` of any taint. The two that every pod gets are left out.
  static func tolerations(_ list: [Toleration]) -> String {
    let usual = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    return joined(
      list.filter { !usual.contains($0.key ?? "") }.map { toleration in
        let key = toleration.key.flatMap { $0.isEmpty ? nil : $0 } ?? "*"
        let value = toleration.operator == "Exists" ? "" : "=\(toleration.value ?? "")"
        let effect = toleration.effect.flatMap { $0.isEmpty ? nil : ":\($0)" } ?? ""
        return key + (key == "*" ? "" : value) + effect
      }, ",")
  }

  /// `key=value:effect`.
  static func taint(_ taint: Taint) -> String {
    let value = taint.value.flatMap { $0.isEmpty ? nil : "=\($0)" } ?? ""
    return "\(taint.key)\(value):\(taint.effect)"
  }

  private static func joined(_ parts: [String], _ separator: String = "; ") -> String {
    parts.filter { !$0.isEmpty }.joined(separator: separator)
  }
}
