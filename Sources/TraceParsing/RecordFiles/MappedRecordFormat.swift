import Diagnostics
import Parquet
import Tables
import TraceInput
import Workload

/// Tables of tasks by others, Parquet or CSV with a header, read through a `ColumnMapping`.
///
/// Rows may be in any order. A job number that is a name becomes a number from 2^62 on, by its
/// hash; rows without job numbers are numbered. Where the mapping has a run time and no outcome,
/// tasks count as finished after one attempt.
public struct MappedRecordFormat: TraceFormat {
  /// The name for `--format`.
  public let name: String
  private let mapping: ColumnMapping
  /// What is assumed of the files.
  private let note: String?

  /// A format called `name`; `note` says what it assumes of the files.
  public init(name: String, mapping: ColumnMapping, note: String? = nil) {
    self.name = name
    self.mapping = mapping
    self.note = note
  }

  /// OpenDC's tasks.parquet, with `mem_capacity` in kB.
  public static let openDC = openDC(memoryUnit: nil)

  /// OpenDC's tasks.parquet, with `mem_capacity` in one of `ColumnMapping.memoryUnits`; kB if nil.
  public static func openDC(memoryUnit: String?) -> MappedRecordFormat {
    MappedRecordFormat(
      name: "opendc", mapping: memoryUnit.map { .openDC(memoryUnit: $0) } ?? .openDC(),
      note: memoryUnit == nil
        ? "mem_capacity is read as kB, as OpenDC's loader does (its page says MB): "
          + "--opendc-memory-unit says otherwise" : nil)
  }

  /// The tables in `input` that have every column that the mapping names: all of them are one table.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    var parts: [TablePieces] = []
    for group in input.groups {
      let part = try TablePieces(group)
      if missing(part).isEmpty { parts.append(part) }
    }
    guard !parts.isEmpty else { return nil }
    let used = parts.map(\.group)
    return MappedRecordTrace(
      format: name, parts: parts, mapping: mapping, notes: note.map { ["\(name): \($0)"] } ?? [],
      passedOver: input.passedOver(besides: used, format: name))
  }

  private func missing(_ part: TablePieces) -> [String] {
    mapping.columns.values.filter { !$0.isOptional && !part.has($0.from) }.map(\.from).sorted()
  }

  /// Which columns are missing, of a table that has some.
  public func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError? {
    for group in input.groups {
      guard let part = try? TablePieces(group), !part.columns.isEmpty else { continue }
      let needed = mapping.columns.values.filter { !$0.isOptional }.count
      let missing = missing(part)
      guard isAsked || missing.count * 2 <= needed else { continue }
      return TraceError(
        .unrecognised,
        "\(name) needs the columns \(missing.joined(separator: ", ")); the file has "
          + part.columns.joined(separator: ", "), file: group.files[0].name)
    }
    return nil
  }
}

/// Files of one table that have the same columns, and what their folders say: `day=1/`.
struct TablePieces {
  let group: TraceInput.Group
  /// The columns in the files, those that cannot be read included.
  let columns: [String]
  /// The values that stand for all rows.
  let partition: [String: String?]

  init(_ group: TraceInput.Group) throws(TraceError) {
    self.group = group
    if group.isParquet {
      let reader = try group.files[0].openParquet()
      columns = reader.columns.map(\.name) + reader.unreadableColumns.map(\.name)
    } else {
      columns = group.sample(.csv, limit: 1) { row in (0..<row.count).map(row.text) }.first ?? []
    }
    let known = Set(columns)
    // A column of the file goes before the folder's.
    partition = Dictionary(
      group.files[0].partition.filter { !known.contains($0.column) }.map { ($0.column, $0.value) },
      uniquingKeysWith: { $1 })
  }

  func has(_ column: String) -> Bool {
    columns.contains(column) || partition.index(forKey: column) != nil
  }

  /// All pieces as one table.
  static func traceTable(_ name: String, _ pieces: [TablePieces]) -> TraceTable {
    if pieces.count == 1 { return pieces[0].group.traceTable(name) }
    return TraceTable(
      name: name, parts: pieces.reduce(0) { $0 + $1.group.files.count }, total: nil, missing: [])
  }

  /// What is missing between the parts that are there.
  static func notes(_ name: String, _ pieces: [TablePieces]) -> [String] {
    var notes: [String] = []
    for group in pieces.map(\.group) {
      if !group.missing.isEmpty {
        let ranges = group.missing.map {
          $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }
        notes.append("\(name): part \(ranges.joined(separator: ", ")) missing")
      }
      if let total = group.total, group.files.count + group.missingCount < total {
        notes.append("\(name): \(group.files.count) of \(total) parts given")
      }
    }
    return notes
  }
}

/// A mapped table that was found.
struct MappedRecordTrace: RecognisedTrace {
  let format: String
  let parts: [TablePieces]
  let mapping: ColumnMapping
  let notes: [String]
  let passedOver: [PassedOverFile]

  private static let table = "tasks"

  var tables: [TraceTable] { [TablePieces.traceTable(Self.table, parts)] }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    let stream = try gather(options).stream()
    stream.report.notes += TablePieces.notes(Self.table, parts)
    return stream
  }

  private func gather(_ options: ReadOptions) throws(TraceError) -> RecordGathering {
    let problems = mapping.problems
    guard problems.isEmpty else {
      let list = problems.map(\.description).joined(separator: "; ")
      throw TraceError(.missing, "the column mapping is wrong: \(list)")
    }
    var gathering = RecordGathering(options)
    var reader = MappedPartReader(mapping, options)
    for part in parts { try reader.read(part, &gathering) }
    gathering.finish(Self.table, rows: reader.rows, comments: reader.comments, options)
    return gathering
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? { nil }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    try gather(options).survey
  }
}
