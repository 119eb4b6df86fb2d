import Diagnostics
import TraceInput
import Workload

/// Alibaba cluster-trace-gpu-v2023: 8,152 pods on 1,523 nodes with GPUs.
///
/// A pod is one record; its GPU request is `num_gpu` times `gpu_milli`. A pod that was deleted
/// before it was scheduled has no schedule time, no attempt, and the outcome `killed`; so has a
/// running one that was deleted, but for its one attempt. `num_gpu`, `gpu_milli`, `gpu_spec` and
/// `qos` are kept in the stream's attributes. Lists of pods that end with what they ask for, as some of Weng et al.'s
/// (USENIX ATC 2023), are read too: such a pod has no phase and no times, and never ran.
public enum AlibabaGPU2023Format {
  /// `alibaba-gpu-2023`, known by the headers of its tables. Every node is there from the start; its
  /// platform is its GPU model.
  public static let format = FieldTableFormat(
    name: "alibaba-gpu-2023",
    tasks: .init(pods, .csvWithHeader, statuses: phases, read: task),
    machines: .init(nodes, .csvWithHeader, read: machineEvent),
    summary: FormatSummary(
      about: "Alibaba cluster-trace-gpu-v2023", knownBy: "the names of its headers",
      tables: ["pods", "nodes (machines)"],
      reads: [
        "submit_us", "first_schedule_us", "end_us", "run_us", "wait_us", "outcome", "cpu_cores",
        "memory_bytes", "gpu_milli", "beside them gpu_spec, qos",
      ]))

  static let pods = FieldTable(
    "pods",
    [
      ColumnSpec("name", .text, true), ColumnSpec("cpu_milli", .number, true),
      ColumnSpec("memory_mib", .number), ColumnSpec("num_gpu", .integer, true),
      ColumnSpec("gpu_milli", .integer, true), ColumnSpec("gpu_spec", .text),
      ColumnSpec("qos", .text), ColumnSpec("pod_phase", .text),
      ColumnSpec("creation_time", .number), ColumnSpec("deletion_time", .number),
      ColumnSpec("scheduled_time", .number),
    ])

  static let nodes = FieldTable(
    "nodes",
    [
      ColumnSpec("sn", .text, true), ColumnSpec("cpu_milli", .number, true),
      ColumnSpec("memory_mib", .number), ColumnSpec("gpu", .integer, true),
      ColumnSpec("model", .text),
    ])

  private static let phases = ["Pending", "Running", "Succeeded", "Failed", "Unknown"]

  @Sendable private static func task(
    _ row: FieldRow, _ scale: MachineScale
  ) throws(RowError) -> FieldTableTask {
    var task = FieldTableTask(
      try record(row), status: isBare(row) ? -1 : try row.label(7, phases))
    task.attributes = [
      ("num_gpu", .number(Double(try row.integer(3)))),
      ("gpu_milli", .number(Double(try row.integer(4)))),
    ]
    for (name, column) in [("gpu_spec", 5), ("qos", 6)] where !row[column].isEmpty {
      task.attributes.append((name, .text(row.text(column))))
    }
    return task
  }

  /// The number at the end of a name such as `openb-pod-0017`; nil if it has none.
  private static func number(atEndOf name: UnsafeRawBufferPointer) -> Int64? {
    let digits = name.reversed().prefix { $0 &- 0x30 < 10 }.count
    return parseInteger(UnsafeRawBufferPointer(rebasing: name.suffix(digits)))
  }

  private static func record(_ row: FieldRow) throws(RowError) -> TaskRecord {
    guard let number = number(atEndOf: row[0]) else {
      throw row.malformed(0, "a name that ends in a number")
    }
    let gpus = try row.integer(3, in: 0...100_000) * row.integer(4, in: 0...1000)
    if isBare(row) {
      return bare(number, request: try resources(row, milliGPU: gpus), row)
    }
    let created = try row.seconds(8)
    let deleted = try row.optionalSeconds(9)
    let scheduled = try row.optionalSeconds(10)
    let phase = try row.label(7, phases)
    let (request, unknown) = try resources(row, milliGPU: gpus)
    var record = TaskRecord(
      id: TaskID(job: number), submit: created, runTime: .zero, request: request)
    record.flags = [.diskUnknown]
    if unknown.contains(.cpu) { record.flags.insert(.cpuUnknown) }
    if unknown.contains(.memory) { record.flags.insert(.memoryUnknown) }
    record.priorityClass = priorityClass(row.text(6))
    record.end = deleted ?? .never
    if deleted == nil { record.flags.insert(.cutOffAtEnd) }
    if let scheduled {
      guard scheduled >= created else { throw row.malformed(10, "at or after the creation_time") }
      record.attempts = 1
      record.firstSchedule = scheduled
      record.lastSchedule = scheduled
      record.waitTime = scheduled - created
      if let deleted {
        guard deleted >= scheduled else { throw row.malformed(9, "at or after the scheduled_time") }
        record.runTime = deleted - scheduled
      } else {
        record.flags.insert(.runTimeUnknown)
      }
    } else if let deleted {
      guard deleted >= created else { throw row.malformed(9, "at or after the creation_time") }
      record.waitTime = deleted - created
    } else {
      record.flags.insert(.waitTimeUnknown)
    }
    record.outcome =
      switch phases[phase] {
      case "Succeeded": .finished
      case "Failed": .failed
      case "Unknown": .lost
      default: deleted != nil ? .killed : scheduled != nil ? .running : .pending
      }
    return record
  }

  /// Whether a pod is in a list of what pods ask for.
  private static func isBare(_ row: FieldRow) -> Bool { row[7].isEmpty && row[8].isEmpty }

  /// A pod of which only that is known.
  private static func bare(
    _ number: Int64, request: (amounts: Resources, unknown: MachineEvent.Unknown), _ row: FieldRow
  ) -> TaskRecord {
    var record = TaskRecord(
      id: TaskID(job: number), submit: .zero, runTime: .zero, request: request.amounts)
    record.flags = [.diskUnknown, .runTimeUnknown, .waitTimeUnknown]
    if request.unknown.contains(.cpu) { record.flags.insert(.cpuUnknown) }
    if request.unknown.contains(.memory) { record.flags.insert(.memoryUnknown) }
    record.priorityClass = priorityClass(row.text(6))
    return record
  }

  private static func resources(
    _ row: FieldRow, milliGPU: Int64
  ) throws(RowError) -> (Resources, unknown: MachineEvent.Unknown) {
    let cpu = try row.knownNumber(1, upTo: 1e9)
    let memory = try row.knownNumber(2, upTo: 1e12)
    var unknown: MachineEvent.Unknown = .disk
    if cpu == nil { unknown.insert(.cpu) }
    if memory == nil { unknown.insert(.memory) }
    return (
      Resources(
        cpu: Cores((cpu ?? 0) / 1000), memory: Bytes(rounding: (memory ?? 0) * 1_048_576),
        milliGPU: milliGPU), unknown
    )
  }

  /// Kubernetes' quality of service: latency-sensitive and guaranteed pods are production.
  private static func priorityClass(_ qos: String) -> PriorityClass {
    switch qos {
    case "LS", "LSR", "Guaranteed": .production
    case "Burstable": .batch
    case "BE", "BestEffort": .bestEffort
    default: .unknown
    }
  }

  @Sendable private static func machineEvent(
    _ row: FieldRow, _ scale: MachineScale
  ) throws(RowError) -> FieldTableMachine {
    guard let number = number(atEndOf: row[0]) else {
      throw row.malformed(0, "a name that ends in a number")
    }
    let gpus = try row.integer(3, in: 0...100_000) * 1000
    let (capacity, unknown) = try resources(row, milliGPU: gpus)
    let event = MachineEvent(
      time: .zero, machine: number, kind: .add, capacity: capacity, unknown: unknown)
    let model = row.text(4)
    return FieldTableMachine(event, platform: model, kind: model.isEmpty ? "no GPU" : model)
  }
}
