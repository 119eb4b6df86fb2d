import Diagnostics
import Foundation
import Parquet
import TraceInput
import Workload

/// A kind of trace that Tracemill reads. A new one is one file with a conformer, and one line in
/// the registry of `Runs`; in another package, a conformer that is given to ``TraceOpener``.
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

  /// The machines of a trace of this kind whose tasks are not in `input`; nil where these are not there, or are
  /// recognised as the trace itself. It is asked for once no format knows the input. Nil unless the format says
  /// otherwise.
  func machinesAlone(_ input: TraceInput) throws(TraceError) -> (any RecognisedTrace)?

  /// Why an input that resembles this kind is none; nil where there is nothing to say beyond that.
  ///
  /// `isAsked`: whether the user says that it is of this kind.
  func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError?

  /// Whether an input can be told to be of this kind by itself; otherwise it is so only where the user says so.
  /// True unless the format says otherwise.
  func isTold(by input: TraceInput) -> Bool

  /// What it is, for the table of all formats; nil unless the format says.
  var summary: FormatSummary? { get }
}

extension TraceFormat {
  public func machinesAlone(
    _ input: TraceInput
  ) throws(TraceError) -> (any RecognisedTrace)? { nil }
  public func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError? { nil }
  public func isTold(by input: TraceInput) -> Bool { true }
  public var summary: FormatSummary? { nil }
}

/// A trace whose kind and tables are known; nothing of it is read yet.
public protocol RecognisedTrace {
  /// The format's name.
  var format: String { get }
  /// The tables that are there.
  var tables: [TraceTable] { get }
  /// What the user should know before anything is read: missing parts.
  var notes: [Note] { get }
  /// The files of the input that no table is made of: see `TraceInput.passedOver(besides:format:)`.
  var passedOver: [PassedOverFile] { get }

  /// Which amounts it states as shares of its largest machine. None unless the format says otherwise.
  var relativeAmounts: RelativeAmounts { get }

  /// Whether records can be made from `table`, or from any if that is nil; machine tables alone are
  /// worth a look too. True unless the format says otherwise.
  func canMakeRecords(from table: String?) -> Bool

  /// Whether `ReadOptions.work` can keep finished parts of `table`, or of the one that records are made
  /// from if that is nil. False unless the format says otherwise.
  func canKeepParts(of table: String?) -> Bool

  /// Whether the parts of `table`, or of the one that records are made from if that is nil, can be read by
  /// several processes, a share each (``TraceSplit``). False unless the format says otherwise.
  func canSplit(_ table: String?) -> Bool

  /// Its tasks in submit order.
  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream

  /// Its machines' comings and goings in time order; nil if it has none.
  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList?

  /// The table that ``machineEvents(_:)`` reads; nil where that is no table of its own, or there is none.
  /// `machine_events` unless the format says otherwise.
  var machineTable: String? { get }

  /// Reads one table for what can be said without making records.
  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey
}

/// Amounts that a trace states as shares of its largest machine, of which `MachineScale` makes cores and bytes.
public struct RelativeAmounts: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// CPU: 1.0 is all cores of the largest machine.
  public static let cpu = RelativeAmounts(rawValue: 1)
  /// Memory: 1.0, or 100 per cent, is all memory of the largest machine.
  public static let memory = RelativeAmounts(rawValue: 2)
}

extension RecognisedTrace {
  public var relativeAmounts: RelativeAmounts { [] }
  public func canMakeRecords(from table: String?) -> Bool { true }
  public func canKeepParts(of table: String?) -> Bool { false }
  public var machineTable: String? {
    tables.contains { $0.name == "machine_events" } ? "machine_events" : nil
  }
  public func canSplit(_ table: String?) -> Bool { false }
}

/// Machine events in time order, and the names of their platforms.
public struct MachineEventList: Sendable {
  /// The events.
  public var events: [MachineEvent]
  /// The platforms' names.
  public var symbols: SymbolTable
  /// The machines of each partition, where the list has partitions; a machine may be in several.
  public var partitions: [String: Set<Int64>] = [:]
  /// What was assumed of them.
  public var notes: [Note] = []
  /// What was counted on the way, where the events are one table of the trace.
  public var survey: TableSurvey?

  /// A list of events, which are in time order.
  public init(events: [MachineEvent], symbols: SymbolTable, survey: TableSurvey? = nil) {
    self.events = events
    self.symbols = symbols
    self.survey = survey
  }
}

extension TraceInput.Group {
  /// Throws if its files are damaged from their beginning on: then nothing tells what they are.
  fileprivate func throwDamage() throws(TraceError) {
    var parts = PartCursor(self, ReadOptions())
    while let (_, stream) = try parts.next() { _ = try stream.peek(1) }
  }
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
  ///   - remote: files that are not on the disk.
  /// - Throws: `TraceError` if there is nothing, or nothing that a format recognises.
  public func open(
    _ path: String, format: String? = nil, table: String? = nil, meter: ReadMeter? = nil,
    maximumExpansion: Int = Expansion.defaultLimit,
    temporaryDirectory: String = NSTemporaryDirectory(), remote: (any RemoteFiles)? = nil
  ) throws(TraceError) -> any RecognisedTrace {
    try recognise(
      TraceInput(
        path: path, meter: meter, maximumExpansion: maximumExpansion,
        temporaryDirectory: temporaryDirectory, remote: remote), format: format, table: table)
  }

  /// The trace that an input is.
  ///
  /// - Parameters:
  ///   - input: what was found.
  ///   - format: the kind the user insists on.
  ///   - table: the table the user says it is.
  /// - Throws: `TraceError` if there is nothing that a format recognises.
  public func recognise(
    _ input: TraceInput, format: String? = nil, table: String? = nil
  ) throws(TraceError) -> any RecognisedTrace {
    let candidates = format.map { name in formats.filter { $0.name == name } } ?? formats
    guard !candidates.isEmpty else {
      throw TraceError(
        .missing, "no format '\(format ?? "")'; there are \(formatNames.joined(separator: ", "))")
    }
    for candidate in candidates where format != nil || candidate.isTold(by: input) {
      if let trace = try candidate.recognise(input, table: table) { return trace }
    }
    for candidate in candidates {
      if let machines = try candidate.machinesAlone(input) { return machines }
    }
    for candidate in candidates {
      if let error = candidate.refusal(input, isAsked: format != nil) { throw error }
    }
    let group = input.groups[0]
    if group.isParquet {
      throw Self.unknownColumns(try group.files[0].openParquet(), group, format)
    }
    if group.isSQLite {
      throw TraceError(
        .unrecognised,
        "\(format.map { "no tables of \($0)" } ?? "no format has these tables"); the database has "
          + (try group.files[0].openDatabase().contents)
          + "; --columns says which of them stand for which of ours (table: names a table)",
        file: group.files[0].name)
    }
    if group.head.isEmpty { try group.throwDamage() }
    let line = String(decoding: group.head.prefix { $0 != 0x0a }.prefix(60), as: UTF8.self)
    let asked = format ?? "any of \(formats.count) formats"
    throw TraceError(
      .unrecognised,
      "not a table of \(asked); it begins '\(line)'"
        + FamiliarText.hint(group.head, name: group.files[0].name)
        + MappedTableFormat.nearest(to: input)
        + ". --format and --table say what it is; convert --print-mapping writes a mapping to "
        + "begin from",
      file: group.files[0].name, line: 1, column: 1)
  }

  private static func unknownColumns(
    _ reader: ParquetReader, _ group: TraceInput.Group, _ format: String?
  ) -> TraceError {
    let columns = reader.columns.map(\.name) + reader.unreadableColumns.map(\.name)
    return TraceError(
      .unrecognised,
      "a Parquet file with the columns \(columns.joined(separator: ", "))"
        + "\(FamiliarText.hint(columns: columns)): "
        + (format.map { "no table of \($0)" } ?? "records have submit_us, and no format has these")
        + "; --columns says which of them stand for which of ours", file: group.files[0].name)
  }
}
