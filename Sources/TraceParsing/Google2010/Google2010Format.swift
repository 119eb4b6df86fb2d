import Diagnostics
import TraceInput
import Workload

/// Google's first cluster trace (2010, seven hours, version 1): one row a task and five-minute
/// window, separated by blanks.
///
/// A task's span is from its first window to the end of its last one, so times are multiples of
/// five minutes, and gaps in between count as running. The trace tells what a task used on
/// average, not what it asked for: its largest use in any window stands as its request, flagged
/// `requestAssumed`. Nor does it tell how a task ended: `lost`, or `running` in the last window.
/// The job type (0…3) is kept as scheduling class.
///
/// Task IDs may be larger than an index holds: tasks are numbered within their job by ID, and the
/// ID is the attribute `task_id`.
public struct Google2010Format: TraceFormat {
  /// `google-2010`.
  public let name = "google-2010"

  /// The format; it has no settings.
  public init() {}

  static let table = FieldTable(
    "task_windows",
    [
      ColumnSpec("Time", .number, true), ColumnSpec("ParentID", .integer, true),
      ColumnSpec("TaskID", .integer, true), ColumnSpec("JobType", .integer, true),
      ColumnSpec("NrmlTaskCores", .number, true), ColumnSpec("NrmlTaskMem", .number, true),
    ])

  /// The length of a window.
  static let window = Microseconds(300_000_000)

  /// The trace in `input`, known by six numbers a row, of which the first is a multiple of 300.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let finder = FieldTableFinder(
      format: name,
      candidates: [
        .init(table: Self.table, syntax: .blanks(header: "Time")) { row in
          parseInteger(row[0]).map { $0 % 300 == 0 } ?? false
        }
      ])
    return try FieldTableTrace(finder, input, asked: table).map(Google2010Trace.init)
  }
}

/// One row: what a task used in a window.
struct Google2010Window: BitwiseCopyable, ExternallySortable {
  var time: Microseconds
  var job: Int64
  var task: Int64
  var jobType: Int8
  /// Normalised cores and memory.
  var use: SIMD2<Double>

  var sortKey: SortKey { SortKey(major: job, minor: task, last: time.rawValue) }

  init(_ row: FieldRow) throws(RowError) {
    time = try row.seconds(0)
    guard time.rawValue % Google2010Format.window.rawValue == 0 else {
      throw row.malformed(0, "a multiple of 300 s")
    }
    job = try row.integer(1, in: 0...Int64.max)
    task = try row.integer(2, in: 0...Int64.max)
    jobType = Int8(try row.integer(3, in: 0...3))
    use = SIMD2(
      try row.number(4, in: Ranges.share),
      try row.number(5, in: Ranges.share))
  }
}

/// A version-1 trace that was found.
struct Google2010Trace: RecognisedTrace {
  let relativeAmounts: RelativeAmounts = [.cpu, .memory]
  let found: FieldTableTrace

  var format: String { found.format }
  var tables: [TraceTable] { found.tables }
  var notes: [Note] { found.notes }
  var passedOver: [PassedOverFile] { found.passedOver }

  func canSplit(_ table: String?) -> Bool { found.canSplit(Google2010Format.table.name) }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    var gathering = RecordGathering(options)
    var sorter = ExternalSorter<Google2010Window>(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    try read(options, &gathering) { window throws(TraceError) in try sorter.add(window) }
    let trace = gathering.survey.firstTime...(gathering.survey.lastTime + Google2010Format.window)
    gathering.report.lastTime = trace.upperBound
    var windows = try sorter.sorted()
    var next = try windows.next()
    var (job, index) = (Int64(-1), Int32(-1))
    while let first = next {
      index = first.job == job ? index + 1 : 0
      job = first.job
      var (last, use) = (first, first.use)
      next = try windows.next()
      while let window = next, window.job == first.job, window.task == first.task {
        last = window
        use = use.replacing(with: window.use, where: window.use .> use)
        next = try windows.next()
      }
      let record = Self.record(
        TaskID(job: job, index: index), first, last, use, within: trace, options.scale)
      gathering.attributes.set("task_id", of: record.id, to: Double(first.task))
      gathering.add(record)
    }
    return try gathering.stream()
  }

  private func read(
    _ options: ReadOptions, _ gathering: inout RecordGathering,
    _ body: (Google2010Window) throws(TraceError) -> Void
  ) throws(TraceError) {
    let name = Google2010Format.table.name
    var reader = try found.recordReader(name, options)
    try reader.forEachRow(
      { row throws(RowError) in try Google2010Window(row) },
      { window throws(TraceError) in
        // A time of 0 is a real one here.
        gathering.survey.firstTime = min(gathering.survey.firstTime, window.time)
        gathering.survey.lastTime = max(gathering.survey.lastTime, window.time)
        try body(window)
      })
    if reader.rows == 0 || !gathering.survey.firstTime.isKnown {
      gathering.survey.firstTime = .zero
    }
    gathering.finish(name, rows: reader.rows, comments: reader.comments, options)
  }

  private static func record(
    _ id: TaskID, _ first: Google2010Window, _ last: Google2010Window, _ use: SIMD2<Double>,
    within trace: ClosedRange<Microseconds>, _ scale: MachineScale
  ) -> TaskRecord {
    let end = last.time + Google2010Format.window
    var record = TaskRecord(
      id: id, submit: first.time, runTime: end - first.time,
      request: scale.resources([use[0], use[1], .nan, .nan]))
    record.flags = [.requestAssumed, .diskUnknown, .waitTimeUnknown]
    record.attempts = 1
    record.firstSchedule = first.time
    record.lastSchedule = first.time
    record.schedulingClass = first.jobType
    record.outcome = .lost
    if first.time == trace.lowerBound { record.flags.insert(.cutOffAtStart) }
    if end == trace.upperBound {
      record.flags.insert(.cutOffAtEnd)
      record.outcome = .running
    } else {
      record.end = end
    }
    return record
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? { nil }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    guard table == Google2010Format.table.name else { throw found.noTable(table) }
    var gathering = RecordGathering(options)
    try read(options, &gathering) { _ throws(TraceError) in }
    return gathering.survey
  }
}

extension Google2010Window: FragmentItem {
  func encode(to out: inout FragmentEncoder) {
    for value in [time.rawValue, job, task, Int64(jobType)] { out.put(value) }
    out.put(use[0])
    out.put(use[1])
  }

  init(from input: inout FragmentDecoder) {
    time = Microseconds(input.integer(Int64.self, in: Ranges.time))
    job = input.integer(Int64.self, in: 0...Int64.max)
    task = input.integer(Int64.self, in: 0...Int64.max)
    jobType = input.integer(Int8.self, in: 0...3)
    use = SIMD2(input.number(), input.number())
    if !Ranges.share.contains(use[0]) || !Ranges.share.contains(use[1]) { input.damage() }
  }
}
