import Diagnostics
import TraceInput
import Workload

/// Turns rows of the event tables into life-cycle events, and counts them on the way.
struct Google2011EventDecoder {
  let table: Google2011Table
  private var summary = TableSurvey()
  private var eventCounts: [Int]
  /// The users' names, numbered within the part.
  var users = SymbolTable()
  private var knownUsers = 1
  /// What plain rows say of tasks.
  var rowEnds = RowEndCache()

  init(_ table: Google2011Table) {
    self.table = table
    eventCounts = Array(repeating: 0, count: LifeEvent.google2011.count)
  }

  /// The event of a row of `job_events` or `task_events`.
  @inline(__always)
  mutating func event(_ row: TableRow) throws(RowError) -> LifecycleEvent {
    var event = table == .taskEvents ? try taskEvent(row) : try jobEvent(row)
    let missing =
      try row.optionalInteger(TaskEventColumn.missingInfo.rawValue, in: 0...2).map(Int.init)
    countEvent(event.time, code: Int(event.kind.rawValue), missing: missing)
    if missing != nil { event.flags.insert(.missingInfo) }
    return event
  }

  @inline(__always)
  private mutating func taskEvent(_ row: TableRow) throws(RowError) -> LifecycleEvent {
    let id = TaskID(
      job: try row.integer(TaskEventColumn.jobID.rawValue),
      index: Int32(try row.integer(TaskEventColumn.taskIndex.rawValue, in: 0...Int64(Int32.max))))
    let code = try row.integer(TaskEventColumn.eventType.rawValue, in: 0...8)
    var event = LifecycleEvent(
      id: id, kind: LifeEvent(rawValue: UInt8(code)) ?? .lost,
      time: try row.time(TaskEventColumn.time.rawValue))
    event.request = NormalisedRequest(
      cpu: try row.amount(TaskEventColumn.cpuRequest.rawValue),
      memory: try row.amount(TaskEventColumn.memoryRequest.rawValue),
      disk: try row.amount(TaskEventColumn.diskRequest.rawValue))
    event.machine = try row.optionalInteger(TaskEventColumn.machineID.rawValue) ?? -1
    let priority = try row.integer(TaskEventColumn.priority.rawValue, in: 0...Int64(Int16.max))
    event.priority = Int16(priority)
    event.priorityClass = Self.priorityClass(priority)
    event.schedulingClass = try schedulingClass(row, TaskEventColumn.schedulingClass.rawValue)
    if try row.optionalInteger(TaskEventColumn.differentMachines.rawValue, in: 0...1) == 1 {
      event.flags.insert(.differentMachines)
    }
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

  @inline(__always) private func schedulingClass(_ row: TableRow, _ column: Int) throws(RowError)
    -> Int8
  {
    Int8(try row.optionalInteger(column, in: 0...3) ?? -1)
  }

  /// The bands of the trace's notes; 12 is monitoring in its later versions.
  @inline(__always) static func priorityClass(_ priority: Int64) -> PriorityClass {
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

  @inline(__always) mutating func countEvent(_ time: Microseconds, code: Int, missing: Int?) {
    summary.add(time: time)
    eventCounts[code] += 1
    if let missing { summary.missingInfo[missing, default: 0] += 1 }
  }

  /// What was counted since the last call.
  mutating func takeSurvey() -> TableSurvey {
    var survey = summary
    let names =
      switch table {
      case .jobEvents, .taskEvents: LifeEvent.google2011.map(\.name)
      case .machineEvents: ["ADD", "REMOVE", "UPDATE"]
      default: [String]()
      }
    survey.events = zip(names, eventCounts).map { .init(name: $0, count: $1) }
    summary = TableSurvey()
    for code in eventCounts.indices { eventCounts[code] = 0 }
    return survey
  }

  /// The users' names that were new since the last call, in the order of their numbers.
  mutating func takeNewUsers() -> [String] {
    let new = Array(users.strings[knownUsers...])
    knownUsers = users.count
    return new
  }
}

/// The events of one part of `task_events` or `job_events`.
final class Google2011EventPart: EventPart {
  private var reader: Google2011PartReader
  private var decoder: Google2011EventDecoder
  private var (rows, comments) = (0, 0)

  init(_ reader: Google2011PartReader, _ table: Google2011Table) {
    self.reader = reader
    decoder = Google2011EventDecoder(table)
  }

  func raiseLastTime(to time: Microseconds) { reader.accept(time) }

  func fill(_ batch: EventBatch) throws(TraceError) -> Bool {
    defer {
      batch.newNames = decoder.takeNewUsers()
      batch.rejects = reader.rejects
      reader.rejects = []
      batch.survey = decoder.takeSurvey()
      batch.survey.rows = reader.rows - rows
      batch.survey.comments = reader.comments - comments
      (rows, comments) = (reader.rows, reader.comments)
      batch.earliest = reader.earliest
      batch.latest = reader.lastTime
    }
    return try Self.fill(batch, &reader, &decoder)
  }

  private static func fill(
    _ batch: EventBatch, _ reader: inout Google2011PartReader,
    _ decoder: inout Google2011EventDecoder
  ) throws(TraceError) -> Bool {
    let events = batch.events
    var count = 0
    defer { batch.setCount(count) }
    let isPlain = reader.layout.isPublished && decoder.table == .taskEvents
    while count < EventBatch.capacity {
      if isPlain {
        count += reader.takePlain(
          into: UnsafeMutableBufferPointer(
            start: events + count, count: EventBatch.capacity - count),
          &decoder)
        if count == EventBatch.capacity { return true }
      }
      guard reader.rejects.count < Google2011PartReader.rejectLimit else { return true }
      guard let row = try reader.next() else { return reader.isPaused }
      do throws(RowError) {
        (events + count).initialize(to: try decoder.event(row))
        reader.accept(events[count].time)
        count &+= 1
      } catch {
        try reader.reject(error, row)
      }
    }
    return true
  }
}
