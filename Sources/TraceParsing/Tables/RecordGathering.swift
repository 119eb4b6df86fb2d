import Workload

/// Takes a format's records in any order and hands them on in submit order, with everything that
/// comes beside them.
struct RecordGathering {
  var report = ReadReport()
  var survey = TableSurvey()
  var symbols = SymbolTable()
  var dependencies = DependencyTable()
  var attributes = TaskAttributes()
  var header: [String] = []
  private var events: [String: Int] = [:]
  private var eventOrder: [String] = []
  private var sorter: ExternalSorter<TaskRecord>
  private var failure: TraceError?
  private var repeated: RepeatedTasks?

  init(_ options: ReadOptions) {
    repeated = RepeatedTasks(
      bufferBytes: options.sortBufferBytes / 4, directory: options.temporaryDirectory)
    sorter = ExternalSorter(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
  }

  /// Adds a record. A failing disk is reported by `stream`.
  mutating func add(_ record: TaskRecord) {
    guard failure == nil else { return }
    do throws(TraceError) {
      try sorter.add(record)
      try repeated?.add(record.id)
      report.records += 1
    } catch {
      failure = error
    }
  }

  /// Counts an event or status by its name in the trace.
  mutating func count(_ event: String) {
    if events[event] == nil { eventOrder.append(event) }
    events[event, default: 0] += 1
  }

  /// Takes over what a reader counted for a table.
  mutating func finish(_ table: String, rows: Int, comments: Int, _ options: ReadOptions) {
    survey.rows = rows
    survey.comments = comments
    survey.events = eventOrder.map { .init(name: $0, count: events[$0] ?? 0) }
    do throws(TraceError) {
      if let repeated = try repeated.take()?.result() {
        survey.repeated = repeated.rows
        if let note = repeated.note { report.notes.append("\(table): \(note)") }
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
  consuming func stream() throws(TraceError) -> RecordStream {
    if let failure { throw failure }
    var sorted = try sorter.sorted()
    let stream = RecordStream(report: report, symbols: symbols) { _ throws(TraceError) in
      try sorted.next()
    }
    stream.dependencies = dependencies
    stream.attributes = attributes
    stream.header = header
    return stream
  }
}
