import TraceInput
import Workload

/// One line of a Standard Workload Format log, as read; nil is -1.
struct StandardWorkloadJob {
  let id: TaskID
  /// Nil only for stretches of a job after the first.
  private(set) var submit: Microseconds?
  private(set) var status: Int64
  private var wait: Microseconds?
  private var run: Microseconds?
  private var estimate: Microseconds?
  private var user: Int64?
  /// How many stretches a job that was interrupted has, the first one's wait and the last one's run time.
  private var stretches = 1
  private var firstWait: Microseconds?
  private var lastRun: Microseconds?
  /// The fields that go to the attributes.
  private var others: [(StandardWorkloadColumn, Double)] = []

  /// What is believed at most of a field that is no time: processors, kilobytes, numbers.
  private static func largest(_ column: StandardWorkloadColumn) -> Double {
    switch column {
    case .allocatedProcessors, .requestedProcessors: Ranges.cores.upperBound.rounded(.down)
    case .thinkTime, .averageCPU: Ranges.seconds.upperBound
    default: 1e15
    }
  }

  init(_ row: FieldRow) throws(RowError) {
    typealias Column = StandardWorkloadColumn
    id = TaskID(job: try row.integer(Column.job.rawValue, in: 0...Int64.max))
    status = try row.integer(Column.status.rawValue, in: -1...5)
    let isPartial = (2...4).contains(status)
    submit =
      isPartial ? try Self.span(row, .submit) : try row.seconds(Column.submit.rawValue)
    wait = try Self.span(row, .wait)
    run = try Self.span(row, .run)
    (firstWait, lastRun) = (wait, run)
    estimate = try Self.span(row, .requestedTime)
    let user = try row.integer(Column.user.rawValue, in: -1...Int64.max)
    self.user = user < 0 ? nil : user
    for column in Column.allCases where column.attribute != nil {
      // The fields that are whole numbers by the standard must be; the others may have a fraction.
      let isWhole = StandardWorkloadColumn.table.columns[column.rawValue].kind == .integer
      let value =
        isWhole
        ? Double(try row.integer(column.rawValue, in: -1...1_000_000_000_000_000))
        : try row.number(column.rawValue, in: -1...Self.largest(column))
      guard value >= 0 else {
        guard value == -1 else {
          throw row.malformed(column.rawValue, "-1 (unknown) or at least 0")
        }
        continue
      }
      others.append((column, value))
    }
    if let issue = rangeIssue {
      throw RowError(column: nil, message: issue, reason: "value out of range")
    }
  }

  private static func span(
    _ row: FieldRow, _ column: StandardWorkloadColumn
  ) throws(RowError) -> Microseconds? {
    let value = try row.number(column.rawValue, in: -1...Ranges.seconds.upperBound)
    guard value < 0 else { return Microseconds(seconds: value) }
    guard value == -1 else { throw row.malformed(column.rawValue, "-1 (unknown) or at least 0") }
    return nil
  }

  private func known(_ column: StandardWorkloadColumn) -> Double? {
    others.first { $0.0 == column }?.1
  }

  /// What is out of range of its record; nil if nothing is.
  var rangeIssue: String? { record.rangeIssue }

  /// The status as the standard calls it.
  var statusName: String {
    switch status {
    case 0: "failed"
    case 1: "completed"
    case 2: "partial, continued"
    case 3: "partial, completed"
    case 4: "partial, failed"
    case 5: "cancelled"
    default: "unknown status"
    }
  }

  /// Whether the line is one stretch of a job that was interrupted (checkpointed), not the job.
  var isPartial: Bool { (2...4).contains(status) }

  /// The job that began as this line says and went on as `later` does; what a later stretch waited is counted
  /// from the end of the one before.
  func joined(with later: StandardWorkloadJob) -> StandardWorkloadJob {
    var job = submit == nil ? later : self
    let other = submit == nil ? self : later
    job.run = [job.run, other.run].compactMap { $0 }.reduce(nil) { ($0 ?? .zero) + $1 }
    job.wait = job.wait.flatMap { wait in other.wait.map { wait + $0 } }
    job.stretches += other.stretches
    job.lastRun = later.lastRun
    job.status = max(status, later.status)
    return job
  }

  /// Adds the job's record, its attributes and its dependency.
  func add(to gathering: inout RecordGathering) {
    var record = record
    if let user { record.user = UserID(gathering.symbols.intern(String(user))) }
    gathering.add(record)
    if gathering.keepsAttributes {
      for (column, value) in others {
        if let name = column.attribute { gathering.attributes.set(name, of: id, to: value) }
      }
    } else if others.contains(where: { $0.0.attribute != nil }) {
      gathering.attributes.omitted += 1
    }
    if let preceding = known(.precedingJob), preceding > 0 {
      let think = known(.thinkTime).map(Microseconds.init(seconds:)) ?? .zero
      gathering.dependencies.add(id, after: TaskID(job: Int64(preceding)), think: think)
    }
  }

  private var record: TaskRecord {
    let submit = submit ?? .zero
    var record = TaskRecord(id: id, submit: submit, runTime: run ?? .zero, request: request)
    record.waitTime = wait ?? .zero
    record.estimate = estimate ?? .never
    if wait == nil { record.flags.insert(.waitTimeUnknown) }
    if run == nil { record.flags.insert(.runTimeUnknown) }
    if processors == nil { record.flags.insert(.cpuUnknown) }
    if known(.requestedMemory) == nil { record.flags.insert(.memoryUnknown) }
    record.flags.insert(.diskUnknown)
    if let processors, processors > 1 { record.flags.insert(.spansMachines) }
    // A job that failed or was cancelled without a moment's running never started.
    let started = (run ?? .zero) > .zero || (status != 0 && status != 5)
    if started {
      record.attempts = Int32(clamping: stretches)
      // Where the wait is not known these are the earliest times; the flag says so.
      record.firstSchedule = submit + (firstWait ?? .zero)
      record.lastSchedule = record.firstSchedule
      if let run {
        record.end = max(submit + (wait ?? .zero), record.firstSchedule) + run
        if stretches > 1, let lastRun { record.lastSchedule = record.end - lastRun }
      }
    } else {
      record.end = submit + (wait ?? .zero)
    }
    record.outcome =
      switch status {
      case 0, 4: .failed
      case 5: .killed
      case 1, 3: .finished
      // No line says how it went on.
      case 2: .lost
      default: run == nil ? .lost : .finished
      }
    return record
  }

  private var processors: Double? {
    let requested = known(.requestedProcessors) ?? 0
    return requested > 0 ? requested : known(.allocatedProcessors).flatMap { $0 > 0 ? $0 : nil }
  }

  private var request: Resources {
    let count = processors ?? 0
    let memory = (known(.requestedMemory) ?? 0) * 1024 * max(1, count)
    return Resources(cpu: Cores(count), memory: Bytes(rounding: memory))
  }
}
