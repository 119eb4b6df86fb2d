import Diagnostics
import Parquet
import TraceInput
import Workload

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
  static func notes(_ name: String, _ groups: [TraceInput.Group]) -> [Note] {
    var notes: [Note] = []
    for group in groups {
      if !group.missing.isEmpty {
        notes.append(.partsMissing(name, group.missing))
      }
      if let total = group.total, group.files.count + group.missingCount < total {
        notes.append(.partsGiven(name, group.files.count, of: total))
      }
    }
    return notes
  }
}
