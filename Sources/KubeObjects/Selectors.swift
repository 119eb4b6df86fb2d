/// A condition on a label (core/v1 NodeSelectorRequirement, meta/v1 LabelSelectorRequirement).
public struct Requirement: Decodable, Hashable, Sendable {
  /// The label's name.
  public var key: String
  /// `In`, `NotIn`, `Exists`, `DoesNotExist`, and for nodes `Gt`, `Lt`.
  public var `operator`: String
  /// What it is compared with.
  public var values: [String]?

  /// Whether labels meet it. False for an operator that is not known.
  public func matches(_ labels: [String: String]) -> Bool {
    let label = labels[key]
    switch `operator` {
    case "In": return label.map { values?.contains($0) ?? false } ?? false
    case "NotIn": return label.map { !(values?.contains($0) ?? false) } ?? true
    case "Exists": return label != nil
    case "DoesNotExist": return label == nil
    case "Gt", "Lt":
      guard let number = label.flatMap({ Int64($0) }),
        let bound = values?.first.flatMap({ Int64($0) })
      else { return false }
      return `operator` == "Gt" ? number > bound : number < bound
    default: return false
    }
  }

  /// Whether the operator is one of those above.
  public var isKnown: Bool {
    ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"].contains(`operator`)
  }
}

/// meta/v1 LabelSelector: all of its conditions.
public struct LabelSelector: Decodable, Hashable, Sendable {
  /// Labels that must be equal.
  public var matchLabels: [String: String]?
  /// Further conditions.
  public var matchExpressions: [Requirement]?

  /// Whether labels meet all conditions; an empty selector is met by all.
  public func matches(_ labels: [String: String]) -> Bool {
    (matchLabels ?? [:]).allSatisfy { labels[$0] == $1 }
      && (matchExpressions ?? []).allSatisfy { $0.matches(labels) }
  }
}

/// core/v1 NodeSelectorTerm.
public struct NodeSelectorTerm: Decodable, Hashable, Sendable {
  /// Conditions on labels.
  public var matchExpressions: [Requirement]?
  /// Conditions on fields; Kubernetes knows `metadata.name`.
  public var matchFields: [Requirement]?

  /// Nodes whose label has one of some values.
  public init(label: String, in values: [String]) {
    matchExpressions = [Requirement(key: label, operator: "In", values: values)]
  }

  /// The same for a term that is only preferred: kube-scheduler lets an empty one match every node.
  public func matchesPreference(name: String, labels: [String: String]) -> Bool {
    (matchExpressions ?? []).isEmpty && (matchFields ?? []).isEmpty
      || matches(name: name, labels: labels)
  }

  /// Whether a node meets it; an empty term is met by none, as in Kubernetes.
  public func matches(name: String, labels: [String: String]) -> Bool {
    let (expressions, fields) = (matchExpressions ?? [], matchFields ?? [])
    guard !expressions.isEmpty || !fields.isEmpty else { return false }
    return expressions.allSatisfy { $0.matches(labels) }
      && fields.allSatisfy { $0.matches(["metadata.name": name]) }
  }
}

/// core/v1 NodeAffinity.
public struct NodeAffinity: Decodable, Hashable, Sendable {
  /// core/v1 NodeSelector: one of its terms.
  public struct Selector: Decodable, Hashable, Sendable {
    /// The terms.
    public var nodeSelectorTerms: [NodeSelectorTerm]

    /// A selector of some terms.
    public init(nodeSelectorTerms: [NodeSelectorTerm]) {
      self.nodeSelectorTerms = nodeSelectorTerms
    }

    /// Whether a node meets one of the terms.
    public func matches(name: String, labels: [String: String]) -> Bool {
      nodeSelectorTerms.contains { $0.matches(name: name, labels: labels) }
    }
  }
  /// A term with the score that it brings.
  public struct Preference: Decodable, Hashable, Sendable {
    /// 1…100.
    public var weight: Int
    /// The term.
    public var preference: NodeSelectorTerm
  }
  /// What must hold.
  public var requiredDuringSchedulingIgnoredDuringExecution: Selector?
  /// What is liked.
  public var preferredDuringSchedulingIgnoredDuringExecution: [Preference]?
}

/// core/v1 PodAffinityTerm.
public struct PodAffinityTerm: Decodable, Hashable, Sendable {
  /// Which pods; none without it.
  public var labelSelector: LabelSelector?
  /// Their namespaces; the pod's own without it and without a selector.
  public var namespaces: [String]?
  /// By the namespaces' labels.
  public var namespaceSelector: LabelSelector?
  /// Nodes are near each other that have the same value of this label.
  public var topologyKey: String
  /// Labels of the pod itself that are added to the selector (1.29 and later).
  public var matchLabelKeys: [String]?
  /// The same, negated.
  public var mismatchLabelKeys: [String]?
}

/// core/v1 PodAffinity and PodAntiAffinity.
public struct PodAffinity: Decodable, Hashable, Sendable {
  /// A term with the score that it brings.
  public struct Preference: Decodable, Hashable, Sendable {
    /// 1…100.
    public var weight: Int
    /// The term.
    public var podAffinityTerm: PodAffinityTerm
  }
  /// What must hold.
  public var requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm]?
  /// What is liked.
  public var preferredDuringSchedulingIgnoredDuringExecution: [Preference]?
}

/// core/v1 Affinity.
public struct Affinity: Decodable, Hashable, Sendable {
  /// To nodes.
  public var nodeAffinity: NodeAffinity?
  /// To pods.
  public var podAffinity: PodAffinity?
  /// Away from pods.
  public var podAntiAffinity: PodAffinity?
}

/// core/v1 Taint.
public struct Taint: Decodable, Hashable, Sendable {
  /// Its name.
  public var key: String
  /// Its value.
  public var value: String?
  /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
  public var effect: String

  /// A taint.
  public init(key: String, value: String? = nil, effect: String) {
    self.key = key
    self.value = value
    self.effect = effect
  }
}

/// core/v1 Toleration.
public struct Toleration: Decodable, Hashable, Sendable {
  /// The taint's name; empty with `Exists` is any.
  public var key: String?
  /// `Exists` or `Equal`, which it is without one.
  public var `operator`: String?
  /// The taint's value.
  public var value: String?
  /// The taint's effect; any without one.
  public var effect: String?

  /// Whether it tolerates a taint.
  public func tolerates(_ taint: Taint) -> Bool {
    if let effect, !effect.isEmpty, effect != taint.effect { return false }
    if let key, !key.isEmpty, key != taint.key { return false }
    switch `operator` ?? "Equal" {
    case "Exists": return true
    case "Equal", "": return !(key ?? "").isEmpty && (value ?? "") == (taint.value ?? "")
    default: return false
    }
  }
}

/// core/v1 TopologySpreadConstraint.
public struct TopologySpreadConstraint: Decodable, Hashable, Sendable {
  /// How far the counts of two domains may differ (≥ 1).
  public var maxSkew: Int
  /// The label whose values are the domains.
  public var topologyKey: String
  /// `DoNotSchedule` or `ScheduleAnyway`.
  public var whenUnsatisfiable: String
  /// Which pods count.
  public var labelSelector: LabelSelector?
  /// So many domains there must be for the least count not to be taken as 0.
  public var minDomains: Int?
  /// `Honor` (default) or `Ignore`: whether nodes that the pod's affinity excludes count.
  public var nodeAffinityPolicy: String?
  /// `Honor` or `Ignore` (default): whether nodes with taints that it does not tolerate count.
  public var nodeTaintsPolicy: String?
  /// Labels of the pod itself that are added to the selector.
  public var matchLabelKeys: [String]?
}
