import Diagnostics
import TraceInput

/// What `kubectl get pods -A -o json` lists, with `kubectl get nodes -o json` and `kubectl get events -A -o json`
/// beside it or in the same list.
public struct KubernetesFormat: TraceFormat {
  /// The name for `--format`.
  public let name = "kubernetes-pods"

  public init() {}

  /// What is assumed.
  static let limits = [
    "times are those that the pods remember; a pod that was deleted is not there",
    "a pod runs from its scheduling to its last container's end",
    "a request is what Kubernetes reserves: of containers with their sidecars and of each init container "
      + "with the sidecars before it the most, amounts of the whole pod in their place, and overhead",
  ]

  /// Lists in which pods are seen.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    trace(input).flatMap { trace in trace.canMakeRecords(from: nil) ? trace : nil }
  }

  /// Lists of nodes or events alone.
  public func machinesAlone(
    _ input: TraceInput
  ) throws(TraceError) -> (any RecognisedTrace)? {
    trace(input).flatMap { trace in trace.tables.isEmpty ? nil : trace }
  }

  /// Lists of other objects.
  public func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError? {
    guard let list = input.groups.lazy.compactMap({ KubernetesList($0) }).first else { return nil }
    return TraceError(
      .unrecognised,
      "a list of Kubernetes' objects (\(list.kinds.prefix(5).joined(separator: ", "))); records are made "
        + "of pods: kubectl get pods -A -o json has them", file: list.group.files[0].name)
  }

  private func trace(_ input: TraceInput) -> KubernetesTrace? {
    let lists = input.groups.compactMap { KubernetesList($0) }.filter { list in
      KubernetesKind.allCases.contains { list.has($0) }
    }
    guard !lists.isEmpty else { return nil }
    return KubernetesTrace(
      format: name, lists: lists,
      passedOver: input.passedOver(besides: lists.map(\.group), format: name))
  }

  public var summary: FormatSummary? {
    FormatSummary(
      about:
        "kubectl get pods -A -o json, with kubectl get nodes -o json and kubectl get events -A -o json beside it",
      knownBy: "JSON with a list at `items`, of the kinds Pod, Node and Event",
      tables: ["pods", "nodes (machines)", "events"],
      reads: [
        "job_id", "task_index", "user", "submit_us", "first_schedule_us", "end_us", "outcome",
        "machine_id", "cpu_cores", "memory_bytes", "disk_bytes", "gpu_milli",
        "beside them namespace, node_affinity, node_selector, owner, pod_affinity, pod_anti_affinity, "
          + "priority, priority_class, spread, tolerations",
      ],
      limits: Self.limits + [
        "all nodes are machines, those that took no pods when they were listed too; they are counted"
      ])
  }
}
