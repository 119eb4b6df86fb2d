import Foundation
import Workload

/// Writes records as a trace in the layout of clusterdata-2011-2: a folder with a table of events
/// in gzip parts sorted by time, the machines' events, `schema.csv` and `SHA256SUM`.
///
/// The folder appears under its name only when it is complete. Reading it back with the same
/// `MachineScale` gives the same records (see `LifeScript`), but for what the layout has no column
/// for: deadlines, estimates, instances, GPUs, attributes and dependencies. Those are counted.
public final class Google2011TraceWriter {
  /// What was written, and what the layout had no place for.
  public struct Summary: Equatable, Sendable {
    /// Rows of the event table.
    public var rows = 0
    /// Parts of the event table.
    public var parts = 0
    /// Values that were left out, by kind.
    public var leftOut: [String: Int] = [:]
  }

  private let path: String
  private let staging: String
  private let scale: MachineScale
  private let options: ReadOptions
  private let table: Google2011Table
  private let traceEnd: Microseconds
  private let shift: Microseconds
  private var events: ExternalSorter<WrittenEvent>
  private var lastTime = Microseconds.zero
  private var hasMarkedEnd = false
  private var isComplete = false
  /// What was written so far.
  public private(set) var summary = Summary()

  /// How attempt n (from 0) of a task that was tried again ended, which a record does not say;
  /// evictions if not given.
  public var earlierEnd: ((TaskRecord, Int) -> Outcome)?

  /// Rows of a published part, about.
  public static let defaultRowsPerPart = 290_000

  /// Begins a trace.
  ///
  /// - Parameters:
  ///   - path: the folder to make; it must not be there.
  ///   - jobLevel: whether the records stand for whole jobs, and go to `job_events`.
  ///   - traceEnd: the last time of the trace that the records came from.
  ///   - shift: added to all times. In this layout 0 means "before the trace", so that a trace from
  ///     elsewhere is moved by 600 s, where Google's own begin.
  ///   - options: the scale that requests are divided by, and where data that do not fit go.
  public init(
    path: String, jobLevel: Bool = false, traceEnd: Microseconds, shift: Microseconds = .zero,
    options: ReadOptions
  ) throws(TraceError) {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw TraceError(.inputOutput, "it exists already; give a new folder's name", file: path)
    }
    self.path = path
    staging = "\(path).partial-\(getpid())"
    scale = options.scale
    self.options = options
    table = jobLevel ? .jobEvents : .taskEvents
    self.traceEnd = traceEnd + shift
    self.shift = shift
    events = ExternalSorter(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    OutputFile.register(folder: staging)
    do {
      try FileManager.default.createDirectory(
        atPath: staging + "/" + table.rawValue, withIntermediateDirectories: true)
    } catch {
      throw TraceError(.inputOutput, "cannot make the folder", file: path)
    }
  }

  deinit {
    if !isComplete { try? FileManager.default.removeItem(atPath: staging) }
    OutputFile.giveUp(folder: staging)
  }

  /// Adds a record.
  public func write(_ record: TaskRecord) throws(TraceError) {
    var record = record
    if shift > .zero { record.moveSubmit(to: record.submit + shift) }
    count(record)
    if record.id.index < 0 || record.id.job < 0 {
      throw TraceError(
        .malformedRow, "job \(record.id.job) task \(record.id.index) has no place in this layout",
        file: path)
    }
    let isOpen = !record.outcome.hasEnded
    let script = LifeScript(
      record, scale: scale, traceEnd: traceEnd, marksTraceEnd: isOpen && !hasMarkedEnd
    ) { [earlierEnd] attempt in
      switch earlierEnd?(record, attempt) {
      case .failed: .fail
      case .killed: .kill
      case .finished: .finish
      case .lost: .lost
      default: .evict
      }
    }
    if isOpen { hasMarkedEnd = true }
    for event in script.events {
      try events.add(WrittenEvent(event: event))
      summary.rows += 1
    }
  }

  private func count(_ record: TaskRecord) {
    func leaveOut(_ what: String) { summary.leftOut[what, default: 0] += 1 }
    if record.deadline.isKnown { leaveOut("deadlines") }
    if record.estimate.isKnown { leaveOut("run time estimates") }
    if record.instances > 1 { leaveOut("instance counts above 1") }
    if record.request.milliGPU > 0 { leaveOut("GPU requests") }
    if record.priority < 0, table == .taskEvents {
      leaveOut("unknown priorities (written by class)")
    }
  }

  /// Writes the tables and gives the folder its name.
  ///
  /// - Parameters:
  ///   - symbols: the records' users.
  ///   - machines: the machines' events, if there are any.
  ///   - rowsPerPart: how many rows a part holds at the most.
  public func finish(
    symbols: SymbolTable, machines: MachineEventList?, rowsPerPart: Int = defaultRowsPerPart
  ) throws(TraceError) {
    precondition(rowsPerPart > 0, "a part has at least one row")
    let sorter = events
    events = ExternalSorter(bufferBytes: 0, directory: options.temporaryDirectory)
    var sorted = try sorter.sorted()
    let total = max(1, (summary.rows + rowsPerPart - 1) / rowsPerPart)
    var written: [String] = []
    for part in 0..<total {
      let name = "\(table.rawValue)/\(Self.partName(part, of: total))"
      let file = try GzipText(path: staging + "/" + name)
      for _ in 0..<rowsPerPart {
        guard let next = try sorted.next() else { break }
        try file.write(line(next.event, symbols))
      }
      try file.finish()
      written.append(name)
    }
    summary.parts = total
    var tables = [table]
    if let machines {
      let name = "machine_events/\(Self.partName(0, of: 1))"
      try makeFolder("machine_events")
      let file = try GzipText(path: staging + "/" + name)
      for event in machines.events { try file.write(line(event, machines.symbols)) }
      try file.finish()
      written.append(name)
      tables.append(.machineEvents)
    }
    try write("schema.csv", Self.schema(tables))
    written.append("schema.csv")
    var manifest = ""
    for name in written.sorted() {
      manifest += "\(try FileDigest.sha256.ofFile(staging + "/" + name)) *\(name)\n"
    }
    try write("SHA256SUM", manifest)
    guard rename(staging, path) == 0 else {
      throw TraceError(
        .inputOutput, "cannot name the folder: \(String(cString: strerror(errno)))", file: path)
    }
    isComplete = true
  }

  private func makeFolder(_ name: String) throws(TraceError) {
    guard mkdir(staging + "/" + name, 0o755) == 0 else {
      throw TraceError(.inputOutput, "cannot make the folder", file: path + "/" + name)
    }
  }

  private func write(_ name: String, _ text: String) throws(TraceError) {
    let file = try OutputFile(path: staging + "/" + name)
    try file.write(text)
    try file.commit()
  }

  static func partName(_ part: Int, of total: Int) -> String {
    func padded(_ number: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }
    return "part-\(padded(part))-of-\(padded(total)).csv.gz"
  }

  private func line(_ event: LifecycleEvent, _ symbols: SymbolTable) -> String {
    func amount(_ lane: Int) -> String {
      event.request[lane].isNaN ? "" : decimal(event.request[lane])
    }
    let missing = event.missingInfo ? "0" : ""
    let user = csvQuoted(symbols[event.user])
    let schedulingClass = event.schedulingClass < 0 ? "" : "\(event.schedulingClass)"
    if table == .jobEvents {
      return "\(event.time.rawValue),\(missing),\(event.id.job),\(event.kind.rawValue),\(user),"
        + "\(schedulingClass),,\n"
    }
    let machine = event.machine < 0 ? "" : "\(event.machine)"
    return "\(event.time.rawValue),\(missing),\(event.id.job),\(event.id.index),\(machine),"
      + "\(event.kind.rawValue),\(user),\(schedulingClass),\(Self.priority(event)),\(amount(0)),"
      + "\(amount(1)),\(amount(2)),\(event.differentMachines ? 1 : 0)\n"
  }

  /// The trace's own priority, or the lowest of its class's band where there is none.
  private static func priority(_ event: LifecycleEvent) -> Int16 {
    if event.priority >= 0 { return event.priority }
    return switch event.priorityClass {
    case .unknown, .bestEffort: 0
    case .batch: 2
    case .mid: 8
    case .production: 9
    case .monitoring: 12
    }
  }

  private func line(_ event: MachineEvent, _ symbols: SymbolTable) -> String {
    let capacity = scale.normalised(event.capacity)
    let isKnown = event.capacity != .zero
    let time = event.time == .zero ? .zero : event.time + shift
    return "\(time.rawValue),\(event.machine),\(event.kind.rawValue),"
      + "\(csvQuoted(symbols[event.platform])),\(isKnown ? decimal(capacity[0]) : ""),"
      + "\(isKnown ? decimal(capacity[1]) : "")\n"
  }

  private static func schema(_ tables: [Google2011Table]) -> String {
    var text = "file pattern,field number,content,format,mandatory\n"
    for table in tables {
      for (index, column) in table.columns.enumerated() {
        let format =
          switch column.kind {
          case .integer: "INTEGER"
          case .number: "FLOAT"
          case .boolean: "BOOLEAN"
          case .text: "STRING_HASH"
          }
        text +=
          "\(table.rawValue)/part-?????-of-?????.csv.gz,\(index + 1),\(column.name),\(format),"
          + "\(column.isMandatory ? "YES" : "NO")\n"
      }
    }
    return text
  }
}

/// An event on its way to a part: sorted by time, then by task; those of one task stay in order.
private struct WrittenEvent: BitwiseCopyable, ExternallySortable {
  var event: LifecycleEvent
  var sortKey: SortKey {
    SortKey(major: event.time.rawValue, minor: event.id.job, last: Int64(event.id.index))
  }
}

/// Text into a gzip file that appears when it is complete.
final class GzipText {
  private let file: OutputFile
  private let compressor: CompressedOutput
  private var pending = ""

  init(path: String) throws(TraceError) {
    file = try OutputFile(path: path)
    compressor = try CompressedOutput(.gzip, to: file)
  }

  func write(_ text: String) throws(TraceError) {
    pending += text
    if pending.utf8.count > 1 << 16 { try flush() }
  }

  func finish() throws(TraceError) {
    try flush()
    try compressor.finish()
    try file.commit()
  }

  private func flush() throws(TraceError) {
    let bytes = Array(pending.utf8)
    pending = ""
    let result: Result<Void, TraceError> = bytes.withUnsafeBytes { bytes in
      do throws(TraceError) {
        return .success(try compressor.write(bytes))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }
}
