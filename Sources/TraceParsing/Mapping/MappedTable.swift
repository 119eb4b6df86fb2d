import Diagnostics
import Parquet
import Tables
import TraceInput
import Workload

/// Reads the rows of a table of any kind (text, JSON, Parquet) into slots.
struct MappedTable {
  let name: String
  let group: TraceInput.Group
  let layout: TableLayout
  /// Their columns, the first slots.
  let names: [String]
  let optional: Set<String>
  /// Rows seen.
  private(set) var rows = 0
  private(set) var comments = 0
  private(set) var leftOut: [Int]

  private let missing: MissingWords?
  private let conditions: [MappedCondition]

  init(
    _ name: String, _ group: TraceInput.Group, _ layout: TableLayout, names: [String],
    optional: Set<String>, conditions: [MappedCondition]
  ) {
    self.name = name
    self.group = group
    self.layout = layout
    self.names = names
    self.optional = optional
    self.conditions = conditions
    leftOut = Array(repeating: 0, count: conditions.count)
    missing = layout.missing.isEmpty ? nil : MissingWords(layout.missing)
  }

  /// What was left out by which condition.
  var notes: [String] {
    zip(conditions, leftOut).filter { $1 > 0 }
      .map { "\($1) rows of \(name) left out: \($0.description)" }
  }

  /// Calls `body` for every row that counts. Its error makes the row a bad one.
  mutating func forEachRow(
    into row: MappedRow, _ context: MappedContext, _ options: ReadOptions,
    _ body: () throws(RowError) -> Void
  ) throws(TraceError) {
    if TableLayout.kind(of: group.head) == .parquet {
      try readParquet(into: row, context, options, body)
    } else {
      try readText(into: row, context, options, body)
    }
  }

  private mutating func counts(_ row: MappedRow) -> Bool {
    for (place, condition) in conditions.enumerated() where !condition.holds(row) {
      leftOut[place] += 1
      return false
    }
    return true
  }

  private mutating func readText(
    into row: MappedRow, _ context: MappedContext, _ options: ReadOptions,
    _ body: () throws(RowError) -> Void
  ) throws(TraceError) {
    let table = FieldTable(
      name, names.map { ColumnSpec($0, .text, !optional.contains($0)) })
    for file in group.files {
      // One file at a time: its name may be a column.
      let fileSlot = names.firstIndex(of: MappingPlan.fileColumn)
      let stem = Array(file.stem.utf8)
      var reader = FieldTableReader(
        group.only(file), table, .layout(layout, TableLayout.kind(of: group.head)), options: options
      )
      try reader.forEachRow { fields throws(RowError) in
        context.arena.reset()
        for slot in names.indices {
          let bytes = fields[slot]
          let value: CellValue? = bytes.isEmpty ? nil : .text(bytes)
          row.values[slot] = value.flatMap { missing?.contains($0) ?? false ? nil : $0 }
        }
        if let fileSlot { row.values[fileSlot] = .text(context.arena.copy(stem)) }
        guard counts(row) else { return }
        try body()
      }
      rows += reader.rows
      comments += reader.comments
    }
  }

  private mutating func readParquet(
    into row: MappedRow, _ context: MappedContext, _ options: ReadOptions,
    _ body: () throws(RowError) -> Void
  ) throws(TraceError) {
    for file in group.files {
      let (path, reader) = (file.name, try file.openParquet())
      let there = Set(reader.columns.map(\.name))
      var cursors: [(slot: Int, cursor: MappedParquetCursor)] = []
      for (slot, name) in names.enumerated() {
        row.values[slot] = nil
        if !there.contains(name), optional.contains(name) { continue }
        let cursor = try catching(path) { try MappedParquetCursor(reader, name) }
        cursors.append((slot, cursor))
        switch cursor.column.annotation {
        case .time(let decimals, _): row.declaredFactors[slot] = [3: 1e3, 6: 1, 9: 1e-3][decimals]
        case .date: row.declaredFactors[slot] = 86400e6
        default: row.declaredFactors[slot] = nil
        }
      }
      var done = 0
      while done < reader.rowCount {
        let count = min(4096, reader.rowCount - done)
        try catching(path) { for (_, cursor) in cursors { try cursor.read(count) } }
        for index in 0..<count {
          rows += 1
          context.arena.reset()
          do throws(RowError) {
            for (slot, cursor) in cursors {
              try cursor.withValue(index) { value throws(RowError) in
                let cell = value.map { CellValue($0, context.arena) }
                row.values[slot] = cell.flatMap { missing?.contains($0) ?? false ? nil : $0 }
              }
            }
            guard counts(row) else { continue }
            try body()
          } catch {
            let located = TraceError(
              error.code, "row \(done + index + 1): \(error.message)", file: path)
            guard let rejects = options.rejects else { throw located }
            try rejects.add(located, reason: error.reason, row: "")
          }
        }
        done += count
        options.meter?.add(rows: count)
      }
    }
  }
}
