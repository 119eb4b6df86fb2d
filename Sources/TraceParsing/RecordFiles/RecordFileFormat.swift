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

  /// The record files in `input`: all of them are one table, whatever their folders.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let isDependencies = { (group: TraceInput.Group) in
      [".dependencies.", ".run-times.", ".usage."].contains(where: group.files[0].baseName.contains)
    }
    var pieces: [TablePieces] = []
    for group in input.groups where !isDependencies(group) {
      let piece = try TablePieces(group)
      if piece.has("submit_us") { pieces.append(piece) }
    }
    guard !pieces.isEmpty else { return nil }
    let used = pieces.map(\.group) + input.groups.filter(isDependencies)
    return RecordFileTrace(
      pieces: pieces, passedOver: input.passedOver(besides: used, format: name))
  }
}

/// Record files that were found.
struct RecordFileTrace: RecognisedTrace {
  let pieces: [TablePieces]
  let passedOver: [PassedOverFile]
  let format = "records"

  var tables: [TraceTable] { [TablePieces.traceTable("records", pieces)] }
  var notes: [Note] { TablePieces.notes("records", pieces.map(\.group)) }

  /// A time that comment lines at the beginning of a CSV file state.
  private func statedTime(_ key: String, _ group: TraceInput.Group) -> Microseconds? {
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
    if options.keepsColumns { try addAttributes(to: stream, options) }
    for file in pieces.flatMap(\.group.files) {
      guard case .file(let path) = file.location else { continue }
      try DependencyFile.read(beside: path, into: &stream.dependencies, options)
      try RunTimeFile.read(beside: path, into: &stream.dependencies.runTimes, options)
      if stream.usage == nil { stream.usage = try UsageFile.table(beside: path) }
    }
    return stream
  }

  private func addAttributes(
    to stream: RecordStream, _ options: ReadOptions
  ) throws(TraceError) {
    var reader = try RecordAttributes(options)
    for piece in pieces {
      let names = try RecordAttributes.names(piece)
      let unreadable = try RecordAttributes.unreadable(piece)
      if !unreadable.isEmpty {
        stream.report.notes.add(
          Note(
            .leftOut, "records", ["columns": Double(unreadable.count)],
            "columns that cannot be read are left out: " + unreadable.joined(separator: "; ")))
      }
      if names.isEmpty { continue }
      guard RecordAttributes.canBeRead(piece.group), pieces.count == 1 || piece.has("job_id") else {
        stream.report.notes.add(
          Note(
            .leftOut, "records", ["columns": Double(names.count)],
            "columns beside those of record files are left out, as the input can be read only once: "
              + names.joined(separator: ", ")))
        continue
      }
      try reader.read(piece.group, names, has: piece.has, &stream.symbols)
    }
    stream.attributes = reader.attributes
  }

  private func recordsAlone(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    let group = pieces[0].group
    let isOne = pieces.count == 1 && pieces[0].partition.isEmpty
    if !isOne || group.files.count > 1 { return try sortedRecords(options) }
    if group.isParquet { return try parquetRecords(group.files[0], options) }
    var checker = RecordOrderChecker()
    let reader = CSVRecordReader(group, options: options)
    var survey = TableSurvey()
    var tasks = RepeatedTasks(
      bufferBytes: options.sortBufferBytes / 4, directory: options.temporaryDirectory)
    var isDone = false
    return RecordStream(
      report: try initialReport(), symbols: SymbolTable()
    ) { stream throws(TraceError) in
      let record = try reader.next(&stream.symbols, checker: &checker)
      stream.report.rows["records"] = reader.rows
      stream.report.comments = reader.comments
      stream.report.rejects = options.rejects?.counts ?? [:]
      if let record {
        survey.add(record)
        try tasks.add(record.id)
        stream.report.records += 1
      } else if !isDone {
        isDone = true
        let repeated = try tasks.result()
        survey.repeated = repeated.rows
        if let note = repeated.note("records") { stream.report.notes.add(note) }
        (survey.rows, survey.comments) = (reader.rows, reader.comments)
        stream.report.surveys["records"] = survey
      }
      return record
    }
  }

  /// What is known before the first record.
  private func initialReport() throws(TraceError) -> ReadReport {
    var report = ReadReport()
    report.notes = notes
    var (first, last) = (Microseconds.never, Microseconds.zero)
    for group in pieces.map(\.group) {
      if group.isParquet {
        for file in group.files {
          let reader = try file.openParquet()
          first = min(
            first, ParquetRecordReader.time(RecordFileFormat.firstTimeKey, reader) ?? .never)
          last = max(last, ParquetRecordReader.time(RecordFileFormat.lastTimeKey, reader) ?? .zero)
        }
      } else {
        first = min(first, statedTime(RecordFileFormat.firstTimeKey, group) ?? .never)
        last = max(last, statedTime(RecordFileFormat.lastTimeKey, group) ?? .zero)
      }
    }
    (report.firstTime, report.lastTime) = (first, last)
    return report
  }

  private func parquetRecords(
    _ file: TraceInput.File, _ options: ReadOptions
  ) throws(TraceError) -> RecordStream {
    let reader = try ParquetRecordReader(file, options)
    var checker = RecordOrderChecker()
    var survey = TableSurvey()
    var failure: TraceError?
    // Of what this program wrote it has told which tasks are there twice.
    var tasks =
      reader.isOfThisProgram
      ? nil
      : RepeatedTasks(
        bufferBytes: options.sortBufferBytes / 4, directory: options.temporaryDirectory)
    return RecordStream(
      report: try initialReport(), symbols: SymbolTable(),
      bufferCapacity: ParquetRecordReader.batchSize
    ) { (stream, records) throws(TraceError) in
      if let failure { throw failure }
      while true {
        let read = try reader.read(into: records, &stream.symbols)
        if read == 0 {
          if let repeated = try tasks.take()?.result() {
            survey.repeated = repeated.rows
            stream.report.surveys["records"] = survey
            if let note = repeated.note("records") { stream.report.notes.add(note) }
          }
          return 0
        }
        var bad = reader.badRows[...]
        var (row, kept) = (0, 0)
        while row < read, failure == nil {
          let end = bad.first?.row ?? read
          let good = checker.accept(UnsafeBufferPointer(rebasing: records[row..<end]), &survey)
          if kept < row {
            for place in 0..<good { records[kept + place] = records[row + place] }
          }
          (row, kept) = (row + good, kept + good)
          guard row < read else { break }
          let error =
            row < end
            ? checker.failure(records[row], file: file.name, row: reader.rows - read + row + 1)
            : bad.popFirst()?.error
          while bad.first?.row == row { bad.removeFirst() }
          row += 1
          guard let error else { continue }
          guard let rejects = options.rejects else {
            failure = error
            break
          }
          try rejects.add(error, reason: "bad record", row: "")
          survey.rows += 1
        }
        survey.rows += kept
        if tasks != nil { for row in 0..<kept { try tasks?.add(records[row].id) } }
        stream.report.records += kept
        stream.report.rows["records"] = survey.rows
        stream.report.surveys["records"] = survey
        stream.report.rejects = options.rejects?.counts ?? [:]
        if kept > 0 { return kept }
        if let failure { throw failure }
      }
    }
  }

  /// Several files: other programs put their rows where they like, so all are sorted.
  private func sortedRecords(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    var gathering = RecordGathering(options)
    gathering.report = try initialReport()
    var reader = RecordPartReader(options)
    for piece in pieces { try reader.read(piece, &gathering) }
    gathering.finish("records", rows: reader.rows, comments: reader.comments, options)
    return try gathering.stream()
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? { nil }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    let stream = try records(options)
    var survey = TableSurvey()
    var tasks = RepeatedTasks(
      bufferBytes: options.sortBufferBytes / 4, directory: options.temporaryDirectory)
    while let record = try stream.next() {
      survey.add(record)
      try tasks.add(record.id)
    }
    survey.repeated = try tasks.result().rows
    survey.rows = stream.report.rows["records"] ?? 0
    survey.comments = stream.report.comments
    return survey
  }
}

/// Checks what every consumer relies on: submit order, and values in their ranges.
struct RecordOrderChecker {
  private var last = Microseconds.zero

  /// What is wrong with the record, or nil; the record counts as seen by `accept` only.
  func problem(_ record: TaskRecord) -> String? {
    if record.submit < last {
      return "submit_us \(record.submit.rawValue) is before the record above "
        + "(\(last.rawValue)); records are sorted by submit_us"
    }
    return record.rangeIssue
  }

  mutating func accept(_ record: TaskRecord) { last = record.submit }

  /// Counts the times of records up to the first that is wrong, and returns how many.
  mutating func accept(
    _ records: UnsafeBufferPointer<TaskRecord>, _ survey: inout TableSurvey
  ) -> Int {
    for index in records.indices {
      // Whatever is negative, too large or out of order, at once.
      let submit = records[index].submit.rawValue
      let times = submit | records[index].runTime.rawValue | records[index].waitTime.rawValue
      let amounts =
        records[index].request.cpu.nano | records[index].request.memory.rawValue
        | records[index].request.disk.rawValue | records[index].maxRequest.cpu.nano
        | records[index].maxRequest.memory.rawValue | records[index].maxRequest.disk.rawValue
      let signs =
        (submit &- last.rawValue) | (Ranges.time.upperBound &- times)
        | (Ranges.amount.upperBound &- amounts) | times | amounts
      if signs < 0, problem(records[index]) != nil { return index }
      last = records[index].submit
      survey.add(records[index])
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
