import Diagnostics
import Tables
import Workload

/// Writes records as Kubernetes objects for clusters without real nodes (kwok): JSON, an object a line. First a
/// node for each machine that is there from the start, then a pod for each instance of a task, in the order of
/// their submission.
///
/// A pod says in `tracemill.io/arrival-seconds` when it is to be created, and in
/// `pod-complete.stage.kwok.x-k8s.io/delay` how long it runs, which kwok's stage `pod-complete` obeys. Whoever
/// creates the pods keeps the time. CPU requests are in thousandths, rounded up; GPUs whole. Memory: nothing that
/// grows.
public final class KubernetesWriter: LayoutWriter {
  public static let places = LayoutPlaces(
    aspects: [.submission, .users, .instances, .memory, .gpus],
    rounding: "CPU requests are whole thousandths, GPUs whole")

  private let file: OutputFile
  private let stream: RecordStream
  private var leftOut = LeftOut(places)

  /// Begins the file at `path`.
  ///
  /// - Parameters:
  ///   - path: where it is written.
  ///   - stream: the records.
  ///   - machines: the trace's machines, where it has any.
  public init(
    path: String, stream: RecordStream, machines: MachineEventList? = nil
  ) throws(TraceError) {
    self.stream = stream
    file = try OutputFile(path: path)
    var known: Set<Int64> = []
    for event in machines?.events ?? [] {
      guard event.kind == .add, event.time == .zero, known.insert(event.machine).inserted else {
        leftOut.count("machines' later events")
        continue
      }
      try write(event, machines?.symbols[event.platform] ?? "")
    }
  }

  private func write(_ machine: MachineEvent, _ platform: String) throws(TraceError) {
    var capacity = Self.amounts(machine.capacity)
    capacity.append("\"pods\": \"110\"")
    let list = "{\(capacity.joined(separator: ", "))}"
    let kind =
      platform.isEmpty ? "" : ", \"tracemill.io/platform\": \(Self.quoted(Self.label(platform)))"
    try file.write(
      """
      {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-\(machine.machine)", "annotations": \
      {"kwok.x-k8s.io/node": "fake"}, "labels": {"type": "kwok"\(kind)}}, "spec": {"taints": [{"key": \
      "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}]}, "status": {"capacity": \(list), \
      "allocatable": \(list)}}

      """)
  }

  /// Adds a record.
  public func write(_ record: TaskRecord) throws(TraceError) {
    guard !record.flags.contains(.runTimeUnknown), record.attempts > 0 else {
      leftOut.count("tasks without a run time")
      return
    }
    let user = stream.symbols[record.user]
    var labels = "\"tracemill.io/job\": \"\(record.id.job)\""
    if !user.isEmpty { labels += ", \"tracemill.io/user\": \(Self.quoted(Self.label(user)))" }
    let requests = Self.amounts(record.request).joined(separator: ", ")
    for instance in 0..<max(1, record.instances) {
      let name =
        "job-\(record.id.job)-\(record.id.index)" + (record.instances > 1 ? "-\(instance)" : "")
      try file.write(
        """
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "\(name)", "namespace": "default", "labels": \
        {\(labels)}, "annotations": {"tracemill.io/arrival-seconds": "\(decimal(record.submit.seconds))", \
        "pod-complete.stage.kwok.x-k8s.io/delay": "\(record.runTime.rawValue)us"}}, "spec": {"restartPolicy": \
        "Never", "tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}], "containers": [{"name": \
        "task", "image": "fake", "resources": {"requests": {\(requests)}}}]}}

        """)
    }
    leftOut.count("fractions of GPUs (rounded up)", if: record.request.milliGPU % 1000 != 0)
    leftOut.count(record)
  }

  /// Amounts as Kubernetes writes them; those of 0 are left away.
  private static func amounts(_ amounts: Resources) -> [String] {
    var list: [String] = []
    let milli = (amounts.cpu.nano + 999_999) / 1_000_000
    if milli > 0 { list.append("\"cpu\": \"\(milli)m\"") }
    if amounts.memory > .zero { list.append("\"memory\": \"\(amounts.memory.rawValue)\"") }
    let gpus = (amounts.milliGPU + 999) / 1000
    if gpus > 0 { list.append("\"nvidia.com/gpu\": \"\(gpus)\"") }
    return list
  }

  /// A name as a label may have it: up to 63 letters, digits, `-`, `_` and `.`, the first and last no sign.
  private static func label(_ name: String) -> String {
    var bytes = name.utf8.prefix(63).map { byte in
      isLetter(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        ? byte : UInt8(ascii: "-")
    }
    while let first = bytes.first, !isLetter(first) { bytes.removeFirst() }
    while let last = bytes.last, !isLetter(last) { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
  }

  private static func quoted(_ label: String) -> String { "\"\(label)\"" }

  /// Completes the file.
  public func finish() throws(TraceError) -> [String: Int] {
    try file.commit()
    leftOut.count("dependencies", times: stream.dependencies.count)
    return leftOut.counts
  }
}
