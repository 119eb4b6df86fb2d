import Diagnostics
import TraceInput
import Workload

/// Alibaba cluster-trace-v2017: 12 hours of 1,313 machines; its batch tasks and server events.
///
/// A row of `batch_task` is one record that stands for `instances` identical instances; its
/// request is that of one instance. 100 CPU are one core; memory and disk are fractions of the
/// largest machine's. The trace says when a task was created and when it last changed, not when it
/// was scheduled.
public enum Alibaba2017Format {
  /// `alibaba-2017`, known by its columns and the names of statuses and events.
  public static let format = FieldTableFormat(
    name: "alibaba-2017",
    tasks: .init(
      batchTask, .csv, accepts: { AlibabaStatus.names.contains($0.text(5)) },
      statuses: AlibabaStatus.names, read: record),
    machines: .init(
      serverEvent, .csv, accepts: { eventNames.contains($0.text(2)) }, read: machineEvent),
    relativeAmounts: [.memory],
    summary: FormatSummary(
      about: "Alibaba cluster-trace-v2017",
      knownBy: "8 fields without a header, the sixth a status",
      tables: ["batch_task", "server_event (machines)"],
      reads: [
        "job_id", "task_index", "submit_us", "end_us", "outcome", "instances", "cpu_cores",
        "memory_bytes",
      ],
      limits: ["memory is a share of the largest machine's", "instances and usage are not read"]))

  static let batchTask = FieldTable(
    "batch_task",
    [
      ColumnSpec("task_create_time", .number, true), ColumnSpec("task_end_time", .number),
      ColumnSpec("job_id", .integer, true), ColumnSpec("task_id", .integer, true),
      ColumnSpec("instance_num", .number, true), ColumnSpec("status", .text, true),
      ColumnSpec("plan_cpu", .number), ColumnSpec("plan_mem", .number),
    ])

  static let serverEvent = FieldTable(
    "server_event",
    [
      ColumnSpec("timestamp", .number, true), ColumnSpec("machine_id", .integer, true),
      ColumnSpec("event_type", .text, true), ColumnSpec("event_detail", .text),
      ColumnSpec("plan_cpu", .number), ColumnSpec("plan_mem", .number),
      ColumnSpec("plan_disk", .number),
    ], minimum: 4)

  static let eventNames = ["add", "softerror", "harderror"]

  @Sendable private static func record(
    _ row: FieldRow, _ scale: MachineScale
  ) throws(RowError) -> FieldTableTask {
    let id = TaskID(
      job: try row.integer(2, in: 0...Int64.max),
      index: Int32(try row.integer(3, in: 0...Int64(Int32.max))))
    let label = try row.label(5, AlibabaStatus.names)
    let status = AlibabaStatus.allCases[label]
    let cpu = try row.knownNumber(6, upTo: 1e9)
    let memory = try row.knownNumber(7, upTo: 1e6)
    let request = Resources(
      cpu: Cores((cpu ?? 0) / 100),
      memory: scale.resources([.nan, memory ?? .nan, .nan, .nan]).memory)
    // Some were created before the trace, or ended before it, and have negative times.
    let created = Microseconds(
      seconds: try row.number(0, in: -Ranges.seconds.upperBound...Ranges.seconds.upperBound))
    var record = TaskRecord(id: id, submit: max(.zero, created), runTime: .zero, request: request)
    if created < .zero { record.flags.insert(.cutOffAtStart) }
    record.instances = Int32(try row.integer(4, in: Ranges.instances))
    record.priorityClass = .batch
    if cpu == nil { record.flags.insert(.cpuUnknown) }
    if memory == nil { record.flags.insert(.memoryUnknown) }
    // The trace leaves out the requests of what never ran.
    let neverRan = status.outcome == .pending || (status != .running && cpu == nil && memory == nil)
    let last =
      try row.optionalNumber(1, in: -Ranges.seconds.upperBound...Ranges.seconds.upperBound) ?? 0
    record.setLife(status, last: Microseconds(seconds: max(0, last)), hasRun: !neverRan)
    if last < 0, record.outcome.hasEnded { record.end = .zero }
    return FieldTableTask(record, status: label)
  }

  /// `softerror` and `harderror` both take the machine away.
  @Sendable private static func machineEvent(
    _ row: FieldRow, _ scale: MachineScale
  ) throws(RowError) -> FieldTableMachine {
    let kind = try row.label(2, eventNames)
    let cores = try row.knownNumber(4, upTo: 1e6)
    let capacity = SIMD4(
      cores ?? .nan, try row.knownNumber(5, upTo: 1e6) ?? .nan,
      try row.knownNumber(6, upTo: 1e6) ?? .nan, .nan)
    var resources = scale.resources(capacity)
    // Cores are stated as such.
    resources.cpu = Cores(cores ?? 0)
    let event = MachineEvent(
      time: try row.seconds(0), machine: try row.integer(1, in: 0...Int64.max),
      kind: kind == 0 ? .add : .remove, capacity: resources, unknown: scale.unknown(capacity))
    return FieldTableMachine(event, kind: eventNames[kind])
  }
}
