import Diagnostics
import TraceInput
import Workload

// The tables that are no events of jobs, tasks or machines, row by row.

/// Columns of `machine_attributes`.
public enum MachineAttributeColumn: Int, CaseIterable, Sendable {
  case time, machineID, name, value, deleted
}

/// Columns of `task_constraints`.
public enum TaskConstraintColumn: Int, CaseIterable, Sendable {
  case time, jobID, taskIndex, comparison, name, value
}

/// Columns of `task_usage`. CPU in shares of the largest machine's cores, memory and disk space of
/// its capacity.
public enum TaskUsageColumn: Int, CaseIterable, Sendable {
  case start, end, jobID, taskIndex, machineID, cpuRate, canonicalMemory, assignedMemory
  case unmappedPageCache, totalPageCache, maximumMemory, diskIOTime, localDiskSpace
  case maximumCPURate, maximumDiskIOTime, cyclesPerInstruction, memoryAccessesPerInstruction
  case samplePortion, aggregationType, sampledCPURate
}

/// A row of `machine_attributes`: a machine has an attribute from now on, or loses it.
public struct MachineAttribute: Equatable, Sendable {
  /// When; 0 is before the trace.
  public var time: Microseconds
  /// The machine's number.
  public var machine: Int64
  /// The attribute's (hashed) name.
  public var name: String
  /// Its value, a number or a hash; nil where the trace gives none.
  public var value: String?
  /// Whether the machine loses it.
  public var isDeleted: Bool
}

/// A row of `task_constraints`: a task may run only where an attribute compares as stated.
public struct TaskConstraint: Equatable, Sendable {
  /// How the machine's value must compare with the constraint's.
  public enum Comparison: UInt8, CaseIterable, Sendable {
    case equal, notEqual, less, greater
  }

  /// When; 0 is before the trace.
  public var time: Microseconds
  /// The task.
  public var id: TaskID
  /// How.
  public var comparison: Comparison
  /// The attribute's (hashed) name.
  public var name: String
  /// What it is compared with; nil where the trace gives nothing.
  public var value: String?
}

/// A row of `task_usage`: what a task used in a window of at most five minutes. NaN where the trace
/// says nothing; normalised as the trace is.
public struct TaskUsage: Equatable, Sendable {
  /// Beginning of the window.
  public var start: Microseconds
  /// Its end.
  public var end: Microseconds
  /// The task.
  public var id: TaskID
  /// Where it ran; -1 if the trace does not say.
  public var machine: Int64
  /// Mean CPU use, maximal CPU use, and a one-second sample of it (version 2.1 of the trace).
  public var cpuRate, maximumCPURate, sampledCPURate: Double
  /// Memory that the task could use, that was set aside for it, and the most it used.
  public var canonicalMemory, assignedMemory, maximumMemory: Double
  /// Page cache of the kernel: unmapped, and all of it.
  public var unmappedPageCache, totalPageCache: Double
  /// Disk time in seconds a second, mean and maximal; and local disk space.
  public var diskIOTime, maximumDiskIOTime, localDiskSpace: Double
  /// Hardware counters; known to be impossible at times.
  public var cyclesPerInstruction, memoryAccessesPerInstruction: Double
  /// Which share of the expected samples there is.
  public var samplePortion: Double
  /// Whether the figures are those of nested containers added up.
  public var isAggregated: Bool
}

extension MachineAttribute {
  init(_ row: TableRow) throws(RowError) {
    time = try row.time(MachineAttributeColumn.time.rawValue)
    machine = try row.integer(MachineAttributeColumn.machineID.rawValue)
    name = try row.text(MachineAttributeColumn.name.rawValue)
    value = row.optionalText(MachineAttributeColumn.value.rawValue)
    isDeleted =
      try row.optionalInteger(MachineAttributeColumn.deleted.rawValue, in: 0...1) == 1
  }
}

extension TaskConstraint {
  init(_ row: TableRow) throws(RowError) {
    time = try row.time(TaskConstraintColumn.time.rawValue)
    id = try row.task(TaskConstraintColumn.jobID.rawValue, TaskConstraintColumn.taskIndex.rawValue)
    let code = try row.integer(TaskConstraintColumn.comparison.rawValue, in: 0...3)
    comparison = Comparison(rawValue: UInt8(code)) ?? .equal
    name = try row.text(TaskConstraintColumn.name.rawValue)
    value = row.optionalText(TaskConstraintColumn.value.rawValue)
  }
}

extension TaskUsage {
  init(_ row: TableRow) throws(RowError) {
    func number(_ column: TaskUsageColumn) throws(RowError) -> Double {
      try row.number(column.rawValue)
    }
    start = try row.time(TaskUsageColumn.start.rawValue)
    end = try row.time(TaskUsageColumn.end.rawValue)
    id = try row.task(TaskUsageColumn.jobID.rawValue, TaskUsageColumn.taskIndex.rawValue)
    machine = try row.optionalInteger(TaskUsageColumn.machineID.rawValue) ?? -1
    cpuRate = try number(.cpuRate)
    maximumCPURate = try number(.maximumCPURate)
    sampledCPURate = try number(.sampledCPURate)
    canonicalMemory = try number(.canonicalMemory)
    assignedMemory = try number(.assignedMemory)
    maximumMemory = try number(.maximumMemory)
    unmappedPageCache = try number(.unmappedPageCache)
    totalPageCache = try number(.totalPageCache)
    diskIOTime = try number(.diskIOTime)
    maximumDiskIOTime = try number(.maximumDiskIOTime)
    localDiskSpace = try number(.localDiskSpace)
    cyclesPerInstruction = try number(.cyclesPerInstruction)
    memoryAccessesPerInstruction = try number(.memoryAccessesPerInstruction)
    samplePortion = try number(.samplePortion)
    isAggregated = try row.optionalInteger(TaskUsageColumn.aggregationType.rawValue, in: 0...1) == 1
  }
}

extension TableRow {
  /// A task's identity.
  func task(_ job: Int, _ index: Int) throws(RowError) -> TaskID {
    TaskID(
      job: try integer(job), index: Int32(try integer(index, in: 0...Int64(Int32.max))))
  }

  /// A finite number, or NaN where the field is empty.
  func number(_ column: Int) throws(RowError) -> Double {
    let bytes = self[column]
    if bytes.isEmpty { return .nan }
    guard let value = parseNumber(bytes) else { throw malformed(column, "a number") }
    return value
  }

  /// Text that must be there.
  func text(_ column: Int) throws(RowError) -> String {
    guard let text = optionalText(column) else {
      let name = layout.table.columns[column].name
      throw RowError(column: column, message: "\(name) is empty", reason: "empty \(name)")
    }
    return text
  }

  /// Text, or nil where the field is empty.
  func optionalText(_ column: Int) -> String? {
    let bytes = self[column]
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}

extension Google2011Trace {
  /// Calls `body` with every row of `machine_attributes`; nothing where there is no such table.
  public func machineAttributes(
    _ options: ReadOptions, _ body: (MachineAttribute) -> Void
  ) throws(TraceError) {
    try rows(of: .machineAttributes, options) { row throws(RowError) in
      body(try MachineAttribute(row))
    }
  }

  /// Calls `body` with every row of `task_constraints`; nothing where there is no such table.
  public func taskConstraints(
    _ options: ReadOptions, _ body: (TaskConstraint) -> Void
  ) throws(TraceError) {
    try rows(of: .taskConstraints, options) { row throws(RowError) in
      body(try TaskConstraint(row))
    }
  }

  /// Calls `body` with every row of `task_usage`; nothing where there is no such table.
  public func taskUsage(
    _ options: ReadOptions, _ body: (TaskUsage) -> Void
  ) throws(TraceError) {
    try rows(of: .taskUsage, options) { row throws(RowError) in body(try TaskUsage(row)) }
  }

  private func rows(
    of table: Google2011Table, _ options: ReadOptions,
    _ body: (TableRow) throws(RowError) -> Void
  ) throws(TraceError) {
    guard let (group, layout) = found[table] else { return }
    var reader = Google2011TableReader(group, layout: layout, options: options)
    try reader.forEachRow(body)
  }
}
