import TraceParsing
import Workload

/// Where `convert` puts records, whatever the layout.
final class RecordOutput {
  private enum Writer {
    case records(any TableWriter<TaskRecord>)
    case google2011(Google2011TraceWriter, MachineEventList?)
    case swf(StandardWorkloadWriter)
  }

  private let writer: Writer
  private let stream: RecordStream
  private let rowsPerPart: Int
  private let path: String
  private let layout: ConvertCommand.Layout

  init(
    _ layout: ConvertCommand.Layout, path: String, rowsPerPart: Int, format: String,
    stream: RecordStream, begin: Microseconds = .zero, firstJob: Int64 = 0,
    machines: () throws(TraceError) -> MachineEventList? = { nil },
    _ options: ReadOptions
  ) throws(TraceError) {
    self.stream = stream
    self.rowsPerPart = rowsPerPart
    self.path = path
    self.layout = layout
    switch layout {
    case .records:
      writer = .records(
        try TableFileKind(path: path).writer(
          path: path, columns: RecordColumn.table, symbols: { stream.symbols.strings },
          metadata: [
            "tracemill.version": Tracemill.version, "tracemill.format": format,
            "tracemill.scale.cores": "\(options.scale.cores)",
            "tracemill.scale.memory_bytes": "\(options.scale.memory.rawValue)",
            "tracemill.scale.disk_bytes": "\(options.scale.disk.rawValue)",
            RecordFileFormat.firstTimeKey: "\(stream.report.firstTime.rawValue)",
            RecordFileFormat.lastTimeKey: "\(stream.report.lastTime.rawValue)",
          ], threads: options.threads))
    case .google2011:
      // Only in Google's traces does a time of 0 mean "before the trace".
      let isGoogle = ["google-2011", "google-2019", "records"].contains(format)
      let tables = Set(stream.report.rows.keys)
      let jobLevel = tables.contains("job_events") && !tables.contains("task_events")
      let writer = try Google2011TraceWriter(
        path: path, jobLevel: jobLevel, traceEnd: stream.report.lastTime,
        shift: isGoogle ? .zero : Microseconds(600_000_000), options: options)
      (writer.begin, writer.firstJob) = (begin, firstJob)
      self.writer = .google2011(writer, try machines())
    case .swf:
      writer = .swf(try StandardWorkloadWriter(path: path, stream: stream, format: format))
    }
  }

  func write(_ record: TaskRecord) throws(TraceError) {
    switch writer {
    case .records(let writer): try writer.write(record)
    case .google2011(let writer, _): try writer.write(record)
    case .swf(let writer): try writer.write(record)
    }
  }

  /// Writes a task whose attempts are known, with all of them where the layout shows them.
  func write(_ record: TaskRecord, attempts: [TaskAttempt]) throws(TraceError) {
    if case .google2011(let writer, _) = writer, !attempts.isEmpty {
      return try writer.write(record, attempts: attempts)
    }
    try write(record)
  }

  /// Whether `parts` parts are sure to be full when all tasks submitted before `time` are written.
  func isFull(parts: Int, before time: Microseconds) -> Bool {
    guard case .google2011(let writer, _) = writer else { return false }
    return writer.rows(before: time) / parts >= rowsPerPart
  }

  func write(contentsOf records: UnsafeBufferPointer<TaskRecord>) throws(TraceError) {
    if case .records(let writer) = writer { return try writer.write(contentsOf: records) }
    for record in records { try write(record) }
  }

  /// Completes the output; returns what its layout has no place for.
  ///
  /// - Parameter parts: after how many parts a table of events ends.
  func finish(parts: Int? = nil) throws(TraceError) -> [String: Int] {
    var leftOut: [String: Int] = [:]
    switch writer {
    case .records(let writer):
      try DependencyFile.write(stream.dependencies, beside: path)
      try writer.finish()
    case .google2011(let writer, let machines):
      try writer.finish(
        symbols: stream.symbols, machines: machines, rowsPerPart: rowsPerPart, parts: parts)
      leftOut = writer.summary.leftOut
    case .swf(let writer):
      try writer.finish()
      if writer.leftOut > 0 { leftOut["dependencies"] = writer.leftOut }
    }
    if layout == .google2011, stream.dependencies.count > 0 {
      leftOut["dependencies"] = stream.dependencies.count
    }
    if layout != .swf {
      let attributes = stream.attributes.tasks.count
      if attributes > 0 { leftOut["tasks' further attributes"] = attributes }
    }
    return leftOut
  }
}
