import Diagnostics
import TraceInput
import Workload

/// Alibaba cluster-trace-gpu-v2023: 8,152 pods on 1,523 nodes with GPUs.
///
/// A pod is one record; its GPU request is `num_gpu` times `gpu_milli`. A pod that was deleted
/// before it was scheduled has no schedule time, no attempt, and the outcome `killed`; so has a
/// running one that was deleted, but for its one attempt. `num_gpu`, `gpu_milli`, `gpu_spec` and
/// `qos` are kept in the stream's attributes.
public struct AlibabaGPU2023Format: TraceFormat {
  /// `alibaba-gpu-2023`.
  public let name = "alibaba-gpu-2023"

  /// The format; it has no settings.
  public init() {}

  static let pods = FieldTable(
    "pods",
    [
      ColumnSpec("name", .text, true), ColumnSpec("cpu_milli", .number, true),
      ColumnSpec("memory_mib", .number, true), ColumnSpec("num_gpu", .integer, true),
      ColumnSpec("gpu_milli", .integer, true), ColumnSpec("gpu_spec", .text),
      ColumnSpec("qos", .text), ColumnSpec("pod_phase", .text, true),
      ColumnSpec("creation_time", .number, true), ColumnSpec("deletion_time", .number),
      ColumnSpec("scheduled_time", .number),
    ])

  static let nodes = FieldTable(
    "nodes",
    [
      ColumnSpec("sn", .text, true), ColumnSpec("cpu_milli", .number, true),
      ColumnSpec("memory_mib", .number, true), ColumnSpec("gpu", .integer, true),
      ColumnSpec("model", .text),
    ])

  /// The trace in `input`, known by the headers of its tables.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let finder = FieldTableFinder(
      format: name,
      candidates: [
        .init(table: Self.pods, syntax: .csvWithHeader),
        .init(table: Self.nodes, syntax: .csvWithHeader),
      ])
    return try FieldTableTrace(finder, input, asked: table).map(AlibabaGPU2023Trace.init)
  }
}

/// An Alibaba GPU v2023 trace that was found.
struct AlibabaGPU2023Trace: RecognisedTrace {
  let found: FieldTableTrace

  var format: String { found.format }
  var tables: [TraceTable] { found.tables }
  var notes: [String] { found.notes }
  var passedOver: [PassedOverFile] { found.passedOver }

  private static let phases = ["Pending", "Running", "Succeeded", "Failed", "Unknown"]

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    try gather(options).stream()
  }

  /// A row of `pods`.
  private struct Pod: Sendable {
    let record: TaskRecord
    let phase, spec, qos: String
    let gpus, milli: Int64

    init(_ row: FieldRow) throws(RowError) {
      record = try AlibabaGPU2023Trace.record(row)
      (spec, qos, phase) = (row.text(5), row.text(6), row.text(7))
      gpus = try row.integer(3)
      milli = try row.integer(4)
    }
  }

  private func gather(_ options: ReadOptions) throws(TraceError) -> RecordGathering {
    var gathering = RecordGathering(options)
    var reader = try found.recordReader("pods", options)
    try reader.forEachRow(
      { row throws(RowError) in try Pod(row) },
      { pod throws(TraceError) in
        let record = pod.record
        gathering.count(pod.phase)
        gathering.survey.add(time: record.submit)
        gathering.add(record)
        gathering.attributes.set("num_gpu", of: record.id, to: Double(pod.gpus))
        gathering.attributes.set("gpu_milli", of: record.id, to: Double(pod.milli))
        for (name, text) in [("gpu_spec", pod.spec), ("qos", pod.qos)] where !text.isEmpty {
          let symbol = gathering.symbols.intern(text)
          gathering.attributes.set(name, .symbol, of: record.id, to: Double(symbol))
        }
      })
    gathering.finish("pods", rows: reader.rows, comments: reader.comments, options)
    return gathering
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
    let created = try row.seconds(8)
    let deleted = try row.optionalSeconds(9)
    let scheduled = try row.optionalSeconds(10)
    let phase = try row.label(7, phases)
    var record = TaskRecord(
      id: TaskID(job: number), submit: created, runTime: .zero,
      request: try resources(row, milliGPU: gpus))
    record.flags = [.diskUnknown]
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
    return try record.checked()
  }

  private static func resources(_ row: FieldRow, milliGPU: Int64) throws(RowError) -> Resources {
    Resources(
      cpu: Cores(try row.number(1, in: 0...1e9) / 1000),
      memory: Bytes(rounding: try row.number(2, in: 0...1e12) * 1_048_576), milliGPU: milliGPU)
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

  /// Every node, there from the start; its platform is its GPU model.
  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    guard var reader = found.reader("nodes", options) else { return nil }
    var list = MachineEventList(events: [], symbols: SymbolTable())
    try reader.forEachRow { row throws(RowError) in
      list.events.append(try Self.machineEvent(row, &list.symbols))
    }
    return list
  }

  private static func machineEvent(
    _ row: FieldRow, _ symbols: inout SymbolTable
  ) throws(RowError) -> MachineEvent {
    guard let number = number(atEndOf: row[0]) else {
      throw row.malformed(0, "a name that ends in a number")
    }
    let gpus = try row.integer(3, in: 0...100_000) * 1000
    return try MachineEvent(
      time: .zero, machine: number, kind: .add, capacity: try resources(row, milliGPU: gpus),
      unknown: .disk, platform: symbols.intern(row[4])
    ).checked()
  }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    if table == "pods" { return try gather(options).survey }
    guard var reader = found.reader(table, options) else { throw found.noTable(table) }
    var gathering = RecordGathering(options)
    try reader.forEachRow { row throws(RowError) in
      var symbols = SymbolTable()
      gathering.survey.add(time: try Self.machineEvent(row, &symbols).time)
      gathering.count(row.text(4).isEmpty ? "no GPU" : row.text(4))
    }
    gathering.finish(table, rows: reader.rows, comments: reader.comments, options)
    return gathering.survey
  }
}
