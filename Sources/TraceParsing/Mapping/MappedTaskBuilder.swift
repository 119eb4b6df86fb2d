import Diagnostics
import Tables
import TraceInput
import Workload

/// Makes a record of one row's values.
struct MappedTaskBuilder {
  /// A task as one row tells it.
  struct Task {
    var record: TaskRecord
    var times = MappedTimes()
    /// As of `MappedContext.jobCheck`.
    var check: UInt32 = 0
    /// What rows said of each attempt, by its start; empty where rows are no attempts, or there is one row.
    var attempts: [Int64: MappedTimes] = [:]

    /// Run times of attempts, summed; nil unless there are several, each with its end.
    var attemptsRan: Int64? {
      guard attempts.count > 1 else { return nil }
      var sum: Int64 = 0
      for (first, attempt) in attempts {
        guard let end = attempt.end, attempt.outcome != .running, end >= first else { return nil }
        let (next, overflow) = sum.addingReportingOverflow(end - first)
        guard !overflow else { return nil }
        sum = next
      }
      return sum
    }
  }

  let plan: MappingPlan
  private let life: MappedLife
  private let blank: TaskRecord
  private let completions: [@Sendable (inout TaskRecord) -> Void]
  private let steps: [MappedStep]

  init(_ plan: MappingPlan, hasDecimalCommas: Bool = false) {
    steps = plan.columns.enumerated().map { place, column in
      MappedStep(
        column, at: place, hasDecimalCommas: hasDecimalCommas, numbersTasks: plan.numbersTasks)
    }
    self.plan = plan
    life = MappedLife(plan.targets)
    blank = RecordColumn.blank(without: plan.targets)
    completions = RecordColumn.completions(without: plan.targets)
  }

  /// The task of a row; times are not worked out yet.
  func read(
    _ row: MappedRow, _ context: MappedContext, _ symbols: inout SymbolTable
  ) throws(RowError) -> Task {
    var task = Task(record: blank)
    let values = row.values
    for step in steps {
      if step.kind != .rare, case .text(let bytes)? = values[step.slot],
        take(step, bytes, context, &task, &symbols)
      {
        continue
      }
      try set(plan.columns[step.column], row, context, &task, &symbols)
      if step.kind == .label, case .text(let bytes)? = values[step.slot] {
        context.labels.note(step.field.load(from: task.record), of: bytes, in: step.column)
      }
    }
    return task
  }

  /// Takes the text of a usual value; false if it is not usual.
  @inline(__always)
  private func take(
    _ step: MappedStep, _ bytes: UnsafeRawBufferPointer, _ context: MappedContext,
    _ task: inout Task, _ symbols: inout SymbolTable
  ) -> Bool {
    switch step.kind {
    case .rare: return false
    case .submit:
      guard let time = step.time(bytes, context), time >= 0 else { return false }
      task.times.submit = time
    case .first:
      guard let time = step.time(bytes, context), time >= 0 else { return false }
      task.times.first = time
    case .last:
      guard let time = step.time(bytes, context) else { return false }
      task.times.last = time
    case .end:
      guard let time = step.time(bytes, context), time >= 0 else { return false }
      task.times.end = time
    case .wait:
      guard let span = step.integer(bytes) else { return false }
      task.times.wait = span
    case .run:
      guard let span = step.integer(bytes) else { return false }
      task.times.run = span
    case .integer:
      guard step.whole != 0, let value = parseInteger(bytes) else { return false }
      let (product, overflow) = value.multipliedReportingOverflow(by: step.whole)
      guard !overflow, product >= step.range.least, product <= step.range.greatest else {
        return false
      }
      step.field.store(product, in: &task.record)
    case .number:
      guard let number = parseNumber(bytes) else { return false }
      step.field.store(Cores(number * step.factor).nano, in: &task.record)
    case .job:
      step.field.store(context.job(bytes), in: &task.record)
      task.check = context.jobCheck
    case .name:
      guard let name = context.names.identifier(bytes), name >= step.range.least,
        name <= step.range.greatest
      else { return false }
      step.field.store(name, in: &task.record)
    case .label:
      guard let meaning = context.labels.meaning(of: bytes, in: step.column) else { return false }
      step.field.store(meaning, in: &task.record)
      if step.isOutcome {
        task.times.outcome = Outcome(rawValue: UInt8(truncatingIfNeeded: meaning))
      }
    case .user: task.record.user = UserID(symbols.intern(bytes))
    }
    return true
  }

  private func set(
    _ column: MappingPlan.Column, _ row: MappedRow, _ context: MappedContext, _ task: inout Task,
    _ symbols: inout SymbolTable
  ) throws(RowError) {
    let source = column.source
    switch column.target.access {
    case .integer(let place):
      if try setTime(column, row, context, &task) { return }
      if column.target.name == "task_index", plan.numbersTasks {
        // Names are kept where something refers to them.
        let job = task.record.id.job
        if plan.dependencies?.areTasks ?? false, let name = source.value(row, context) {
          task.record.id.index = context.number(of: name.description, in: job)
        } else {
          task.record.id.index = context.nextNumber(in: job)
        }
        return
      }
      guard let value = try source.integer(row, context) else {
        // Jobs without a number would all be one. A file's name is not known yet where a format is sought.
        if column.target.name == "job_id", source.label != MappingPlan.fileColumn {
          throw source.problem("is missing")
        }
        return column.target.setMissing(&task.record)
      }
      guard column.target.range.contains(value) else {
        throw source.problem(
          "\(value) is not from \(column.target.range.lowerBound) to \(column.target.range.upperBound)"
        )
      }
      if column.target.name == "job_id" { task.check = context.jobCheck }
      if column.target.name == "attempts" { task.times.attempts = Int32(clamping: value) }
      place.store(value, in: &task.record)
    case .number(let place):
      guard let value = try source.number(row, context) else {
        return column.target.setMissing(&task.record)
      }
      place.store(Cores(value).nano, in: &task.record)
    case .flag(let flag):
      if try source.truth(row, context) ?? false { task.record.flags.insert(flag) }
    case .label(let names, let place):
      guard let value = source.value(row, context) else {
        return column.target.setMissing(&task.record)
      }
      let index = Self.index(of: value, in: names)
      guard let index else {
        throw source.problem(
          "'\(value.description.prefix(40))' is none of \(names.joined(separator: ", "))")
      }
      place.store(Int64(index), in: &task.record)
      if column.target.name == "outcome" { task.times.outcome = Outcome(rawValue: UInt8(index)) }
    case .user:
      guard let value = source.value(row, context) else { return }
      if case .text(let bytes) = value {
        task.record.user = UserID(symbols.intern(bytes))
      } else {
        task.record.user = UserID(symbols.intern(value.description))
      }
    }
  }

  private static func index(of value: CellValue, in names: [String]) -> Int? {
    if case .text(let bytes) = value {
      return names.firstIndex { bytes.elementsEqual($0.utf8) }
    }
    let text = value.description
    return names.firstIndex(of: text)
  }

  /// Takes the value of a time that lives are worked out of; false if the column is none.
  private func setTime(
    _ column: MappingPlan.Column, _ row: MappedRow, _ context: MappedContext, _ task: inout Task
  ) throws(RowError) -> Bool {
    let place: WritableKeyPath<MappedTimes, Int64?>
    switch column.target.name {
    case "submit_us": place = \.submit
    case "first_schedule_us": place = \.first
    case "last_schedule_us": place = \.last
    case "end_us": place = \.end
    case "wait_us": place = \.wait
    case "run_us": place = \.run
    default: return false
    }
    let value = try column.source.integer(row, context)
    task.times[keyPath: place] = value
    if let alive = column.source.alive, alive.holds(value, factor: column.aliveFactor) {
      switch place {
      case \.submit: task.times.beganBefore = true
      case \.first: task.times.startedBefore = true
      default: task.times.endsAfter = true
      }
      return true
    }
    if value == nil, place == \.submit, plan.fold.isEmpty {
      throw column.source.problem("is missing")
    }
    if let value, value < 0, place == \.submit || place == \.first || place == \.end {
      throw column.source.problem("\(value) µs is negative")
    }
    return true
  }

  /// Works out what follows from the times, and checks what everything relies on.
  func finish(_ task: Task, _ context: MappedContext) throws(RowError) -> TaskRecord {
    var (record, times) = (task.record, task.times)
    if let ran = task.attemptsRan { life.sum(ran, in: &times) }
    try life.complete(&record, times, context)
    for complete in completions { complete(&record) }
    if let problem = RecordOrderChecker().problem(record) {
      throw RowError(column: nil, message: problem, reason: "value out of range")
    }
    return record
  }
}

extension MappedTaskBuilder.Task {
  /// Takes another row of the same task where each is an attempt. An attempt is one by its start: logs that overlap have no
  /// more of them, and of what they say of one, what knows its end counts.
  ///
  /// - Returns: whether the row says what another one has said.
  mutating func foldAttempt(_ row: MappedTaskBuilder.Task) -> Bool {
    if attempts.isEmpty, let first = times.first { attempts[first] = times }
    var row = row
    var isKnown = row.times == times && times.end != nil
    if let first = row.times.first {
      if let known = attempts[first] {
        isKnown = true
        if known.end == nil, row.times.end != nil {
          attempts[first] = row.times
          row.times.first = nil
        } else {
          row.times = MappedTimes()
        }
      } else {
        attempts[first] = row.times
      }
    }
    fold(row)
    return isKnown
  }

  /// Takes what another row of the same task says: the earliest and the latest times, the largest
  /// requests; of anything else the first, and the last outcome.
  mutating func fold(_ other: MappedTaskBuilder.Task) {
    func least(_ a: Int64?, _ b: Int64?) -> Int64? { a.map { a in b.map { min(a, $0) } ?? a } ?? b }
    func most(_ a: Int64?, _ b: Int64?) -> Int64? { a.map { a in b.map { max(a, $0) } ?? a } ?? b }
    let starts = [times, other.times].count { $0.first != nil }
    times.submit = least(times.submit, other.times.submit)
    let latest = most(times.last ?? times.first, other.times.last ?? other.times.first)
    times.first = least(times.first, other.times.first)
    times.last = starts > 1 || times.last != nil ? latest : nil
    times.end = most(times.end, other.times.end)
    times.wait = times.wait.map { $0 + (other.times.wait ?? 0) } ?? other.times.wait
    times.run = times.run.map { $0 + (other.times.run ?? 0) } ?? other.times.run
    times.outcome = other.times.outcome ?? times.outcome
    if times.attempts != nil || other.times.attempts != nil || starts > 1 {
      times.attempts =
        (times.attempts ?? (starts > 0 ? 1 : 0))
        + (other.times.attempts ?? (other.times.first == nil ? 0 : 1))
    }
    times.beganBefore = times.beganBefore || other.times.beganBefore
    times.startedBefore = times.startedBefore || other.times.startedBefore
    times.endsAfter = times.endsAfter || other.times.endsAfter
    let unknown: [TaskRecord.Flags] = [.cpuUnknown, .memoryUnknown, .diskUnknown]
    let both = unknown.filter { record.flags.contains($0) && other.record.flags.contains($0) }
    record.flags.formUnion(other.record.flags)
    for flag in unknown where !both.contains(flag) { record.flags.remove(flag) }
    record.request = record.request.union(other.record.request)
    record.maxRequest = record.maxRequest.union(other.record.maxRequest)
    record.instances = max(record.instances, other.record.instances)
    if record.user == .unknown { record.user = other.record.user }
    if other.record.machine >= 0 { record.machine = other.record.machine }
    if record.priority < 0 { record.priority = other.record.priority }
    if record.priorityClass == .unknown { record.priorityClass = other.record.priorityClass }
    record.outcome = times.outcome ?? record.outcome
  }
}
