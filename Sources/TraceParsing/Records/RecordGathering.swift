import Diagnostics
import TraceInput
import Workload

/// Takes a format's records in any order and hands them on in submit order, with everything that
/// comes beside them. Memory is bounded by the options' sort buffer.
public struct RecordGathering {
  /// What was counted.
  public var report = ReadReport()
  /// What was counted in the table that records are made from.
  public var survey = TableSurvey()
  /// The users' names.
  public var symbols = SymbolTable()
  /// Which tasks wait for which.
  public var dependencies = DependencyTable()
  /// What the format says beyond the records.
  public var attributes = TaskAttributes()
  /// Whether that is kept: see `ReadOptions.keepsAttributes`.
  public let keepsAttributes: Bool
  var header: [String] = []
  /// Whether times are counted from the first submission.
  var shiftsToFirst = false
  /// What was counted, in the order in which it came: a few names.
  private var events: [TableSurvey.EventCount] = []
  private var lastEvent = 0
  private var sorter: ExternalSorter<TaskRecord>
  private var failure: TraceError?
  private var repeated: RepeatedTasks?

  /// Nothing yet; what exceeds the options' sort buffer goes to their temporary folder.
  public init(_ options: ReadOptions) {
    keepsAttributes = options.keepsAttributes
    repeated = RepeatedTasks(
      bufferBytes: options.sortBufferBytes / 4, directory: options.temporaryDirectory)
    sorter = ExternalSorter(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
  }

  /// Adds a record. A failing disk is reported by `stream`.
  public mutating func add(_ record: TaskRecord) { add(record, check: 0) }

  /// The same of a record whose job has a name: `check` tells it from others with its number.
  @inline(__always)
  mutating func add(_ record: TaskRecord, check: UInt32) {
    guard failure == nil else { return }
    do throws(TraceError) {
      try sorter.add(record)
      try repeated?.add(record.id, check: check)
      report.records += 1
    } catch {
      failure = error
    }
  }

  /// Counts an event or status by its name in the trace.
  public mutating func count(_ event: String, times: Int = 1) {
    if lastEvent < events.count, events[lastEvent].name == event {
      events[lastEvent].count += times
    } else if let place = events.firstIndex(where: { $0.name == event }) {
      events[place].count += times
      lastEvent = place
    } else {
      lastEvent = events.count
      events.append(.init(name: event, count: times))
    }
  }

  /// Takes over what a reader counted for a table.
  public mutating func finish(_ table: String, rows: Int, comments: Int, _ options: ReadOptions) {
    survey.rows = rows
    survey.comments = comments
    survey.events = events
    do throws(TraceError) {
      if let repeated = try repeated.take()?.result() {
        survey.repeated = repeated.rows
        if let shared = repeated.shared {
          throw TraceError(
            .malformedRow, "two names of jobs have the number \(shared): the table cannot be read")
        }
        if let note = repeated.note(table) { report.notes.add(note) }
      }
    } catch {
      failure = failure ?? error
    }
    report.rows[table] = rows
    report.comments += comments
    report.surveys[table] = survey
    report.rejects = options.rejects?.counts ?? [:]
    report.firstTime = min(report.firstTime, survey.firstTime)
    if survey.firstTime.isKnown { report.lastTime = max(report.lastTime, survey.lastTime) }
  }

  /// The records in submit order.
  public consuming func stream() throws(TraceError) -> RecordStream {
    if let failure { throw failure }
    var sorted = try sorter.sorted()
    let shift = shiftsToFirst && survey.firstTime.isKnown ? survey.firstTime : .zero
    if shift > .zero { report.shift(by: shift) }
    let stream = RecordStream(report: report, symbols: symbols, bufferCapacity: 64) {
      (_, records) throws(TraceError) in
      var count = 0
      while count < records.count, let first = sorted.first {
        let record = shift > .zero ? first.pointee.shifted(by: shift) : first.pointee
        records.initializeElement(at: count, to: record)
        count += 1
        try sorted.removeFirst()
      }
      return count
    }
    stream.dependencies = dependencies
    stream.attributes = attributes
    stream.header = header
    return stream
  }
}

extension ReadReport {
  /// Counts times from `start`.
  mutating func shift(by start: Microseconds) {
    firstTime = firstTime.shifted(by: start)
    lastTime = lastTime.shifted(by: start)
    for (table, var survey) in surveys {
      survey.firstTime = survey.firstTime.shifted(by: start)
      survey.lastTime = survey.lastTime.shifted(by: start)
      surveys[table] = survey
    }
  }
}

extension TaskRecord {
  /// The record with times counted from `start`; what was before the trace stays there.
  func shifted(by start: Microseconds) -> TaskRecord {
    var record = self
    record.submit = submit.shifted(by: start)
    record.firstSchedule = firstSchedule.shifted(by: start)
    record.lastSchedule = lastSchedule.shifted(by: start)
    record.end = end.shifted(by: start)
    record.deadline = deadline.shifted(by: start)
    return record
  }
}

extension Microseconds {
  fileprivate func shifted(by start: Microseconds) -> Microseconds {
    isKnown && self > start ? self - start : isKnown ? .zero : self
  }
}
