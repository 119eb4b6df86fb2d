import TraceInput

/// The six tables of Google's clusterdata-2011-2, with the columns of its format document (v2.1).
///
/// Times are microseconds, requests and capacities fractions of the largest machine's.
public enum Google2011Table: String, CaseIterable, Sendable {
  case jobEvents = "job_events"
  case taskEvents = "task_events"
  case machineEvents = "machine_events"
  case machineAttributes = "machine_attributes"
  case taskConstraints = "task_constraints"
  case taskUsage = "task_usage"

  /// The columns, in the order of the published files. The ordinals of the column enums below
  /// point into this list.
  public var columns: [ColumnSpec] {
    switch self {
    case .jobEvents: Self.jobEventColumns
    case .taskEvents: Self.taskEventColumns
    case .machineEvents: Self.machineEventColumns
    case .machineAttributes: Self.machineAttributeColumns
    case .taskConstraints: Self.taskConstraintColumns
    case .taskUsage: Self.taskUsageColumns
    }
  }

  /// How many of the columns a row must have: version 1 of the trace lacks the last of task_usage.
  var minimumColumns: Int { self == .taskUsage ? columns.count - 1 : columns.count }

  private static let jobEventColumns = [
    ColumnSpec("time", .integer, true), ColumnSpec("missing info", .integer),
    ColumnSpec("job ID", .integer, true), ColumnSpec("event type", .integer, true),
    ColumnSpec("user", .text), ColumnSpec("scheduling class", .integer),
    ColumnSpec("job name", .text), ColumnSpec("logical job name", .text),
  ]
  private static let taskEventColumns = [
    ColumnSpec("time", .integer, true), ColumnSpec("missing info", .integer),
    ColumnSpec("job ID", .integer, true), ColumnSpec("task index", .integer, true),
    ColumnSpec("machine ID", .integer), ColumnSpec("event type", .integer, true),
    ColumnSpec("user", .text), ColumnSpec("scheduling class", .integer),
    ColumnSpec("priority", .integer, true), ColumnSpec("CPU request", .number),
    ColumnSpec("memory request", .number), ColumnSpec("disk space request", .number),
    ColumnSpec("different machines restriction", .boolean),
  ]
  private static let machineEventColumns = [
    ColumnSpec("time", .integer, true), ColumnSpec("machine ID", .integer, true),
    ColumnSpec("event type", .integer, true), ColumnSpec("platform ID", .text),
    ColumnSpec("CPUs", .number), ColumnSpec("memory", .number),
  ]
  private static let machineAttributeColumns = [
    ColumnSpec("time", .integer, true), ColumnSpec("machine ID", .integer, true),
    ColumnSpec("attribute name", .text, true), ColumnSpec("attribute value", .text),
    ColumnSpec("attribute deleted", .boolean),
  ]
  private static let taskConstraintColumns = [
    ColumnSpec("time", .integer, true), ColumnSpec("job ID", .integer, true),
    ColumnSpec("task index", .integer, true), ColumnSpec("comparison operator", .integer, true),
    ColumnSpec("attribute name", .text, true), ColumnSpec("attribute value", .text),
  ]
  private static let taskUsageColumns = [
    ColumnSpec("start time", .integer, true), ColumnSpec("end time", .integer, true),
    ColumnSpec("job ID", .integer, true), ColumnSpec("task index", .integer, true),
    ColumnSpec("machine ID", .integer), ColumnSpec("CPU rate", .number),
    ColumnSpec("canonical memory usage", .number), ColumnSpec("assigned memory usage", .number),
    ColumnSpec("unmapped page cache", .number), ColumnSpec("total page cache", .number),
    ColumnSpec("maximum memory usage", .number), ColumnSpec("disk I/O time", .number),
    ColumnSpec("local disk space usage", .number), ColumnSpec("maximum CPU rate", .number),
    ColumnSpec("maximum disk IO time", .number), ColumnSpec("cycles per instruction", .number),
    ColumnSpec("memory accesses per instruction", .number), ColumnSpec("sample portion", .number),
    ColumnSpec("aggregation type", .boolean), ColumnSpec("sampled CPU usage", .number),
  ]
}

/// Columns of `job_events`.
public enum JobEventColumn: Int, CaseIterable, Sendable {
  case time, missingInfo, jobID, eventType, user, schedulingClass, jobName, logicalJobName
}

/// Columns of `task_events`. Requests are fractions of the largest machine's capacity.
public enum TaskEventColumn: Int, CaseIterable, Sendable {
  case time, missingInfo, jobID, taskIndex, machineID, eventType, user, schedulingClass, priority
  case cpuRequest, memoryRequest, diskRequest, differentMachines
}

/// Columns of `machine_events`. Capacities are fractions of the largest machine's.
public enum MachineEventColumn: Int, CaseIterable, Sendable {
  case time, machineID, eventType, platformID, cpus, memory
}
