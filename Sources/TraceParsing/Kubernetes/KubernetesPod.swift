import Diagnostics
import KubeObjects
import TraceInput
import Workload

/// What a list says of a pod.
struct KubernetesPod: Sendable {
  /// What tells it from all others.
  let identity: String
  /// `namespace/name`, as events without a UID name it.
  let key: String
  /// The UID of what it belongs to, else its own.
  let job: String
  let namespace: String
  let node: String
  let created: Int64
  /// Since when it has its node, as its condition PodScheduled says.
  let scheduled: Int64?
  /// Since when its node knows of it.
  let started: Int64?
  let ended: Int64?
  let outcome: Outcome
  let request: Resources
  let flags: TaskRecord.Flags
  let rules: PlacementRules
  /// What is kept beside the record: names and texts.
  let attributes: [(name: String, text: String)]
  /// Resources that records have no column for.
  let others: [String]
  /// Whether it asks for other pods to be near, or far.
  let mindsPods: Bool

  private static let phases: [String: Outcome] = [
    "Succeeded": .finished, "Failed": .failed, "Running": .running, "Pending": .pending,
    "Unknown": .lost,
  ]
  /// Reasons of a failed pod that something else made it stop.
  private static let evictions = [
    "Evicted", "Preempting", "NodeShutdown", "Shutdown", "Terminated",
  ]

  private struct Condition: Decodable {
    var type: String
    var status: String?
    var lastTransitionTime: String?
  }

  /// - Parameter keepsAttributes: whether what is kept beside records is made.
  init(_ object: KubernetesObject, keepsAttributes: Bool) throws(RowError) {
    let name = try object.name(.name)
    let namespace = object.text(.namespace)
    self.namespace = namespace
    key = "\(namespace)/\(name)"
    identity = object[.uid].isEmpty ? key : object.text(.uid)
    let owners = try object.decode([Metadata.OwnerReference].self, .owners) ?? []
    let owner = owners.first { $0.controller ?? false } ?? owners.first
    job = owner?.uid ?? identity
    guard let spec = try object.decode(Pod.Spec.self, .spec) else {
      throw RowError(column: nil, message: "spec is missing", reason: "no spec")
    }
    node = spec.nodeName ?? ""
    guard let created = try object.time(.created) else {
      throw RowError(
        column: nil, message: "metadata.creationTimestamp is missing",
        reason: "no metadata.creationTimestamp")
    }
    self.created = created
    started = try object.time(.started)
    let (main, initial) = (try object.latest(.ends), try object.latest(.initEnds))
    ended = main ?? initial
    let conditions = try object.decode([Condition].self, .conditions) ?? []
    scheduled = try Self.since("PodScheduled", conditions)
    outcome = try Self.outcome(object, conditions, isPlaced: !node.isEmpty)
    let requests = spec.requests
    (request, flags) = try Self.amounts(requests)
    others = requests.keys.filter { !KubernetesAmounts.areRead($0) }.sorted()
    rules = PlacementRules(spec)
    mindsPods =
      spec.affinity?.podAffinity != nil || spec.affinity?.podAntiAffinity != nil
      || !(spec.topologySpreadConstraints ?? []).isEmpty
    attributes =
      keepsAttributes ? Self.attributes(spec, namespace, owner?.kind, rules) : []
  }

  /// Since when a condition holds; nil where it does not, or no time is said.
  private static func since(_ type: String, _ conditions: [Condition]) throws(RowError) -> Int64? {
    guard let condition = conditions.first(where: { $0.type == type && $0.status == "True" }),
      let text = condition.lastTransitionTime
    else { return nil }
    return try KubernetesObject.time(text, "status.conditions.lastTransitionTime")
  }

  private static func outcome(
    _ object: KubernetesObject, _ conditions: [Condition], isPlaced: Bool
  ) throws(RowError) -> Outcome {
    let phase = try object.name(.phase)
    guard let outcome = phases[phase] else {
      let names = ["Pending", "Running", "Succeeded", "Failed", "Unknown"]
      throw RowError(
        column: nil,
        message: "status.phase '\(phase.prefix(40))' is none of \(names.joined(separator: ", "))",
        reason: "unknown status.phase")
    }
    switch outcome {
    // Its node holds what it asks for while its images come.
    case .pending where isPlaced: return .running
    case .failed
    where evictions.contains(object.text(.reason))
      || conditions.contains { $0.type == "DisruptionTarget" && $0.status == "True" }:
      return .evicted
    default: return outcome
    }
  }

  private static func amounts(
    _ requests: ResourceList
  ) throws(RowError) -> (Resources, TaskRecord.Flags) {
    let amounts = KubernetesAmounts.resources(requests)
    if let issue = amounts.rangeIssue {
      throw RowError(column: nil, message: "spec asks for \(issue)", reason: "value out of range")
    }
    var flags: TaskRecord.Flags = []
    if requests["cpu"] == nil { flags.insert(.cpuUnknown) }
    if requests["memory"] == nil { flags.insert(.memoryUnknown) }
    if requests["ephemeral-storage"] == nil { flags.insert(.diskUnknown) }
    return (amounts, flags)
  }

  private static func attributes(
    _ spec: Pod.Spec, _ namespace: String, _ owner: String?, _ rules: PlacementRules
  ) -> [(name: String, text: String)] {
    [
      ("namespace", namespace),
      ("node_affinity", PlacementText.nodeAffinity(spec.affinity?.nodeAffinity)),
      ("node_selector", PlacementText.labels(spec.nodeSelector ?? [:])),
      ("owner", owner ?? ""),
      ("pod_affinity", PlacementText.podAffinity(spec.affinity?.podAffinity)),
      ("pod_anti_affinity", PlacementText.podAffinity(spec.affinity?.podAntiAffinity)),
      ("priority", spec.priority.map { "\($0)" } ?? ""),
      ("priority_class", spec.priorityClassName ?? ""),
      ("spread", PlacementText.spread(spec.topologySpreadConstraints ?? [])),
      ("tolerations", PlacementText.tolerations(rules.tolerations)),
    ].filter { !$0.1.isEmpty }
  }
}

/// Amounts of Kubernetes' resources as ours.
enum KubernetesAmounts {
  /// The names under which vendors count whole GPUs.
  static let gpus = ["nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe"]

  /// Whether records have a column for a resource; `pods` is a number of pods, which no task asks for.
  static func areRead(_ name: String) -> Bool {
    ["cpu", "memory", "ephemeral-storage", "pods"].contains(name) || gpus.contains(name)
  }

  /// CPU, memory, ephemeral storage as disk, and GPUs of all vendors together.
  static func resources(_ list: ResourceList) -> Resources {
    let devices = gpus.reduce(Quantity.zero) { $0 + (list[$1] ?? .zero) }
    return Resources(
      cpu: Cores(nano: list["cpu"]?.clampedNano ?? 0), memory: Bytes(list["memory"]?.units ?? 0),
      disk: Bytes(list["ephemeral-storage"]?.units ?? 0), milliGPU: devices.milli)
  }
}
