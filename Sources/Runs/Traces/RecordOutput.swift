import Diagnostics
import Tables
import TraceInput
import TraceParsing
import Workload

/// The layouts that task records can be written in.
public enum RecordLayout: String, CaseIterable, Sendable {
  /// What the output's ending says.
  case records
  /// A folder in the layout of clusterdata-2011-2.
  case google2011 = "google-2011"
  /// A log in Standard Workload Format.
  case swf
  /// A workload of Batsim.
  case batsim
  /// A folder of workflows in WfCommons' WfFormat.
  case wfformat
  /// A folder with an OpenDC workload: tasks, fragments, topology.
  case opendc
  /// A list of events for the Slurm simulator.
  case slurmSimulator = "slurm-simulator"
  /// Nodes and pods for a cluster of kwok, an object a line.
  case kubernetes

  /// What it carries of records; nil where that is everything.
  public var places: LayoutPlaces? {
    switch self {
    case .records: nil
    case .google2011: Google2011TraceWriter.places
    case .swf: StandardWorkloadWriter.places
    case .batsim: BatsimWriter.places
    case .wfformat: WfFormatWriter.places
    case .opendc: OpenDCWriter.places
    case .slurmSimulator: SlurmSimulatorWriter.places
    case .kubernetes: KubernetesWriter.places
    }
  }

  /// What is asked for, or what the name of the output says.
  public func of(_ output: String) -> RecordLayout {
    self == .records && output.hasSuffix(".swf") ? .swf : self
  }
}

/// Where task records are written to, whatever the layout.
public final class RecordOutput {
  private enum Writer {
    case records(any TableWriter<TaskRecord>)
    case google2011(Google2011TraceWriter, MachineEventList?)
    case swf(StandardWorkloadWriter)
    case other(any LayoutWriter)
  }

  private let writer: Writer
  private let stream: RecordStream
  private let rowsPerPart: Int
  private let path: String
  private let layout: RecordLayout
  private let options: ReadOptions
  /// The records that were written, where a file beside them has rows about some of them.
  private var written = TaskNumbers()
  /// What the user should know of what lies beside the records, when all is written.
  public private(set) var notes: [Note] = []

  /// Begins an output; a `google-2011` one is a new folder.
  ///
  /// - Parameters:
  ///   - layout: what is written.
  ///   - path: the file or folder.
  ///   - rowsPerPart: rows of a part of google-2011.
  ///   - format: where the records come from, by the name of a format.
  ///   - stream: what is known of them besides.
  ///   - begin: when a google-2011 trace begins.
  ///   - firstJob: its first job number.
  ///   - machines: its machines, asked for if the layout has a place for them.
  ///   - options: how they were read.
  public init(
    _ layout: RecordLayout, path: String, rowsPerPart: Int, format: String,
    stream: RecordStream, begin: Microseconds = .zero, firstJob: Int64 = 0,
    machines: () throws(TraceError) -> MachineEventList? = { nil },
    _ options: ReadOptions
  ) throws(TraceError) {
    self.stream = stream
    self.rowsPerPart = rowsPerPart
    self.path = path
    self.layout = layout
    self.options = options
    switch layout {
    case .records:
      writer = .records(
        try TableFileKind(path: path).writer(
          path: path, columns: RecordColumn.table + stream.attributes.table,
          symbols: { stream.symbols.strings },
          metadata: [
            "tracemill.version": Toolkit.version, "tracemill.format": format,
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
    case .batsim: writer = .other(try BatsimWriter(path: path, stream: stream))
    case .wfformat: writer = .other(try WfFormatWriter(path: path, stream: stream))
    case .opendc:
      writer = .other(
        try OpenDCWriter(path: path, stream: stream, machines: try machines(), options))
    case .slurmSimulator:
      writer = .other(try SlurmSimulatorWriter(path: path, stream: stream))
    case .kubernetes:
      writer = .other(
        try KubernetesWriter(path: path, stream: stream, machines: try machines()))
    }
  }

  /// Writes a task.
  public func write(_ record: TaskRecord) throws(TraceError) {
    if stream.usage != nil { _ = written.insert(record.id) }
    switch writer {
    case .records(let writer): try writer.write(record)
    case .google2011(let writer, _): try writer.write(record)
    case .swf(let writer): try writer.write(record)
    case .other(let writer): try writer.write(record)
    }
  }

  /// Writes a task whose attempts are known, with all of them where the layout shows them.
  public func write(_ record: TaskRecord, attempts: [TaskAttempt]) throws(TraceError) {
    if case .google2011(let writer, _) = writer, !attempts.isEmpty {
      return try writer.write(record, attempts: attempts)
    }
    try write(record)
  }

  /// Whether `parts` parts are sure to be full when all tasks submitted before `time` are written.
  public func isFull(parts: Int, before time: Microseconds) -> Bool {
    guard case .google2011(let writer, _) = writer else { return false }
    return writer.rows(before: time) / parts >= rowsPerPart
  }

  /// Writes tasks in their order.
  public func write(contentsOf records: UnsafeBufferPointer<TaskRecord>) throws(TraceError) {
    if case .records(let writer) = writer {
      if stream.usage != nil { for record in records { _ = written.insert(record.id) } }
      return try writer.write(contentsOf: records)
    }
    for record in records { try write(record) }
  }

  /// Completes the output; returns what its layout has no place for.
  ///
  /// - Parameter parts: after how many parts a table of events ends.
  public func finish(parts: Int? = nil) throws(TraceError) -> [String: Int] {
    var leftOut: [String: Int] = [:]
    switch writer {
    case .records(let writer):
      // Nothing lies beside a pipe.
      if OutputFile.isStream(path) {
        if stream.dependencies.count > 0 { leftOut["dependencies"] = stream.dependencies.count }
        if stream.usage != nil { leftOut["tasks' use over time"] = written.count }
      } else {
        try DependencyFile.write(stream.dependencies, beside: path)
        try RunTimeFile.write(stream.dependencies.runTimes, beside: path)
        notes.add(try UsageFile.write(stream.usage, beside: path, kept: written, options))
      }
      try writer.finish()
    case .google2011(let writer, let machines):
      try writer.finish(
        symbols: stream.symbols, machines: machines, rowsPerPart: rowsPerPart, parts: parts)
      leftOut = writer.summary.leftOut
    case .swf(let writer):
      try writer.finish()
      leftOut = writer.leftOut
    case .other(let writer): leftOut = try writer.finish()
    }
    if layout == .google2011, stream.dependencies.count > 0 {
      leftOut["dependencies"] = stream.dependencies.count
    }
    if layout != .records, layout != .opendc, stream.usage != nil {
      leftOut["tasks' use over time"] = written.count
    }
    if layout != .swf {
      let attributes =
        (layout == .records ? 0 : stream.attributes.tasks.count) + stream.attributes.omitted
      if attributes > 0 { leftOut["tasks' further attributes"] = attributes }
    }
    return leftOut
  }
}
