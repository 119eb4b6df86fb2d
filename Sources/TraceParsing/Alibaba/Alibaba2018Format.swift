import Diagnostics
import TraceInput
import Workload

/// Alibaba cluster-trace-v2018: eight days of 4,000 machines; its batch tasks, its machines, and what these used.
///
/// A row of `batch_task` is one record that stands for `instance_num` identical instances; its
/// request is that of one instance. 100 CPU are one core; memory is in hundredths of the largest
/// machine's, and -1 and 101 are no values. What a task waits for is in its name and goes to the
/// stream's `dependencies` (in memory: one entry an edge). `task_type` is not kept.
public enum Alibaba2018Format {
  /// `alibaba-2018`, known by its columns, statuses and machine names. A machine's first row adds it,
  /// later ones update it; the platform is its status.
  public static let format = FieldTableFormat(
    name: "alibaba-2018",
    tasks: .init(
      batchTask, .csv, accepts: { AlibabaStatus.names.contains($0.text(4)) },
      statuses: AlibabaStatus.names, read: record),
    machines: .init(
      machineMeta, .csv, accepts: { $0.text(0).hasPrefix("m_") }, firstRowAdds: true,
      read: machineEvent),
    readings: .init(
      machineUsage, .csv, accepts: { $0.text(0).hasPrefix("m_") },
      measures: [("CPU", "%"), ("memory", "%"), ("disk I/O", "%")], read: reading),
    relativeAmounts: [.memory],
    summary: FormatSummary(
      about: "Alibaba cluster-trace-v2018",
      knownBy: "9 fields without a header, the fifth a status",
      tables: [
        "batch_task", "machine_meta (machines)", "machine_usage (machines' use over time)",
      ],
      reads: [
        "job_id", "task_index", "submit_us", "run_us", "end_us", "outcome", "instances",
        "cpu_cores", "memory_bytes", "dependencies",
      ],
      limits: [
        "memory is a share of the largest machine's", "submission is the start, no wait is known",
        "of machine_usage, which inspect surveys, CPU, memory and disk I/O are read",
      ]))

  static let batchTask = FieldTable(
    "batch_task",
    [
      ColumnSpec("task_name", .text, true), ColumnSpec("instance_num", .number, true),
      ColumnSpec("job_name", .text, true), ColumnSpec("task_type", .text),
      ColumnSpec("status", .text, true), ColumnSpec("start_time", .number),
      ColumnSpec("end_time", .number), ColumnSpec("plan_cpu", .number),
      ColumnSpec("plan_mem", .number),
    ])

  static let machineMeta = FieldTable(
    "machine_meta",
    [
      ColumnSpec("machine_id", .text, true), ColumnSpec("time_stamp", .number, true),
      ColumnSpec("failure_domain_1", .text), ColumnSpec("failure_domain_2", .text),
      ColumnSpec("cpu_num", .number), ColumnSpec("mem_size", .number),
      ColumnSpec("status", .text),
    ])

  static let machineUsage = FieldTable(
    "machine_usage",
    [
      ColumnSpec("machine_id", .text, true), ColumnSpec("time_stamp", .number, true),
      ColumnSpec("cpu_util_percent", .number), ColumnSpec("mem_util_percent", .number),
      ColumnSpec("mem_gps", .number), ColumnSpec("mkpi", .number), ColumnSpec("net_in", .number),
      ColumnSpec("net_out", .number), ColumnSpec("disk_io_percent", .number),
    ])

  @Sendable private static func reading(
    _ row: FieldRow
  ) throws(RowError) -> FieldTableReading {
    if row[0].isEmpty { throw row.empty(0, "a machine's name") }
    // -1 and 101 mark what is no value.
    func percent(_ column: Int) throws(RowError) -> Double {
      let value = try row.knownNumber(column, upTo: 101) ?? .nan
      return value > 100 ? .nan : value
    }
    return FieldTableReading(
      machine: number(ofName: row[0], prefix: "m_"), time: try row.seconds(1),
      values: [try percent(2), try percent(3), try percent(8), .nan])
  }

  @Sendable private static func record(
    _ row: FieldRow, _ scale: MachineScale
  ) throws(RowError) -> FieldTableTask {
    if row[0].isEmpty { throw row.empty(0, "a task name") }
    if row[2].isEmpty { throw row.empty(2, "a job name") }
    let name = AlibabaTaskName(row[0])
    let label = try row.label(4, AlibabaStatus.names)
    let status = AlibabaStatus.allCases[label]
    let cpu = try row.knownNumber(7, upTo: 1e9)
    var memory = try row.knownNumber(8, upTo: 101)
    if memory == 101 { memory = nil }
    let request = Resources(
      cpu: Cores((cpu ?? 0) / 100),
      memory: scale.resources([.nan, (memory ?? .nan) / 100, .nan, .nan]).memory)
    var record = TaskRecord(
      id: TaskID(job: number(ofName: row[2], prefix: "j_"), index: name.index),
      submit: try row.optionalSeconds(5) ?? .zero, runTime: .zero, request: request)
    record.instances = Int32(try row.integer(1, in: Ranges.instances))
    record.priorityClass = .batch
    if cpu == nil { record.flags.insert(.cpuUnknown) }
    if memory == nil { record.flags.insert(.memoryUnknown) }
    if record.submit == .zero { record.flags.insert(.cutOffAtStart) }
    record.setLife(
      status, last: try row.optionalSeconds(6) ?? .zero, hasRun: status.outcome != .pending)
    return FieldTableTask(record, status: label, predecessors: name.predecessors)
  }

  /// `j_17` is 17; any other name gets a number from 2^62 on by its hash.
  private static func number(ofName name: UnsafeRawBufferPointer, prefix: String) -> Int64 {
    if name.starts(with: prefix.utf8), name.count > prefix.utf8.count {
      let digits = UnsafeRawBufferPointer(rebasing: name[prefix.utf8.count...])
      // `j_017` is another name than `j_17`.
      if digits[0] != UInt8(ascii: "-"), isCanonicalInteger(digits),
        let number = parseInteger(digits), number < 1 << 62
      {
        return number
      }
    }
    return Int64(1 << 62 | fnv1a(name) >> 2)
  }

  @Sendable private static func machineEvent(
    _ row: FieldRow, _ scale: MachineScale
  ) throws(RowError) -> FieldTableMachine {
    if row[0].isEmpty { throw row.empty(0, "a machine's name") }
    let memory = try row.knownNumber(5, upTo: 101).flatMap { $0 > 100 ? nil : $0 / 100 }
    let cores = try row.knownNumber(4, upTo: 1e6)
    let normalised = SIMD4(cores ?? .nan, memory ?? .nan, .nan, .nan)
    var capacity = scale.resources(normalised)
    // Cores are stated as such.
    capacity.cpu = Cores(cores ?? 0)
    let event = MachineEvent(
      time: try row.seconds(1), machine: number(ofName: row[0], prefix: "m_"), kind: .update,
      capacity: capacity, unknown: scale.unknown(normalised))
    return FieldTableMachine(event, platform: row.text(6), kind: row.text(6))
  }
}

/// What the name of a v2018 task says of its place in its job's graph.
struct AlibabaTaskName: Equatable {
  /// Its number in the job.
  var index: Int32
  /// The numbers of the tasks that it waits for.
  var predecessors: [Int32]

  /// `M5_3_4` is task 5, which waits for 3 and 4. Whatever follows the numbers means nothing.
  ///
  /// A name without a number, such as `task_Nzg3`, is a task of its own: it gets an index from 2^30
  /// on by the FNV-1a hash of its name, so that two of one job share one with probability 2^-30.
  init(_ name: UnsafeRawBufferPointer) {
    let parts = name.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    let letters = parts.first?.prefix { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a } ?? []
    if !letters.isEmpty, let first = parts.first,
      let number = Self.number(first[letters.endIndex...])
    {
      index = number
      predecessors = []
      for part in parts.dropFirst() {
        guard let number = Self.number(part) else { break }
        predecessors.append(number)
      }
    } else {
      index = Int32(1 << 30 | Int(fnv1a(name) >> 34))
      predecessors = []
    }
  }

  private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int32? {
    let bytes = UnsafeRawBufferPointer(rebasing: digits)
    guard let first = bytes.first, first &- 0x30 < 10, let value = parseInteger(bytes),
      value < 1 << 30
    else { return nil }
    return Int32(value)
  }
}

/// The 64-bit FNV-1a hash.
func fnv1a(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
  return hash
}
