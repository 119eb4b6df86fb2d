import Diagnostics
import Parquet
import SQLite
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

  private let filter: MappedFilter
  private let typed: [String: MappedType]
  /// Columns whose dates and times are wanted as text.
  private let spelledOut: Set<String>

  init(
    _ name: String, _ group: TraceInput.Group, _ layout: TableLayout, names: [String],
    optional: Set<String>, conditions: [MappedCondition], typed: [String: MappedType] = [:],
    spelledOut: Set<String> = []
  ) {
    self.spelledOut = spelledOut
    self.typed = typed
    self.name = name
    self.group = group
    self.layout = layout
    self.names = names
    self.optional = optional
    filter = MappedFilter(layout, conditions)
  }

  /// What was left out by which condition.
  var notes: [Note] { filter.notes(name) }

  /// Calls `body` for every row that counts. Its error makes the row a bad one.
  mutating func forEachRow(
    into row: MappedRow, _ context: MappedContext, _ options: ReadOptions,
    _ body: () throws(RowError) -> Void
  ) throws(TraceError) {
    switch kind {
    case .parquet: try readParquet(into: row, context, options, body)
    case .sqlite: try readDatabase(into: row, context, options, body)
    case .json, .text: try readText(into: row, context, options, body)
    }
  }

  private var kind: TableLayout.Kind { TableLayout.kind(of: group.head) }

  /// Whether its rows can be given to workers: they are text, and a row's number does not matter.
  var hasChunks: Bool {
    [.json, .text].contains(kind) && !names.contains(MappingPlan.rowColumn)
  }

  /// Gives every row that counts to a worker, and what they made of them to `commit`, in the order of the
  /// rows. Only where `hasChunks`.
  mutating func forEachChunk(
    _ options: ReadOptions, worker: @escaping @Sendable () -> MappedWorker,
    commit: (MappedChunk) throws(TraceError) -> Void
  ) throws(TraceError) {
    let filter = filter
    for file in group.files {
      let constants = Constants(names, file)
      let slots = constants.isEmpty ? nil : constants
      var reader = reader(of: file, constants, options)
      try reader.forEachChunk(
        worker: worker,
        row: { worker, fields throws(RowError) in
          worker.filter.put(fields, into: worker.row)
          slots?.put(into: worker.row, 0, worker.context)
          guard worker.filter.counts(worker.row) else { return }
          try worker.takeRow()
        },
        take: { $0.takeChunk() },
        commit: { chunk throws(TraceError) in
          filter.add(chunk.leftOut)
          try commit(chunk)
        })
      rows += reader.rows
      comments += reader.comments
    }
  }

  private func reader(
    of file: TraceInput.File, _ constants: Constants, _ options: ReadOptions
  ) -> FieldTableReader {
    let table = FieldTable(
      name, names.map { ColumnSpec($0, .text, !optional.contains($0) && !constants.have($0)) })
    return FieldTableReader(
      group.only(file), table, .layout(layout, TableLayout.kind(of: group.head)), options: options)
  }

  private mutating func readText(
    into row: MappedRow, _ context: MappedContext, _ options: ReadOptions,
    _ body: () throws(RowError) -> Void
  ) throws(TraceError) {
    // One file at a time: its name, and those of its folders, may be columns.
    for file in group.files {
      let constants = Constants(names, file)
      var number: Int64 = 0
      var reader = reader(of: file, constants, options)
      try reader.forEachRow { fields throws(RowError) in
        context.arena.reset()
        filter.put(fields, into: row)
        constants.put(into: row, number, context)
        number += 1
        guard filter.counts(row) else { return }
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
      let reader = try file.openParquet(expansion: options.maximumExpansion)
      let path = file.name
      let there = Set(reader.columns.map(\.name) + reader.unreadableColumns.map(\.name))
      let constants = Constants(names, file)
      var cursors: [(slot: Int, cursor: MappedParquetCursor)] = []
      for (slot, name) in names.enumerated() {
        row.values[slot] = nil
        if !there.contains(name), optional.contains(name) || constants.have(name) { continue }
        let cursor = try catching(path) { try MappedParquetCursor(reader, name, takesLists: true) }
        cursor.spellsOut = spelledOut.contains(name)
        cursors.append((slot, cursor))
        row.declared[slot] = try declared(cursor.column, file: path)
      }
      var done = 0
      while done < reader.rowCount {
        let count = min(4096, reader.rowCount - done)
        try catching(path) { for (_, cursor) in cursors { try cursor.read(count) } }
        for index in 0..<count {
          rows += 1
          try take(
            row, Int64(done + index), of: path, constants, context, options
          ) { () throws(RowError) in
            for (slot, cursor) in cursors {
              try cursor.withValue(index) { value throws(RowError) in
                let cell = value.map { CellValue($0, context.arena) }
                row.values[slot] = cell.flatMap { filter.isMissing($0) ? nil : $0 }
              }
            }
          } body: { () throws(RowError) in
            try body()
          }
        }
        done += count
        options.meter?.add(rows: count)
      }
    }
  }

  private mutating func readDatabase(
    into row: MappedRow, _ context: MappedContext, _ options: ReadOptions,
    _ body: () throws(RowError) -> Void
  ) throws(TraceError) {
    for file in group.files {
      let (database, path) = (try file.openDatabase(), file.name)
      let constants = Constants(names, file)
      let needed = names.filter {
        !optional.contains($0) && !constants.have($0) && !MappingPlan.isOwn($0)
      }
      let table = try database.table(layout.table, having: needed, file: path)
      var slots: [(slot: Int, name: String)] = []
      for (slot, name) in names.enumerated() {
        row.values[slot] = nil
        if table.has(name) { slots.append((slot, name)) }
      }
      let rows = try telling(path) { () throws(SQLiteError) in
        try database.rows(of: table, slots.map(\.name))
      }
      while try telling(path, { () throws(SQLiteError) in try rows.next() }) {
        self.rows += 1
        let number = Int64(rows.count - 1)
        try take(row, number, of: path, constants, context, options) { () throws(RowError) in
          for (place, (slot, name)) in slots.enumerated() {
            let cell = try CellValue(rows.value(place), of: name, context.arena)
            row.values[slot] = cell.flatMap { filter.isMissing($0) ? nil : $0 }
          }
        } body: { () throws(RowError) in
          try body()
        }
        options.meter?.add(rows: 1)
      }
    }
  }

  /// Takes a row that is no text: `fill` puts its values into their slots. A bad one is thrown, or kept as
  /// rejected.
  private func take(
    _ row: MappedRow, _ number: Int64, of path: String, _ constants: Constants,
    _ context: MappedContext, _ options: ReadOptions, fill: () throws(RowError) -> Void,
    body: () throws(RowError) -> Void
  ) throws(TraceError) {
    context.arena.reset()
    do throws(RowError) {
      try fill()
      constants.put(into: row, number, context)
      guard filter.counts(row) else { return }
      try body()
    } catch {
      let located = TraceError(error.code, "row \(number + 1): \(error.message)", file: path)
      guard let rejects = options.rejects else { throw located }
      try rejects.add(located, reason: error.reason, row: "")
    }
  }

  /// What the file declares that times in a column are to be multiplied with.
  ///
  /// - Throws: `TraceError` if the mapping says another unit, or the type cannot hold what it is for.
  private func declared(
    _ column: ParquetColumn, file: String
  ) throws(TraceError) -> DeclaredUnit? {
    let unit = column.declaredUnit
    switch typed[column.name] {
    case .name: try column.checkHoldsNames(file: file)
    case .time(let factor):
      if let unit, unit.factor != factor {
        throw TraceError(
          .malformedRow,
          "column '\(column.name)' is declared as \(unit.type); the mapping says another "
            + "unit: leave it out there", file: file)
      }
    case nil: break
    }
    return unit.map { DeclaredUnit(factor: $0.factor, isLocal: column.isLocal) }
  }
}

/// What stands for all rows of a file: its name, and what the names of its folders say (`day=1`).
private struct Constants: Sendable {
  private let file: Int?
  private let row: Int?
  private let stem: [UInt8]
  private let folders: [(name: String, slot: Int, text: [UInt8]?)]

  init(_ names: [String], _ input: TraceInput.File) {
    file = names.firstIndex(of: MappingPlan.fileColumn)
    row = names.firstIndex(of: MappingPlan.rowColumn)
    stem = Array(input.stem.utf8)
    folders = input.partition.compactMap { folder in
      names.firstIndex(of: folder.column).map {
        (folder.column, $0, folder.value.map { Array($0.utf8) })
      }
    }
  }

  /// Whether no column is one.
  var isEmpty: Bool { file == nil && row == nil && folders.isEmpty }

  func have(_ name: String) -> Bool { folders.contains { $0.name == name } }

  /// A column of the file goes before the folder's.
  func put(into values: MappedRow, _ number: Int64, _ context: MappedContext) {
    if let file { values.values[file] = .text(context.arena.copy(stem)) }
    if let row { values.values[row] = .integer(number) }
    for folder in folders where values.values[folder.slot] == nil {
      values.values[folder.slot] = folder.text.map { .text(context.arena.copy($0)) }
    }
  }
}
