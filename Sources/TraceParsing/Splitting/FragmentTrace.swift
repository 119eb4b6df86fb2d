import Diagnostics
import TraceInput
import Workload

/// A trace of which a complete file of fragments is there: read as the trace itself would be, from what was
/// kept of its parts. Other tables than those that were split are not in it.
struct FragmentTrace: RecognisedTrace {
  private let set: FragmentSet
  private let trace: any RecognisedTrace
  /// Tables of use over time that the trace has and the fragments do not.
  private let unsplit: [String]

  /// - Parameters:
  ///   - path: the file.
  ///   - version: Tracemill's.
  ///   - opener: knows the formats.
  init(path: String, version: String, _ opener: TraceOpener) throws(TraceError) {
    set = try FragmentSet([path], version: version)
    trace = try opener.recognise(
      set.input(onlySplit: true), format: set.format, table: set.table)
    let all = try opener.recognise(set.input(), format: set.format, table: set.table)
    unsplit = all.tables.map(\.name).filter {
      [Google2011Table.taskUsage.rawValue, Google2019Usage.table].contains($0)
    }
  }

  var format: String { trace.format }
  var tables: [TraceTable] { trace.tables }
  var notes: [Note] {
    trace.notes
      + unsplit.map {
        Note(.leftOut, $0, "\($0) is not in the fragments: use over time is left out")
      }
  }
  var passedOver: [PassedOverFile] { [] }
  var relativeAmounts: RelativeAmounts { trace.relativeAmounts }

  func canMakeRecords(from table: String?) -> Bool { trace.canMakeRecords(from: table) }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    try trace.records(try kept(options))
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? { nil }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    let stream = try records(options)
    while try stream.next() != nil {}
    guard let survey = stream.report.surveys[table] else {
      throw TraceError(.missing, "the fragments have no table \(table)")
    }
    return survey
  }

  /// What the shards were read with cannot be changed any more: another wish is an error.
  private func kept(_ options: ReadOptions) throws(TraceError) -> ReadOptions {
    var asked = options.splitSettings
    if options.table == nil { asked["table"] = set.table ?? "" }
    try set.check(asked)
    return try set.options(options, rejects: options.rejects)
  }
}

extension TraceOpener {
  /// The trace that a file of fragments has all parts of; nil for a file of another kind.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - version: Tracemill's, which must be that of the fragments.
  /// - Throws: `TraceError` for one that is damaged or of another version.
  public func fragments(
    _ path: String, version: String
  ) throws(TraceError) -> (any RecognisedTrace)? {
    guard FragmentSet.isFragment(path) else { return nil }
    return try FragmentTrace(path: path, version: version, self)
  }
}
