import Foundation
import Workload

/// A kind of trace that Tracemill reads. A new one is one file with a conformer, and one line in
/// the executable's registry.
public protocol TraceFormat: Sendable {
  /// The name for `--format`, such as `google-2011`.
  var name: String { get }

  /// The trace in `input` if it is of this kind, judged by layout and content; nil if it is not.
  ///
  /// - Parameters:
  ///   - input: what was found.
  ///   - table: the table that the user says it is, where the input does not tell.
  func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)?
}

/// A trace whose kind and tables are known; nothing of it is read yet.
public protocol RecognisedTrace {
  /// The format's name.
  var format: String { get }
  /// The tables that are there.
  var tables: [TraceTable] { get }
  /// What the user should know before anything is read: missing parts, ignored files.
  var notes: [String] { get }

  /// Whether records can be made from `table`, or from any if that is nil; machine tables alone are
  /// worth a look too. True unless the format says otherwise.
  func canMakeRecords(from table: String?) -> Bool

  /// Whether `ReadOptions.work` can keep finished parts of `table`, or of the one that records are made
  /// from if that is nil. False unless the format says otherwise.
  func canKeepParts(of table: String?) -> Bool

  /// Its tasks in submit order.
  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream

  /// Its machines' comings and goings in time order; nil if it has none.
  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList?

  /// Reads one table for what can be said without making records.
  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey
}

extension RecognisedTrace {
  public func canMakeRecords(from table: String?) -> Bool { true }
  public func canKeepParts(of table: String?) -> Bool { false }
}

/// A table of a trace.
public struct TraceTable: Equatable, Sendable {
  /// Its name in the format.
  public var name: String
  /// How many parts are there.
  public var parts: Int
  /// How many parts the names say there are in all; nil where they do not.
  public var total: Int?
  /// Part numbers missing between the first and the last.
  public var missing: [ClosedRange<Int>]

  /// How many part numbers are missing between the first and the last.
  public var missingCount: Int { missing.reduce(0) { $0 + $1.count } }
}

/// What is in a table, counted row by row.
public struct TableSurvey: Equatable, Sendable {
  /// Rows, rejected ones included.
  public var rows = 0
  /// Comment lines.
  public var comments = 0
  /// The first real time; `never` if there is none.
  public var firstTime = Microseconds.never
  /// The last real time.
  public var lastTime = Microseconds.zero
  /// Rows whose time is before the trace (0).
  public var beforeStart = 0
  /// Rows whose time is after its end (2^63-1).
  public var afterEnd = 0
  /// Events by type, in the order of their codes; empty for a table without events.
  public var events: [EventCount] = []
  /// Rows marked as reconstructed from partial information, by code.
  public var missingInfo: [Int: Int] = [:]

  /// How often an event occurs.
  public struct EventCount: Equatable, Sendable {
    /// The trace's name for it.
    public var name: String
    /// How many rows.
    public var count: Int
  }

  public init() {}

  /// Adds what was counted in other rows of the same table.
  mutating func add(_ other: TableSurvey) {
    rows += other.rows
    comments += other.comments
    firstTime = min(firstTime, other.firstTime)
    lastTime = max(lastTime, other.lastTime)
    beforeStart += other.beforeStart
    afterEnd += other.afterEnd
    if events.isEmpty {
      events = other.events
    } else {
      for (place, event) in other.events.enumerated() { events[place].count += event.count }
    }
    for (code, count) in other.missingInfo { missingInfo[code, default: 0] += count }
  }

  @inline(__always) mutating func add(time: Microseconds) {
    if time == .zero {
      beforeStart += 1
    } else if !time.isKnown {
      afterEnd += 1
    } else {
      firstTime = min(firstTime, time)
      lastTime = max(lastTime, time)
    }
  }
}

/// Machine events in time order, and the names of their platforms.
public struct MachineEventList: Sendable {
  /// The events.
  public var events: [MachineEvent]
  /// The platforms' names.
  public var symbols: SymbolTable
  /// What was counted on the way, where the events are one table of the trace.
  public var survey: TableSurvey?
}

/// Opens a path as a trace: finds its files, recognises their kind.
public struct TraceOpener: Sendable {
  private let formats: [any TraceFormat]

  /// - Parameter formats: asked in this order.
  public init(formats: [any TraceFormat]) { self.formats = formats }

  /// The names that `--format` takes.
  public var formatNames: [String] { formats.map(\.name) }

  /// The trace at `path`.
  ///
  /// - Parameters:
  ///   - path: a trace root, a table's folder, one part, a container, or `-` for standard input.
  ///   - format: the kind the user insists on.
  ///   - table: the table the user says it is.
  ///   - meter: told what is read of a pipe.
  ///   - maximumExpansion: see `ReadOptions.maximumExpansion`.
  ///   - temporaryDirectory: see `ReadOptions.temporaryDirectory`.
  /// - Throws: `TraceError` if there is nothing, or nothing that a format recognises.
  public func open(
    _ path: String, format: String? = nil, table: String? = nil, meter: ReadMeter? = nil,
    maximumExpansion: Int = Expansion.defaultLimit,
    temporaryDirectory: String = NSTemporaryDirectory()
  ) throws(TraceError) -> any RecognisedTrace {
    let candidates = format.map { name in formats.filter { $0.name == name } } ?? formats
    guard !candidates.isEmpty else {
      throw TraceError(
        .missing, "no format '\(format ?? "")'; there are \(formatNames.joined(separator: ", "))")
    }
    let input = try TraceInput(
      path: path, meter: meter, maximumExpansion: maximumExpansion,
      temporaryDirectory: temporaryDirectory)
    for candidate in candidates {
      if let trace = try candidate.recognise(input, table: table) { return trace }
    }
    let group = input.groups[0]
    let line = String(decoding: group.head.prefix { $0 != 0x0a }.prefix(60), as: UTF8.self)
    let asked = format ?? "any of \(formats.count) formats"
    throw TraceError(
      .unrecognised,
      "not a table of \(asked); it begins '\(line)'\(FamiliarText.hint(group.head))"
        + MappedRecordFormat.nearest(to: input)
        + ". --format and --table say what it is; convert --print-mapping writes a mapping to begin from",
      file: group.files[0].name)
  }
}
