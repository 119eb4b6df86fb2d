import Workload

/// Turns rows of the event tables into life-cycle events, and counts them on the way.
struct Google2011EventDecoder {
  private let table: Google2011Table
  private var summary = TableSurvey()
  private var eventCounts: [Int]
  /// The users' names.
  private(set) var users = SymbolTable()

  init(_ table: Google2011Table) {
    self.table = table
    eventCounts = Array(repeating: 0, count: LifeEvent.google2011.count)
  }

  /// The event of a row of `job_events` or `task_events`.
  mutating func event(_ row: TableRow) throws(RowError) -> LifecycleEvent {
    let event = table == .taskEvents ? try taskEvent(row) : try jobEvent(row)
    let missing =
      try row.optionalInteger(TaskEventColumn.missingInfo.rawValue, in: 0...2).map(Int.init)
    countEvent(event.time, code: Int(event.kind.rawValue), missing: missing)
    var marked = event
    marked.missingInfo = missing != nil
    return marked
  }

  private mutating func taskEvent(_ row: TableRow) throws(RowError) -> LifecycleEvent {
    let id = TaskID(
      job: try row.integer(TaskEventColumn.jobID.rawValue),
      index: Int32(try row.integer(TaskEventColumn.taskIndex.rawValue, in: 0...Int64(Int32.max))))
    let code = try row.integer(TaskEventColumn.eventType.rawValue, in: 0...8)
    var event = LifecycleEvent(
      id: id, kind: LifeEvent(rawValue: UInt8(code)) ?? .lost,
      time: try row.time(TaskEventColumn.time.rawValue))
    event.request = SIMD4(
      try row.amount(TaskEventColumn.cpuRequest.rawValue),
      try row.amount(TaskEventColumn.memoryRequest.rawValue),
      try row.amount(TaskEventColumn.diskRequest.rawValue), .nan)
    event.machine = try row.optionalInteger(TaskEventColumn.machineID.rawValue) ?? -1
    let priority = try row.integer(TaskEventColumn.priority.rawValue, in: 0...Int64(Int16.max))
    event.priority = Int16(priority)
    event.priorityClass = Self.priorityClass(priority)
    event.schedulingClass = try schedulingClass(row, TaskEventColumn.schedulingClass.rawValue)
    event.differentMachines =
      try row.optionalInteger(TaskEventColumn.differentMachines.rawValue, in: 0...1) == 1
    event.user = UserID(users.intern(row[TaskEventColumn.user.rawValue]))
    return event
  }

  private mutating func jobEvent(_ row: TableRow) throws(RowError) -> LifecycleEvent {
    let code = try row.integer(JobEventColumn.eventType.rawValue, in: 0...8)
    var event = LifecycleEvent(
      id: TaskID(job: try row.integer(JobEventColumn.jobID.rawValue)),
      kind: LifeEvent(rawValue: UInt8(code)) ?? .lost,
      time: try row.time(JobEventColumn.time.rawValue))
    event.schedulingClass = try schedulingClass(row, JobEventColumn.schedulingClass.rawValue)
    event.user = UserID(users.intern(row[JobEventColumn.user.rawValue]))
    return event
  }

  private func schedulingClass(_ row: TableRow, _ column: Int) throws(RowError) -> Int8 {
    Int8(try row.optionalInteger(column, in: 0...3) ?? -1)
  }

  /// The bands of the trace's notes; 12 is monitoring in its later versions.
  static func priorityClass(_ priority: Int64) -> PriorityClass {
    switch priority {
    case 0...1: .bestEffort
    case 2...8: .batch
    case 9...11: .production
    default: .monitoring
    }
  }

  /// Counts a row of any table without making an event of it.
  mutating func count(_ row: TableRow) throws(RowError) {
    switch table {
    case .jobEvents, .taskEvents:
      _ = try event(row)
    case .machineEvents:
      try row.validate()
      let code = try row.integer(MachineEventColumn.eventType.rawValue, in: 0...2)
      countEvent(
        try row.time(MachineEventColumn.time.rawValue), code: Int(code), missing: nil)
    case .machineAttributes: summary.add(time: try MachineAttribute(row).time)
    case .taskConstraints: summary.add(time: try TaskConstraint(row).time)
    case .taskUsage: summary.add(time: try TaskUsage(row).start)
    }
  }

  private mutating func countEvent(_ time: Microseconds, code: Int, missing: Int?) {
    summary.add(time: time)
    eventCounts[code] += 1
    if let missing { summary.missingInfo[missing, default: 0] += 1 }
  }

  /// What was counted, once the table has been read.
  func survey(_ reader: Google2011TableReader) -> TableSurvey {
    var survey = summary
    survey.rows = reader.rows
    survey.comments = reader.comments
    let names =
      switch table {
      case .jobEvents, .taskEvents: LifeEvent.google2011.map(\.name)
      case .machineEvents: ["ADD", "REMOVE", "UPDATE"]
      default: [String]()
      }
    survey.events = zip(names, eventCounts).map { .init(name: $0, count: $1) }
    return survey
  }
}
