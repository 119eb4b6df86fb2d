import Parquet
import Workload

/// Tracemill's own record files: what `tracemill convert` writes, and any CSV or Parquet file that
/// uses the same column names. Only `submit_us` must be there.
public struct RecordFileFormat: TraceFormat {
  public let name = "records"

  /// The key in a Parquet file's footer under which the trace's first real time stands, in µs.
  public static let firstTimeKey = "tracemill.first_time_us"

  /// The key in a Parquet file's footer under which the trace's last real time stands, in µs.
  public static let lastTimeKey = "tracemill.last_time_us"

  public init() {}

  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    guard input.groups.count == 1, let group = input.groups.first else { return nil }
    if group.head.starts(with: Array("PAR1".utf8)) {
      guard case .file(let path) = group.files[0].location else { return nil }
      let reader = try ParquetRecordReader.open(path)
      guard reader.columns.contains(where: { $0.name == "submit_us" }) else { return nil }
      return RecordFileTrace(group: group, isParquet: true)
    }
    let header = String(decoding: group.head.prefix { $0 != 0x0a }, as: UTF8.self)
    guard header.split(separator: ",").contains(where: { $0.trimmed == "submit_us" }) else {
      return nil
    }
    return RecordFileTrace(group: group, isParquet: false)
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text.drop { $0.isWhitespace || $0 == "\u{feff}" }
  }
}

/// A record file that was found.
struct RecordFileTrace: RecognisedTrace {
  let group: TraceInput.Group
  let isParquet: Bool
  let format = "records"

  var tables: [TraceTable] {
    [
      TraceTable(
        name: "records", parts: group.files.count, total: group.total, missing: group.missing)
    ]
  }

  var notes: [String] { [] }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    let stream = try recordsAlone(options)
    if case .file(let path) = group.files[0].location {
      stream.dependencies = try DependencyFile.read(beside: path, options)
    }
    return stream
  }

  private func recordsAlone(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    var checker = RecordOrderChecker()
    if isParquet, case .file(let path) = group.files[0].location {
      let reader = try ParquetRecordReader(path: path, meter: options.meter)
      var symbols = SymbolTable()
      var batch: [TaskRecord] = []
      var position = 0
      var report = ReadReport()
      report.firstTime = reader.time(RecordFileFormat.firstTimeKey) ?? .never
      report.lastTime = reader.time(RecordFileFormat.lastTimeKey) ?? .zero
      return RecordStream(report: report, symbols: symbols) { stream throws(TraceError) in
        if position == batch.count {
          try reader.read(into: &batch, &symbols)
          position = 0
          stream.symbols = symbols
          guard !batch.isEmpty else { return nil }
        }
        let record = batch[position]
        position += 1
        stream.report.records += 1
        stream.report.rows["records", default: 0] += 1
        try checker.check(record, file: path, row: stream.report.records)
        return record
      }
    }
    let reader = CSVRecordReader(group, options: options)
    return RecordStream(report: ReadReport(), symbols: SymbolTable()) { stream throws(TraceError) in
      let record = try reader.next(&stream.symbols, checker: &checker)
      stream.report.rows["records"] = reader.rows
      stream.report.comments = reader.comments
      stream.report.rejects = options.rejects?.counts ?? [:]
      if record != nil { stream.report.records += 1 }
      return record
    }
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? { nil }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    let stream = try records(options)
    var survey = TableSurvey()
    while let record = try stream.next() { survey.add(time: record.submit) }
    survey.rows = stream.report.rows["records"] ?? 0
    survey.comments = stream.report.comments
    return survey
  }
}

/// Checks what every consumer relies on: submit order, and amounts that are not negative.
struct RecordOrderChecker {
  private var last = Microseconds.zero

  mutating func check(_ record: TaskRecord, file: String, row: Int) throws(TraceError) {
    if let problem = problem(record) {
      throw TraceError(
        record.submit < last ? .disorder : .malformedRow, "record \(row): \(problem)", file: file)
    }
    last = record.submit
  }

  /// What is wrong with the record, or nil; the record counts as seen by `accept` only.
  func problem(_ record: TaskRecord) -> String? {
    let request = record.request
    if record.submit < .zero { return "submit_us \(record.submit.rawValue) is negative" }
    if record.submit < last {
      return "submit_us \(record.submit.rawValue) is before the record above "
        + "(\(last.rawValue)); records are sorted by submit_us"
    }
    if record.runTime < .zero || record.waitTime < .zero { return "a negative run_us or wait_us" }
    if request.cpu < .zero || request.memory < .zero || request.disk < .zero
      || request.milliGPU < 0
    {
      return "a negative request"
    }
    return record.instances < 1 ? "instances \(record.instances) is below 1" : nil
  }

  mutating func accept(_ record: TaskRecord) { last = record.submit }
}
