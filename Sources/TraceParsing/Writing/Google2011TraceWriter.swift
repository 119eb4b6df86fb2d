import Diagnostics
import Foundation
import Tables
import TraceInput
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

  /// What the layout carries.
  public static let places = LayoutPlaces(
    aspects: [
      .submission, .waits, .attempts, .outcomes, .users, .priorities, .schedulingClasses, .memory,
      .disk,
      .machines, .apart,
    ], rounding: "")

  private let folder: OutputFolder
  let scale: MachineScale
  private let options: ReadOptions
  private let table: Google2011Table
  private let traceEnd: Microseconds
  let shift: Microseconds
  private var events: ExternalSorter<WrittenEvent>
  private var lastTime = Microseconds.zero
  private var leftOut = LeftOut(places)
  private var hasMarkedEnd = false
  /// What was written so far.
  public private(set) var summary = Summary()

  var settled = RowClock()

  /// When the trace begins, in the time of records that are written with their attempts.
  public var begin = Microseconds.zero
  /// Added to the job numbers of records that are written with their attempts.
  public var firstJob: Int64 = 0

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
    folder = try OutputFolder(path: path)
    scale = options.scale
    self.options = options
    table = jobLevel ? .jobEvents : .taskEvents
    self.traceEnd = traceEnd + shift
    self.shift = shift
    events = ExternalSorter(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    try folder.makeFolder(table.rawValue)
  }

  /// Adds a record.
  public func write(_ record: TaskRecord) throws(TraceError) {
    var record = record
    if shift > .zero { record.moveSubmit(to: record.submit + shift) }
    count(record)
    try check(record, attempts: Int(record.attempts))
    let isOpen = !record.outcome.hasEnded
    let script = LifeScript(
      record, scale: scale, traceEnd: traceEnd, marksTraceEnd: isOpen && !hasMarkedEnd)
    if isOpen { hasMarkedEnd = true }
    for event in script.events { try add(event) }
  }

  func add(_ event: LifecycleEvent) throws(TraceError) {
    try events.add(WrittenEvent(event: event))
    settled.add(event.time)
    summary.rows += 1
  }

  /// Throws for a record that this layout has no place for, and where records state so many attempts,
  /// which have rows of their own here, that a small file would become a huge one.
  func check(_ record: TaskRecord, attempts: Int) throws(TraceError) {
    guard record.id.index >= 0, record.id.job >= 0 else {
      throw TraceError(
        .malformedRow,
        "job \(record.id.job) task \(record.id.index) has no place in this layout",
        file: folder.path)
    }
    attemptsLeft += Self.attemptsPerRecord - attempts
    guard attemptsLeft >= 0 else {
      throw TraceError(
        .malformedRow,
        "job \(record.id.job) task \(record.id.index): the records up to here state too many attempts "
          + "for a layout that has rows for each; it takes \(Self.attemptsPerRecord) a record on "
          + "average, and \(Self.attemptAllowance) more", file: folder.path)
    }
  }

  private var attemptsLeft = attemptAllowance
  /// How many attempts records may state on average, and how many more all of them together.
  static var attemptsPerRecord: Int { 100 }
  static var attemptAllowance: Int { 500_000 }

  func count(_ record: TaskRecord) {
    leftOut.count(record)
    leftOut.count(
      "unknown priorities (written by class)", if: record.priority < 0 && table == .taskEvents)
    summary.leftOut = leftOut.counts
  }

  /// Writes the tables and gives the folder its name.
  ///
  /// - Parameters:
  ///   - symbols: the records' users.
  ///   - machines: the machines' events, if there are any.
  ///   - rowsPerPart: how many rows a part holds at the most.
  ///   - parts: after how many parts the trace ends; rows after them are left out. nil for all rows.
  public func finish(
    symbols: SymbolTable, machines: MachineEventList?, rowsPerPart: Int = defaultRowsPerPart,
    parts: Int? = nil
  ) throws(TraceError) {
    precondition(rowsPerPart > 0, "a part has at least one row")
    let sorter = events
    events = ExternalSorter(bufferBytes: 0, directory: options.temporaryDirectory)
    var sorted = try sorter.sorted()
    let rows = EventRows(table, scale, symbols)
    let (most, overflows) = (parts ?? .max).multipliedReportingOverflow(by: rowsPerPart)
    if !overflows { summary.rows = min(summary.rows, most) }
    let total = summary.rows > 0 ? (summary.rows - 1) / rowsPerPart + 1 : 1
    var written: [String] = []
    for part in 0..<total {
      let name = "\(table.rawValue)/\(Self.partName(part, of: total))"
      let file = try GzipText(path: folder.staging + "/" + name)
      for _ in 0..<rowsPerPart {
        guard let next = try sorted.next() else { break }
        try file.write { rows.append(next.event, to: &$0) }
      }
      try file.finish()
      written.append(name)
    }
    summary.parts = total
    var tables = [table]
    if let machines {
      let name = "machine_events/\(Self.partName(0, of: 1))"
      try folder.makeFolder("machine_events")
      let file = try GzipText(path: folder.staging + "/" + name)
      let rows = MachineRows(scale, machines.symbols, shift: shift)
      for event in machines.events { try file.write { rows.append(event, to: &$0) } }
      try file.finish()
      written.append(name)
      tables.append(.machineEvents)
    }
    try write("schema.csv", Self.schema(tables))
    written.append("schema.csv")
    var manifest = ""
    for name in written.sorted() {
      manifest += "\(try FileDigest.sha256.ofFile(folder.staging + "/" + name)) *\(name)\n"
    }
    try write("SHA256SUM", manifest)
    try folder.commit()
  }

  private func write(_ name: String, _ text: String) throws(TraceError) {
    let file = try folder.file(name)
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
