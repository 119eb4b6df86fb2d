import Diagnostics
import TraceInput
import Workload

/// Alibaba cluster-trace-v2017: 12 hours of 1,313 machines; its batch tasks and server events.
///
/// A row of `batch_task` is one record that stands for `instances` identical instances; its
/// request is that of one instance. 100 CPU are one core; memory and disk are fractions of the
/// largest machine's. The trace says when a task was created and when it last changed, not when it
/// was scheduled.
public struct Alibaba2017Format: TraceFormat {
  /// `alibaba-2017`.
  public let name = "alibaba-2017"

  /// The format; it has no settings.
  public init() {}

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

  /// The trace in `input`, known by its columns and the names of statuses and events.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let finder = FieldTableFinder(
      format: name,
      candidates: [
        .init(table: Self.batchTask, syntax: .csv) { AlibabaStatus.names.contains($0.text(5)) },
        .init(table: Self.serverEvent, syntax: .csv) { Self.eventNames.contains($0.text(2)) },
      ])
    return try FieldTableTrace(finder, input, asked: table).map(Alibaba2017Trace.init)
  }
}

/// An Alibaba v2017 trace that was found.
struct Alibaba2017Trace: RecognisedTrace {
  let relativeAmounts: RelativeAmounts = [.memory]
  let found: FieldTableTrace

  var format: String { found.format }
  var tables: [TraceTable] { found.tables }
  var notes: [String] { found.notes }
  var passedOver: [PassedOverFile] { found.passedOver }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    try gather(options).stream()
  }

  private func gather(_ options: ReadOptions) throws(TraceError) -> RecordGathering {
    var gathering = RecordGathering(options)
    var reader = try found.recordReader("batch_task", options)
    let scale = options.scale
    try reader.forEachRow(
      { row throws(RowError) in (try Self.record(row, scale), row.text(5)) },
      { (record, status) throws(TraceError) in
        gathering.count(status)
        gathering.survey.add(time: record.submit)
        gathering.add(record)
      })
    gathering.finish("batch_task", rows: reader.rows, comments: reader.comments, options)
    return gathering
  }

  private static func record(_ row: FieldRow, _ scale: MachineScale) throws(RowError) -> TaskRecord
  {
    let id = TaskID(
      job: try row.integer(2, in: 0...Int64.max),
      index: Int32(try row.integer(3, in: 0...Int64(Int32.max))))
    let status = AlibabaStatus.allCases[try row.label(5, AlibabaStatus.names)]
    let cpu = try row.optionalNumber(6, in: 0...1e9)
    let memory = try row.optionalNumber(7, in: 0...1e6)
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
    return try record.checked()
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    guard var reader = found.reader("server_event", options) else { return nil }
    var list = MachineEventList(events: [], symbols: SymbolTable())
    try reader.forEachRow { row throws(RowError) in
      list.events.append(try Self.machineEvent(row, options.scale))
    }
    return list.inTimeOrder()
  }

  /// `softerror` and `harderror` both take the machine away.
  private static func machineEvent(
    _ row: FieldRow, _ scale: MachineScale
  ) throws(RowError) -> MachineEvent {
    let kind = try row.label(2, Alibaba2017Format.eventNames)
    let capacity = SIMD4(
      .nan, try row.optionalNumber(5, in: 0...1e6) ?? .nan,
      try row.optionalNumber(6, in: 0...1e6) ?? .nan, .nan)
    var resources = scale.resources(capacity)
    resources.cpu = Cores(try row.optionalNumber(4, in: 0...1e6) ?? 0)
    return try MachineEvent(
      time: try row.seconds(0), machine: try row.integer(1, in: 0...Int64.max),
      kind: kind == 0 ? .add : .remove, capacity: resources, unknown: scale.unknown(capacity)
    ).checked()
  }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    if table == "batch_task" { return try gather(options).survey }
    guard var reader = found.reader(table, options) else { throw found.noTable(table) }
    var gathering = RecordGathering(options)
    try reader.forEachRow { row throws(RowError) in
      gathering.survey.add(time: try Self.machineEvent(row, options.scale).time)
      gathering.count(row.text(2))
    }
    gathering.finish(table, rows: reader.rows, comments: reader.comments, options)
    return gathering.survey
  }
}

extension MachineEventList {
  /// The events sorted by time; those of one time stay as they were.
  func inTimeOrder() -> MachineEventList {
    let order = events.indices.sorted {
      events[$0].time != events[$1].time ? events[$0].time < events[$1].time : $0 < $1
    }
    return MachineEventList(events: order.map { events[$0] }, symbols: symbols)
  }
}
