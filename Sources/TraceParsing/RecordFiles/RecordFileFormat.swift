import Diagnostics
import Parquet
import TraceInput
import Workload

/// Tracemill's own record files: what `tracemill convert` writes, and any CSV or Parquet file that
/// uses the same column names. Only `submit_us` must be there.
public struct RecordFileFormat: TraceFormat {
  public let name = "records"

  /// The key in a Parquet file's footer, or in a comment line of CSV, under which the trace's first
  /// real time stands, in µs.
  public static let firstTimeKey = "tracemill.first_time_us"

  /// The same of its last real time.
  public static let lastTimeKey = "tracemill.last_time_us"

  public init() {}

  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let groups = input.groups.filter { !$0.files[0].baseName.contains(".dependencies.") }
    guard groups.count == 1, let group = groups.first else { return nil }
    let notes = input.ignored.map { "\($0) is neither text nor an archive: ignored" }
    if group.head.starts(with: Array("PAR1".utf8)) {
      guard case .file(let path) = group.files[0].location else { return nil }
      let reader = try ParquetRecordReader.open(path)
      guard reader.columns.contains(where: { $0.name == "submit_us" }) else { return nil }
      return RecordFileTrace(group: group, isParquet: true, ignored: notes)
    }
    let lines = group.head.split(separator: 0x0a)
    guard let line = lines.first(where: { $0.first != UInt8(ascii: "#") }), isHeader(line) else {
      return nil
    }
    return RecordFileTrace(group: group, isParquet: false, ignored: notes)
  }

  /// Whether `line` is CSV, with the one column that must be there among its fields.
  private func isHeader(_ line: ArraySlice<UInt8>) -> Bool {
    let header = RowBatch()
    do throws(TraceError) {
      guard try LibCSVRowReader(MemoryStream(Array(line), name: "")).nextBatch(header) else {
        return false
      }
    } catch {
      return false  // what is no CSV may be another format's
    }
    return header.withRow(0) { row in (0..<row.count).contains { row.text($0) == "submit_us" } }
  }
}

/// A record file that was found.
struct RecordFileTrace: RecognisedTrace {
  let group: TraceInput.Group
  let isParquet: Bool
  let ignored: [String]
  let format = "records"

  var tables: [TraceTable] {
    [
      TraceTable(
        name: "records", parts: group.files.count, total: group.total, missing: group.missing)
    ]
  }

  var notes: [String] {
    var notes = ignored
    if !group.missing.isEmpty {
      let ranges = group.missing.map {
        $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
      }
      notes.append("records: part \(ranges.joined(separator: ", ")) missing")
    }
    if let total = group.total, group.files.count + group.missingCount < total {
      notes.append("records: \(group.files.count) of \(total) parts given")
    }
    return notes
  }

  /// A time that comment lines at the beginning of a CSV file state.
  private func statedTime(_ key: String) -> Microseconds? {
    let prefix = Array("# \(key)=".utf8)
    for line in group.head.split(separator: 0x0a) {
      guard line.first == UInt8(ascii: "#") else { break }
      guard line.starts(with: prefix) else { continue }
      let digits = String(decoding: line.dropFirst(prefix.count), as: UTF8.self)
      guard let value = Int64(digits.filter { $0 != "\r" }), value >= 0 else { return nil }
      return Microseconds(value)
    }
    return nil
  }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    let stream = try recordsAlone(options)
    for file in group.files {
      guard case .file(let path) = file.location else { continue }
      try DependencyFile.read(beside: path, into: &stream.dependencies, options)
    }
    return stream
  }

  private func recordsAlone(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    var checker = RecordOrderChecker()
    if isParquet { return try parquetRecords(options) }
    let reader = CSVRecordReader(group, options: options)
    var report = ReadReport()
    report.firstTime = statedTime(RecordFileFormat.firstTimeKey) ?? .never
    report.lastTime = statedTime(RecordFileFormat.lastTimeKey) ?? .zero
    report.notes = notes
    return RecordStream(report: report, symbols: SymbolTable()) { stream throws(TraceError) in
      let record = try reader.next(&stream.symbols, checker: &checker)
      stream.report.rows["records"] = reader.rows
      stream.report.comments = reader.comments
      stream.report.rejects = options.rejects?.counts ?? [:]
      if record != nil { stream.report.records += 1 }
      return record
    }
  }

  /// All parts as one stream; only the one being read is open.
  private func parquetRecords(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    var paths: [String] = []
    var report = ReadReport()
    report.notes = notes
    for file in group.files {
      guard case .file(let path) = file.location else { continue }
      paths.append(path)
      let reader = try ParquetRecordReader(path: path, meter: nil)
      report.firstTime = min(
        report.firstTime, reader.time(RecordFileFormat.firstTimeKey) ?? .never)
      report.lastTime = max(report.lastTime, reader.time(RecordFileFormat.lastTimeKey) ?? .zero)
    }
    var rest = paths[...]
    var part: (path: String, reader: ParquetRecordReader)?
    var checker = RecordOrderChecker()
    var survey = TableSurvey()
    var failure: TraceError?
    return RecordStream(
      report: report, symbols: SymbolTable(), bufferCapacity: ParquetRecordReader.batchSize
    ) { (stream, records) throws(TraceError) in
      if let failure { throw failure }
      while true {
        if part == nil {
          guard let path = rest.popFirst() else { return 0 }
          let reader = try ParquetRecordReader(
            path: path, meter: options.meter, firstJob: stream.report.records)
          part = (path, reader)
        }
        guard let current = part else { return 0 }
        let read = try current.reader.read(into: records, &stream.symbols)
        if read == 0 {
          part = nil
          continue
        }
        let good = checker.accept(UnsafeBufferPointer(rebasing: records[..<read]), &survey)
        if good < read {
          failure = checker.failure(
            records[good], file: current.path, row: current.reader.rows - read + good + 1)
          if good == 0, let failure { throw failure }
        }
        survey.rows += good
        stream.report.records += good
        stream.report.rows["records"] = survey.rows
        stream.report.surveys["records"] = survey
        return good
      }
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
    let instances = record.instances
    return instances < 1 ? "instances \(instances) is below 1" : nil
  }

  mutating func accept(_ record: TaskRecord) { last = record.submit }

  /// Counts the times of records up to the first that is wrong, and returns how many.
  mutating func accept(
    _ records: UnsafeBufferPointer<TaskRecord>, _ survey: inout TableSurvey
  ) -> Int {
    for index in records.indices {
      // The sign of all that must not be negative, and order, at once.
      let submit = records[index].submit.rawValue
      let signs =
        submit | (submit &- last.rawValue) | records[index].runTime.rawValue
        | records[index].waitTime.rawValue | records[index].request.cpu.nano
        | records[index].request.memory.rawValue | records[index].request.disk.rawValue
        | records[index].request.milliGPU | (Int64(records[index].instances) - 1)
      if signs < 0, problem(records[index]) != nil { return index }
      last = records[index].submit
      survey.add(time: last)
    }
    return records.count
  }

  /// The error for a record that has a problem.
  func failure(_ record: TaskRecord, file: String, row: Int) -> TraceError? {
    problem(record).map {
      TraceError(
        record.submit < last ? .disorder : .malformedRow, "record \(row): \($0)", file: file)
    }
  }
}
